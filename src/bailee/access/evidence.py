"""What the use of a grant says about it: the facts a reviewer sees, and a suggestion that binds nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bailee.access.facts import Facts
from bailee.access.words import GrantRow, Kind, Mode, Operation, Origin, reaches
from bailee.kernel.clock import DAY, Micros

_QUIET_DAYS: Final = 90
_RARE_DAYS: Final = 2
_YEAR: Final = 365
_SEASON: Final = 15


class Advice(StrEnum):
    """What to do with a grant at its review."""

    KEEP = "keep"
    ON_REQUEST = "on_request"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseDay:
    """What one person did with one category or field on one day (days since 1970, UTC)."""

    person: str
    category: str
    purpose: str
    operation: Operation
    day: int
    reads: int
    reveals: int


@dataclass(frozen=True, slots=True)
class Use:
    """A grant's use: on how many days, when last, by how many people; `days` and counts within the last 90 days."""

    days: int
    people: int
    reads: int
    reveals: int
    last: int | None
    a_year_ago: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An advice, and the fact behind it."""

    advice: Advice
    because: str


def used(grant: GrantRow, holders: Iterable[str], days: Iterable[UseDay], today: int) -> Use:
    """Sum up what the holders of a grant did within it.

    Use can't tell apart two grants that cover the same thing: it counts for both.

    Args:
        grant: the grant under review.
        holders: who holds it (the role's members, or the one person).
        days: use of at least the last 380 days; further days do no harm.
        today: days since 1970, UTC.

    """
    who = frozenset(holders)
    recent, people = set[int](), set[str]()
    reads = reveals = 0
    last: int | None = None
    a_year_ago = False
    for use in days:
        if (
            use.person not in who
            or use.purpose != grant.purpose
            or use.operation != grant.operation
            or not (reaches(grant.category, use.category) or reaches(use.category, grant.category))
            or use.day > today
            or not use.reads + use.reveals
        ):
            continue
        last = use.day if last is None else max(last, use.day)
        age = today - use.day
        a_year_ago = a_year_ago or _YEAR - _SEASON <= age <= _YEAR + _SEASON
        if age < _QUIET_DAYS:
            recent.add(use.day)
            people.add(use.person)
            reads += use.reads
            reveals += use.reveals
    return Use(len(recent), len(people), reads, reveals, last, a_year_ago)


def suggest(use: Use, granted_days: int) -> Suggestion:
    """Suggest what a review should do with a grant; what is too young to judge is kept.

    Args:
        use: from `used`.
        granted_days: how long the grant has been standing.

    """
    if use.a_year_ago:
        return Suggestion(Advice.KEEP, "used at this time last year")
    if granted_days < _QUIET_DAYS and use.days <= _RARE_DAYS:
        return Suggestion(Advice.KEEP, f"granted {granted_days} days ago: too young to judge")
    if not use.days:
        return Suggestion(Advice.REMOVE, "not used for 90 days")
    if use.days <= _RARE_DAYS:
        return Suggestion(Advice.ON_REQUEST, f"used on {use.days} of the last 90 days")
    return Suggestion(Advice.KEEP, f"used on {use.days} of the last 90 days")


def unused(facts: Facts, days: Iterable[UseDay], now: Micros) -> tuple[GrantRow, ...]:
    """List the live standing grants nobody used for 90 days, longest standing first; younger ones are left out."""
    today = now // DAY
    kept = tuple(days)
    living = {person.id for person in facts.people if person.kind != Kind.CANARY}
    found = []
    for row in facts.grants:
        if row.mode != Mode.STANDING or row.origin != Origin.STANDING or not row.since <= now < row.until:
            continue
        if now - row.since < _QUIET_DAYS * DAY:
            continue
        holders = (
            {row.person}
            if row.person is not None
            else {
                member.person
                for member in facts.memberships
                if member.role == row.role and member.since <= now < member.until
            }
        )
        if not used(row, holders & living, kept, today).days:
            found.append(row)
    return tuple(sorted(found, key=lambda row: (row.since, row.id)))
