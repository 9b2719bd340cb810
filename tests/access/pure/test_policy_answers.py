"""Who can, what can, what if: complete, equal to asking one by one, and equal to what the change then does."""

from dataclasses import replace
from itertools import product
from random import Random, randrange
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.pure import worlds
from tests.access.pure.worlds import FIELDS, NOW, ask, forbid, grant, house, member

from bailee.access.compile import Snapshot, compile_policy
from bailee.access.decide import decide
from bailee.access.explain import Difference, Held, Holder, differences, explain, what_can, what_if, who_can
from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.words import Level, MapFacts, Mode, Operation, Origin, Query, Scope, Sense, State, reaches
from bailee.kernel.errors import Denied, Invalid

READ, ALL, CLEAR, PARTIAL = Operation.READ, Scope.ALL, Level.CLEAR, Level.PARTIAL

seeds = st.integers(0, 2**32)


def reach(facts: Facts) -> dict[tuple[str, str, Operation, Scope, str], Level]:
    """Everything anybody reaches, by asking one question at a time of a house with no customer's choices."""
    purposes = {key: replace(purpose, needs_consent=False) for key, purpose in facts.map.purposes.items()}
    snapshot = compile_policy(replace(facts, map=replace(facts.map, purposes=purposes)), 1, NOW)
    found: dict[tuple[str, str, Operation, Scope, str], Level] = {}
    for row, purpose, operation in product(facts.people, purposes, Operation):
        query = Query(actor=row.id, purpose=purpose, operation=operation, fields=FIELDS, asked=CLEAR, case="C-1")
        base = decide(snapshot, query).levels
        assigned, cased = decide(snapshot, query, assigned=True).levels, decide(snapshot, query, case_open=True).levels
        for scope, levels in ((Scope.ALL, base), (Scope.ASSIGNED, assigned), (Scope.CASE, cased)):
            found |= {(row.id, purpose, operation, scope, name): level for name, level in levels.items() if level}
    return found


def with_all(snapshot: Snapshot) -> dict[tuple[str, str, Operation, Scope, str], Level]:
    """What `what_can` lists, with ALL counted into the narrower scopes as a decision does."""
    found: dict[tuple[str, str, Operation, Scope, str], Level] = {}
    for who in snapshot.people:
        for held in what_can(snapshot, who):
            for scope in (held.scope, Scope.ASSIGNED, Scope.CASE) if held.scope is Scope.ALL else (held.scope,):
                key = (who, held.purpose, held.operation, scope, held.field)
                found[key] = max(found.get(key, Level.HIDDEN), held.level)
    return found


def simple(facts: Facts) -> Facts:
    """Without text that holds other data: there, two scopes may open a field together that neither opens alone."""
    return replace(facts, map=replace(facts.map, may_hold={}))


@pytest.mark.parametrize("seed", range(20))
def test_what_can_is_complete(seed: int) -> None:
    facts = simple(worlds.random_facts(Random(seed)))
    assert with_all(compile_policy(facts, 1, NOW)) == reach(facts)


@pytest.mark.parametrize("seed", range(20))
def test_who_can_lists_the_same_people_as_what_can(seed: int) -> None:
    r = Random(seed)
    snapshot = compile_policy(worlds.random_facts(r), 1, NOW)
    everything = {who: what_can(snapshot, who) for who in snapshot.people}
    for target in (*FIELDS, *worlds.MAP.categories, "contact.address"):
        for purpose, operation, level in (
            (None, None, Level.PRESENT),
            ("charge", None, CLEAR),
            ("help", READ, PARTIAL),
        ):
            best: dict[tuple[str, str, Operation, Scope], Level] = {}
            for who, held in everything.items():
                for one in held:
                    asked = purpose in {None, one.purpose} and operation in {None, one.operation}
                    if asked and reaches(target, one.field) and one.level >= level:
                        way = (who, one.purpose, one.operation, one.scope)
                        best[way] = max(best.get(way, Level.HIDDEN), one.level)
            expected = tuple(sorted(Holder(*way, found) for way, found in best.items()))
            assert who_can(snapshot, target, purpose, operation, level) == expected


def test_who_can_names_everybody_with_their_form() -> None:
    facts = house(
        memberships=(member("bob", "clerk"), member("cat", "clerk")),
        grants=(grant(1, "clerk", "contact", "charge", level=PARTIAL), grant(2, "@cat", "contact.email", "charge")),
    )
    snapshot = compile_policy(facts, 1, NOW)
    expected = (Holder("bob", "charge", READ, ALL, PARTIAL), Holder("cat", "charge", READ, ALL, CLEAR))
    assert (who_can(snapshot, "contact"), who_can(snapshot, "card")) == (expected, ())


def test_who_can_refuses_what_the_data_map_does_not_have() -> None:
    with pytest.raises(Invalid) as refused:
        who_can(compile_policy(house(), 1, NOW), "con")
    assert refused.value.code == "field-unknown"


def test_a_planted_grant_is_absent_from_who_can() -> None:
    facts = house(grants=(grant(1, "@cat", "contact", "charge", origin=Origin.CANARY),))
    assert who_can(compile_policy(facts, 1, NOW), "contact") == ()


def test_what_can_is_empty_for_a_stranger() -> None:
    snapshot = compile_policy(house(), 1, NOW)
    fields = sorted(worlds.MAP.categories["contact"])
    expected = tuple(Held("charge", READ, ALL, name, CLEAR) for name in fields)
    assert (what_can(snapshot, "bob"), what_can(snapshot, "cat"), what_can(snapshot, "nobody")) == (expected, (), ())


# -- what if


def changed(r: Random, facts: Facts) -> Facts:
    """One random act: a row more, a row less, of any kind."""
    kind = r.choice(["grant", "end", "forbid", "allow", "member", "leave", "state", "condition"])
    parts: dict[str, Any] = {}
    if kind == "grant":
        parts["grants"] = (*facts.grants, worlds.random_grant(r, 500, list(facts.grants)))
    elif kind == "end":
        ended = r.choice(facts.grants)
        parts["grants"] = tuple(row for row in facts.grants if row is not ended)
    elif kind == "forbid":
        parts["forbids"] = (*facts.forbids, worlds.random_forbid(r, 500))
    elif kind == "allow":
        parts["forbids"] = facts.forbids[1:]
    elif kind == "member":
        parts["memberships"] = (*facts.memberships, member(f"p{r.randrange(5)}", f"r{r.randrange(4)}"))
    elif kind == "leave":
        parts["memberships"] = facts.memberships[1:]
    elif kind == "state":
        parts["people"] = (replace(facts.people[0], state=State.LEFT), *facts.people[1:])
    else:
        parts["conditions"] = facts.conditions[1:]
    return replace(facts, **parts)


def test_what_if_equals_the_change_applied() -> None:
    seed = randrange(2**32)
    r = Random(seed)
    for _ in range(300):
        before = worlds.random_facts(r)
        after = changed(r, before)
        snapshot = compile_policy(before, 1, NOW)
        applied = differences(snapshot, compile_policy(after, 2, NOW))
        found = what_if(before, after, NOW), what_if(before, after, NOW, before=snapshot)
        assert found == (applied, applied), f"seed {seed}"


def test_what_if_names_each_person_and_field_that_changes() -> None:
    before = house(memberships=(member("bob", "clerk"), member("cat", "clerk")))
    after = replace(before, forbids=(forbid(1, "@cat", "contact.email"),))
    assert what_if(before, after, NOW) == (
        Difference("cat", "charge", READ, ALL, "contact.email", CLEAR, Level.HIDDEN),
    )


def test_what_if_sees_an_elevation_fall_with_its_eligibility() -> None:
    base = grant(1, "clerk", "card", "charge", mode=Mode.ON_REQUEST)
    lifted = grant(2, "@bob", "card.number", "charge", origin=Origin.ELEVATION, eligibility=1)
    before = house(grants=(base, lifted))
    gone = replace(before, grants=(lifted,))
    moved = replace(before, grants=(replace(base, role=None, person="cat"), lifted))
    expected = (Difference("bob", "charge", READ, ALL, "card.number", CLEAR, Level.HIDDEN),)
    assert (what_if(before, gone, NOW), what_if(before, moved, NOW)) == (expected, expected)


def test_what_if_compares_across_two_data_maps() -> None:
    before = house()
    categories = {**worlds.MAP.categories, "aaa": ("aaa.first",), "contact": ("contact.email", "contact.fax")}
    known: MapFacts = replace(worlds.MAP, categories=categories, sense={**worlds.MAP.sense, "aaa": Sense.HIGH})
    gone = set(worlds.MAP.categories["contact"]) - {"contact.email"}
    expected = sorted(
        [Difference("bob", "charge", READ, ALL, name, CLEAR, Level.HIDDEN) for name in gone]
        + [Difference("bob", "charge", READ, ALL, "contact.fax", Level.HIDDEN, CLEAR)]
    )
    assert what_if(before, replace(before, map=known), NOW) == tuple(expected)


# -- properties


def levels(facts: Facts, case: worlds.Case) -> list[Level]:
    return list(decide(compile_policy(facts, 1, NOW), case.query, case.limits, now=NOW, **case.around).levels.values())


def drawn(seed: int) -> tuple[Random, Facts, worlds.Case]:
    r = Random(seed)
    facts = worlds.random_facts(r)
    return r, facts, worlds.random_case(r, facts, sign_in=True)


@settings(deadline=None)
@given(seeds)
def test_a_forbid_more_never_raises_a_level(seed: int) -> None:
    r, facts, case = drawn(seed)
    more = replace(facts, forbids=(*facts.forbids, worlds.random_forbid(r, 999)))
    assert all(after <= before for before, after in zip(levels(facts, case), levels(more, case), strict=True))


@settings(deadline=None)
@given(seeds)
def test_a_grant_that_ends_never_raises_a_level(seed: int) -> None:
    r, facts, case = drawn(seed)
    ended = r.choice(facts.grants)
    fewer = replace(facts, grants=tuple(row for row in facts.grants if row is not ended))
    assert all(after <= before for before, after in zip(levels(facts, case), levels(fewer, case), strict=True))


@settings(deadline=None)
@given(seeds)
def test_acting_for_somebody_never_raises_a_level(seed: int) -> None:
    r, facts, case = drawn(seed)
    alone = replace(case, query=replace(case.query, acting_for=None))
    acting = replace(case, query=replace(case.query, acting_for=r.choice(facts.people).id))
    assert all(after <= before for before, after in zip(levels(facts, alone), levels(facts, acting), strict=True))


@settings(deadline=None)
@given(seeds)
def test_a_limit_raises_a_level_only_if_it_is_a_consent(seed: int) -> None:
    r, facts, case = drawn(seed)
    limit = worlds.random_limit(r)
    more = replace(case, limits=(*case.limits, limit))
    before, after = levels(facts, case), levels(facts, more)
    opens = limit.kind == "consent"
    assert all(b <= a if opens else a <= b for b, a in zip(before, after, strict=True))


@settings(deadline=None)
@given(seeds)
def test_every_level_below_the_asked_one_has_a_reason(seed: int) -> None:
    _, facts, case = drawn(seed)
    verdict = decide(compile_policy(facts, 1, NOW), case.query, case.limits, now=NOW, **case.around)
    whole = case.query.operation in {Operation.WRITE, Operation.ERASE}
    want = CLEAR if whole else case.query.asked
    short = {name for name, level in verdict.levels.items() if level < want}
    told = [name for reason in verdict.reasons for name in reason.fields]
    assert sorted(told) == sorted(short)


# -- why


def test_why_names_grants_forbids_and_who_can_help() -> None:
    facts = house(
        grants=(grant(1, "clerk", "contact", "charge"), grant(2, "@bob", "contact.email", "charge", level=PARTIAL)),
        forbids=(forbid(9, "clerk", "contact.phone"),),
    )
    told = explain(facts, ask("bob", "charge", "contact.email", "contact.phone", "card.number"), (), NOW).why
    found = {name: (why.level, why.grants, why.forbids, why.missing, why.who_can_help) for name, why in told.items()}
    assert found == {
        "contact.email": (CLEAR, (1, 2), (), (), ()),
        "contact.phone": (Level.HIDDEN, (1,), (9,), ("forbidden", "not-granted"), ("ann",)),
        "card.number": (Level.HIDDEN, (), (), ("not-granted",), ("ann",)),
    }


def test_why_refuses_the_same_asks_as_the_decision() -> None:
    found = []
    for query in (ask("bob", ""), ask("bob", "spying"), ask("bob", "charge", "contact.shoe")):
        for judge in (lambda q: decide(compile_policy(house(), 1, NOW), q), lambda q: explain(house(), q, (), NOW)):
            with pytest.raises((Denied, Invalid)) as refused:
                judge(query)
            found.append(refused.value.code)
    expected = ["purpose-required", "purpose-unknown", "field-unknown"]
    assert found == [code for code in expected for _ in range(2)]


def test_why_says_which_choice_of_the_customer_closed_a_field() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "newsletter"),))
    limits = [Limit(kind, None, None, None) for kind in LimitKind]
    told = explain(facts, ask("bob", "newsletter"), limits, NOW).why["contact.email"]
    assert told.missing == ("no-consent", "objected", "restricted")
