"""How often who used what: a projection of reads, the evidence that reviews and minimising rest on."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from django.db.models import F

from bailee.access import tables
from bailee.kernel.clock import DAY
from bailee.kernel.tx import Tx
from bailee.ledger.entries import Entry
from bailee.ledger.projections import projection

READ: Final = 600
FOUND: Final = 601
_OPERATIONS: Final = {READ: 0, FOUND: 1}


@projection("access.use", tags=frozenset(_OPERATIONS), version=1, owns=(tables.UseDay,))
def fold(tx: Tx, entries: Sequence[Entry], emit: Callable[[Entry, int, str, bytes], None]) -> None:
    """Count reads and reveals by person, category, purpose, operation and day (UTC)."""
    reads: Counter[tuple[str, int, str, int, int]] = Counter()
    reveals: Counter[tuple[str, int, str, int, int]] = Counter()
    for entry in entries:
        if entry.actor is None or entry.purpose is None:
            continue
        people = entry.people.n if entry.people is not None else 1
        for category in entry.categories:
            where = (entry.actor, category, entry.purpose, _OPERATIONS[entry.tag], entry.at // DAY)
            reads[where] += people
            if entry.clear:
                reveals[where] += people
    for where, count in reads.items():
        person, category, purpose, operation, day = where
        row, made = tables.UseDay.objects.using(tx.alias).get_or_create(
            person=person,
            category=category,
            purpose=purpose,
            operation=operation,
            day=day,
            defaults={"reads": count, "reveals": reveals[where]},
        )
        if not made:
            tables.UseDay.objects.using(tx.alias).filter(pk=row.pk).update(
                reads=F("reads") + count, reveals=F("reveals") + reveals[where]
            )
