"""Small houses for the policy: one told by hand, and as many random ones as wanted, each from its seed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.words import (
    Assurance,
    ConditionRow,
    ForbidRow,
    GrantRow,
    Kind,
    Level,
    MapFacts,
    MembershipRow,
    Mode,
    Operation,
    Origin,
    PersonRow,
    PurposeFacts,
    Query,
    RequirementRow,
    RoleRow,
    Scope,
    Sense,
    State,
    reaches,
)
from bailee.kernel.clock import DAY, HOUR, MINUTE, Micros

NOW: Final = Micros(20_000 * DAY)
LATER: Final = Micros(NOW + 90 * DAY)
EARLIER: Final = Micros(NOW - 10 * DAY)

# A category inside another (a card's last digits), a field below a field, text that may hold another category.
MAP: Final = MapFacts(
    categories={
        "contact": ("contact.name", "contact.email", "contact.phone", "contact.address.city", "contact.address.street"),
        "billing": ("billing.invoice", "billing.total"),
        "card": ("card.number", "card.expires"),
        "card.last4": ("card.last4.digits",),
        "health": ("health.diagnosis", "health.notes"),
        "support": ("support.opened", "support.message"),
    },
    purposes={
        "charge": PurposeFacts(
            categories=("contact", "billing", "card"), needs_consent=False, objectable=False, survives_restriction=False
        ),
        "refund": PurposeFacts(
            categories=("contact", "billing", "card.last4"),
            needs_consent=False,
            objectable=True,
            survives_restriction=False,
            parent="charge",
        ),
        "help": PurposeFacts(
            categories=("contact", "support", "health"),
            needs_consent=False,
            objectable=True,
            survives_restriction=False,
        ),
        "marketing": PurposeFacts(
            categories=("contact", "billing"), needs_consent=True, objectable=True, survives_restriction=False
        ),
        "newsletter": PurposeFacts(
            categories=("contact",), needs_consent=True, objectable=True, survives_restriction=False, parent="marketing"
        ),
        "care": PurposeFacts(
            categories=("contact", "health", "support"),
            needs_consent=False,
            objectable=False,
            survives_restriction=True,
        ),
    },
    sense={
        "contact": Sense.ORDINARY,
        "billing": Sense.ORDINARY,
        "card": Sense.HIGH,
        "card.last4": Sense.ORDINARY,
        "health": Sense.HIGH,
        "support": Sense.RAISED,
    },
    may_hold={"support.message": ("health",), "billing.invoice": ("card",)},
    cards=frozenset({"card"}),
    payments=frozenset({"charge", "refund"}),
)
FIELDS: Final = tuple(name for fields in MAP.categories.values() for name in fields)
KEYS: Final = (*MAP.categories, *FIELDS, "contact.address")

Answers = dict[str, Any]


def role(key: str, *permissions: str, owner: str | None = "ann") -> RoleRow:
    return RoleRow(key=key, title=key, owner=owner, review_days=90, permissions=frozenset(permissions))


def person(id_: str, kind: Kind = Kind.PERSON, state: State = State.ACTIVE, owner: str | None = None) -> PersonRow:
    return PersonRow(id=id_, kind=kind, state=state, owner=owner)


def member(who: str, of: str, since: int = EARLIER, until: int = LATER) -> MembershipRow:
    return MembershipRow(person=who, role=of, since=Micros(since), until=Micros(until))


def grant(id_: int, to: str, category: str, purpose: str, **more: Any) -> GrantRow:
    """Grant READ, CLEAR, ALL, standing until LATER, unless told otherwise; `to` is a role, or `@` and a person."""
    row = GrantRow(
        id=id_,
        role=None if to.startswith("@") else to,
        person=to[1:] if to.startswith("@") else None,
        category=category,
        purpose=purpose,
        operation=Operation.READ,
        level=Level.CLEAR,
        scope=Scope.ALL,
        mode=Mode.STANDING,
        since=EARLIER,
        until=LATER,
        origin=Origin.STANDING,
    )
    return replace(row, **more)


def forbid(id_: int, to: str | None, category: str, **more: Any) -> ForbidRow:
    row = ForbidRow(id=id_, role=None, person=None, category=category, purpose=None, operation=None)
    if to is not None:
        row = replace(row, person=to[1:]) if to.startswith("@") else replace(row, role=to)
    return replace(row, **more)


def house(**parts: Any) -> Facts:
    """Ann runs the house and sees nothing, Bob is a clerk with one grant, Cat holds nothing."""
    told: dict[str, Any] = {
        "people": (person("ann"), person("bob"), person("cat")),
        "roles": (role("owner", "grant_access", "approve"), role("clerk")),
        "memberships": (member("ann", "owner"), member("bob", "clerk")),
        "grants": (grant(1, "clerk", "contact", "charge"),),
        "forbids": (),
        "requirements": (),
        "conditions": (),
        "map": MAP,
    }
    return Facts(**(told | parts))


def ask(actor: str = "bob", purpose: str = "charge", *fields: str, **more: Any) -> Query:
    query = Query(
        actor=actor,
        purpose=purpose,
        operation=Operation.READ,
        fields=fields or ("contact.email",),
        asked=Level.CLEAR,
        case="C-1",
    )
    return replace(query, **more)


# -- random houses


@dataclass(frozen=True)
class Case:
    """A query with everything around it, as `decide` and `explain` take it."""

    query: Query
    limits: tuple[Limit, ...]
    around: Answers


def random_facts(r: Random) -> Facts:
    people = [person(f"p{n}", state=r.choice([State.ACTIVE] * 16 + [*State])) for n in range(5)]
    people += [
        person("service", Kind.SERVICE, owner="p0"),
        person("orphan", Kind.SERVICE, owner=r.choice([None, "p1"])),
        person("bait", Kind.CANARY),
    ]
    roles = [role(f"r{n}", *r.sample(["grant_access", "approve", "freeze"], r.randint(0, 2))) for n in range(4)]
    memberships = [
        replace(
            member(who.id, of.key, *_span(r)),
            origin=r.choice([Origin.STANDING] * 16 + [Origin.ELEVATION, Origin.CANARY]),
        )
        for who in people
        for of in r.sample(roles, r.randint(1, 3))
    ]
    grants: list[GrantRow] = []
    for number in range(r.randint(10, 25)):
        grants.append(random_grant(r, number, grants))
    # Text that may hold health data opens only to grants on both, which chance alone hardly ever deals.
    purpose, level = r.choice(["help", "care"]), Level(r.randint(1, 3))
    for number, key in enumerate(r.sample(["support", "support.message", "health", "health"], 3), start=100):
        to = r.choice(["r0", "r0", "r0", "r1", "@p0"])
        grants.append(grant(number, to, key, purpose, level=r.choice([level, Level.CLEAR])))
    return Facts(
        people=tuple(people),
        roles=tuple(roles),
        memberships=tuple(memberships),
        grants=tuple(grants),
        forbids=tuple(random_forbid(r, number) for number in range(r.choice([0, 0, 1, 1, 2]))),
        requirements=tuple(
            RequirementRow(
                category=None if of_role else r.choice(KEYS),
                role=r.choice(roles).key if of_role else None,
                lesson=r.choice(["cards", "secrecy"]),
                grace_days=r.choice([0, 7]),
            )
            for of_role in r.sample([False, True], r.choice([0, 0, 0, 1, 2]))
        ),
        conditions=tuple(
            ConditionRow(
                person=who.id,
                lesson=lesson,
                met_until=r.choice([None, Micros(NOW - 1), NOW, Micros(NOW + 1), LATER]),
                grace_until=r.choice([None, NOW, Micros(NOW + 1), LATER]),
            )
            for who in people
            for lesson in ("cards", "secrecy")
            if r.random() < 0.5
        ),
        map=MAP,
    )


def random_grant(r: Random, number: int, before: list[GrantRow]) -> GrantRow:
    requestable = [row for row in before if row.mode is Mode.ON_REQUEST]
    if requestable and r.random() < 0.25:
        base = r.choice(requestable)
        since, until = _span(r)
        whole = base.operation in {Operation.WRITE, Operation.ERASE}
        below = [key for key in KEYS if reaches(base.category, key)]
        listed = [key for key in below if any(_meet(key, c) for c in MAP.purposes[base.purpose].categories)]
        return replace(
            base,
            id=number,
            role=None,
            person=f"p{r.randrange(5)}",
            category=r.choice([base.category, *listed]),
            level=base.level if whole else r.choice([base.level, base.level, *list(Level)[1:]]),
            scope=r.choice([base.scope, base.scope, *Scope]),
            mode=Mode.STANDING,
            origin=Origin.ELEVATION,
            eligibility=base.id,
            approvers=tuple(r.sample([f"p{n}" for n in range(5)], r.choice([0, 0, 1, 2]))),
            since=since,
            until=until,
        )
    purpose = r.choice(list(MAP.purposes))
    operation = r.choice([Operation.READ, Operation.READ, *Operation])
    whole = operation in {Operation.WRITE, Operation.ERASE}
    origin = r.choice([Origin.STANDING] * 12 + [Origin.CANARY])
    since, until = _span(r)
    row = grant(
        number,
        r.choice(["r0", "r1", "r2", "r3", "@p0", "@p1", "@service", "@bait"]),
        r.choice([key for key in KEYS if any(_meet(key, c) for c in MAP.purposes[purpose].categories)]),
        purpose,
        operation=operation,
        level=Level.CLEAR if whole else Level(r.randint(1, 3)),
        scope=r.choice([Scope.ALL, Scope.ALL, *Scope]),
        mode=r.choice([Mode.STANDING] * 4 + [Mode.ON_REQUEST]),
        since=since,
        until=until,
        origin=origin,
    )
    if r.random() < 0.1:
        row = replace(row, eligibility=r.choice([None, 0, 99]))
    return row


def random_forbid(r: Random, number: int) -> ForbidRow:
    return forbid(
        number,
        r.choice([None, "r0", "r1", "@p0", "@p1", "@service"]),
        r.choice(KEYS),
        purpose=r.choice([None, *MAP.purposes]),
        operation=r.choice([None, *Operation]),
    )


def random_limit(r: Random) -> Limit:
    kind = r.choice([LimitKind.CONSENT] * 3 + [*LimitKind])
    consenting = ["marketing", "newsletter", "marketing", "newsletter", None, *MAP.purposes]
    purpose = r.choice(consenting if kind is LimitKind.CONSENT else [None, *MAP.purposes])
    category = r.choice([None, None, *KEYS, "gone"])
    return Limit(kind, purpose, category, r.choice([None, None, NOW, Micros(NOW + 1)]))


def random_case(r: Random, facts: Facts, *, sign_in: bool) -> Case:
    """Draw a query; with `sign_in`, also how the actor signed in and what this process serves."""
    who = [row.id for row in facts.people] + ["stranger"]
    query = Query(
        actor=r.choice(who),
        purpose=r.choice(list(facts.map.purposes)),
        operation=r.choice([Operation.READ, Operation.READ, *Operation]),
        fields=tuple(r.sample(FIELDS, 2 if r.random() < 0.2 else 1)),
        asked=r.choice([Level.CLEAR] * 5 + [*Level]) if sign_in else Level.CLEAR,
        case=r.choice([None, "C-1", "C-1"]),
        acting_for=r.choice(who) if r.random() < 0.1 else None,
    )
    around: Answers = {name: r.random() < 0.75 for name in ("assigned", "case_open", "acting_assigned")}
    grants = [row for row in facts.grants if row.mode is Mode.STANDING]
    if grants and r.random() < 0.9:  # most random queries hit nothing, so most aim at a grant, and some of these miss
        query = _aimed(r, facts, r.choice(grants), query)
        around["assigned"] = r.random() < 0.9
    limits = tuple(random_limit(r) for _ in range(r.choice([0, 0, 0, 1, 2, 3])))
    if sign_in and r.random() < 0.4:
        around["assurance"] = r.choice([Assurance.RESISTANT] * 6 + [*Assurance])
        around["proof_age"] = r.choice([-1, 0, 0, 15 * MINUTE, 15 * MINUTE + 1, 12 * HOUR, 12 * HOUR + 1])
        around["passkey_age"] = r.choice([None, -1, 0, 0, 5 * MINUTE, 5 * MINUTE + 1])
        around["served"] = r.choice([None] * 4 + [frozenset({"contact", "card"}), frozenset({"health", "support"})])
    return Case(query, limits, around)


def _aimed(r: Random, facts: Facts, row: GrantRow, query: Query) -> Query:
    """Turn a query on a grant: its purpose and operation, mostly a live holder, mostly fields it really gives."""
    holders = [row.person] if row.person is not None else [m.person for m in facts.memberships if m.role == row.role]
    alive = {one.id for one in facts.people if one.state is State.ACTIVE and one.id not in {"bait", "orphan"}}
    listed = facts.map.purposes[row.purpose].categories
    near = [name for name in FIELDS if reaches(row.category, name) and any(reaches(key, name) for key in listed)]
    if r.random() < 0.9:
        holders = [who for who in holders if who in alive] or holders
    first = r.choice(near or FIELDS)
    return replace(
        query,
        actor=r.choice(holders or ["p0"]),
        purpose=row.purpose,
        operation=row.operation,
        fields=(first,) if len(query.fields) == 1 or first in query.fields else (first, query.fields[0]),
        case=query.case or r.choice([None, "C-1"]),
    )


def needed(known: MapFacts, name: str) -> Iterator[str]:
    """The data keys a field rests on: itself, and all of what its text may hold."""
    yield name
    keys = (*known.categories, *(one for fields in known.categories.values() for one in fields))
    for category in known.may_hold.get(name, ()):
        yield from (key for key in keys if reaches(category, key))


def _meet(one: str, other: str) -> bool:
    return reaches(one, other) or reaches(other, one)


def _span(r: Random) -> tuple[Micros, Micros]:
    since = r.choice([EARLIER] * 16 + [NOW, Micros(NOW + 1)])
    until = r.choice([LATER] * 16 + [NOW, Micros(NOW + 1)])
    return since, until
