"""Brings in the data a business already has, by a plan that a person can read."""
