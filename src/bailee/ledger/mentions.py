"""Which entries speak of a customer: a projection over everything about customers, from single reads and sets alike."""

from collections.abc import Callable, Sequence
from typing import Final

from bailee.kernel.tx import Tx
from bailee.ledger import sets, tables
from bailee.ledger.entries import Entry
from bailee.ledger.projections import projection

TAGS: Final = frozenset(range(600, 610))


@projection("ledger.mentions", tags=TAGS, version=1, owns=(tables.Mention,))
def fold(tx: Tx, entries: Sequence[Entry], emit: Callable[[Entry, int, str, bytes], None]) -> None:
    """Note each pseudonym with the place of the entry."""
    rows = []
    for entry in entries:
        if entry.alias is not None:
            rows.append(tables.Mention(alias=entry.alias, lane=entry.lane, idx=entry.index))
        if entry.people is not None:
            rows += [tables.Mention(alias=one, lane=entry.lane, idx=entry.index) for one in sets.members(entry.people)]
    tables.Mention.objects.using(tx.alias).bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def of(alias: bytes, lane: int, limit: int) -> list[int]:
    """Indexes of the entries about a pseudonym, newest first; as far as the projection has come."""
    rows = tables.Mention.objects.filter(alias=alias, lane=lane).order_by("-idx")
    return list(rows.values_list("idx", flat=True)[:limit])
