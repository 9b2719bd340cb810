"""The key store's tables: a second Django application in a database of its own; no rules here."""
