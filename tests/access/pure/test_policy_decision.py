"""What one decision answers: levels, errors, reasons, a customer's choices, the sign-in, and time."""

from dataclasses import replace
from typing import Any

import pytest
from tests.access.pure.worlds import EARLIER, FIELDS, LATER, MAP, NOW, ask, forbid, grant, house, member, person, role

from bailee.access.compile import Snapshot, compile_policy
from bailee.access.decide import decide, levels, prepare, scopes
from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.words import (
    Assurance,
    ConditionRow,
    Kind,
    Level,
    Mode,
    Operation,
    Origin,
    Query,
    RequirementRow,
    Scope,
    Sense,
    State,
)
from bailee.kernel.clock import HOUR, MINUTE, Micros
from bailee.kernel.errors import Denied, Invalid, Unavailable

EMAIL = "contact.email"


def compiled(facts: Facts, now: int = NOW) -> Snapshot:
    return compile_policy(facts, 7, Micros(now))


def level(facts: Facts, query: Query, *limits: Limit, now: int = NOW) -> Level:
    """The level of the first field of an ask."""
    return decide(compiled(facts, now), query, limits).levels[query.fields[0]]


def codes(facts: Facts, query: Query, *limits: Limit, **around: object) -> list[str]:
    verdict = decide(compiled(facts), query, limits, **around)  # type: ignore[arg-type]  # a test's shorthand
    return [reason.code for reason in verdict.reasons]


# -- levels


def test_a_clerk_sees_what_was_granted_and_nothing_else() -> None:
    verdict = decide(compiled(house()), ask("bob", "charge", EMAIL, "billing.total", "card.number"))
    expected = {EMAIL: Level.CLEAR, "billing.total": Level.HIDDEN, "card.number": Level.HIDDEN}
    assert verdict.levels == expected
    assert verdict.epoch == 7


def test_a_stranger_and_an_unknown_person_see_nothing() -> None:
    found = [level(house(), ask("cat")), level(house(), ask("nobody"))]
    assert found == [Level.HIDDEN, Level.HIDDEN]


def test_a_grant_is_for_one_purpose() -> None:
    assert level(house(), ask("bob", "help")) == Level.HIDDEN


def test_a_masked_ask_is_answered_masked() -> None:
    found = [level(house(), ask(asked=asked)) for asked in Level]
    assert found == [Level.HIDDEN, Level.PRESENT, Level.PARTIAL, Level.CLEAR]


def test_a_write_is_judged_whole_whatever_form_is_asked_for() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge", operation=Operation.WRITE),))
    assert level(facts, ask(operation=Operation.WRITE, asked=Level.PARTIAL)) == Level.CLEAR


def test_a_name_covers_whole_segments_only() -> None:
    facts = house(grants=(grant(1, "clerk", "contact.address", "charge"),))
    verdict = decide(compiled(facts), ask("bob", "charge", "contact.address.city", EMAIL))
    assert verdict.levels == {"contact.address.city": Level.CLEAR, EMAIL: Level.HIDDEN}


def test_free_text_shows_only_to_who_may_see_all_it_may_hold() -> None:
    text = grant(1, "clerk", "support", "help")
    some = grant(2, "clerk", "health.notes", "help")
    whole = grant(3, "clerk", "health", "help")
    asked = ask("bob", "help", "support.message")
    found = [level(house(grants=rows), asked) for rows in [(text,), (text, some), (text, whole)]]
    assert found == [Level.HIDDEN, Level.HIDDEN, Level.CLEAR]
    barred = house(grants=(text, whole), forbids=(forbid(1, "clerk", "health.notes"),))
    assert level(barred, asked) == Level.HIDDEN


def test_a_forbid_beats_every_grant() -> None:
    grants = (grant(1, "clerk", "contact", "charge"), grant(2, "@bob", EMAIL, "charge"))
    for barred in [
        forbid(1, None, EMAIL),
        forbid(1, "clerk", "contact"),
        forbid(1, "@bob", EMAIL, purpose="charge"),
        forbid(1, "clerk", EMAIL, operation=Operation.READ),
    ]:
        assert level(house(grants=grants, forbids=(barred,)), ask()) == Level.HIDDEN


def test_a_forbid_for_another_purpose_or_operation_leaves_the_grant_alone() -> None:
    others = (forbid(1, None, EMAIL, purpose="help"), forbid(2, None, EMAIL, operation=Operation.EXPORT))
    assert level(house(forbids=others), ask()) == Level.CLEAR


@pytest.mark.parametrize("state", [State.INVITED, State.SUSPENDED, State.LEFT])
def test_only_the_active_see_or_may_anything(state: State) -> None:
    facts = house(people=(replace(person("ann"), state=state), replace(person("bob"), state=state)))
    snapshot = compiled(facts)
    found = (decide(snapshot, ask()).levels[EMAIL], snapshot.permissions("ann"), snapshot.permissions("nobody"))
    assert found == (Level.HIDDEN, frozenset(), frozenset())


def test_permissions_come_from_live_roles() -> None:
    facts = house(memberships=(member("ann", "owner"), member("bob", "owner", until=NOW)))
    found = {who: set(compiled(facts).permissions(who)) for who in ("ann", "bob", "cat")}
    assert found == {"ann": {"grant_access", "approve"}, "bob": set(), "cat": set()}


@pytest.mark.parametrize(
    ("owner", "expected"), [("ann", Level.CLEAR), ("gone", Level.HIDDEN), ("other", Level.HIDDEN), (None, Level.HIDDEN)]
)
def test_a_service_opens_only_while_its_owner_is_active(owner: str | None, expected: Level) -> None:
    people = (
        person("ann"),
        person("gone", state=State.LEFT),
        person("other", Kind.SERVICE, owner="ann"),
        person("shop", Kind.SERVICE, owner=owner),
    )
    facts = house(people=people, memberships=(), grants=(grant(1, "@shop", "contact", "charge"),))
    assert level(facts, ask("shop")) == expected


def test_acting_for_somebody_narrows_to_what_both_may() -> None:
    people = (person("ann"), person("bob"), person("left", state=State.LEFT), person("shop", Kind.SERVICE, owner="ann"))
    facts = house(
        people=people,
        memberships=(member("bob", "clerk"), member("left", "clerk")),
        grants=(
            grant(1, "@shop", "contact", "charge"),
            grant(2, "@shop", "billing", "charge"),
            grant(3, "clerk", "contact", "charge", level=Level.PARTIAL),
        ),
    )
    snapshot = compiled(facts)
    found = {
        who: decide(snapshot, ask("shop", "charge", EMAIL, "billing.total", acting_for=who)).levels
        for who in (None, "bob", "left", "nobody")
    }
    nothing = {EMAIL: Level.HIDDEN, "billing.total": Level.HIDDEN}
    assert found == {
        None: {EMAIL: Level.CLEAR, "billing.total": Level.CLEAR},
        "bob": {EMAIL: Level.PARTIAL, "billing.total": Level.HIDDEN},
        "left": nothing,
        "nobody": nothing,
    }


def test_what_is_on_request_gives_nothing_but_says_so() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge", mode=Mode.ON_REQUEST),))
    verdict = decide(compiled(facts), ask())
    assert verdict.levels == {EMAIL: Level.HIDDEN}
    assert [reason.says for reason in verdict.reasons] == ["only on request: contact.email for charge"]


def test_a_planted_grant_gives_nothing() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge", origin=Origin.CANARY),))
    assert level(facts, ask()) == Level.HIDDEN


def test_the_hot_path_answers_as_the_decision() -> None:
    snapshot = compiled(house(grants=(grant(1, "clerk", "contact", "charge"), grant(2, "clerk", "billing", "charge"))))
    fields = ("contact.email", "billing.total", "health.notes")
    found = levels(
        snapshot,
        "bob",
        "charge",
        Operation.READ,
        prepare(snapshot, fields),
        scopes(assigned=False, case_open=False),
        0,
        0,
    )
    assert found == tuple(decide(snapshot, ask("bob", "charge", *fields)).levels.values())


def test_the_caches_of_a_snapshot_do_not_grow_with_made_up_asks() -> None:
    snapshot = compiled(house())
    prepared = prepare(snapshot, (EMAIL,))
    for number in range(100):
        levels(snapshot, "bob", f"made.up.{number}", Operation.READ, prepared, 0, 0, 0)
    assert snapshot.people["bob"].hot[0] == {}


# -- elevation


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        ({}, Level.CLEAR),
        ({"grants": "no eligibility"}, Level.HIDDEN),
        ({"grants": "eligibility over"}, Level.HIDDEN),
        ({"memberships": ()}, Level.HIDDEN),
        ({"people": (person("ann", state=State.LEFT), person("bob"))}, Level.HIDDEN),
    ],
)
def test_an_elevation_holds_only_while_eligibility_and_approver_do(spoilt: dict[str, object], expected: Level) -> None:
    base = grant(1, "clerk", "card", "charge", mode=Mode.ON_REQUEST)
    lifted = grant(2, "@bob", "card.number", "charge", origin=Origin.ELEVATION, eligibility=1, approvers=("ann",))
    parts: dict[str, object] = {"grants": (base, lifted)} | spoilt
    if parts["grants"] == "no eligibility":
        parts["grants"] = (lifted,)
    if parts["grants"] == "eligibility over":
        parts["grants"] = (replace(base, until=NOW), lifted)
    assert level(house(**parts), ask("bob", "charge", "card.number")) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Level.PARTIAL),
        ({"category": "card.number"}, Level.PARTIAL),
        ({"scope": Scope.CASE}, Level.PARTIAL),
        ({"category": "contact"}, Level.HIDDEN),
        ({"level": Level.CLEAR}, Level.HIDDEN),
        ({"person": "cat"}, Level.HIDDEN),
        ({"purpose": "refund", "category": "card.last4"}, Level.HIDDEN),
    ],
)
def test_an_elevation_reaches_no_further_than_its_eligibility(more: dict[str, Any], expected: Level) -> None:
    base = grant(1, "clerk", "card", "charge", mode=Mode.ON_REQUEST, level=Level.PARTIAL)
    lifted = grant(2, "@bob", "card", "charge", origin=Origin.ELEVATION, eligibility=1, level=Level.PARTIAL)
    facts = house(grants=(base, replace(lifted, **more)))
    query = ask(more.get("person", "bob"), more.get("purpose", "charge"), *FIELDS)
    found = decide(compiled(facts), query, case_open=True).levels
    assert max(found.values()) == expected


def test_an_elevation_for_one_case_does_not_open_the_rest() -> None:
    base = grant(1, "clerk", "card", "charge", mode=Mode.ON_REQUEST, scope=Scope.CASE)
    lifted = grant(2, "@bob", "card", "charge", origin=Origin.ELEVATION, eligibility=1)
    snapshot = compiled(house(grants=(base, lifted)))
    assert decide(snapshot, ask("bob", "charge", "card.number"), case_open=True).levels == {"card.number": Level.HIDDEN}


# -- lessons


def test_an_overdue_lesson_takes_the_data_and_passing_it_gives_it_back() -> None:
    rule = RequirementRow(category="contact", role=None, lesson="privacy", grace_days=7)
    missing = house(requirements=(rule,))
    passed = replace(missing, conditions=(condition("privacy", met=NOW + 1),))
    lapsed = replace(missing, conditions=(condition("privacy", met=NOW),))
    assert [level(facts, ask()) for facts in (missing, passed, lapsed)] == [Level.HIDDEN, Level.CLEAR, Level.HIDDEN]
    assert codes(missing, ask()) == ["lesson-due"]


def test_a_lesson_in_grace_is_a_notice_but_not_for_what_is_high() -> None:
    rules = tuple(
        RequirementRow(category=category, role=None, lesson="privacy", grace_days=7) for category in ("contact", "card")
    )
    facts = house(
        grants=(grant(1, "clerk", "contact", "charge"), grant(2, "clerk", "card", "charge")),
        requirements=rules,
        conditions=(condition("privacy", grace=NOW + 1),),
    )
    snapshot = compiled(facts)
    verdict = decide(snapshot, ask("bob", "charge", EMAIL, "card.number"))
    assert verdict.levels == {EMAIL: Level.CLEAR, "card.number": Level.HIDDEN}
    assert snapshot.people["bob"].notices == ("privacy",)


def test_a_lesson_of_a_role_takes_the_roles_data_and_leaves_its_permissions() -> None:
    rule = RequirementRow(category=None, role="clerk", lesson="privacy", grace_days=0)
    facts = house(roles=(role("owner"), role("clerk", "freeze")), requirements=(rule,))
    snapshot = compiled(facts)
    found = (decide(snapshot, ask()).levels[EMAIL], snapshot.permissions("bob"))
    assert found == (Level.HIDDEN, frozenset({"freeze"}))
    assert codes(facts, ask()) == ["lesson-due"]


def test_a_service_needs_no_lesson() -> None:
    facts = house(
        people=(person("ann"), person("shop", Kind.SERVICE, owner="ann")),
        memberships=(),
        grants=(grant(1, "@shop", "contact", "charge"),),
        requirements=(RequirementRow(category="contact", role=None, lesson="privacy", grace_days=0),),
    )
    assert level(facts, ask("shop")) == Level.CLEAR


def condition(lesson: str, met: int | None = None, grace: int | None = None) -> ConditionRow:
    return ConditionRow(
        person="bob",
        lesson=lesson,
        met_until=None if met is None else Micros(met),
        grace_until=None if grace is None else Micros(grace),
    )


# -- errors and reasons


def test_no_purpose_is_refused_with_the_callers_own_purposes() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge"), grant(2, "clerk", "contact", "help")))
    with pytest.raises(Denied) as refused:
        decide(compiled(facts), ask("bob", ""))
    assert (refused.value.code, refused.value.hint) == ("purpose-required", "your purposes: charge, help")


def test_an_unknown_purpose_is_refused_without_repeating_it() -> None:
    with pytest.raises(Denied) as refused:
        decide(compiled(house()), ask("cat", "spying"))
    found = (refused.value.code, "spying" in f"{refused.value} {refused.value.hint}", refused.value.hint)
    assert found == ("purpose-unknown", False, "you have no purposes yet: ask for access")


def test_an_unknown_field_is_invalid_without_repeating_it() -> None:
    with pytest.raises(Invalid) as refused:
        decide(compiled(house()), ask("bob", "charge", EMAIL, "contact.shoe"))
    assert (refused.value.code, "shoe" in str(refused.value)) == ("field-unknown", False)


def test_a_refusal_says_what_for_what_and_who_can_help() -> None:
    verdict = decide(compiled(house()), ask("bob", "help", EMAIL, "health.notes"))
    (reason,) = verdict.reasons
    found = (reason.code, reason.says, reason.who_can_help, reason.fields)
    fields = (EMAIL, "health.notes")
    assert found == ("not-granted", "not granted: contact.email, health.notes for help", ("ann",), fields)


def test_what_comes_out_as_asked_needs_no_reason() -> None:
    assert decide(compiled(house()), ask()).reasons == ()


def test_what_is_held_elsewhere_is_not_called_denied() -> None:
    verdict = decide(compiled(house()), ask(), served=frozenset({"card"}))
    assert verdict.levels == {EMAIL: Level.HIDDEN}
    assert [reason.code for reason in verdict.reasons] == ["category-elsewhere"]


def test_each_cause_has_its_code() -> None:
    wide = house(grants=(*(grant(n, "clerk", "contact", p) for n, p in enumerate(("charge", "help", "newsletter"))),))
    masked = house(grants=(grant(1, "clerk", "contact", "charge", level=Level.PARTIAL),))
    erasing = house(grants=(grant(1, "clerk", "contact", "charge", operation=Operation.ERASE),))
    found = [
        codes(masked, ask()),
        codes(wide, ask("bob", "newsletter")),
        codes(wide, ask("bob", "help"), Limit(LimitKind.OBJECTION, "help", None, None)),
        codes(wide, ask(), Limit(LimitKind.RESTRICTION, None, None, None)),
        codes(erasing, ask(operation=Operation.ERASE), Limit(LimitKind.HOLD, None, "contact", None)),
        codes(wide, ask(), assurance=Assurance.SINGLE),
    ]
    expected = ["not-granted", "no-consent", "objected", "restricted", "held", "step-up-required"]
    assert found == [[code] for code in expected]


# -- one customer's choices


NO_ONE = tuple[Limit, ...]()


@pytest.mark.parametrize(
    ("purpose", "chosen", "with_it", "without"),
    [
        ("help", Limit(LimitKind.OBJECTION, "help", None, None), Level.HIDDEN, Level.CLEAR),
        ("help", Limit(LimitKind.OBJECTION, None, "contact", None), Level.HIDDEN, Level.CLEAR),
        ("refund", Limit(LimitKind.OBJECTION, "charge", None, None), Level.HIDDEN, Level.CLEAR),
        ("charge", Limit(LimitKind.OBJECTION, "charge", None, None), Level.CLEAR, Level.CLEAR),
        ("charge", Limit(LimitKind.RESTRICTION, None, None, None), Level.HIDDEN, Level.CLEAR),
        ("charge", Limit(LimitKind.RESTRICTION, None, "health", None), Level.CLEAR, Level.CLEAR),
        ("care", Limit(LimitKind.RESTRICTION, None, None, None), Level.CLEAR, Level.CLEAR),
        ("newsletter", Limit(LimitKind.CONSENT, "newsletter", None, None), Level.CLEAR, Level.HIDDEN),
        ("newsletter", Limit(LimitKind.CONSENT, "marketing", None, None), Level.CLEAR, Level.HIDDEN),
        ("marketing", Limit(LimitKind.CONSENT, "newsletter", None, None), Level.HIDDEN, Level.HIDDEN),
        ("newsletter", Limit(LimitKind.CONSENT, "newsletter", "contact.phone", None), Level.HIDDEN, Level.HIDDEN),
        ("newsletter", Limit(LimitKind.CONSENT, None, None, None), Level.HIDDEN, Level.HIDDEN),
        ("charge", Limit(LimitKind.HOLD, None, None, None), Level.CLEAR, Level.CLEAR),
        ("help", Limit(LimitKind.OBJECTION, "help", "gone", None), Level.HIDDEN, Level.CLEAR),
        ("newsletter", Limit(LimitKind.CONSENT, "newsletter", "gone", None), Level.HIDDEN, Level.HIDDEN),
    ],
)
def test_a_choice_turns_one_customer_and_not_the_next(
    purpose: str, chosen: Limit, with_it: Level, without: Level
) -> None:
    snapshot = compiled(house(grants=(grant(1, "clerk", "contact", purpose),)))
    found = [decide(snapshot, ask("bob", purpose), limits).levels[EMAIL] for limits in ((chosen,), ())]
    assert found == [with_it, without]


def test_a_hold_stops_erasing_of_what_it_names() -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge", operation=Operation.ERASE),))
    verdict = decide(
        compiled(facts),
        ask("bob", "charge", EMAIL, "contact.phone", operation=Operation.ERASE),
        (Limit(LimitKind.HOLD, "help", EMAIL, None),),
    )
    assert verdict.levels == {EMAIL: Level.HIDDEN, "contact.phone": Level.CLEAR}


def test_a_limit_counts_until_its_end_and_opens_nothing_when_the_time_is_unknown() -> None:
    snapshot = compiled(house(grants=(grant(1, "clerk", "contact", "newsletter"),)))
    consent = Limit(LimitKind.CONSENT, "newsletter", None, Micros(NOW + 5))
    refusal = Limit(LimitKind.OBJECTION, "newsletter", None, Micros(NOW + 5))
    always = Limit(LimitKind.CONSENT, "newsletter", None, None)
    query = ask("bob", "newsletter")
    instants = (Micros(NOW + 4), Micros(NOW + 5), None)
    assert [decide(snapshot, query, (consent,), now=at).levels[EMAIL] for at in instants] == [
        Level.CLEAR,
        Level.HIDDEN,
        Level.HIDDEN,
    ]
    assert [decide(snapshot, query, (always, refusal), now=at).levels[EMAIL] for at in instants] == [
        Level.HIDDEN,
        Level.CLEAR,
        Level.HIDDEN,
    ]


# -- the sign-in


@pytest.mark.parametrize(
    ("assurance", "expected"),
    [
        (Assurance.NONE, (Level.HIDDEN, Level.HIDDEN)),
        (Assurance.SINGLE, (Level.HIDDEN, Level.HIDDEN)),
        (Assurance.MULTI, (Level.CLEAR, Level.HIDDEN)),
        (Assurance.RESISTANT, (Level.CLEAR, Level.CLEAR)),
    ],
)
def test_a_weak_sign_in_reaches_no_high_data(assurance: Assurance, expected: tuple[Level, Level]) -> None:
    facts = house(grants=(grant(1, "clerk", "contact", "charge"), grant(2, "clerk", "card", "charge")))
    verdict = decide(compiled(facts), ask("bob", "charge", EMAIL, "card.number"), assurance=assurance)
    assert tuple(verdict.levels.values()) == expected


@pytest.mark.parametrize(
    ("field", "purpose", "operation", "age", "passkey", "expected"),
    [
        (EMAIL, "charge", Operation.READ, 400 * HOUR, 400 * HOUR, Level.CLEAR),
        ("support.opened", "help", Operation.READ, 12 * HOUR, None, Level.CLEAR),
        ("support.opened", "help", Operation.READ, 12 * HOUR + 1, None, Level.PARTIAL),
        ("card.number", "charge", Operation.READ, 5 * MINUTE, None, Level.CLEAR),
        ("card.number", "charge", Operation.READ, 5 * MINUTE + 1, None, Level.PARTIAL),
        ("card.number", "charge", Operation.READ, 0, 5 * MINUTE + 1, Level.PARTIAL),
        ("card.number", "charge", Operation.READ, -1, None, Level.PARTIAL),
        (EMAIL, "charge", Operation.EXPORT, 15 * MINUTE, None, Level.CLEAR),
        (EMAIL, "charge", Operation.EXPORT, 15 * MINUTE + 1, None, Level.HIDDEN),
        ("card.number", "charge", Operation.EXPORT, 0, 5 * MINUTE + 1, Level.HIDDEN),
        ("card.number", "charge", Operation.WRITE, 400 * HOUR, None, Level.CLEAR),
    ],
)
def test_a_proof_wears_off_by_class_and_operation(
    field: str, purpose: str, operation: Operation, age: int, passkey: int | None, expected: Level
) -> None:
    facts = house(grants=(grant(1, "clerk", field, purpose, operation=operation),))
    verdict = decide(
        compiled(facts), ask("bob", purpose, field, operation=operation), proof_age=age, passkey_age=passkey
    )
    assert verdict.levels[field] == expected
    assert [reason.code for reason in verdict.reasons] == [] if expected is Level.CLEAR else ["step-up-required"]


def test_a_masked_read_needs_no_fresh_proof() -> None:
    facts = house(grants=(grant(1, "clerk", "card", "charge"),))
    verdict = decide(compiled(facts), ask("bob", "charge", "card.number", asked=Level.PARTIAL), proof_age=400 * HOUR)
    assert (verdict.levels, verdict.reasons) == ({"card.number": Level.PARTIAL}, ())


def test_the_class_of_a_session_is_the_highest_that_shows_at_least_masked() -> None:
    reach = [
        (grant(1, "clerk", "contact", "charge"),),
        (grant(1, "clerk", "support.opened", "help", level=Level.PARTIAL),),
        (grant(1, "clerk", "card", "charge", level=Level.PRESENT),),
        (grant(1, "clerk", "card.number", "charge", level=Level.PARTIAL),),
        (grant(1, "clerk", "card.last4", "charge"),),
    ]
    found = [compiled(house(grants=rows)).people["bob"].session_class for rows in reach]
    assert found == [Sense.ORDINARY, Sense.RAISED, Sense.ORDINARY, Sense.HIGH, Sense.ORDINARY]


# -- time


@pytest.mark.check("access-8")
@pytest.mark.parametrize("step", [1, 1000])
def test_a_grant_ends_at_its_instant_with_no_job_running(step: int) -> None:
    end = Micros(NOW + HOUR)
    facts = house(grants=(grant(1, "clerk", "contact", "charge", until=end),))
    snapshot = compiled(facts)
    assert snapshot.turns_at == end
    before = decide(snapshot, ask(), now=Micros(end - step))
    with pytest.raises(Unavailable) as stale:
        decide(snapshot, ask(), now=end)
    found = [level(facts, ask(), now=at) for at in (end - step, snapshot.turns_at, end + step)]
    assert (before.levels[EMAIL], stale.value.code) == (Level.CLEAR, "policy-changing")
    assert found == [Level.CLEAR, Level.HIDDEN, Level.HIDDEN]


@pytest.mark.parametrize("part", ["grant", "membership", "met", "grace", "later grant"])
def test_the_snapshot_turns_at_the_first_instant_that_changes_anything(part: str) -> None:
    turn = Micros(NOW + 7)
    parts: dict[str, object] = {
        "grant": {"grants": (grant(1, "clerk", "contact", "charge", until=turn),)},
        "membership": {"memberships": (member("bob", "clerk", until=turn),)},
        "met": {"conditions": (condition("privacy", met=turn),)},
        "grace": {"conditions": (condition("privacy", met=EARLIER, grace=turn),)},
        "later grant": {"grants": (grant(1, "clerk", "contact", "charge", since=turn),)},
    }
    told = parts[part]
    assert isinstance(told, dict)
    assert [compiled(house(**told)).turns_at, compiled(house(), LATER).turns_at] == [turn, 2**63 - 1]


def test_an_ended_row_may_name_what_the_data_map_no_longer_has() -> None:
    facts = house(grants=(grant(1, "clerk", "gone", "gone", until=NOW), grant(2, "clerk", "contact", "charge")))
    assert level(facts, ask()) == Level.CLEAR


def test_the_map_of_these_tests_keeps_its_high_categories() -> None:
    assert {key for key, sense in MAP.sense.items() if sense is Sense.HIGH} == {"card", "health"}
