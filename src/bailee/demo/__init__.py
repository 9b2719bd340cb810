"""The story: an invented company, moved into a vault, robbed, read by role, checked and partly erased."""
