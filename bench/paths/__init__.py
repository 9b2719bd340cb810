"""The paths that are measured, by area; each module makes its tables from a company, or from nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from bench.words import Table

if TYPE_CHECKING:
    from bench.company import Company

Alone = Callable[[bool], Iterator[Table]]
"""Tables without a store; True if the peers run too."""
Stored = Callable[["Company"], Iterator[Table]]
"""Tables over a store of the size it has now."""

AREAS: Final = ("crypto", "access", "vault", "ledger")
STORED: Final = frozenset({"vault", "ledger"})


def alone(area: str) -> Sequence[Alone]:
    """What needs no store."""
    from bench.paths import blindindex, decide, envelope

    return {"crypto": [envelope.tables, blindindex.tables], "access": [decide.tables]}.get(area, [])


def stored(area: str) -> Sequence[Stored]:
    """What needs a store, in an order in which earlier ones leave later ones their customers."""
    from bench.paths import erase, ledger, load, read, search

    return {
        "vault": [read.tables, search.tables, load.tables, erase.tables],
        "ledger": [ledger.tables],
    }.get(area, [])


def growing(area: str) -> Sequence[Stored]:
    """What is measured again at every size."""
    from bench.paths import erase, ledger, read, search

    return {"vault": [read.growing, search.tables, erase.tables], "ledger": [ledger.growing]}.get(area, [])
