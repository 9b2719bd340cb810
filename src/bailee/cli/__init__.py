"""The command line: a door, with no rules of its own."""
