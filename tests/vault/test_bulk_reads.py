"""Reading many at once: refused and recorded without an unlock; a large one wants a second person."""

from collections.abc import Sequence

import pytest
from tests.homes import World
from tests.vault.hands import bring, clear, entries

from bailee.kernel import asks, ids
from bailee.kernel.clock import HOUR, MINUTE, Micros
from bailee.kernel.errors import Denied, Invalid
from bailee.kernel.ids import SubjectId
from bailee.vault import unlocks
from bailee.vault.budget import Budget
from bailee.vault.gate import Gate
from bailee.vault.words import Ask, Standing


@pytest.fixture(scope="module")
def crowd(shop_home: World) -> list[SubjectId]:
    return bring(shop_home, *({"billing.total": f"{number}.00"} for number in range(101)))


def _unlocked(world: World, most: int = 101, purpose: str = "billing") -> str:
    ask = unlocks.UnlockBulk(purpose=purpose, most=most, reason="yearly statement")
    return world.house.do(world.bob, unlocks.unlock_bulk, ask).value


def _refused(world: World, crowd: Sequence[SubjectId], unlock: str | None, gate: Gate | None = None) -> str:
    with pytest.raises(Denied) as refused:
        (gate or Gate(world.house)).read(
            Ask(
                actor=world.bob,
                purpose="billing",
                subjects=tuple(crowd),
                fields=(),
                clear=("billing.total",),
                unlock=unlock,
            )
        )
    return refused.value.code


@pytest.mark.check("vault-20")
def test_an_ask_for_101_customers_without_an_unlock_is_refused_and_recorded(
    shop: World, crowd: list[SubjectId]
) -> None:
    before = len(entries(shop, 603))
    assert _refused(shop, crowd, None) == "unlock-required"
    [entry] = entries(shop, 603)[before:]
    assert (shop.bob.id, "billing", {"operation": "read", "because": "unlock-required", "count": 1}) == (
        entry.actor,
        entry.purpose,
        entry.facts,
    )


@pytest.mark.check("vault-20")
def test_an_ask_for_100_customers_needs_no_unlock(shop: World, crowd: list[SubjectId]) -> None:
    shop.gate = Gate(shop.house)
    answer = clear(shop, shop.bob, "billing", "billing.total", of=crowd[:100])
    assert [item.standing for item in answer.items] == [Standing.LIVE] * 100


@pytest.mark.check("vault-20")
def test_an_unlock_opens_the_ask_for_its_purpose_and_the_entry_names_everybody(
    shop: World, crowd: list[SubjectId]
) -> None:
    shop.gate = Gate(shop.house)
    answer = clear(shop, shop.bob, "billing", "billing.total", of=crowd, unlock=_unlocked(shop))
    assert len(answer.items) == 101
    people = entries(shop, 600)[-1].people
    assert people is not None
    assert people.n == 101


def test_an_unlock_of_fewer_another_purpose_another_person_or_nobody_opens_nothing(
    shop: World, crowd: list[SubjectId]
) -> None:
    ask = unlocks.UnlockBulk(purpose="billing", most=101, reason="not for Bob")
    others = shop.house.do(shop.ann, unlocks.unlock_bulk, ask).value
    for unlock in (_unlocked(shop, most=100), _unlocked(shop, purpose="delivery"), others, ids.text(bytes(16)), ""):
        assert _refused(shop, crowd, unlock) == "unlock-required"


def test_more_than_10_000_are_not_unlocked_alone(shop: World) -> None:
    with pytest.raises(Invalid):
        asks.read({"purpose": "billing", "most": 10_001, "reason": "all of them"}, unlocks.UnlockBulk)
    with pytest.raises(Invalid):
        _unlocked(shop, most=10_001)


def test_more_than_10_000_want_another_person_who_may_approve(shop: World) -> None:
    ask = unlocks.UnlockMore(purpose="billing", most=50_000, reason="migration")
    for second in (None, shop.bob, shop.cat):
        with pytest.raises(Denied):
            shop.house.do(shop.bob, unlocks.unlock_more, ask, second=second)
    key = shop.house.do(shop.bob, unlocks.unlock_more, ask, second=shop.ann).value
    assert unlocks.allowed("default", key, shop.bob.id, "billing", shop.house.clock.now()) == 50_000


def test_an_unlock_ends_after_15_minutes_to_the_microsecond(world: World) -> None:
    key = _unlocked(world)
    until = entries(world, 615)[-1].facts["until"]
    assert until - world.house.clock.now() <= 15 * MINUTE
    for at, most in ((until - 1, 101), (until, 0)):
        assert most == unlocks.allowed("default", key, world.bob.id, "billing", at)


def test_customers_asked_for_one_by_one_count_together(shop: World, crowd: list[SubjectId]) -> None:
    gate = Gate(shop.house, Budget(free=5))
    for subject in crowd[:5] * 2:  # the same again costs nothing
        gate.read(Ask(actor=shop.bob, purpose="billing", subjects=(subject,), fields=("billing.total",), clear=()))
    assert _refused(shop, crowd[5:6], None, gate) == "unlock-required"


def test_the_count_of_customers_begins_anew_each_hour() -> None:
    budget, now = Budget(free=1), Micros(480_000 * HOUR)
    assert budget.allows("bob", (b"a",), now)
    assert not budget.allows("bob", (b"b",), Micros(now + HOUR - 1))
    assert budget.allows("cat", (b"b",), now)
    assert budget.allows("bob", (b"b",), Micros(now + HOUR))


def test_an_unlock_is_no_grant(shop: World, crowd: list[SubjectId]) -> None:
    ask = unlocks.UnlockBulk(purpose="billing", most=101, reason="curious")
    key = shop.house.do(shop.cat, unlocks.unlock_bulk, ask).value
    with pytest.raises(Denied) as refused:
        shop.gate.read(
            Ask(
                actor=shop.cat,
                purpose="billing",
                subjects=tuple(crowd),
                fields=("billing.total",),
                clear=(),
                unlock=key,
            )
        )
    assert refused.value.code == "not-granted"


def test_one_unlock_is_spent_by_what_it_opened(shop: World, crowd: list[SubjectId]) -> None:
    """Else leave for 101 customers is leave for everybody, 101 at a time."""
    more = bring(shop, *({"billing.total": f"{number}.00"} for number in range(101)))
    key, gate = _unlocked(shop), Gate(shop.house)
    shop.gate = gate
    clear(shop, shop.bob, "billing", "billing.total", of=crowd, unlock=key)
    clear(shop, shop.bob, "billing", "billing.total", of=crowd, unlock=key)
    assert _refused(shop, more, key, gate) == "unlock-required"
