"""Separation of duties: what one person must not hold at one time, and what hangs on a single person."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from bailee.access.facts import Facts
from bailee.access.words import GrantRow, Kind, Level, MapFacts, Mode, Operation, Origin, State, reaches
from bailee.kernel.clock import HOUR, Micros
from bailee.kernel.permissions import Permission

Span: TypeAlias = tuple[int, int]

CLEAR_DATA: Final = "data in clear"
CARD_NUMBERS: Final = "card numbers in clear"
REFUNDS: Final = "refunds"

PAIRS: Final[tuple[tuple[str, str], ...]] = (
    (Permission.GRANT_ACCESS, CLEAR_DATA),
    (Permission.EDIT_POLICY, Permission.APPROVE_POLICY),
    # The two stand for the key custodian and the auditor: who holds the keys must not also vouch for the evidence.
    (Permission.MANAGE_CUSTODY, Permission.VERIFY_LEDGER),
    (REFUNDS, CARD_NUMBERS),
    (Permission.MAKE_KEYS, Permission.APPROVE),
)
_PAIRED: Final = frozenset(side for pair in PAIRS for side in pair)
_SHORT: Final = 4 * HOUR
_NEEDS_TWO: Final = (Permission.MANAGE_PEOPLE, Permission.GRANT_ACCESS, Permission.APPROVE)


@dataclass(frozen=True, slots=True, order=True)
class Clash:
    """Two duties one person would hold at once, and the first instant of it."""

    person: str
    first: str
    second: str
    at: int


def at_once(duties: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pick the pairs that a set of duties breaks: permissions, CLEAR_DATA, CARD_NUMBERS, REFUNDS."""
    held = frozenset(duties)
    return tuple(pair for pair in PAIRS if held.issuperset(pair))


def clashes(facts: Facts, now: Micros) -> tuple[Clash, ...]:
    """Find every person who holds, or will hold, two separated duties; an elevation of up to four hours is exempt.

    Forbids are not looked at: a duty that hangs on a forbid's staying in place is not separated.
    """
    by_role = _of_roles(facts, now)
    spans: dict[str, dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    watched = {person.id for person in facts.people if person.kind != Kind.CANARY and person.state != State.LEFT}
    for grant in facts.grants:
        if grant.person in watched and grant.until > now:
            for duty in _of_grant(grant, facts.map):
                spans[grant.person][duty].append((grant.since, grant.until))
    members = [
        row
        for row in facts.memberships
        if row.until > now and row.person in watched and not _exempt(row.origin, row.since, row.until)
    ]
    # Names first, times only for the few whose names clash: most people hold half of a pair, hardly anyone both.
    names = {role: frozenset(duty for duty, _, _ in duties) for role, duties in by_role.items()}
    union: dict[str, frozenset[str]] = {person: frozenset(held) for person, held in spans.items()}
    for row in members:
        union[row.person] = union.get(row.person, frozenset()) | names.get(row.role, frozenset())
    broken = {held: at_once(held) for held in set(union.values())}
    for row in members:
        if broken[union[row.person]]:
            for duty, since, until in by_role.get(row.role, ()):
                start, end = max(since, row.since), min(until, row.until)
                if start < end:
                    spans[row.person][duty].append((start, end))
    found = []
    for person, held in spans.items():
        for first, second in broken[union[person]]:
            starts = [
                max(a[0], b[0])
                for a in held.get(first, ())
                for b in held.get(second, ())
                if a[0] < b[1] and b[0] < a[1]
            ]
            if starts:
                found.append(Clash(person, first, second, max(now, min(starts))))
    return tuple(sorted(found))


def findings(facts: Facts, now: Micros) -> tuple[str, ...]:
    """Say what hangs on one person alone; a lone owner may work, but should know it."""
    active = {person.id for person in facts.people if person.kind == Kind.PERSON and person.state == State.ACTIVE}
    may = {role.key: role.permissions for role in facts.roles}
    holders: dict[str, set[str]] = defaultdict(set)
    for row in facts.memberships:
        if row.since <= now < row.until and row.person in active:
            for name in may.get(row.role, ()):
                holders[name].add(row.person)
    found = [f"only one person holds {name.value}" for name in _NEEDS_TWO if len(holders[name]) == 1]
    waits = any(row.mode == Mode.ON_REQUEST and row.since <= now < row.until for row in facts.grants)
    if waits and len(holders[Permission.APPROVE]) < 2:
        found.append("access on request has no second approver: a printed approval code is needed")
    return tuple(found)


def _of_roles(facts: Facts, now: Micros) -> dict[str, list[tuple[str, int, int]]]:
    duties: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for role in facts.roles:
        duties[role.key] += [(name, 0, 2**63) for name in role.permissions if name in _PAIRED]
    for row in facts.grants:
        if row.role is not None and row.until > now:
            duties[row.role] += [(duty, row.since, row.until) for duty in _of_grant(row, facts.map)]
    return {role: _joined(listed) for role, listed in duties.items()}


def _joined(listed: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Join spans of the same duty that touch or overlap: a role's many grants become few spans."""
    joined: list[tuple[str, int, int]] = []
    for duty, since, until in sorted(listed):
        if joined and joined[-1][0] == duty and since <= joined[-1][2]:
            joined[-1] = (duty, joined[-1][1], max(until, joined[-1][2]))
        else:
            joined.append((duty, since, until))
    return joined


def _of_grant(row: GrantRow, known: MapFacts) -> Iterator[str]:
    if row.mode != Mode.STANDING or row.origin == Origin.CANARY or _exempt(row.origin, row.since, row.until):
        return
    if row.level >= Level.CLEAR:
        yield CLEAR_DATA
        sees = row.operation not in {Operation.WRITE, Operation.ERASE}
        if sees and any(reaches(row.category, card) or reaches(card, row.category) for card in known.cards):
            yield CARD_NUMBERS
    if row.operation == Operation.WRITE and row.purpose in known.payments:
        yield REFUNDS


def _exempt(origin: Origin, since: Micros, until: Micros) -> bool:
    return origin in {Origin.ELEVATION, Origin.BREAK_GLASS} and until - since <= _SHORT
