"""What is held about customers, why, for how long, and who else gets it: one map, stated once (GDPR Art. 30)."""
