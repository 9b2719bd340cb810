"""Peers: other people's tools doing the same work; each runs in an interpreter of its own (`bench/.venv`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.words import Candidate


def crypto_peers(fields: Mapping[int, Any]) -> tuple[list[Candidate], list[Candidate]]:
    """Those who open, and those who seal."""
    from bench.peers import workers

    return workers.opening(fields), workers.sealing(fields)


def index_peers() -> Iterable[Candidate]:
    """Those who make a value findable."""
    from bench.peers import workers

    return workers.indexing()
