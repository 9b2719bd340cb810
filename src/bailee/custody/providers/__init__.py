"""One file per keeper of root keys; all pass the same conformance suite."""
