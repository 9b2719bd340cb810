"""How many customers the house keeps; counts only."""

from dataclasses import dataclass

from django.db.models import Count

from bailee.datamap.versions import Nothing
from bailee.kernel.actors import Actor
from bailee.kernel.acts import look
from bailee.kernel.permissions import Permission
from bailee.kernel.tx import View
from bailee.vault import tables
from bailee.vault.records import SubjectState


@dataclass(frozen=True, slots=True)
class Census:
    """Customers by state, and their records."""

    live: int
    erasing: int
    erased: int
    records: int


@look("vault.census", needs=Permission.ANYONE)
def census(view: View, actor: Actor, ask: Nothing) -> Census:
    """How many customers are kept, are being erased and were erased."""
    found = dict(tables.Subject.objects.values_list("state").annotate(count=Count("state")).order_by())
    return Census(
        found.get(SubjectState.LIVE, 0) + found.get(SubjectState.SUSPENDED, 0),
        found.get(SubjectState.ERASING, 0),
        found.get(SubjectState.ERASED, 0),
        tables.Record.objects.count(),
    )
