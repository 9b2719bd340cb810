"""What happened: one append-only, hashed, signed sequence of facts."""
