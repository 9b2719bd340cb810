"""Which customer is whose: assigned to a clinician, or the customer of an open case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connections

from bailee.access import tables
from bailee.access.words import State
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act
from bailee.kernel.asks import Id, Instant, Word
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Invalid, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.sql import marks
from bailee.kernel.tx import Tx

THERE: Final[list[Callable[[Tx, bytes], bool]]] = []
"""Says whether a customer is there, and holds their row until the commit; the vault, which knows, puts itself here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignSubject:
    """One customer for one person until an instant, as a case or for good care."""

    subject: Id
    person: Word
    until: Instant
    case: Word | None = None


@event(tag=430, name="subject.assigned", says="A customer was assigned to {person} until {until}", shred=None)
@dataclass(frozen=True, slots=True)
class SubjectAssigned(Event):
    person: str
    until: int
    case: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """What links one person and some customers at one instant."""

    subjects: frozenset[bytes]
    cases: frozenset[tuple[bytes, str]]


@act("access.assign_subject", needs=Permission.ASSIGN_SUBJECT)
def assign_subject(tx: Tx, actor: Actor, ask: AssignSubject) -> Recorded[None, SubjectAssigned]:
    """Assign a customer to somebody, or open a case of theirs, until an instant."""
    if ask.until <= tx.now:
        raise Invalid("this would have ended before it began", hint="name a later time")
    if not tables.Person.objects.using(tx.alias).filter(id=ask.person).exclude(state=State.LEFT).exists():
        raise NotFound("there is nobody with this id here", hint="bailee people list")
    subject = ids.parse(ask.subject)
    if not all(there(tx, subject) for there in THERE):
        raise NotFound("there is no such customer", hint="bailee customer find")
    tables.Assignment.objects.using(tx.alias).create(
        subject=subject, person=ask.person, since=tx.now, until=ask.until, case_code=ask.case
    )
    return Recorded(None, SubjectAssigned(ask.person, ask.until, ask.case is not None))


def between(alias: str, person: str, subjects: Sequence[bytes], now: Micros) -> Assigned:
    """The live assignments of a person among these customers; one query."""
    if not subjects:
        return Assigned(frozenset(), frozenset())
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT subject, case_code FROM assignment WHERE person = %s AND since <= %s AND until > %s "
            f"AND subject IN ({marks(len(subjects))})",
            [person, now, now, *subjects],
        )
        rows = [(bytes(subject), case) for subject, case in cursor.fetchall()]
    return Assigned(
        frozenset(subject for subject, _ in rows), frozenset((subject, case) for subject, case in rows if case)
    )


def forget(tx: Tx, subject: bytes) -> int:
    """Delete what names a customer; for erasure."""
    count, _ = tables.Assignment.objects.using(tx.alias).filter(subject=subject).delete()
    return count
