"""Bailee keeps what customers entrusted to a business: sealed, recorded, and gone when asked."""

__version__ = "0.1.0"
