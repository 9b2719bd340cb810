"""A home put back to yesterday says so at start, and goes on only in a new lane, with two people's word."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections
from tests.homes import World
from tests.ledger.filling import database, fill

from bailee import house as houses
from bailee.access import keys, people
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.clock import HOUR, Micros
from bailee.kernel.errors import Conflict, Denied, Invalid, Unavailable
from bailee.kernel.events import Event
from bailee.ledger import lanes, tables, verify_standalone
from bailee.ledger.entries import opened
from bailee.ledger.facts import ActFailed
from bailee.vault.gate import Gate
from bailee.vault.words import Ask


def second_owner(world: World) -> Actor:
    asked = people.Invite(name="Olga Owner", email="olga@shop.example", roles=("owner",))
    key = world.house.do(world.ann, people.invite, asked).value.key
    return keys.actor_of(world.house.policy, world.house.keys, key, world.house.clock.now())


def first_entry(lane: int) -> dict[str, object]:
    row = tables.Entry.objects.get(lane=lane, idx=0)
    return opened(bytes(row.body or b""), bytes(row.leaf)).facts


def verified(house: House) -> str:
    return verify_standalone.verify(database(house), verify_standalone.Key(house.verifier().vkey))


@pytest.fixture
def olga(sqlite_world: World) -> Actor:
    return second_owner(sqlite_world)


@pytest.fixture
def put_back(sqlite_world: World, olga: Actor, tmp_path: Path) -> tuple[int, int]:
    """The home, but not the custody folder, is yesterday's; answers yesterday's size and today's."""
    house = sqlite_world.house
    fill(house, 30)
    house.close()
    shutil.copytree(house.config.path, tmp_path / "yesterday")
    again = houses.open_house(house.config, house.custodian)
    fill(again, 25, seed=2)
    again.close()
    head = lanes.head()
    assert head is not None
    connections.close_all()
    shutil.rmtree(house.config.path)
    shutil.copytree(tmp_path / "yesterday", house.config.path)
    sqlite_world.house = again
    before = lanes.head()
    assert before is not None
    return before.size, head.size


@pytest.mark.check("ledger-8")
def test_a_home_put_back_to_yesterday_is_refused_with_its_sizes(sqlite_world: World, put_back: tuple[int, int]) -> None:
    yesterday, today = put_back
    said = rf"the home was put back to an older state: {yesterday} entries of {today}"
    with pytest.raises(Unavailable, match=said) as refused:
        houses.open_house(sqlite_world.house.config, sqlite_world.house.custodian)
    assert refused.value.code == "ledger-diverged"
    assert "bailee ledger succeed" in refused.value.hint


@pytest.mark.check("ledger-8")
def test_succeeding_opens_a_lane_that_names_the_old_one(
    sqlite_world: World, put_back: tuple[int, int], olga: Actor
) -> None:
    yesterday, today = put_back
    house = houses.open_house(sqlite_world.house.config, sqlite_world.house.custodian, accept_diverged=True)
    old = lanes.head()
    assert old is not None
    ref = house.succeed(sqlite_world.ann, olga, "disk-replaced")
    assert (ref.lane, ref.index) == (1, 0)
    said = first_entry(1)
    assert said["origin"] == houses.origin_of(house.id, 1) == house.signer.name
    assert (said["follows"], said["follows_size"], said["remembered_size"]) == (old.origin, yesterday, today)
    assert (said["reason"], said["second"]) == ("disk-replaced", olga.id)
    assert list(tables.Lane.objects.order_by("id").values_list("state", flat=True)) == [lanes.DIVERGED, lanes.OPEN]
    fill(house, 10, seed=3)
    house.close()
    assert verified(house).startswith("OK 12 ")
    houses.open_house(house.config, house.custodian).abandon()


@pytest.mark.check("ledger-8")
def test_the_succeeded_home_put_back_again_is_refused_again(
    sqlite_world: World, put_back: tuple[int, int], olga: Actor, tmp_path: Path
) -> None:
    house = houses.open_house(sqlite_world.house.config, sqlite_world.house.custodian, accept_diverged=True)
    house.succeed(sqlite_world.ann, olga, "disk-replaced")
    house.close()
    connections.close_all()
    shutil.rmtree(house.config.path)
    shutil.copytree(tmp_path / "yesterday", house.config.path)
    with pytest.raises(Unavailable, match="put back to an older state"):
        houses.open_house(house.config, house.custodian)


def test_until_it_succeeds_such_a_house_shows_and_writes_nothing(
    sqlite_world: World, put_back: tuple[int, int]
) -> None:
    house = houses.open_house(sqlite_world.house.config, sqlite_world.house.custodian, accept_diverged=True)
    ask = Ask(
        actor=sqlite_world.bob, purpose="billing", subjects=(sqlite_world.dora,), fields=(), clear=("billing.total",)
    )
    fact: Event = ActFailed("test.write", "Nothing")
    for try_ in (lambda: Gate(house).read(ask), lambda: house.state(fact), lambda: house.sign() and house.state(fact)):
        with pytest.raises(Unavailable) as refused:
            try_()
        assert refused.value.code == "ledger-diverged"
    assert put_back[0] == tables.Entry.objects.count()
    house.abandon()


def test_it_takes_two_people_who_may(sqlite_world: World, put_back: tuple[int, int], olga: Actor) -> None:
    house = houses.open_house(sqlite_world.house.config, sqlite_world.house.custodian, accept_diverged=True)
    ann, bob = sqlite_world.ann, sqlite_world.bob
    stale = replace(olga, fresh_at=Micros(olga.fresh_at - HOUR))
    bold = replace(bob, may=ann.may)
    for one, other in ((ann, ann), (ann, bob), (bob, ann), (ann, stale), (stale, ann), (bold, ann), (ann, bold)):
        with pytest.raises(Denied):
            house.succeed(one, other, "x")
    for reason in ("", "because Dora Kundin called", "x" * 101, "a\n"):
        with pytest.raises(Invalid):
            house.succeed(ann, olga, reason)
    assert tables.Lane.objects.count() == 1
    house.abandon()


def test_a_ledger_that_verifies_is_not_succeeded(sqlite_world: World, olga: Actor) -> None:
    with pytest.raises(Conflict):
        sqlite_world.house.succeed(sqlite_world.ann, olga, "x")


@pytest.mark.parametrize(
    "edit",
    ["UPDATE ledger_entry SET body = body || x'20' WHERE idx = {bad}", "DELETE FROM ledger_entry WHERE idx = {bad}"],
)
@pytest.mark.parametrize("late", [False, True], ids=["under the checkpoint", "after it"])
def test_only_what_is_whole_and_vouched_for_is_trusted(sqlite_world: World, olga: Actor, edit: str, late: bool) -> None:
    house = sqlite_world.house
    fill(house, 40)
    house.sign()
    signed = lanes.head()
    assert signed is not None
    if late:
        fill(house, 10, seed=5)
    bad = signed.size + 4 if late else 20
    house.abandon()
    with closing(sqlite3.connect(database(house))) as store:
        store.execute("DROP TRIGGER ledger_entry_no_delete")
        store.execute("DROP TRIGGER ledger_entry_no_update")
        store.execute(edit.format(bad=bad))
        if not late and edit.startswith("UPDATE"):  # a body under the checkpoint is found by the full verifier only
            store.execute("UPDATE ledger_lane SET root = zeroblob(32)")
        store.commit()
    with pytest.raises(verify_standalone.Tampered) as found:
        verified(house)
    assert found.value.index == bad
    again = houses.open_house(house.config, house.custodian, accept_diverged=True)
    again.succeed(sqlite_world.ann, olga, "disk-replaced")
    expected = signed.size if late else 20 if edit.startswith("UPDATE") else max(_signed(20))
    assert first_entry(1)["follows_size"] == expected
    again.close()
    assert verified(again).startswith("OK ")
    with closing(sqlite3.connect(database(house))) as store:
        store.execute("UPDATE ledger_entry SET tag = 9 WHERE lane = 0 AND idx = 0")
        store.commit()
    with pytest.raises(verify_standalone.Tampered):
        verified(again)


def _signed(below: int) -> list[int]:
    return list(tables.CheckpointRow.objects.filter(lane=0, size__lte=below).values_list("size", flat=True))
