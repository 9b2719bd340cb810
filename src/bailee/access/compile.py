"""From policy rows to a snapshot that answers in about a microsecond; pure, and refuses rows it can't make sense of.

A data key is a category (`contact`) or a field (`contact.email`); key i of the sorted keys is bit `1 << i` of every
mask, and a bit has no meaning outside the snapshot it was made in.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from bailee.access import duties
from bailee.access.facts import Facts, digest
from bailee.access.words import (
    NEVER,
    ForbidRow,
    GrantRow,
    Kind,
    Level,
    MapFacts,
    Mode,
    Operation,
    Origin,
    PersonRow,
    Planes,
    RequirementRow,
    Scope,
    Sense,
    State,
    reaches,
)
from bailee.kernel.clock import DAY, MINUTE, Micros
from bailee.kernel.errors import Invalid

Cell: TypeAlias = tuple[str, Operation, Scope]
Cells: TypeAlias = Mapping[Cell, Planes]
Hot: TypeAlias = dict[tuple[str, Operation], tuple[int, int, int]]
Masks: TypeAlias = tuple[int, int, int]
PersonId: TypeAlias = str

OPENING: Final = frozenset({Origin.STANDING, Origin.ELEVATION, Origin.BREAK_GLASS})
_KEY: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_LAST: Final = 2**53 - 1
_REVIEW_DAYS_OF_A_PERSON: Final = 90
_REVIEW_DAYS_OF_A_SERVICE: Final = 365
_LONGEST_ELEVATION: Final = 7 * DAY
_LONGEST_GLASS: Final = 60 * MINUTE


class Denial(NamedTuple):
    """A mask taken from every cell it speaks of; no purpose or operation means all."""

    purpose: str | None
    operation: Operation | None
    mask: int


@dataclass(frozen=True, slots=True)
class PurposeView:
    """A purpose in bits: the data it may touch, and the purposes whose choices cover it (itself, then ancestors)."""

    allowed: int
    needs_consent: bool
    objectable: bool
    survives_restriction: bool
    lineage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActorView:
    """What one actor holds now. People with equal roles share one view, so nothing in it names a person.

    `asks` is what an ON_REQUEST grant makes eligible for; `notices` are lessons still in grace, `due` lessons whose
    absence took the mask away. `hot` holds cells already merged over scopes, filled by use (`decide.levels`).
    """

    cells: Cells
    permissions: frozenset[str]
    session_class: Sense
    notices: tuple[str, ...]
    asks: Cells
    due: tuple[tuple[str, int], ...]
    roles: frozenset[str]
    hot: tuple[Hot, Hot, Hot, Hot] = field(
        init=False, default_factory=lambda: ({}, {}, {}, {}), repr=False, compare=False
    )


STRANGER: Final = ActorView({}, frozenset(), Sense.ORDINARY, (), {}, (), frozenset())


@dataclass(frozen=True, slots=True)
class Prepared:
    """The bits and categories of a tuple of fields, and the four answers in which all stand at one level."""

    fields: tuple[str, ...]
    bits: tuple[int, ...]
    homes: tuple[str, ...]
    every: int
    same: tuple[tuple[Level, ...], ...]
    named: tuple[Mapping[str, Level], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A compiled policy: true from the instant it was made for until `turns_at`, when it must be compiled anew.

    `home` gives the category in whose blob a field lies; `granters` are those who may grant access.
    """

    epoch: int
    digest: bytes
    made_at: Micros
    turns_at: Micros
    keys: tuple[str, ...]
    bit: Mapping[str, int]
    under: Mapping[str, int]
    field_bits: Mapping[str, int]
    home: Mapping[str, str]
    purposes: Mapping[str, PurposeView]
    people: Mapping[PersonId, ActorView]
    sens: tuple[int, int, int]
    granters: tuple[PersonId, ...]
    prepared: dict[tuple[str, ...], Prepared] = field(init=False, default_factory=dict, repr=False, compare=False)

    def permissions(self, person: PersonId) -> frozenset[str]:
        """What a person may run; nothing for a stranger, or for somebody who is not active."""
        return self.people.get(person, STRANGER).permissions


def compile_policy(facts: Facts, epoch: int, now: Micros) -> Snapshot:
    """Compile all rows as they stand at an instant; what has ended is skipped, so a removed category may outlive it.

    Args:
        facts: the rows and the data map.
        epoch: the number the result carries.
        now: the instant; the result holds until its `turns_at`.

    Raises:
        Invalid: a row names something unknown, gives nothing, or breaks a rule of its kind; the row is named.

    """
    return _compiled(facts, epoch, now, digest(facts))


def recompile(facts: Facts, now: Micros, only: frozenset[PersonId] | None = None) -> Snapshot:
    """Compile for a comparison that is thrown away (what-if): no digest, and no views but those asked for."""
    return _compiled(facts, 0, now, b"", only)


def _compiled(
    facts: Facts, epoch: int, now: Micros, sealed: bytes, only: frozenset[PersonId] | None = None
) -> Snapshot:
    shape = _shape(facts, now)
    house = _House(facts, now, shape)
    people = {person.id: house.view(person) for person in facts.people if only is None or person.id in only}
    # Permission lists are few (one per role set), so the test runs once for each.
    grants: dict[int, bool] = {}
    granters = []
    for person, view in people.items():
        may = grants.get(id(view.permissions))
        if may is None:
            may = grants[id(view.permissions)] = "grant_access" in view.permissions
        if may:
            granters.append(person)
    return Snapshot(
        epoch=epoch,
        digest=sealed,
        made_at=now,
        turns_at=_turns_at(facts, now),
        keys=shape.keys,
        bit=shape.bit,
        under=shape.under,
        field_bits=shape.field_bits,
        home=shape.home,
        purposes=shape.purposes,
        people=people,
        sens=shape.sens,
        granters=tuple(sorted(granters)),
    )


# -- the data map in bits


class _Shape(NamedTuple):
    keys: tuple[str, ...]
    bit: dict[str, int]
    under: dict[str, int]
    field_bits: dict[str, int]
    home: dict[str, str]
    purposes: dict[str, PurposeView]
    sens: tuple[int, int, int]


def _shape(facts: Facts, now: Micros) -> _Shape:
    known = facts.map
    for key in (*known.categories, *known.purposes, *(role.key for role in facts.roles)):
        if not _KEY.fullmatch(key):
            raise Invalid("a key holds something else than a-z, 0-9, _ and single dots")
    mapped = _mapped(known)
    above = {prefix for key in mapped for prefix in _prefixes(key)}
    keys = tuple(sorted(mapped | _named(facts, now, above)))
    bit = {key: 1 << place for place, key in enumerate(keys)}
    under = dict.fromkeys(keys, 0)
    for key in keys:
        for prefix in _prefixes(key):
            if prefix in under:
                under[prefix] |= bit[key]
    # Text that may hold health data shows only to those who see all of health: one field withheld withholds the text.
    field_bits, home = {}, {}
    for category, fields in known.categories.items():
        for name in fields:
            home[name] = category
            field_bits[name] = bit[name] | _union(under, known.may_hold.get(name, ()), f"field {name}")
            if not reaches(category, name):
                raise Invalid(f"field {name} does not begin with its category {category}")
    for name in known.may_hold:
        if name not in field_bits:
            raise Invalid(f"may_hold names {name}, which is not a field of the data map")
    purposes = {
        key: PurposeView(
            allowed=_union(under, purpose.categories, f"purpose {key}"),
            needs_consent=purpose.needs_consent,
            objectable=purpose.objectable,
            survives_restriction=purpose.survives_restriction,
            lineage=_lineage(known, key),
        )
        for key, purpose in known.purposes.items()
    }
    return _Shape(keys, bit, under, field_bits, home, purposes, _senses(known, keys, bit))


def _mapped(known: MapFacts) -> set[str]:
    keys = set(known.categories)
    for fields in known.categories.values():
        for name in fields:
            if name in keys:
                raise Invalid(f"{name} is in the data map twice")
            if not _KEY.fullmatch(name):
                raise Invalid("a field's key holds something else than a-z, 0-9, _ and single dots")
            keys.add(name)
    return keys


def _prefixes(key: str) -> Iterator[str]:
    yield key
    while "." in key:
        key = key.rpartition(".")[0]
        yield key


def _named(facts: Facts, now: Micros, above: set[str]) -> set[str]:
    """Collect the keys that rows name; each must be in the data map or above something in it."""
    named = {}
    for grant in facts.grants:
        if grant.until > now:
            named[grant.category] = f"grant {grant.id}"
    for forbid in facts.forbids:
        named[forbid.category] = f"forbid {forbid.id}"
    for requirement in facts.requirements:
        if requirement.category is not None:
            named[requirement.category] = f"the requirement of lesson {requirement.lesson}"
    for key, row in named.items():
        if key not in above:
            raise Invalid(
                f"{row} names {key}, which the data map does not have",
                hint="remove the row, or bring the category back",
            )
    return set(named)


def _union(under: Mapping[str, int], categories: Iterable[str], row: str) -> int:
    mask = 0
    for category in categories:
        if category not in under:
            raise Invalid(f"{row} names {category}, which the data map does not have")
        mask |= under[category]
    return mask


def _lineage(known: MapFacts, key: str) -> tuple[str, ...]:
    line = [key]
    while (parent := known.purposes[line[-1]].parent) is not None:
        if parent not in known.purposes:
            raise Invalid(f"purpose {line[-1]} names the parent {parent}, which the data map does not have")
        if parent in line:
            raise Invalid(f"purpose {parent} is its own ancestor")
        line.append(parent)
    return tuple(line)


def _senses(known: MapFacts, keys: tuple[str, ...], bit: Mapping[str, int]) -> tuple[int, int, int]:
    masks = dict.fromkeys(Sense, 0)
    for category in known.categories:
        if known.sense.get(category) not in masks:
            raise Invalid(f"category {category} has no class: ordinary, raised or high")
    for key in keys:
        # The nearest category decides, so an ordinary one may stand inside a high one (a card's last four digits).
        nearest = next((prefix for prefix in _prefixes(key) if prefix in known.categories), None)
        if nearest is not None:
            masks[known.sense[nearest]] |= bit[key]
    return masks[Sense.ORDINARY], masks[Sense.RAISED], masks[Sense.HIGH]


# -- people


class _House:
    """The rows indexed once, so that a person without rows of their own costs two look-ups."""

    def __init__(self, facts: Facts, now: Micros, shape: _Shape) -> None:
        self.now, self.shape = now, shape
        self.people = {person.id: person for person in facts.people}
        if len(self.people) != len(facts.people):
            raise Invalid("two people share one id")
        self.roles = {role.key: role for role in facts.roles}
        if len(self.roles) != len(facts.roles):
            raise Invalid("two roles share one key")
        self.requirements = facts.requirements
        self.views: dict[tuple[frozenset[str], tuple[int, ...], tuple[int, ...]], ActorView] = {}
        self.planes: dict[Masks, Planes] = {}
        self._index_memberships(facts)
        self._index_grants(facts)
        self._index_forbids(facts)
        self._index_lessons(facts)

    def _index_memberships(self, facts: Facts) -> None:
        now, none = self.now, frozenset[str]()
        sets: dict[tuple[frozenset[str], str], frozenset[str]] = {}
        self.held: dict[str, frozenset[str]] = {}
        for row in facts.memberships:
            if row.until <= now:
                continue
            if row.role not in self.roles:
                raise Invalid(f"a membership names the role {row.role}, which does not exist")
            if row.person not in self.people:
                raise Invalid(f"a membership in {row.role} names a person who does not exist")
            if row.until > _LAST:
                raise Invalid(f"a membership in {row.role} ends beyond all calendars")
            if row.since <= now and row.origin in OPENING:
                before = self.held.get(row.person, none)
                grown = sets.get((before, row.role))
                if grown is None:
                    grown = sets[before, row.role] = before | {row.role}
                self.held[row.person] = grown

    def _index_grants(self, facts: Facts) -> None:
        self.of_person: dict[str, list[GrantRow]] = defaultdict(list)
        self.grant = {row.id: row for row in facts.grants}
        if len(self.grant) != len(facts.grants):
            raise Invalid("two grants share one id")
        given: dict[str, dict[Cell, list[int]]] = defaultdict(dict)
        asks: dict[str, dict[Cell, list[int]]] = defaultdict(dict)
        for row in facts.grants:
            if row.until <= self.now:
                continue
            self._check(row)
            if row.since <= self.now and row.origin in OPENING:
                if row.role is not None:
                    self._add((given if row.mode == Mode.STANDING else asks)[row.role], row)
                elif row.person is not None:
                    self.of_person[row.person].append(row)
        self.given = {role: _fixed(cells) for role, cells in given.items()}
        self.asks = {role: _fixed(cells) for role, cells in asks.items()}

    def _check(self, row: GrantRow) -> None:
        if (row.role is None) == (row.person is None):
            raise Invalid(f"grant {row.id} is not to exactly one role or person")
        if row.role is not None and row.role not in self.roles:
            raise Invalid(f"grant {row.id} names the role {row.role}, which does not exist")
        if row.person is not None and row.person not in self.people:
            raise Invalid(f"grant {row.id} names a person who does not exist")
        purpose = self.shape.purposes.get(row.purpose)
        if purpose is None:
            raise Invalid(f"grant {row.id} names the purpose {row.purpose}, which the data map does not have")
        if not self.shape.under[row.category] & purpose.allowed:
            raise Invalid(
                f"grant {row.id} gives nothing: {row.category} is not used for {row.purpose}",
                hint="name a purpose that the category lists",
            )
        if row.level < Level.PRESENT:
            raise Invalid(f"grant {row.id} gives nothing: its level is hidden")
        if row.operation in {Operation.WRITE, Operation.ERASE} and row.level < Level.CLEAR:
            raise Invalid(f"grant {row.id} writes or erases what its holder may not see: the level must be clear")
        if row.origin == Origin.BREAK_GLASS and row.operation != Operation.READ:
            raise Invalid(f"grant {row.id} breaks the glass for more than reading")
        if row.until > _LAST:
            raise Invalid(f"grant {row.id} ends beyond all calendars")

    def _index_forbids(self, facts: Facts) -> None:
        self.denied_all: list[Denial] = []
        self.denied_role: dict[str, list[Denial]] = defaultdict(list)
        self.denied_person: dict[str, list[Denial]] = defaultdict(list)
        for row in facts.forbids:
            self._place(row, Denial(row.purpose, row.operation, self.shape.under[row.category]))

    def _place(self, row: ForbidRow, denial: Denial) -> None:
        if row.purpose is not None and row.purpose not in self.shape.purposes:
            raise Invalid(f"forbid {row.id} names the purpose {row.purpose}, which the data map does not have")
        if row.role is not None and row.person is not None:
            raise Invalid(f"forbid {row.id} names a role and a person")
        if row.role is not None:
            if row.role not in self.roles:
                raise Invalid(f"forbid {row.id} names the role {row.role}, which does not exist")
            self.denied_role[row.role].append(denial)
        elif row.person is not None:
            if row.person not in self.people:
                raise Invalid(f"forbid {row.id} names a person who does not exist")
            self.denied_person[row.person].append(denial)
        else:
            self.denied_all.append(denial)

    def _index_lessons(self, facts: Facts) -> None:
        for row in self.requirements:
            if (row.category is None) == (row.role is None):
                raise Invalid(f"the requirement of lesson {row.lesson} is not of exactly one category or role")
            if row.role is not None and row.role not in self.roles:
                raise Invalid(f"the requirement of lesson {row.lesson} names a role that does not exist")
        self.met: set[tuple[str, str]] = set()
        self.graced: set[tuple[str, str]] = set()
        for done in facts.conditions:
            if done.met_until is not None and self.now < done.met_until:
                self.met.add((done.person, done.lesson))
            if done.grace_until is not None and self.now < done.grace_until:
                self.graced.add((done.person, done.lesson))

    def view(self, person: PersonRow) -> ActorView:
        if not self._opens(person):
            return STRANGER
        held = self.held.get(person.id, frozenset())
        missing, grace = self._lessons(person, held) if self.requirements else ((), ())
        key = (held, missing, grace)
        shared = self.views.get(key)
        if shared is None:
            shared = self.views[key] = self._view(held, missing, grace, (), ())
        own = self.of_person.get(person.id)
        denied = self.denied_person.get(person.id)
        if own is None and denied is None:
            return shared
        granting = self._granting(held, missing)
        live = [row for row in own or () if self._rests(row, granting)]
        if not live and denied is None:
            return shared
        return self._view(held, missing, grace, live, denied or ())

    def _opens(self, person: PersonRow) -> bool:
        if person.state != State.ACTIVE:
            return False
        if person.kind == Kind.SERVICE:
            owner = self.people.get(person.owner) if person.owner is not None else None
            return owner is not None and owner.kind == Kind.PERSON and owner.state == State.ACTIVE
        return person.kind == Kind.PERSON

    def _lessons(self, person: PersonRow, held: frozenset[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Number the requirements a person misses, and those still in grace; a service learns nothing."""
        if person.kind != Kind.PERSON:
            return (), ()
        missing, grace = [], []
        for number, row in enumerate(self.requirements):
            if row.role is not None and row.role not in held:
                continue
            if (person.id, row.lesson) in self.met:
                continue
            if self._has_grace(row) and (person.id, row.lesson) in self.graced:
                grace.append(number)
            else:
                missing.append(number)
        return tuple(missing), tuple(grace)

    def _has_grace(self, row: RequirementRow) -> bool:
        # What is high opens after its lesson, even where the same lesson has grace for something milder.
        high = row.category is not None and bool(self.shape.under[row.category] & self.shape.sens[2])
        return row.grace_days > 0 and not high

    def _granting(self, held: frozenset[str], missing: tuple[int, ...]) -> frozenset[str]:
        """Leave out the roles whose own lesson is missing: they keep their permissions and give no data."""
        return held - {role for number in missing if (role := self.requirements[number].role) is not None}

    def _rests(self, row: GrantRow, granting: frozenset[str]) -> bool:
        """Whether a person's own grant stands: its eligibility and all its approvers hold at this instant."""
        if any((who := self.people.get(id_)) is None or who.state != State.ACTIVE for id_ in row.approvers):
            return False
        if row.eligibility is None:
            return True
        base = self.grant.get(row.eligibility)
        return (
            base is not None
            and base.mode == Mode.ON_REQUEST
            and base.origin in OPENING
            and base.since <= self.now < base.until
            and (base.role in granting if base.role is not None else base.person == row.person)
            and base.purpose == row.purpose
            and base.operation == row.operation
            and base.level >= row.level
            and base.scope in {row.scope, Scope.ALL}
            and reaches(base.category, row.category)
        )

    def _view(
        self,
        held: frozenset[str],
        missing: tuple[int, ...],
        grace: tuple[int, ...],
        own: Iterable[GrantRow],
        denied: Iterable[Denial],
    ) -> ActorView:
        under = self.shape.under
        granting = self._granting(held, missing)
        own_given: dict[Cell, list[int]] = {}
        own_asks: dict[Cell, list[int]] = {}
        for row in own:
            self._add(own_given if row.mode == Mode.STANDING else own_asks, row)
        given = _merged([self.given[role] for role in granting if role in self.given] + [_fixed(own_given)])
        asks = _merged([self.asks[role] for role in granting if role in self.asks] + [_fixed(own_asks)])
        denials = [*self.denied_all, *denied]
        for role in held:
            denials += self.denied_role.get(role, ())
        reach = 0
        for planes in given.values():
            reach |= planes[0]
        due = []
        for number in missing:
            rule = self.requirements[number]
            if rule.category is not None:
                mask = under[rule.category]
                denials.append(Denial(None, None, mask))
                mask &= reach
            else:
                mask = 0
                for planes in self.given.get(rule.role or "", {}).values():
                    mask |= planes[0]
            if mask:
                due.append((rule.lesson, mask))
        notices = set()
        for number in grace:
            rule = self.requirements[number]
            if rule.category is None or under[rule.category] & reach:
                notices.add(rule.lesson)
        cells = self._closed(given, denials)
        return ActorView(
            cells=cells,
            permissions=frozenset(name for role in held for name in self.roles[role].permissions),
            session_class=self._session_class(cells),
            notices=tuple(sorted(notices)),
            asks=self._closed(asks, denials),
            due=tuple(due),
            roles=held,
        )

    def _add(self, cells: dict[Cell, list[int]], row: GrantRow) -> None:
        bits = self.shape.under[row.category] & self.shape.purposes[row.purpose].allowed
        planes = cells.setdefault((row.purpose, row.operation, row.scope), [0, 0, 0])
        planes[0] |= bits
        if row.level >= Level.PARTIAL:
            planes[1] |= bits
        if row.level >= Level.CLEAR:
            planes[2] |= bits

    def _closed(self, cells: Mapping[Cell, Masks], denials: list[Denial]) -> dict[Cell, Planes]:
        """Subtract what is forbidden, drop what is empty, and share equal planes."""
        always, sometimes = 0, []
        for denial in denials:
            if denial.purpose is None and denial.operation is None:
                always |= denial.mask
            else:
                sometimes.append(denial)
        kept, shared = {}, self.planes
        for cell, masks in cells.items():
            away = always
            for purpose, operation, mask in sometimes:
                if (purpose is None or purpose == cell[0]) and (operation is None or operation == cell[1]):
                    away |= mask
            left = (masks[0] & ~away, masks[1] & ~away, masks[2] & ~away) if masks[0] & away else masks
            if isinstance(left, Planes):
                kept[cell] = left
            elif left[0]:
                planes = shared.get(left)
                if planes is None:
                    planes = shared[left] = Planes(*left)
                kept[cell] = planes
        return kept

    def _session_class(self, cells: Cells) -> Sense:
        reach = 0
        for planes in cells.values():
            reach |= planes.partial
        if reach & self.shape.sens[2]:
            return Sense.HIGH
        return Sense.RAISED if reach & self.shape.sens[1] else Sense.ORDINARY


def _fixed(cells: Mapping[Cell, list[int]]) -> dict[Cell, Masks]:
    return {cell: Planes(*masks) for cell, masks in cells.items()}


def _merged(parts: list[dict[Cell, Masks]]) -> dict[Cell, Masks]:
    """OR cell maps plane by plane; one alone is handed on as it is, so nobody may change the result."""
    parts = [part for part in parts if part]
    if len(parts) < 2:
        return parts[0] if parts else {}
    merged = dict(parts[0])
    for part in parts[1:]:
        for cell, masks in part.items():
            have = merged.get(cell)
            merged[cell] = masks if have is None else (have[0] | masks[0], have[1] | masks[1], have[2] | masks[2])
    return merged


def _turns_at(facts: Facts, now: Micros) -> Micros:
    turns: int = NEVER
    for rows in (facts.memberships, facts.grants):
        for row in rows:
            if now < row.since < turns:
                turns = row.since
            if now < row.until < turns:
                turns = row.until
    for done in facts.conditions:
        for instant in (done.met_until, done.grace_until):
            if instant is not None and now < instant < turns:
                turns = instant
    return Micros(turns)


# -- lints


def policy_lints(facts: Facts, now: Micros) -> tuple[str, ...]:
    """Say what an act that leaves these rows must be refused for; what has ended is not looked at.

    Args:
        facts: the rows as they would stand after the act.
        now: the instant of the act; what is to begin later counts as well.

    Raises:
        Invalid: the rows don't compile.

    """
    shape = _shape(facts, now)
    said = [
        f"person {clash.person} would hold {clash.first} and {clash.second} at the same time"
        for clash in duties.clashes(facts, now)
    ]
    answering = {person.id for person in facts.people if person.kind == Kind.PERSON and person.state == State.ACTIVE}
    said += [f"role {role.key} has no active owner" for role in facts.roles if role.owner not in answering]
    said += _too_long(facts, now)
    said += _blind_searches(facts, now, shape)
    return tuple(sorted(said))


def _too_long(facts: Facts, now: Micros) -> Iterator[str]:
    review = {role.key: role.review_days for role in facts.roles}
    services = {person.id for person in facts.people if person.kind == Kind.SERVICE}
    for row in facts.grants:
        if row.until <= now:
            continue
        if row.origin == Origin.ELEVATION and row.until - row.since > _LONGEST_ELEVATION:
            yield f"grant {row.id} is an elevation of more than 7 days"
        elif row.origin == Origin.BREAK_GLASS and row.until - row.since > _LONGEST_GLASS:
            yield f"grant {row.id} breaks the glass for more than 60 minutes"
        elif row.origin == Origin.STANDING:
            days = _REVIEW_DAYS_OF_A_SERVICE if row.person in services else _REVIEW_DAYS_OF_A_PERSON
            if row.role is not None:
                days = review.get(row.role, days)
            if row.until > max(now, row.since) + days * DAY:
                yield f"grant {row.id} lasts beyond its review in {days} days"


def _blind_searches(facts: Facts, now: Micros, shape: _Shape) -> Iterator[str]:
    """Find searches that would tell somebody what they may not read, now or when a grant to read ends."""
    reads: dict[tuple[str | None, str | None], list[GrantRow]] = defaultdict(list)
    roles: dict[str, list[tuple[Micros, Micros, str]]] = defaultdict(list)
    for member in facts.memberships:
        if member.until > now:
            roles[member.person].append((member.since, member.until, member.role))
    live = [row for row in facts.grants if row.until > now and row.mode == Mode.STANDING and row.origin in OPENING]
    for row in live:
        if row.operation == Operation.READ:
            reads[row.role, row.person].append(row)
    for row in live:
        if row.operation != Operation.SEARCH:
            continue
        # A role must make sense by itself; a person's own grant may rest on what the person's roles read.
        spans = [(read.since, read.until, read) for read in reads[row.role, row.person]]
        if row.person is not None:
            spans += [
                (max(since, read.since), min(until, read.until), read)
                for since, until, role in roles[row.person]
                for read in reads[role, None]
            ]
        spans = [span for span in spans if span[2].purpose == row.purpose]
        start = max(now, row.since)
        looks = {start, *(until for _, until, _ in spans if start < until < row.until)}
        wanted = shape.under[row.category] & shape.purposes[row.purpose].allowed
        for at in looks:
            seen = 0
            for since, until, read in spans:
                if since <= at < until:
                    seen |= shape.under[read.category]
            if wanted & ~seen:
                yield f"grant {row.id} lets somebody search {row.category} who may not read it"
                break
