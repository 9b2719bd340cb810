"""Readers of files: each gives a catalogue and rows, as a database does."""
