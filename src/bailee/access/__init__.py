"""Who may: people, roles, grants that end, and the policy compiled from them."""
