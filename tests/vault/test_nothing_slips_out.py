"""Values never stand in a refusal, a log, a repr or the ledger; and a mask never is the value."""

import logging
import secrets
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.homes import World
from tests.vault.hands import add, bring, clear, erase, facts, hire, importer, outside, shown

from bailee.access import grants
from bailee.access.limits import LimitKind
from bailee.access.words import Level
from bailee.datamap import versions
from bailee.datamap.compile import CompiledField
from bailee.kernel import asks, ids
from bailee.kernel.actors import Actor
from bailee.kernel.clock import DAY
from bailee.kernel.errors import HouseError
from bailee.ledger import tables as ledger
from bailee.vault import holds, preferences
from bailee.vault.budget import Budget
from bailee.vault.gate import Gate
from bailee.vault.words import Ask, Find, Write, Written


def _canary() -> str:
    return secrets.token_hex(16)


def _said(error: BaseException) -> str:
    """Everything an error can be made to say, its causes, traces and locals' reprs included."""
    told = ["".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())]
    seen: BaseException | None = error
    while seen is not None:
        told += [str(seen), repr(seen), repr(seen.args), str(getattr(seen, "hint", "")), str(getattr(seen, "code", ""))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(told)


def _writes(canary: str) -> list[dict[str, Any]]:
    """Values that are refused, each with a canary in it."""
    return [
        {"contact.email": canary},
        {"contact.email": f"{canary}@{canary}@x"},
        {"contact.email": {"a": canary}},
        {"contact.phone": canary},
        {"contact.given_name": canary + "\0"},
        {"contact.given_name": canary * 4_000},
        {"contact.given_name": [canary]},
        {"contact.given_name": f"\ud800{canary}"},
        {"contact.address": canary},
        {"contact.address": {"city": canary, canary: 1}},
        {"account.language": canary},
        {"account.joined": canary},
        {"billing.total": canary},
        {"billing.total": f"1.{canary}"},
        {"billing.invoiced": canary},
        {"card.number": canary},
        {"card.expires": canary},
        {"loyalty.points": canary},
        {"loyalty.points": 2**70},
        {"support.message": canary * 3_000},
        {canary: "x"},
        {f"contact.{canary}": "x"},
        {f"{canary}\n.x": "x"},
    ]


def _refusals(world: World, canary: str) -> list[Callable[[], object]]:
    """Many ways to be refused with a canary in hand."""
    do, gate, bob, cat = world.house.do, world.gate, world.bob, world.cat
    base = Ask(actor=bob, purpose="billing", subjects=(world.dora,), fields=("billing.total",), clear=())
    look = Find(actor=bob, purpose="billing", field="contact.email", how="is", value=canary)
    nobody = ids.text(ids.subject_id(world.house.clock.now()))
    return [
        *(lambda one=one: _raised(gate.bring_in(importer(world), [Write(fields=one)])) for one in _writes(canary)),
        *(lambda one=one: _raised(gate.write(cat, "billing", [Write(fields=one)])) for one in _writes(canary)),
        lambda: gate.read(replace(base, purpose=canary)),
        lambda: gate.read(replace(base, fields=(canary,))),
        lambda: gate.read(replace(base, fields=(f"{canary}!",))),
        lambda: gate.read(replace(base, actor=cat, case=canary)),
        lambda: gate.read(replace(base, subjects=(world.dora,) * 101, unlock=canary)),
        lambda: gate.find(replace(look, field="support.message")),
        lambda: gate.find(replace(look, how=canary)),
        lambda: gate.find(replace(look, purpose=canary)),
        lambda: gate.find(replace(look, actor=cat)),
        lambda: gate.find(replace(look, how="prefix3")),
        lambda: _raised(gate.write(bob, canary, [Write(subject=world.dora, fields={"billing.total": "1"})])),
        lambda: asks.read({"subject": canary, "basis": "request"}, holds.PlaceHold),
        lambda: asks.parse(f'{{"a": "{canary}", "a": 1}}'.encode()),
        lambda: do(world.ann, holds.hold, holds.PlaceHold(subject=nobody, review_on=1, reason=canary)),
        lambda: do(
            world.ann,
            preferences.prefer,
            preferences.Prefer(subject=nobody, purpose=f"x{canary}", kind=LimitKind.OBJECTION),
        ),
    ]


def _raised(made: list[Any]) -> None:
    for one in made:
        if isinstance(one, HouseError):
            raise one


def test_no_refusal_says_what_it_refused(
    shop: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    shop.gate = Gate(shop.house, Budget())
    refused, leaks = 0, list[str]()
    canary = _canary()
    for number, ask in enumerate(_refusals(shop, canary)):
        try:
            ask()
        except HouseError as error:
            refused += 1
            # A purpose that the map has not is named by its asker, as a key: that is the one thing repeated, nowhere.
            if canary in _said(error):
                leaks.append(f"{number}: {error}")
    assert leaks == []
    assert refused > 50
    assert canary not in caplog.text


def test_the_ledger_keeps_no_text_that_somebody_sent_in_place_of_a_purpose(shop: World) -> None:
    canary = _canary()
    ask = Ask(actor=shop.cat, purpose=canary, subjects=(shop.dora,), fields=("billing.total",), clear=())
    for try_ in (
        lambda: shop.gate.read(ask),
        lambda: shop.gate.find(Find(actor=shop.cat, purpose=canary, field="contact.email", how="is", value="x")),
        lambda: _raised(shop.gate.write(shop.cat, canary, [Write(subject=shop.dora, fields={"billing.total": "1"})])),
    ):
        with pytest.raises(HouseError):
            try_()
    bodies = b"".join(bytes(row.body or b"") for row in ledger.Entry.objects.all())
    assert canary.encode() not in bodies


@pytest.mark.parametrize("part", ["purpose", "export", "request"])
def test_one_oversized_ask_does_not_take_its_batch_along(shop: World, part: str) -> None:
    good = Ask(actor=shop.bob, purpose="billing", subjects=(shop.dora,), fields=("billing.total",), clear=())
    bad = replace(good, **{part: "x" * 5_000})  # type: ignore[arg-type]  # each of the three is a text
    made = shop.gate.answer([good, bad])
    assert not isinstance(made[0], HouseError)


def test_the_ledger_keeps_nothing_of_what_was_written_read_found_or_refused(shop: World) -> None:
    canary = _canary()
    [one] = bring(shop, {"contact.email": f"{canary}@canary.example", "support.message": canary, "billing.total": "1"})
    add(shop, one, contact__surname=canary)
    clear(shop, shop.bob, "billing", "contact.email", of=[one], case=canary)
    shop.gate.find(Find(actor=shop.bob, purpose="billing", field="contact.surname", how="word", value=canary))
    for fields in _writes(canary):
        shop.gate.bring_in(importer(shop), [Write(fields=fields)])
    bodies = b"".join(bytes(row.body or b"") for row in ledger.Entry.objects.all())
    assert canary.encode() not in bodies


def test_words_of_the_vault_hide_their_values_from_repr(shop: World) -> None:
    canary = _canary()
    [one] = bring(shop, {"contact.email": f"{canary}@canary.example", "billing.total": "1"})
    answer = clear(shop, shop.bob, "billing", "contact.email", of=[one])
    assert canary in shown(answer.items[0])["contact.email"]
    ask = Find(actor=shop.bob, purpose="billing", field="contact.email", how="is", value=canary)
    for word in (answer, ask, Write(fields={"contact.email": canary})):
        assert canary not in repr(word)


# -- masks

_DIGITS: Final = st.text("0123456789", min_size=1, max_size=12)
_WORDS: Final = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs", "P")), min_size=2, max_size=40)
_LATIN: Final = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
_VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "contact.given_name": _WORDS,
    "contact.surname": _WORDS,
    "contact.company": _WORDS,
    "contact.email": st.builds("{}@{}.example".format, _LATIN, _LATIN),
    "contact.phone": st.builds("+1503555{:04}".format, st.integers(0, 9999)),
    "contact.address": st.fixed_dictionaries({"lines": st.lists(_WORDS, min_size=1, max_size=2), "city": _WORDS}),
    "account.username": _LATIN,
    "account.joined": st.dates().map(str),
    "billing.total": st.builds("{}.{:02}".format, st.integers(0, 10**6), st.integers(0, 99)),
    "orders.items": _WORDS,
    "support.message": _WORDS,
    "loyalty.member_no": _LATIN,
    "loyalty.points": st.integers(0, 10**9).map(str),
    "newsletter.address": st.builds("{}@{}.example".format, _LATIN, _LATIN),
}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(st.fixed_dictionaries(_VALUES))
def test_a_masked_answer_never_is_or_holds_the_value(shop: World, values: dict[str, Any]) -> None:
    compiled = versions.current()
    taken, subject = _taken(shop, compiled.fields, values)
    if subject is None:
        return
    masked = 0
    for purpose in compiled.purposes:
        for name, text in _masked(shop, purpose, tuple(taken), subject).items():
            one = compiled.fields[name]
            clear_text = one.type.text_of(taken[name])
            if one.mask != "none":
                masked += 1
                assert text != clear_text
                assert not (len(clear_text) > 4 and clear_text in text)
    assert masked >= len(taken)


def _taken(world: World, known: Any, values: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The values that their types accept, as they keep them."""
    fields: dict[str, Any] = {}
    for name, raw in values.items():
        one: CompiledField = known[name]
        try:
            fields[name] = one.parse(raw)
        except HouseError:
            continue
    if not fields:
        return {}, None
    [made] = world.gate.bring_in(importer(world), [Write(fields={name: values[name] for name in fields})])
    if not isinstance(made, Written):  # a unique value drawn twice
        return {}, None
    return fields, made.subject


def _masked(world: World, purpose: str, names: tuple[str, ...], subject: Any) -> dict[str, str]:
    """What Pat, who may see everything masked and nothing clear, is shown when asking for the clear."""
    ask = Ask(actor=_pat(world), purpose=purpose, subjects=(subject,), fields=(), clear=names)
    [made] = Gate(world.house, Budget(free=10**6)).answer([ask])
    if isinstance(made, HouseError):
        return {}
    found = {name: one for record in made.items[0].records for name, one in record.values.items()}
    assert all(one.level is not Level.CLEAR and one.value is None for one in found.values())
    return {name: one.text for name, one in found.items()}


_PATS: Final[dict[str, Actor]] = {}


def _pat(world: World) -> Actor:
    """Made once for each home."""
    where = str(world.house.config.path)
    if where not in _PATS:
        pat, compiled = hire(world, "Pat"), versions.current()
        until = world.house.clock.now() + DAY
        for category in compiled.categories.values():
            for purpose in category.purposes:
                if category.built_in or compiled.purposes[purpose].built_in:
                    continue
                ask = grants.Grant(person=pat.id, category=category.key, purpose=purpose, level="partial", until=until)
                world.house.do(world.ann, grants.grant, ask)
        _PATS[where] = pat
    return _PATS[where]


# -- writes that build upon each other


def test_two_writes_of_one_batch_to_one_record_build_upon_each_other(shop: World) -> None:
    [one] = bring(shop, {"contact.surname": "Before", "contact.given_name": "Stays"})
    made = shop.gate.bring_in(
        importer(shop),
        [
            Write(subject=one, fields={"contact.surname": "Between"}),
            Write(subject=one, fields={"contact.surname": "After"}),
            Write(subject=one, fields={"loyalty.points": "1"}),
            Write(subject=one, fields={"loyalty.points": "2"}),
        ],
    )
    assert [isinstance(each, Written) for each in made] == [True] * 4
    rows = outside(
        shop, "default", "SELECT category, COUNT(*), MAX(version) FROM record WHERE subject = %s GROUP BY 1", one
    )
    assert sorted((count, version) for _, count, version in rows) == [(1, 2), (1, 3)]
    [item] = clear(shop, shop.bob, "billing", "contact.given_name", "contact.surname", of=[one]).items
    assert shown(item) == {"contact.given_name": "Stays", "contact.surname": "After"}


def test_a_card_and_its_last_four_digits_change_together(shop: World) -> None:
    [one] = bring(shop, {"card.number": "4111 1111 1111 1111"})
    [(record,)] = outside(shop, "default", "SELECT id FROM record WHERE subject = %s AND category = 4", one)
    [made] = shop.gate.bring_in(
        importer(shop),
        [Write(subject=one, record=ids.RecordId(bytes(record)), fields={"card.number": "5555 5555 5555 4444"})],
    )
    assert isinstance(made, Written)
    rows = outside(shop, "default", "SELECT version FROM record WHERE subject = %s", one)
    assert sorted(rows) == [(2,), (2,)]


def test_a_record_of_somebody_else_is_not_written(shop: World) -> None:
    one, other = bring(shop, {"billing.total": "1.00"}, {"billing.total": "2.00"})
    [(record,)] = outside(shop, "default", "SELECT id FROM record WHERE subject = %s AND category = 3", other)
    [made] = shop.gate.bring_in(
        importer(shop), [Write(subject=one, record=ids.RecordId(bytes(record)), fields={"billing.total": "9.00"})]
    )
    assert isinstance(made, HouseError)
    [item] = clear(shop, shop.bob, "billing", "billing.total", of=[other]).items
    assert shown(item) == {"billing.total": "2.00"}


def test_what_changed_meanwhile_is_refused_and_harms_no_other_write(shop: World) -> None:
    one, other = bring(shop, {"billing.total": "1.00"}, {"billing.total": "2.00"})
    made = shop.gate.bring_in(
        importer(shop),
        [
            Write(subject=one, fields={"loyalty.points": "1"}, expect_version=7),
            Write(subject=other, fields={"loyalty.points": "1"}, expect_version=0),
        ],
    )
    assert [getattr(each, "code", "written") for each in made] == ["changed-meanwhile", "written"]
    assert facts(shop, 603)[-1] == {"operation": "import", "because": "changed-meanwhile", "count": 1}


def test_an_erased_customer_in_a_batch_harms_no_other_write(shop: World) -> None:
    gone, part, stays = bring(shop, *({"billing.total": "1.00", "contact.company": "C"} for _ in range(3)))
    erase(shop, gone)
    erase(shop, part, "billing")
    writes = [Write(subject=one, fields={"loyalty.points": "1"}) for one in (gone, part, stays)]
    made = shop.gate.bring_in(importer(shop), [*writes, Write(subject=stays, fields={"loyalty.points": "x"})])
    assert [getattr(each, "code", "written") for each in made][:3] == ["erased", "written", "written"]
    assert len(made) == 4
