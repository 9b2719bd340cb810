"""The records: one gate, keys per customer and category, blind indexes, erasure."""
