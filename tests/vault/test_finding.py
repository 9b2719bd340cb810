"""Searches: how few bits an index has, what it shows, and that pages hold still."""

from random import Random

import pytest
from tests.homes import World
from tests.vault.hands import bring, facts, outside

from bailee.crypto.blind import FieldKind, FieldStats, plan
from bailee.kernel.clock import FrozenClock
from bailee.kernel.errors import Denied, Invalid, TooMany
from bailee.kernel.ids import SubjectId
from bailee.vault import search
from bailee.vault.budget import PROBES, SEARCHES, Budget
from bailee.vault.gate import Gate
from bailee.vault.words import Answer, Find


def _find(world: World, field: str, value: str, how: str = "word", gate: Gate | None = None, **more: object) -> Answer:
    ask = Find(actor=world.bob, purpose="billing", field=field, how=how, value=value, **more)  # type: ignore[arg-type]  # any other part of a find
    return (gate or world.gate).find(ask)


@pytest.mark.check("vault-13")
@pytest.mark.parametrize("kind", [FieldKind.BOOLEAN, FieldKind.CODE])
def test_a_boolean_or_a_code_is_refused_at_any_size(kind: FieldKind) -> None:
    telling = FieldStats(field="a.b", transform="exact", kind=kind, distinct=50_000, commonest=1, rows=50_000)
    with pytest.raises(Invalid, match="any index would tell its value") as refused:
        plan(50_000, [telling])
    assert refused.value.code == "index-too-revealing"


@pytest.mark.check("vault-13")
@pytest.mark.parametrize("distinct", [2, 3, 1_023])
def test_a_field_with_few_values_is_refused(distinct: int) -> None:
    few = FieldStats(field="a.b", transform="exact", kind=FieldKind.VALUE, distinct=distinct, commonest=1, rows=50_000)
    with pytest.raises(Invalid, match=f"{distinct} distinct values"):
        plan(50_000, [few])


@pytest.mark.check("vault-13")
def test_a_surname_among_50_000_gets_8_to_14_bits() -> None:
    surname = FieldStats(
        field="contact.surname",
        transform="words",
        kind=FieldKind.VALUE,
        distinct=20_000,
        commonest=400,
        rows=50_000,
    )
    [index] = plan(50_000, [surname]).indexes
    assert 8 <= index.bits <= 14


def _blurred(world: World, bits: int) -> Gate:
    """A gate whose search indexes have so few bits that most candidates are false."""
    outside(world, "default", "UPDATE search_index SET bits = %s", bits)
    return Gate(world.house)


@pytest.mark.check("vault-13")
def test_a_false_hit_is_never_shown(world: World) -> None:
    world.gate = _blurred(world, 2)
    names = [f"Surname{number:03}" for number in range(120)]
    there = dict(zip(names, bring(world, *({"contact.surname": name} for name in names)), strict=True))
    for name in names[::4]:
        found = _find(world, "contact.surname", name)
        assert [item.subject for item in found.items] == [there[name]]
    candidates = [one["candidates"] for one in facts(world, 601)]
    assert min(candidates) > 10  # the index itself could not tell: decryption did


@pytest.mark.check("vault-13")
def test_a_search_for_a_value_that_only_collides_finds_nobody(world: World) -> None:
    world.gate = _blurred(world, 1)
    bring(world, *({"contact.surname": f"Surname{number:03}"} for number in range(50)))
    found = [_find(world, "contact.surname", f"Nobody{number}").items for number in range(10)]
    assert found == [()] * 10
    assert max(one["candidates"] for one in facts(world, 601)) > 10


@pytest.mark.check("vault-13")
@pytest.mark.parametrize("size", [1, 7, 40])
def test_pages_are_stable_while_others_write(world: World, size: int) -> None:
    there = bring(world, *({"contact.surname": "Stable", "contact.company": f"C{number}"} for number in range(24)))
    random, seen, after = Random(size), list[SubjectId](), None
    while True:
        page = _find(world, "contact.surname", "stable", limit=size, after=after)
        seen += [item.subject for item in page.items]
        after = page.more
        if after is None:
            break
        bring(world, {"contact.surname": random.choice(["Stable", "Other"])})
    assert sorted(seen) == seen
    assert len(set(seen)) == len(seen)
    assert set(there) <= set(seen)


def test_a_cursor_goes_on_behind_itself_in_a_unique_index_too(shop: World) -> None:
    found = _find(shop, "contact.email", "dora@customer.example", "is")
    again = _find(shop, "contact.email", "dora@customer.example", "is", after=found.items[0].subject)
    assert again.items == ()


def test_a_search_by_an_index_the_field_has_not_is_refused_with_those_it_has(shop: World) -> None:
    with pytest.raises(Invalid, match="no index for this comparison") as refused:
        _find(shop, "contact.surname", "Kundin", "prefix3")
    assert refused.value.code == "not-searchable"
    assert "word" in refused.value.hint


def test_a_search_that_would_decrypt_thousands_is_refused(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(shop, *({"contact.surname": "Broad"} for _ in range(12)))
    monkeypatch.setattr(search, "MOST", 10)
    with pytest.raises(Invalid) as refused:
        _find(shop, "contact.surname", "broad")
    assert refused.value.code == "search-too-broad"


def test_the_61st_search_of_a_minute_is_refused(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.house, "clock", FrozenClock(shop.house.clock.now()))
    gate = Gate(shop.house, Budget())
    for _ in range(SEARCHES):
        _find(shop, "contact.surname", "kundin", gate=gate)
    with pytest.raises(TooMany):
        _find(shop, "contact.surname", "kundin", gate=gate)


def test_spent_look_ups_tell_no_longer_who_is_a_customer(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit an address that is there must answer like one that is not."""
    monkeypatch.setattr(shop.house, "clock", FrozenClock(shop.house.clock.now()))
    gate = Gate(shop.house, Budget())
    for number in range(PROBES):
        _find(shop, "contact.email", f"nobody{number}@guess.example", "is", gate=gate)
    for value in ("nobody@guess.example", "dora@customer.example"):
        with pytest.raises(TooMany):
            _find(shop, "contact.email", value, "is", gate=gate)


def test_nobody_searches_without_a_grant_whether_the_value_is_there_or_not(shop: World) -> None:
    said = set()
    for value in ("dora@customer.example", "nobody@customer.example"):
        with pytest.raises(Denied) as refused:
            shop.gate.find(Find(actor=shop.cat, purpose="billing", field="contact.email", how="is", value=value))
        said.add((str(refused.value), refused.value.hint, refused.value.code))
    assert len(said) == 1


@pytest.mark.parametrize("limit", [101, 5_000, 0, -1])
def test_a_page_shows_1_to_100_customers(shop: World, limit: int) -> None:
    bring(shop, *({"contact.surname": "Paged"} for _ in range(110)))
    try:
        found = _find(shop, "contact.surname", "paged", limit=limit, gate=Gate(shop.house, Budget()))
    except Invalid:
        return
    assert 1 <= len(found.items) <= 100


def test_one_unreadable_record_does_not_stop_the_search_for_others(shop: World) -> None:
    [one, two] = bring(
        shop,
        {"contact.surname": "Twin", "billing.total": "1.00"},
        {"contact.surname": "Twin", "billing.total": "2.00"},
    )
    outside(shop, "default", "UPDATE record SET version = version + 1 WHERE subject = %s AND category = 3", one)
    found = _find(shop, "contact.surname", "twin", fields=("billing.total",))
    assert two in [item.subject for item in found.items]
