"""P4: which of 12 fields an actor may use for a purpose, and in which form; three judges must agree first."""

from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Any, Final

from bailee.access import decide as deciding
from bailee.access.compile import compile_policy
from bailee.access.facts import Facts
from bailee.access.words import Level, MapFacts, Operation, PurposeFacts, Query, Sense
from bailee.kernel.clock import Micros
from bench.words import FLOOR, Absent, Candidate, Loop, Table

MAP: Final = MapFacts(
    categories={
        "contact": ("contact.given_name", "contact.surname", "contact.email", "contact.phone"),
        "billing": ("billing.invoice_no", "billing.invoiced", "billing.total"),
        "orders": ("orders.order_no", "orders.ordered", "orders.items"),
        "support": ("support.opened", "support.message"),
    },
    purposes={
        key: PurposeFacts(categories=categories, needs_consent=False, objectable=False, survives_restriction=False)
        for key, categories in {
            "billing": ("contact", "billing", "orders"),
            "delivery": ("contact", "orders"),
            "support": ("contact", "orders", "support"),
        }.items()
    },
    sense=dict.fromkeys(("contact", "billing", "orders", "support"), Sense.ORDINARY),
)
FIELDS: Final = tuple(name for names in MAP.categories.values() for name in names)
_GRANTS: Final = 1000
_ROLES: Final = 100
_QUERIES: Final = 256
_JUDGED: Final = 64


def tables(peers: bool) -> Iterator[Table]:
    """Rate 12 fields for one purpose, under 1,000 grants."""
    facts, queries = company()
    snapshot = compile_policy(facts, 1, _now())
    prepared = deciding.prepare(snapshot, FIELDS)
    turns, others = cycle(queries), cycle(queries)
    wrong: list[str] = []
    judges = _cedar(facts, queries, wrong)
    mask, held = (1 << 40) - 1, (1 << 40) - 1 - (1 << 7)

    def rated(query: Query) -> tuple[Level, ...]:
        return deciding.levels(snapshot, query.actor, query.purpose, Operation.READ, prepared, 0, 0, 0)

    yield Table(
        "decide",
        "decide about 12 fields in 4 categories for one purpose, 1,000 grants",
        "us/op",
        [
            Loop("bailee, as the gate asks (`levels`)", lambda: rated(next(turns))),
            Loop("bailee, whole (`decide`, with limits and reasons)", lambda: deciding.decide(snapshot, next(others))),
            Loop(f"{FLOOR}one AND of two integers", lambda: mask & held == mask),
            *judges,
        ],
        lambda: wrong + disagreements(facts, queries),
        target=1.0,
    )


def company() -> tuple[Facts, list[Query]]:
    """A made-up policy: 200 people, 100 roles, 1,000 grants; and queries of people who hold something."""
    from tests.access.pure import worlds

    r = Random(17)
    roles = [worlds.role(f"role{number}") for number in range(_ROLES)]
    people = [worlds.person(f"person{number}") for number in range(2 * _ROLES)]
    grants = []
    for number in range(_GRANTS):
        purpose = r.choice(list(MAP.purposes))
        category = r.choice(MAP.purposes[purpose].categories)
        level = Level(r.randint(1, 3))
        grants.append(worlds.grant(number, r.choice(roles).key, category, purpose, level=level))
    members = [worlds.member(who.id, of.key) for who in people for of in r.sample(roles, 2)]
    told: dict[str, Any] = {
        "people": tuple(people),
        "roles": tuple(roles),
        "memberships": tuple(members),
        "grants": tuple(grants),
    }
    queries = [
        Query(
            actor=r.choice(people).id,
            purpose=r.choice(list(MAP.purposes)),
            operation=Operation.READ,
            fields=FIELDS,
            asked=Level.CLEAR,
            case=None,
        )
        for _ in range(_QUERIES)
    ]
    return worlds.house(map=MAP, **told), queries


def disagreements(facts: Facts, queries: list[Query]) -> list[str]:
    """Ask the decision, the naive explanation and Cedar: about this policy, and in random houses with everything on."""
    from bailee.access.explain import explain

    snapshot = compile_policy(facts, 1, _now())
    prepared = deciding.prepare(snapshot, FIELDS)
    wrong = []
    for query in queries:
        told = explain(facts, query, (), _now()).levels
        quick = deciding.levels(snapshot, query.actor, query.purpose, Operation.READ, prepared, 0, 0, 0)
        if dict(zip(FIELDS, quick, strict=True)) != told or deciding.decide(snapshot, query).levels != told:
            wrong.append(f"{query.actor} for {query.purpose}: the decision and the rows say different things")
    try:
        from tests.access.pure import oracle
    except ImportError:
        return wrong  # without Cedar two judges are left; its line says that it was not run
    return wrong + oracle.disagreements(seed=23, houses=12, queries=250)


def _cedar(facts: Facts, queries: list[Query], wrong: list[str]) -> list[Candidate]:
    """The same record asked of Cedar, 12 fields in one batch: grants as policies, and as data under three policies."""
    try:
        from bench.peers.cedar import Cedar
    except ImportError as error:
        return [Absent("cedarpy", str(error))]
    judge = Cedar(facts, queries[:_JUDGED], FIELDS)
    snapshot = compile_policy(facts, 1, _now())
    rated = [list(deciding.decide(snapshot, query).levels.values()) for query in queries[:_JUDGED]]
    wrong.extend(judge.differences(queries[:_JUDGED], FIELDS, rated))
    return [
        Loop(f"{judge.name}, grants as policies", judge.by_policies, why="12 fields in one batch, one level of three"),
        Loop(f"{judge.name}, grants as data", judge.by_data, why="12 fields in one batch, one level of three"),
    ]


def _now() -> Micros:
    from tests.access.pure import worlds

    return worlds.NOW
