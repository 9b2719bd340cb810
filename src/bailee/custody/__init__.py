"""Who holds the root keys, and the epoch keys under them."""
