"""Benchmarks: what each hot path costs, beside its floor and its peers, in one run (`python -m bench`)."""
