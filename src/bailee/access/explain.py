"""Who can, what can, why and what if: answered in full, from the rows where a person must be able to follow.

`explain` shares no code with compile and decide: it walks the rows and knows no bits, so each checks the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple, TypeVar

from bailee.access.compile import STRANGER, ActorView, Cell, Cells, Snapshot, recompile
from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.words import (
    Assurance,
    ForbidRow,
    GrantRow,
    Kind,
    Level,
    MembershipRow,
    Mode,
    Operation,
    Origin,
    PersonRow,
    Planes,
    Query,
    RequirementRow,
    Scope,
    Sense,
    State,
    reaches,
)
from bailee.kernel.clock import HOUR, MINUTE, Micros
from bailee.kernel.errors import Denied, Invalid
from bailee.kernel.permissions import Permission

R = TypeVar("R")

# -- words


@dataclass(frozen=True, slots=True)
class Why:
    """Why a field stands at its level: the grants that give it, the forbids that take it, what else is missing.

    `grants` count before anything is taken away, so a field may have grants and be hidden. With `acting_for`, both
    sides' grants and forbids are named.
    """

    level: Level
    grants: tuple[int, ...]
    forbids: tuple[int, ...]
    missing: tuple[str, ...]
    who_can_help: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The same levels as the decision gives, each with its cause."""

    levels: Mapping[str, Level]
    why: Mapping[str, Why]


# Answers of tens of thousands of rows: a NamedTuple is made and sorted ten times faster than a dataclass.
class Holder(NamedTuple):
    """One way in which somebody reaches a category or field."""

    person: str
    purpose: str
    operation: Operation
    scope: Scope
    level: Level


class Held(NamedTuple):
    """One field somebody reaches, and how."""

    purpose: str
    operation: Operation
    scope: Scope
    field: str
    level: Level


class Difference(NamedTuple):
    """What a change does to one person and one field."""

    person: str
    purpose: str
    operation: Operation
    scope: Scope
    field: str
    before: Level
    after: Level


# -- why: from the rows


def explain(
    facts: Facts,
    q: Query,
    limits: Sequence[Limit],
    now: Micros,
    *,
    assigned: bool = False,
    case_open: bool = False,
    acting_assigned: bool = False,
    assurance: Assurance = Assurance.RESISTANT,
    proof_age: int = 0,
    passkey_age: int | None = None,
    served: frozenset[str] | None = None,
) -> Explanation:
    """Answer the same ask as `decide` from the rows themselves, with the cause of every level.

    Args:
        facts: the rows and the data map.
        q: the ask.
        limits: the customer's own choices and holds.
        now: the instant.
        assigned: the customer is assigned to the actor.
        case_open: the case named in the ask is open and the customer's.
        acting_assigned: the customer is assigned to the person acted for.
        assurance: how the actor signed in.
        proof_age: microseconds since the actor last proved who they are.
        passkey_age: the same by passkey; the same as `proof_age` if left out.
        served: the categories this process holds, if not all.

    Raises:
        Denied: `purpose-required` or `purpose-unknown`.
        Invalid: `field-unknown`.

    """
    if not q.purpose:
        raise Denied("an ask names its purpose", code="purpose-required")
    if q.purpose not in facts.map.purposes:
        raise Denied("the data map has no such purpose", code="purpose-unknown")
    in_case = case_open and q.case is not None
    sides = [_Side(facts, q, q.actor, now, assigned=assigned, case_open=in_case)]
    if q.acting_for is not None:
        sides.append(_Side(facts, q, q.acting_for, now, assigned=acting_assigned, case_open=in_case))
    proof = _Proof(assurance, proof_age, proof_age if passkey_age is None else passkey_age)
    choices = [limit for limit in limits if limit.until is None or now < limit.until]
    want = Level.CLEAR if q.operation in {Operation.WRITE, Operation.ERASE} else q.asked
    helpers = [who for who in _granters(facts, now) if who != q.actor]
    why = {name: _field(facts, q, name, sides, choices, proof, want, served, helpers) for name in q.fields}
    return Explanation({name: because.level for name, because in why.items()}, why)


@dataclass(frozen=True, slots=True)
class _Proof:
    assurance: Assurance
    age: int
    passkey_age: int


class _Side:
    """What one actor brings to an ask: the rows that speak of this purpose and operation."""

    def __init__(self, facts: Facts, q: Query, actor: str, now: Micros, *, assigned: bool, case_open: bool) -> None:
        self.person = next((person for person in facts.people if person.id == actor), None)
        self.active = self.person is not None and _active(facts, self.person)
        self.grants: list[GrantRow] = []
        self.forbids: list[ForbidRow] = []
        self.lessons: list[RequirementRow] = []
        if self.person is None or not self.active:
            return
        roles = {row.role for row in facts.memberships if row.person == actor and _live(row, now)}
        missing = [row for row in facts.requirements if _misses(facts, self.person, roles, row, now)]
        self.lessons = [row for row in missing if row.category is not None]
        granting = roles - {row.role for row in missing}
        for grant in facts.grants:
            if (
                grant.purpose == q.purpose
                and grant.operation == q.operation
                and grant.mode == Mode.STANDING
                and _live(grant, now)
                and (grant.scope != Scope.ASSIGNED or assigned)
                and (grant.scope != Scope.CASE or case_open)
                and (grant.role in granting if grant.person is None else grant.person == actor)
                and (grant.person is None or _approved(facts, grant, now, granting))
            ):
                self.grants.append(grant)
        for forbid in facts.forbids:
            if (
                forbid.purpose in {None, q.purpose}
                and forbid.operation in {None, q.operation}
                and (forbid.role in roles or forbid.person == actor or (forbid.role is None and forbid.person is None))
            ):
                self.forbids.append(forbid)

    def level(self, key: str) -> Level:
        """Rate one key before limits and sign-in."""
        if any(reaches(row.category, key) for row in self.forbids):
            return Level.HIDDEN
        if any(row.category is not None and reaches(row.category, key) for row in self.lessons):
            return Level.HIDDEN
        return max((grant.level for grant in self.grants if reaches(grant.category, key)), default=Level.HIDDEN)


def _live(row: GrantRow | MembershipRow, now: Micros) -> bool:
    return row.since <= now < row.until and row.origin != Origin.CANARY


def _active(facts: Facts, person: PersonRow) -> bool:
    if person.state != State.ACTIVE:
        return False
    if person.kind == Kind.PERSON:
        return True
    return person.kind == Kind.SERVICE and any(
        owner.id == person.owner and owner.kind == Kind.PERSON and owner.state == State.ACTIVE for owner in facts.people
    )


def _misses(facts: Facts, person: PersonRow, roles: set[str], row: RequirementRow, now: Micros) -> bool:
    if person.kind != Kind.PERSON or (row.role is not None and row.role not in roles):
        return False
    graceful = row.grace_days > 0
    if row.category is not None:
        graceful = graceful and not any(
            _sense(facts, key) == Sense.HIGH for key in _keys(facts) if reaches(row.category, key)
        )
    for done in facts.conditions:
        if done.person == person.id and done.lesson == row.lesson:
            if done.met_until is not None and now < done.met_until:
                return False
            if graceful and done.grace_until is not None and now < done.grace_until:
                return False
    return True


def _approved(facts: Facts, grant: GrantRow, now: Micros, granting: set[str]) -> bool:
    active = {person.id for person in facts.people if person.state == State.ACTIVE}
    if not active.issuperset(grant.approvers):
        return False
    if grant.eligibility is None:
        return True
    for base in facts.grants:
        if base.id == grant.eligibility:
            return (
                base.mode == Mode.ON_REQUEST
                and _live(base, now)
                and (base.role in granting or (base.person is not None and base.person == grant.person))
                and (base.purpose, base.operation) == (grant.purpose, grant.operation)
                and base.level >= grant.level
                and base.scope in {Scope.ALL, grant.scope}
                and reaches(base.category, grant.category)
            )
    return False


def _keys(facts: Facts) -> list[str]:
    return [*facts.map.categories, *(name for fields in facts.map.categories.values() for name in fields)]


def _sense(facts: Facts, key: str) -> Sense:
    home = max((category for category in facts.map.categories if reaches(category, key)), key=len)
    return facts.map.sense[home]


def _granters(facts: Facts, now: Micros) -> list[str]:
    may = {role.key for role in facts.roles if Permission.GRANT_ACCESS in role.permissions}
    held = {row.person for row in facts.memberships if row.role in may and _live(row, now)}
    return sorted(person.id for person in facts.people if person.id in held and _active(facts, person))


def _field(
    facts: Facts,
    q: Query,
    name: str,
    sides: Sequence[_Side],
    choices: Sequence[Limit],
    proof: _Proof,
    want: Level,
    served: frozenset[str] | None,
    helpers: Sequence[str],
) -> Why:
    home = next((category for category, fields in facts.map.categories.items() if name in fields), None)
    if home is None:
        raise Invalid("a field is not in the data map", code="field-unknown")
    needed = {name}
    for category in facts.map.may_hold.get(name, ()):
        needed |= {key for key in _keys(facts) if reaches(category, key)}
    level, missing = want, set[str]()
    if not all(side.active for side in sides):
        missing.add("not-active")
    for key in needed:
        at = Level.HIDDEN
        if any(reaches(category, key) for category in facts.map.purposes[q.purpose].categories):
            at = min(side.level(key) for side in sides)
        else:
            missing.add("purpose-not-listed")
        if at < want:
            missing.add("not-granted")
        if any(row.category is not None and reaches(row.category, key) for side in sides for row in side.lessons):
            missing.add("lesson-due")
        if at > Level.HIDDEN:
            at = _after(facts, q, key, at, choices, proof, missing)
        level = min(level, at)
    if served is not None and home not in served:
        missing.add("category-elsewhere")
        level = Level.HIDDEN
    touches = [row for side in sides for row in side.grants if any(reaches(row.category, key) for key in needed)]
    blocks = [row for side in sides for row in side.forbids if any(reaches(row.category, key) for key in needed)]
    if blocks:
        missing.add("forbidden")
    short = level < want
    return Why(
        level,
        tuple(sorted({row.id for row in touches})),
        tuple(sorted({row.id for row in blocks})),
        tuple(sorted(missing)) if short else (),
        tuple(helpers) if short and "not-granted" in missing else (),
    )


def _after(
    facts: Facts, q: Query, key: str, at: Level, choices: Sequence[Limit], proof: _Proof, missing: set[str]
) -> Level:
    """Rate a granted key after the customer's choices and the sign-in, noting what closed it."""
    lost = _choice(facts, q, key, choices)
    sense = _sense(facts, key)
    if proof.assurance < (Assurance.RESISTANT if sense == Sense.HIGH else Assurance.MULTI):
        lost.add("sign-in-too-weak")
    outward = q.operation in {Operation.EXPORT, Operation.DISCLOSE}
    if sense == Sense.HIGH:
        fresh = 0 <= proof.passkey_age <= 5 * MINUTE
    elif outward:
        fresh = 0 <= proof.age <= 15 * MINUTE
    else:
        fresh = sense == Sense.ORDINARY or 0 <= proof.age <= 12 * HOUR
    if q.operation in {Operation.WRITE, Operation.ERASE}:
        fresh = True
    if not fresh:
        missing.add("step-up-required")
        at = Level.HIDDEN if outward else min(at, Level.PARTIAL)
    missing |= lost
    return Level.HIDDEN if lost else at


def _choice(facts: Facts, q: Query, key: str, choices: Sequence[Limit]) -> set[str]:
    purpose = facts.map.purposes[q.purpose]
    family = {q.purpose}
    parent = purpose.parent
    while parent is not None:
        family.add(parent)
        parent = facts.map.purposes[parent].parent
    lost = set[str]()
    consented = False
    for limit in choices:
        named = limit.category is None or reaches(limit.category, key)
        # A category the data map has lost can't be told from one renamed: what closes closes all of it.
        unknown = limit.category is not None and not any(reaches(limit.category, known) for known in _keys(facts))
        ours = limit.purpose is None or limit.purpose in family
        if limit.kind == LimitKind.CONSENT:
            consented = consented or (named and limit.purpose in family)
        elif named or unknown:
            if limit.kind == LimitKind.HOLD and q.operation == Operation.ERASE:
                lost.add("held")
            if limit.kind == LimitKind.OBJECTION and ours and purpose.objectable:
                lost.add("objected")
            if limit.kind == LimitKind.RESTRICTION and ours and not purpose.survives_restriction:
                lost.add("restricted")
    if purpose.needs_consent and not consented:
        lost.add("no-consent")
    return lost


# -- who can, what can, what if: from the snapshot


def who_can(
    s: Snapshot,
    target: str,
    purpose: str | None = None,
    operation: Operation | None = None,
    level: Level = Level.PRESENT,
) -> tuple[Holder, ...]:
    """List everybody who reaches a field, or anything in a category; always complete, never a page.

    A customer's own choices come on top and can only shorten the list.

    Args:
        s: the policy in force.
        target: a category or field of the data map.
        purpose: only for this purpose, if given.
        operation: only this use, if given.
        level: only those who reach at least this form.

    Raises:
        Invalid: `field-unknown`.

    """
    fields = [bits for name, bits in s.field_bits.items() if reaches(target, name)]
    if target not in s.bit and not fields:
        raise Invalid("the data map has no such category or field", code="field-unknown")
    asked: list[Cell] | None = None
    if purpose is not None:
        asked = [(purpose, how, scope) for how in Operation if operation in {None, how} for scope in Scope]
    rated: dict[int, Level] = {}  # planes are shared within a snapshot, so each is rated once
    ways: dict[int, list[tuple[str, Operation, Scope, Level]]] = {}
    found: list[tuple[str, list[tuple[str, Operation, Scope, Level]]]] = []
    for person, view in s.people.items():
        reach = ways.get(id(view))
        if reach is None:
            reach = ways[id(view)] = []
            for cell in view.cells if asked is None else asked:
                planes = view.cells.get(cell)
                if planes is not None and operation in {None, cell[1]}:
                    best = rated.get(id(planes))
                    if best is None:
                        best = rated[id(planes)] = max((_level(bits, planes) for bits in fields), default=Level.HIDDEN)
                    if best and best >= level:
                        reach.append((*cell, best))
            reach.sort()
        if reach:
            found.append((person, reach))
    found.sort(key=itemgetter(0))
    return tuple([Holder(person, *way) for person, reach in found for way in reach])


def what_can(s: Snapshot, person: str) -> tuple[Held, ...]:
    """List every field a person reaches, per purpose, operation and scope; empty for a stranger."""
    view = s.people.get(person, STRANGER)
    return tuple(
        sorted(
            Held(*cell, name, level)
            for cell, planes in view.cells.items()
            for name, bits in s.field_bits.items()
            if (level := _level(bits, planes))
        )
    )


def what_if(facts: Facts, changed: Facts, now: Micros, *, before: Snapshot | None = None) -> tuple[Difference, ...]:
    """List what a change would do to everybody, before it is made.

    Args:
        facts: the rows as they stand.
        changed: the rows as they would be.
        now: the instant of both.
        before: the snapshot of `facts`, if at hand and still current.

    Raises:
        Invalid: the changed rows don't compile.

    """
    only = _touched(facts, changed)
    if before is None or not before.made_at <= now < before.turns_at:
        before = recompile(facts, now, only)
    elif only is not None:
        before = replace(before, people={person: view for person, view in before.people.items() if person in only})
    return differences(before, recompile(changed, now, only))


def _touched(facts: Facts, changed: Facts) -> frozenset[str] | None:
    """Name the people a change can reach, or None for everybody; rows are compared by identity, which errs widely.

    Who rests on a changed eligibility holds its role or is its person, so no grant need be followed further.
    """
    whole = ("people", "roles", "requirements", "map")
    if any(getattr(facts, part) is not getattr(changed, part) for part in whole):
        return None
    forbids = _unlike(facts.forbids, changed.forbids)
    if any(row.role is None and row.person is None for row in forbids):
        return None
    memberships, grants = _unlike(facts.memberships, changed.memberships), _unlike(facts.grants, changed.grants)
    roles = {row.role for row in forbids} | {row.role for row in grants}
    named = {row.person for row in forbids} | {row.person for row in grants} | {row.person for row in memberships}
    named |= {row.person for row in _unlike(facts.conditions, changed.conditions)}
    named |= {row.person for row in (*facts.memberships, *changed.memberships) if row.role in roles}
    return frozenset(person for person in named if person is not None)


def _unlike(before: Sequence[R], after: Sequence[R]) -> list[R]:
    old, new = {id(row) for row in before}, {id(row) for row in after}
    return [row for row in before if id(row) not in new] + [row for row in after if id(row) not in old]


def differences(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """Compare two policies person by person and field by field, also across two data maps."""
    names = sorted({*before.field_bits, *after.field_bits})
    same_map = before.field_bits == after.field_bits
    known: dict[tuple[int, int], list[tuple[Cell, str, Level, Level]]] = {}
    found = []
    for person in {**before.people, **after.people}:
        old, new = before.people.get(person, STRANGER), after.people.get(person, STRANGER)
        pair = (id(old), id(new))
        changes = known.get(pair)
        if changes is None:
            changes = known[pair] = _changes(before, old, after, new, names, same_map=same_map)
        found += [Difference(person, *cell, name, was, becomes) for cell, name, was, becomes in changes]
    return tuple(sorted(found))


def _changes(
    before: Snapshot, old: ActorView, after: Snapshot, new: ActorView, names: Sequence[str], *, same_map: bool
) -> list[tuple[Cell, str, Level, Level]]:
    changes = []
    for cell in {**old.cells, **new.cells}:
        if same_map and old.cells.get(cell) == new.cells.get(cell):
            continue
        for name in names:
            was, becomes = _reached(before, old.cells, cell, name), _reached(after, new.cells, cell, name)
            if was != becomes:
                changes.append((cell, name, was, becomes))
    return changes


def _reached(s: Snapshot, cells: Cells, cell: Cell, name: str) -> Level:
    planes = cells.get(cell)
    return Level.HIDDEN if planes is None else _level(s.field_bits.get(name, 0), planes)


def _level(bits: int, planes: Planes) -> Level:
    if not bits or bits & ~planes.present:
        return Level.HIDDEN
    if bits & ~planes.partial:
        return Level.PRESENT
    return Level.PARTIAL if bits & ~planes.clear else Level.CLEAR
