"""One act is one entry: once for one key, refused for a stranger and counted, in order whatever the clock says."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import homes
from tests.homes import World

from bailee.access import keys, memberships
from bailee.kernel.actors import Actor
from bailee.kernel.acts import ACTS, act
from bailee.kernel.clock import DAY, HOUR, MINUTE, FrozenClock, SystemClock
from bailee.kernel.decisions import Decision
from bailee.kernel.errors import Conflict, Denied, Invalid
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, log, tables
from bailee.ledger.entries import Entry, opened
from bailee.ledger.facts import ActDenied, ActFailed, HouseStopped
from bailee.vault.unlocks import UnlockBulk, unlock_bulk

GRANT = ACTS["access.assign_role"]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(SystemClock().now())


@pytest.fixture
def shop(template: homes.Template, tmp_path: Path, clock: FrozenClock) -> Iterator[World]:
    with homes.opened(template, tmp_path, clock) as made:
        yield made


def entries(since: int = 0, *tags: int) -> list[Entry]:
    rows = tables.Entry.objects.filter(idx__gte=since).order_by("idx")
    found = [opened(bytes(row.body or b""), bytes(row.leaf)) for row in rows]
    return [one for one in found if not tags or one.tag in tags]


def size() -> int:
    head = lanes.head()
    assert head is not None
    return head.size


def assign(world: World, *, person: str = "", until: int = 10 * DAY) -> memberships.AssignRole:
    return memberships.AssignRole(person=person or world.cat.id, role="clerk", until=world.house.clock.now() + until)


@pytest.mark.check("ledger-16")
def test_one_key_is_one_entry_and_one_answer(shop: World) -> None:
    since, ask = size(), assign(shop)
    first = shop.house.do(shop.ann, memberships.assign_role, ask, once_key="k1")
    second = shop.house.do(shop.ann, memberships.assign_role, ask, once_key="k1")
    assert first == second
    assert [first.entry.index] == [one.index for one in entries(since)]


@pytest.mark.check("ledger-16")
def test_the_same_key_with_another_ask_or_another_act_is_refused(shop: World) -> None:
    shop.house.do(shop.ann, memberships.assign_role, assign(shop), once_key="k1")
    since = size()
    with pytest.raises(Invalid) as other_ask:
        shop.house.do(shop.ann, memberships.assign_role, assign(shop, until=11 * DAY), once_key="k1")
    with pytest.raises(Invalid) as other_act:
        shop.house.do(shop.ann, keys.make_key, keys.MakeKey(person=shop.cat.id), once_key="k1")
    assert {("once-mismatch", 422)} == {(one.value.code, one.value.status) for one in (other_ask, other_act)}
    assert entries(since) == []


@pytest.mark.check("ledger-16")
def test_a_key_is_its_owners_and_ends_after_a_day(shop: World, clock: FrozenClock) -> None:
    ask = UnlockBulk(purpose="billing", most=200, reason="letters")
    first = shop.house.do(shop.ann, unlock_bulk, ask, once_key="k1")
    assert first != shop.house.do(shop.bob, unlock_bulk, ask, once_key="k1")
    clock.forward(DAY)
    fresh = replace(shop.ann, fresh_at=clock.now())
    assert first != shop.house.do(fresh, unlock_bulk, ask, once_key="k1")


def test_an_answer_with_a_secret_is_never_stored(shop: World) -> None:
    ask = keys.MakeKey(person=shop.cat.id)
    made = shop.house.do(shop.ann, keys.make_key, ask, once_key="k1").value
    since = size()
    with pytest.raises(Conflict):
        shop.house.do(shop.ann, keys.make_key, ask, once_key="k1")
    assert entries(since) == []
    secret = made.reveal().encode()
    for row in tables.ActOnce.objects.all():
        assert secret not in bytes(row.result)


@pytest.mark.check("ledger-17")
def test_a_thousand_refusals_in_a_minute_are_few_entries_that_count_right(shop: World, clock: FrozenClock) -> None:
    clock.forward(MINUTE - clock.now() % MINUTE)
    since = size()
    for number in range(1000):
        with pytest.raises(Denied):
            shop.house.see(shop.cat, log.entries, log.Newest())
        clock.forward(MINUTE // 2000 if number else 0)
    clock.forward(MINUTE)
    with pytest.raises(Denied):
        shop.house.do(shop.cat, keys.make_key, keys.MakeKey(person=shop.cat.id))
    found = [one.facts for one in entries(since, ActDenied.tag) if one.facts["act"] == "ledger.entries"]
    assert len(found) <= 60
    assert sum(one["count"] for one in found) == 1000
    assert {one["rule"] for one in found} == {"read_ledger"}
    assert {one.actor for one in entries(since)} == {shop.cat.id}


@pytest.mark.check("ledger-17")
def test_refusals_still_counted_at_the_end_are_written_before_the_house_closes(shop: World) -> None:
    since = size()
    for _ in range(33):
        with pytest.raises(Denied):
            shop.house.see(shop.cat, log.entries, log.Newest())
    shop.house.close()
    found = entries(since)
    assert sum(one.facts["count"] for one in found if one.tag == ActDenied.tag) == 33
    assert found[-1].tag == HouseStopped.tag


@pytest.mark.check("ledger-17")
def test_one_actors_flood_hides_nobody_elses_refusal(shop: World) -> None:
    since = size()
    for _ in range(40):
        with pytest.raises(Denied):
            shop.house.see(shop.cat, log.entries, log.Newest())
    with pytest.raises(Denied):
        shop.house.see(shop.bob, log.entries, log.Newest())
    assert [one.facts["count"] for one in entries(since) if one.actor == shop.bob.id] == [1]


def test_a_clock_set_back_keeps_the_order_and_says_how_far_it_is_behind(shop: World, clock: FrozenClock) -> None:
    before = entries()[-1]
    clock.forward(-HOUR)
    for _ in range(3):
        shop.house.state(ActFailed("test.back", "Clock"))
        clock.forward(MINUTE)
    found = entries(before.index + 1)
    assert [before.at] * 3 == [one.at for one in found]
    assert [one.behind for one in found] == [3_600_000, 3_540_000, 3_480_000]
    clock.forward(2 * HOUR)
    shop.house.state(ActFailed("test.on", "Clock"))
    last = entries()[-1]
    assert (last.at, last.behind) == (clock.now(), 0)
    assert [one.at for one in entries()] == sorted(one.at for one in entries())


def test_a_clock_a_little_behind_is_no_remark(shop: World, clock: FrozenClock) -> None:
    shop.house.state(ActFailed("test.now", "Clock"))
    clock.forward(-1_000_000)
    shop.house.state(ActFailed("test.back", "Clock"))
    assert entries()[-1].behind == 0


def test_what_an_act_raises_leaves_only_that_it_failed(shop: World) -> None:
    since = size()
    act_ = replace(GRANT, run=_breaks)
    with pytest.raises(ZeroDivisionError):
        shop.house.do(shop.ann, act_, assign(shop))
    [entry] = entries(since)
    assert (entry.tag, entry.facts) == (ActFailed.tag, {"act": GRANT.name, "error": "ZeroDivisionError"})


@pytest.mark.parametrize(
    "answer", [None, "done", Recorded(None, HouseStopped("x"))], ids=["nothing", "a value", "another event"]
)
def test_an_act_that_gives_no_event_of_its_own_is_undone(shop: World, answer: object) -> None:
    since = size()

    def run(tx: Tx, actor: Actor, ask: Any) -> Any:
        tables.Procedure.objects.using(tx.alias).create(id=bytes(16), kind=1, step=1, begun=1)
        return answer

    with pytest.raises(TypeError):
        shop.house.do(shop.ann, replace(GRANT, run=run), assign(shop))
    assert [ActFailed.tag] == [one.tag for one in entries(since)]
    assert not tables.Procedure.objects.exists()


def test_a_wrong_ask_is_refused_before_anything(shop: World) -> None:
    since = size()
    with pytest.raises(Invalid):
        shop.house.do(shop.ann, GRANT, keys.MakeKey(person=shop.cat.id))
    assert entries(since) == []


def test_a_permission_taken_meanwhile_is_gone_though_the_actor_object_still_has_it(shop: World) -> None:
    shop.house.do(shop.ann, memberships.assign_role, assign(shop))
    old = replace(shop.bob, may=frozenset(Permission))
    with pytest.raises(Denied):
        shop.house.do(old, memberships.assign_role, assign(shop))


def test_a_decision_is_required_never_tested() -> None:
    with pytest.raises(TypeError):
        bool(Decision(allow=True, because="granted"))
    with pytest.raises(Denied):
        Decision(allow=False, because="not granted").require()
    for truthy in (1, "yes", object()):
        with pytest.raises(Denied):
            Decision(allow=truthy, because="x").require()  # type: ignore[arg-type]  # what a bug could hand over


def test_an_act_without_event_permission_docstring_or_ask_is_no_act() -> None:
    def silent(tx: Tx, actor: Actor, ask: UnlockBulk) -> Recorded[None, HouseStopped]:
        return _breaks(tx, actor, ask)

    def bare(tx: Tx, actor: Actor, ask: UnlockBulk) -> None:
        """Do it."""

    def blind(tx: Tx, actor: Actor, ask: str) -> Recorded[None, HouseStopped]:
        """Do it."""
        raise AssertionError(ask)

    broken: Any
    for broken in (silent, bare, blind):
        with pytest.raises(TypeError):
            act("test.broken", needs=Permission.SELF)(broken)
    for name in ("access.grant", "broken", "a.b.c"):
        with pytest.raises(TypeError):
            act(name, needs=Permission.SELF)(_breaks)
    assert "test.broken" not in ACTS


def test_a_transaction_is_made_by_the_house_only(shop: World) -> None:
    from bailee.kernel import grip

    with pytest.raises(TypeError):
        Tx(grip=object(), alias="default", now=0, house=b"", request="", secrets=None)  # type: ignore[arg-type]  # mypy refuses it as well
    with pytest.raises(TypeError):
        grip.Grip()


def _breaks(tx: Tx, actor: Actor, ask: UnlockBulk) -> Recorded[None, HouseStopped]:
    """Break."""
    raise ZeroDivisionError("Dora Kundin")
