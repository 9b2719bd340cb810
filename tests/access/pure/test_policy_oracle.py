"""The compiled decision, the naive explanation and Cedar answer alike, and a planted bug shows."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, product
from random import Random, randrange

import pytest
from tests.access.pure import oracle, worlds
from tests.access.pure.worlds import FIELDS, NOW, Case, ask, forbid, grant, house, member, role

from bailee.access.compile import Snapshot, compile_policy
from bailee.access.decide import decide
from bailee.access.explain import Why, explain
from bailee.access.facts import Facts
from bailee.access.words import (
    ForbidRow,
    GrantRow,
    Level,
    MapFacts,
    Mode,
    Operation,
    Planes,
    PurposeFacts,
    Query,
    Scope,
    Sense,
    reaches,
)


def test_three_judges_agree_on_twenty_thousand_random_queries() -> None:
    seed = randrange(2**32)
    assert oracle.disagreements(seed, houses=80, queries=250) == [], f"seed {seed}"


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_three_judges_agree_on_a_million_random_queries(part: int) -> None:
    assert oracle.disagreements(part, houses=200, queries=250) == []


@pytest.mark.check("access-17")
def test_the_explanation_agrees_with_the_decision_on_a_hundred_thousand_queries_and_names_the_grants() -> None:
    seed = randrange(2**32)
    r = Random(seed)
    asked, wrong = 0, []
    while asked < 100_000:
        facts = worlds.random_facts(r)
        snapshot = compile_policy(facts, 1, NOW)
        rows = {row.id: row for row in facts.grants}
        for _ in range(1000):
            case = worlds.random_case(r, facts, sign_in=True)
            levels = decide(snapshot, case.query, case.limits, now=NOW, **case.around).levels
            told = explain(facts, case.query, case.limits, NOW, **case.around)
            asked += 1
            if levels != told.levels:
                wrong.append(f"decide {levels}, explain {told.levels}: {case}")
            wrong += [
                f"{why}: {case}"
                for name, why in told.why.items()
                if not _grounded(case.query, name, why.level, why, rows)
            ]
            if asked % 200 == 0:
                only = _only_named(facts, [id_ for why in told.why.values() for id_ in why.grants])
                again = decide(compile_policy(only, 1, NOW), case.query, case.limits, now=NOW, **case.around).levels
                if again != levels:
                    wrong.append(f"the named grants alone give {again}, all give {levels}: {case}")
    assert wrong == [], f"seed {seed}"


def _grounded(query: Query, name: str, level: Level, why: Why, rows: dict[int, GrantRow]) -> bool:
    """Whether a level rests on live grants that reach every key of the field, and a hidden field has its reason."""
    named = [rows[id_] for id_ in why.grants]
    if any((row.purpose, row.operation, row.mode) != (query.purpose, query.operation, Mode.STANDING) for row in named):
        return False
    if any(not row.since <= NOW < row.until for row in named):
        return False
    if level > Level.HIDDEN:
        return not why.forbids and all(
            any(reaches(row.category, key) and row.level >= level for row in named)
            for key in worlds.needed(worlds.MAP, name)
        )
    return bool(why.missing) or (
        query.asked == Level.HIDDEN and query.operation not in {Operation.WRITE, Operation.ERASE}
    )


def _only_named(facts: Facts, named: list[int]) -> Facts:
    """Keep the grants named and the ON_REQUEST ones they may rest on: those give nothing by themselves."""
    return replace(facts, grants=tuple(row for row in facts.grants if row.id in named or row.mode is Mode.ON_REQUEST))


def every_case(facts: Facts) -> Iterator[Case]:
    for person, purpose, operation, name, scoped in product(
        [row.id for row in facts.people], facts.map.purposes, Operation, FIELDS, (False, True)
    ):
        query = Query(actor=person, purpose=purpose, operation=operation, fields=(name,), asked=Level.CLEAR, case="C-1")
        around = {"assigned": scoped, "case_open": scoped, "acting_assigned": False}
        yield Case(query, (), around)


@pytest.mark.parametrize("seed", range(8))
def test_one_flipped_bit_is_caught(seed: int) -> None:
    r = Random(seed)
    facts = house(
        grants=(grant(1, "clerk", "contact", "charge"), grant(2, "clerk", "card", "charge", level=Level.PARTIAL))
    )
    snapshot = compile_policy(facts, 1, NOW)
    assert oracle.plain_disagreements(facts, snapshot, every_case(facts)) == []
    assert oracle.plain_disagreements(facts, flipped(snapshot, r), every_case(facts)) != []


def flipped(snapshot: Snapshot, r: Random) -> Snapshot:
    view = snapshot.people["bob"]
    cell = r.choice(sorted(view.cells))
    planes = view.cells[cell]
    bit = snapshot.bit[r.choice([name for name in FIELDS if name not in worlds.MAP.may_hold])]
    bad = replace(view, cells={**view.cells, cell: Planes(planes.present, planes.partial, planes.clear ^ bit)})
    return replace(snapshot, people={**snapshot.people, "bob": bad})


NOBODY = {"assigned": False, "case_open": False, "acting_assigned": False}

# -- every small world: 2 people, 2 roles, 3 categories, 2 purposes, 2 operations, up to 2 grants and 1 forbid

SMALL = MapFacts(
    categories={"a": ("a.x",), "b": ("b.x",), "c": ("c.x",)},
    purposes={
        "one": PurposeFacts(
            categories=("a", "b", "c"), needs_consent=False, objectable=False, survives_restriction=False
        ),
        "two": PurposeFacts(categories=("a", "b"), needs_consent=False, objectable=False, survives_restriction=False),
    },
    sense=dict.fromkeys("abc", Sense.ORDINARY),
    may_hold={"a.x": ("b",)},
)


def small_grants() -> Iterator[GrantRow]:
    ways = product(("r", "s"), "abc", ("one", "two"), (Operation.READ, Operation.SEARCH), (1, 2, 3))
    for number, (to, category, purpose, operation, level) in enumerate(ways):
        if category in SMALL.purposes[purpose].categories:
            yield grant(number, to, category, purpose, operation=operation, level=Level(level))


def small_forbids() -> Iterator[ForbidRow]:
    ways = product((None, "r", "s"), "abc", (None, "one", "two"), (None, Operation.READ, Operation.SEARCH))
    for number, (to, category, purpose, operation) in enumerate(ways):
        yield forbid(number, to, category, purpose=purpose, operation=operation)


@pytest.mark.long
@pytest.mark.parametrize("part", range(len(list(small_grants()))))
def test_three_judges_agree_in_every_small_world(part: int) -> None:
    grants, forbids = list(small_grants()), list(small_forbids())
    pairs = [pair for pair in combinations_with_replacement(range(len(grants)), 2) if pair[0] == part]
    wrong, worlds_seen = [], 0
    for pair in pairs:
        rows = tuple({number: grants[number] for number in pair}.values())
        for barred in [(), *((row,) for row in forbids)]:
            facts = house(
                people=(worlds.person("p"), worlds.person("q")),
                roles=(role("r"), role("s")),
                memberships=(member("p", "r"), member("q", "r"), member("q", "s")),
                grants=rows,
                forbids=barred,
                map=SMALL,
            )
            snapshot, judge = compile_policy(facts, 1, NOW), oracle.Cedar(facts)
            worlds_seen += 1
            for actor, purpose, operation in product("pq", SMALL.purposes, (Operation.READ, Operation.SEARCH)):
                query = ask(actor, purpose, "a.x", "b.x", "c.x", operation=operation)
                levels = decide(snapshot, query).levels
                if levels != explain(facts, query, (), NOW).levels:
                    wrong.append(f"{query} in {rows} {barred}")
                for name, level in levels.items():
                    judge.claim(Case(query, (), NOBODY), name, level)
            wrong += judge.disagreements()
    assert ([], len(pairs) * 82) == (wrong, worlds_seen)


def test_scopes_count_only_where_they_are_open() -> None:
    facts = house(
        grants=(
            grant(1, "clerk", "contact", "charge", level=Level.PRESENT),
            grant(2, "clerk", "contact", "charge", level=Level.PARTIAL, scope=Scope.ASSIGNED),
            grant(3, "clerk", "contact", "charge", scope=Scope.CASE),
        )
    )
    snapshot = compile_policy(facts, 1, NOW)
    found = {
        (assigned, case_open): decide(snapshot, ask(), assigned=assigned, case_open=case_open).levels["contact.email"]
        for assigned, case_open in product((False, True), repeat=2)
    }
    assert found == {
        (False, False): Level.PRESENT,
        (True, False): Level.PARTIAL,
        (False, True): Level.CLEAR,
        (True, True): Level.CLEAR,
    }


def test_an_open_case_counts_only_for_an_ask_that_names_it() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge", scope=Scope.CASE),))
    verdict = decide(compile_policy(facts, 1, NOW), ask(case=None), case_open=True)
    assert verdict.levels == {"contact.email": Level.HIDDEN}
