"""Every role, purpose, field, operation and form at every door, against the slow evaluator that explains."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest
from tests.homes import World
from tests.vault.hands import add, bring, clear, hire

from bailee.access import assignments, grants, policy, roles
from bailee.access.explain import explain
from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.policy import Stamp
from bailee.access.words import Level, Operation, Query, Scope
from bailee.datamap import versions
from bailee.datamap.compile import CompiledMap
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.clock import DAY, HOUR, FrozenClock
from bailee.kernel.errors import Denied, HouseError, Invalid
from bailee.kernel.ids import SubjectId
from bailee.vault import preferences
from bailee.vault.budget import Budget
from bailee.vault.export import export_customer
from bailee.vault.gate import Gate
from bailee.vault.preferences import Prefer
from bailee.vault.search import HOW
from bailee.vault.words import Ask, Find, Write, Written

FULL: Final[dict[str, Any]] = {
    "contact.given_name": "Fully",
    "contact.surname": "Filled",
    "contact.company": "Filled Ltd",
    "contact.phone": "+1 503 555 0188",
    "billing.invoice_no": "INV-7",
    "billing.total": "19.80",
    "card.number": "4111 1111 1111 1111",
    "card.expires": "12/31",
    "card.holder": "Fully Filled",
    "orders.order_no": "O-9",
    "orders.items": "a lamp",
    "returns.order_no": "O-8",
    "returns.reason": "too bright",
    "support.message": "The lamp is too bright.",
    "account.language": "en",
    "loyalty.points": "3",
    "newsletter.interests": "lamps",
}
Levels = dict[str, Level]


def full(number: object) -> dict[str, Any]:
    own = {
        "contact.email": f"full{number}@all.example",
        "account.username": f"full{number}",
        "loyalty.member_no": f"M-{number}",
        "newsletter.address": f"news{number}@all.example",
    }
    return FULL | own


# -- doors: each says in which form one customer's fields come out; a later door joins the list


def agreed(purpose: str) -> tuple[Limit, ...]:
    return (Limit(LimitKind.CONSENT, purpose, None, None),)


def _by_read(world: World, actor: Actor, purpose: str, subject: SubjectId, names: tuple[str, ...], case: str) -> Levels:
    ask = Ask(actor=actor, purpose=purpose, subjects=(subject,), fields=(), clear=names, case=case)
    [made] = world.gate.answer([ask])
    if isinstance(made, HouseError):
        return {}
    return {name: one.level for record in made.items[0].records for name, one in record.values.items()}


def _by_export(
    world: World, actor: Actor, purpose: str, subject: SubjectId, names: tuple[str, ...], case: str
) -> Levels:
    """An export shows what is clear, and nothing else."""
    try:
        made = export_customer(world.gate, actor, purpose, subject, world.house.clock.now(), case=case)
    except Denied:
        return {}
    return {
        name: Level.CLEAR for shown in made.categories.values() for record in shown for name in record if name in names
    }


Door = Callable[[World, Actor, str, SubjectId, tuple[str, ...], str], Levels]
DOORS: Final[dict[str, Door]] = {"read": _by_read, "export": _by_export}


@cache
def _facts(stamp: Stamp, house: bytes) -> Facts:
    """The rows of a policy, read once for each epoch of each house."""
    return policy.load("default", versions.current())


def _expected(
    world: World,
    actor: Actor,
    purpose: str,
    operation: Operation,
    names: tuple[str, ...],
    *,
    tied: bool = False,
    limits: tuple[Limit, ...] = (),
) -> Levels:
    facts = _facts(world.house.policy.stamp(), world.house.id)
    query = Query(actor=actor.id, purpose=purpose, operation=operation, fields=names, asked=Level.CLEAR, case="T-1")
    return dict(
        explain(facts, query, limits, world.house.clock.now(), assigned=tied, case_open=tied, passkey_age=0).levels
    )


@pytest.fixture
def staffed(world: World) -> World:
    """The shop with one person for each template, and one with grants of every level, scope and form."""
    world.house.do(world.ann, roles.add_roles, roles.AddRoles(roles=("clinician", "privacy", "developer")))
    return world


def _patchwork(world: World) -> Actor:
    """Somebody with grants as nobody would give them: single fields, odd levels, forbids on top."""
    pat = hire(world, "Pat")
    until = world.house.clock.now() + 30 * DAY
    for category, purpose, operation, level, scope in (
        ("contact.email", "delivery", "read", "partial", "all"),
        ("contact.email", "delivery", "search", "partial", "all"),
        ("contact.surname", "delivery", "read", "present", "all"),
        ("contact", "account", "read", "clear", "assigned"),
        ("contact.phone", "account", "read", "partial", "all"),
        ("account", "account", "read", "clear", "all"),
        ("account", "account", "write", "clear", "all"),
        ("card", "billing", "read", "present", "all"),
        ("card_last4", "billing", "read", "clear", "all"),
        ("returns", "billing", "read", "clear", "case"),
        ("returns.refund", "billing", "read", "partial", "all"),
        ("newsletter", "newsletter", "read", "clear", "all"),
        ("newsletter.address", "newsletter", "search", "clear", "all"),
        ("loyalty", "loyalty", "read", "partial", "all"),
        ("loyalty.points", "loyalty", "write", "clear", "all"),
        ("loyalty.member_no", "loyalty", "search", "partial", "all"),
        ("orders", "books", "read", "clear", "all"),
        ("support", "support", "read", "clear", "case"),
    ):
        ask = grants.Grant(
            person=pat.id,
            category=category,
            purpose=purpose,
            operation=operation,
            level=level,
            scope=Scope(scope),
            until=until,
        )
        world.house.do(world.ann, grants.grant, ask)
    for category, purpose in (("orders.items", "*"), ("loyalty.points", "loyalty")):
        world.house.do(world.ann, grants.forbid, grants.Forbid(person=pat.id, category=category, purpose=purpose))
    return pat


@pytest.mark.check("access-4")
@pytest.mark.check("access-3")
def test_every_role_purpose_category_field_form_and_door_decides_as_the_oracle_does(staffed: World) -> None:
    world = staffed
    templates = ("clerk", "marketing", "support", "security", "auditor", "clinician", "privacy", "developer")
    people = {name: hire(world, name.capitalize(), name) for name in templates}
    people |= {"owner": world.ann, "stranger": world.cat, "patchwork": _patchwork(world)}
    mine, consenting = bring(world, full(1), full(2))
    world.house.do(
        world.ann,
        preferences.prefer,
        Prefer(subject=ids.text(consenting), purpose="newsletter", kind=LimitKind.CONSENT),
    )
    until = world.house.clock.now() + HOUR
    for person in people.values():
        for case in (None, "T-1"):
            ask = assignments.AssignSubject(subject=ids.text(mine), person=person.id, until=until, case=case)
            world.house.do(world.ann, assignments.assign_subject, ask)
    compiled = versions.current()
    held = {*full(1), "card_last4.last4"}
    names = tuple(
        sorted(name for name in compiled.fields if not compiled.categories[compiled.fields[name].category].built_in)
    )
    checked, shown, wrong = 0, 0, list[object]()
    for who, actor in people.items():
        for purpose in compiled.purposes:
            for subject, tied, limits in ((mine, True, ()), (consenting, False, agreed("newsletter"))):
                levels = _expected(world, actor, purpose, Operation.READ, names, tied=tied, limits=limits)
                wanted = {name: level for name, level in levels.items() if level > Level.HIDDEN and name in held}
                for door, ask_door in DOORS.items():
                    got = ask_door(world, actor, purpose, subject, names, "T-1")
                    if door == "export":
                        wanted = {name: level for name, level in wanted.items() if level is Level.CLEAR}
                    checked += len(names)
                    shown += len(got)
                    if got != wanted:
                        wrong.append((who, purpose, door, tied, got, wanted))
    assert wrong == []
    assert checked > 5_000
    assert shown > 100


@pytest.mark.check("access-4")
def test_every_search_is_decided_as_the_oracle_does(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = staffed
    monkeypatch.setattr("bailee.vault.gate.searching.SEARCHES", 1_000_000)
    monkeypatch.setattr("bailee.vault.gate.searching.PROBES", 1_000_000)
    world.gate = Gate(world.house, Budget())
    people = [hire(world, name.capitalize(), name) for name in ("clerk", "marketing", "support", "clinician")]
    people += [world.cat, _patchwork(world)]
    [there] = bring(world, full(1))
    compiled, wrong, hits = versions.current(), list[tuple[str, ...]](), 0
    said = {transform: how for how, transform in HOW.items()}
    for actor in people:
        for purpose in compiled.purposes:
            for one in compiled.fields.values():
                for index in one.indexes:
                    wanted = Level.CLEAR if index.transform.startswith("prefix") else Level.PARTIAL
                    seek = _expected(world, actor, purpose, Operation.SEARCH, (one.key,))[one.key]
                    see = _expected(world, actor, purpose, Operation.READ, (one.key,))[one.key]
                    may = seek >= wanted
                    if compiled.purposes[purpose].needs_consent:  # nobody agreed, so nobody is found
                        see = Level.HIDDEN
                        grant = _expected(world, actor, purpose, Operation.SEARCH, (one.key,), limits=agreed(purpose))
                        may = grant[one.key] >= wanted
                    value = full(1).get(one.key)
                    if value is None:
                        continue
                    ask = Find(actor=actor, purpose=purpose, field=one.key, how=said[index.transform], value=str(value))
                    try:
                        found = [item.subject for item in world.gate.find(ask).items]
                    except Denied:
                        found = None
                    expected = [there] if may and see > Level.HIDDEN else None if not may else []
                    hits += found == [there]
                    if found != expected:
                        wrong.append((actor.id, purpose, one.key, index.transform, str(found), str(expected)))
    assert wrong == []
    assert hits > 10


@pytest.mark.check("access-4")
def test_every_write_is_decided_as_the_oracle_does(staffed: World) -> None:
    world = staffed
    people = [hire(world, name.capitalize(), name) for name in ("clerk", "marketing")]
    people += [world.ann, world.cat, _patchwork(world)]
    [there] = bring(world, full(1))
    compiled, wrong = versions.current(), list[tuple[str, ...]]()
    for actor in people:
        for purpose in compiled.purposes:
            names = tuple(sorted(full(1)))
            levels = _expected(world, actor, purpose, Operation.WRITE, names)
            writes = [Write(subject=there, fields={name: full(1)[name]}) for name in names]
            for name, made in zip(names, world.gate.write(actor, purpose, writes), strict=True):
                if isinstance(made, Written) is not (levels[name] is Level.CLEAR):
                    wrong.append((actor.id, purpose, name, str(made)))
    assert wrong == []


def test_support_writes_notes_for_the_customer_of_an_open_case(staffed: World) -> None:
    world = staffed
    sue = hire(world, "Sue", "support")
    [mine] = bring(world, full(1))
    ask = assignments.AssignSubject(
        subject=ids.text(mine), person=sue.id, until=world.house.clock.now() + HOUR, case="T-1"
    )
    world.house.do(world.ann, assignments.assign_subject, ask)
    [made] = world.gate.write(
        sue, "support", [Write(subject=mine, fields={"support.message": "called back"}, case="T-1")]
    )
    assert isinstance(made, Written)


# -- the four jobs of the shop, in words


@pytest.mark.check("access-3")
@pytest.mark.parametrize("door", DOORS)
def test_the_clerk_sees_billing_and_no_support_text(staffed: World, door: str) -> None:
    [one] = bring(staffed, full(1))
    names = _names(versions.current())
    seen = DOORS[door](staffed, staffed.bob, "billing", one, names, "T-1")
    assert (seen["billing.total"], seen["contact.email"]) == (Level.CLEAR, Level.CLEAR)
    for purpose in versions.current().purposes:
        assert "support.message" not in DOORS[door](staffed, staffed.bob, purpose, one, names, "T-1")


@pytest.mark.check("access-3")
@pytest.mark.parametrize("door", DOORS)
def test_marketing_sees_addresses_of_who_agreed_and_no_payment(staffed: World, door: str) -> None:
    max_ = hire(staffed, "Max", "marketing")
    agreed, silent = bring(staffed, full(1), full(2))
    ask = Prefer(subject=ids.text(agreed), purpose="newsletter", kind=LimitKind.CONSENT)
    staffed.house.do(staffed.ann, preferences.prefer, ask)
    names = _names(versions.current())
    assert DOORS[door](staffed, max_, "newsletter", agreed, names, "T-1")["newsletter.address"] is Level.CLEAR
    assert DOORS[door](staffed, max_, "newsletter", silent, names, "T-1") == {}
    for purpose in versions.current().purposes:
        seen = DOORS[door](staffed, max_, purpose, agreed, names, "T-1")
        assert not {name for name in seen if name.split(".")[0] in {"billing", "card", "card_last4"}}


def _names(compiled: CompiledMap) -> tuple[str, ...]:
    return tuple(key for key, one in compiled.fields.items() if not compiled.categories[one.category].built_in)


def test_support_sees_in_the_clear_only_the_customer_of_the_case_it_names(staffed: World) -> None:
    sue = hire(staffed, "Sue", "support")
    mine, other = bring(staffed, full(1), full(2))
    ask = assignments.AssignSubject(
        subject=ids.text(mine), person=sue.id, until=staffed.house.clock.now() + HOUR, case="T-1"
    )
    staffed.house.do(staffed.ann, assignments.assign_subject, ask)
    names = ("contact.email", "support.message")
    for subject, case, email, text in (
        (mine, "T-1", Level.CLEAR, Level.CLEAR),
        (mine, "T-2", Level.PARTIAL, None),
        (mine, "", Level.PARTIAL, None),
        (other, "T-1", Level.PARTIAL, None),
    ):
        seen = _by_read(staffed, sue, "support", subject, names, case)
        assert (seen.get("contact.email"), seen.get("support.message")) == (email, text)


def test_a_case_ends_with_its_assignment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sue = hire(world, "Sue", "support")
    clock = FrozenClock(world.house.clock.now())
    monkeypatch.setattr(world.house, "clock", clock)
    [mine] = bring(world, full(1))
    until = clock.now() + HOUR
    ask = assignments.AssignSubject(subject=ids.text(mine), person=sue.id, until=until, case="T-1")
    world.house.do(world.ann, assignments.assign_subject, ask)
    for at, level in ((until - 1_000, Level.CLEAR), (until - 1, Level.CLEAR), (until, None), (until + 1_000, None)):
        clock.forward(at - clock.at)
        assert _by_read(world, sue, "support", mine, ("support.message",), "T-1").get("support.message") is level


# -- one customer's own choices


@pytest.mark.check("access-7")
def test_a_choice_turns_one_customer_and_not_the_next(staffed: World) -> None:
    """Consent opens, objection and restriction close: at once, for that customer, for that purpose."""
    world = staffed
    until = world.house.clock.now() + 30 * DAY
    for purpose, category in (("fraud", "billing"), ("newsletter", "newsletter"), ("billing", "billing")):
        if purpose != "billing":
            ask = grants.Grant(role="clerk", category=category, purpose=purpose, level="clear", until=until)
            world.house.do(world.ann, grants.grant, ask)
    one, next_one = bring(world, full(1), full(2))

    def sees(subject: SubjectId, purpose: str, field: str) -> bool:
        return bool(_by_read(world, world.bob, purpose, subject, (field,), "T-1"))

    def choose(kind: LimitKind, purpose: str, *, given: bool = True) -> None:
        ask = Prefer(subject=ids.text(one), purpose=purpose, kind=kind, given=given)
        world.house.do(world.ann, preferences.prefer, ask)

    cases = (
        (LimitKind.CONSENT, "newsletter", "newsletter", "newsletter.address", False),
        (LimitKind.OBJECTION, "fraud", "fraud", "billing.total", True),
        (LimitKind.OBJECTION, "*", "fraud", "billing.total", True),
        (LimitKind.RESTRICTION, "billing", "billing", "billing.total", True),
        (LimitKind.RESTRICTION, "*", "billing", "billing.total", True),
    )
    for kind, chosen, purpose, field, before in cases:
        assert (sees(one, purpose, field), sees(next_one, purpose, field)) == (before, before), kind
        choose(kind, chosen)
        assert (sees(one, purpose, field), sees(next_one, purpose, field)) == (not before, before), kind
        bulk = Ask(actor=world.bob, purpose=purpose, subjects=(one, next_one), fields=(), clear=(field,))
        [made] = world.gate.answer([bulk])
        if not isinstance(made, HouseError):
            assert [bool(item.records) for item in made.items] == [not before, before]
        choose(kind, chosen, given=False)
        assert (sees(one, purpose, field), sees(next_one, purpose, field)) == (before, before), kind
    choose(LimitKind.OBJECTION, "billing")  # a contract can't be objected to
    assert sees(one, "billing", "billing.total")


def test_consent_for_everything_at_once_is_refused(shop: World) -> None:
    [one] = bring(shop, {"billing.total": "1.00"})
    with pytest.raises(Invalid):
        shop.house.do(shop.ann, preferences.prefer, Prefer(subject=ids.text(one), purpose="*", kind=LimitKind.CONSENT))


# -- what is hidden can't be learnt


def _said(world: World, actor: Actor, **ask: Any) -> tuple[str, ...]:
    try:
        made = world.gate.read(Ask(actor=actor, fields=(), **ask))
    except HouseError as error:
        return (type(error).__name__, str(error), error.hint, error.code)
    return tuple(str((item.standing, item.trouble, dict(item.withheld), item.records)) for item in made.items)


def test_refusals_are_alike_whether_or_not_the_value_or_the_customer_is_there(shop: World) -> None:
    with_text, without = bring(shop, {"support.message": "secret"}, {"billing.total": "1.00"})
    nobody = ids.subject_id(shop.house.clock.now())
    said = {
        _said(shop, actor, purpose=purpose, subjects=(subject,), clear=("support.message",))
        for actor in (shop.bob,)
        for purpose in ("billing",)
        for subject in (with_text, without, nobody)
    }
    assert len(said) == 1


def test_a_hidden_field_is_withheld_alike_whether_or_not_it_holds_a_value(shop: World) -> None:
    with_text, without = bring(shop, {"billing.total": "1.00", "support.message": "secret"}, {"billing.total": "1.00"})
    ask = {"purpose": "billing", "clear": ("support.message", "billing.total")}
    answers = [
        shop.gate.read(Ask(actor=shop.bob, subjects=(one,), fields=(), **ask)).items[0]  # type: ignore[arg-type]  # a purpose or none
        for one in (with_text, without)
    ]
    assert answers[0].withheld == answers[1].withheld
    assert [[*record.values] for item in answers for record in item.records] == [["billing.total"]] * 2


@pytest.mark.parametrize("how", [*HOW])
@pytest.mark.parametrize("value", ["secret", "nothing like it"])
def test_a_field_that_may_not_be_searched_says_nothing_about_values(shop: World, how: str, value: str) -> None:
    bring(shop, {"orders.order_no": "secret"})
    ask = Find(actor=shop.cat, purpose="support", field="orders.order_no", how=how, value=value)
    with pytest.raises((Denied, Invalid)) as refused:
        shop.gate.find(ask)
    assert value not in str(refused.value) + refused.value.hint


def test_customers_who_may_not_be_seen_are_not_counted_and_leave_no_gap_in_pages(world: World) -> None:
    """A hit that is hidden by its customer's own choice must not show as a count, a cursor or an order."""
    shown = bring(world, *({"contact.surname": "Hush"} for _ in range(4)))
    hidden = bring(world, *({"contact.surname": "Hush"} for _ in range(4)))
    for one in hidden:
        ask = Prefer(subject=ids.text(one), purpose="*", kind=LimitKind.RESTRICTION)
        world.house.do(world.ann, preferences.prefer, ask)
    seen, after = list[SubjectId](), None
    while True:
        page = world.gate.find(
            Find(
                actor=world.bob,
                purpose="billing",
                field="contact.surname",
                how="word",
                value="hush",
                limit=2,
                after=after,
            )
        )
        seen += [item.subject for item in page.items]
        after = page.more
        assert after is None or after in seen
        if after is None:
            break
        assert len(page.items) == 2
    assert sorted(seen) == sorted(shown)


def test_the_version_of_a_customer_does_not_tell_of_hidden_writes(shop: World) -> None:
    """An ETag made of it would say each time support wrote something about this customer."""
    [one] = bring(shop, {"billing.total": "1.00"})
    before = clear(shop, shop.bob, "billing", "billing.total", of=[one]).items[0]
    add(shop, one, support__message="hidden from billing")
    after = clear(shop, shop.bob, "billing", "billing.total", of=[one]).items[0]
    assert before == after
