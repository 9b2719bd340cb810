"""What is derived from entries can be derived again, and what went out once does not go out twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from tests.homes import World
from tests.kernel import registries
from tests.ledger.filling import fill
from tests.ledger.importing import owner

from bailee.kernel.errors import Conflict, NotFound
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, projections, tables
from bailee.ledger.entries import Entry
from bailee.ledger.projections import PROJECTIONS, Projection
from bailee.vault.words import Ask, Write

registries.load()
NAMES = sorted(PROJECTIONS)


def rows(what: Projection) -> str:
    """A digest of all rows of a projection's tables, without numbers that the database gives."""
    found = []
    for table in what.owns:
        names = [
            field.attname
            for field in table._meta.concrete_fields
            if not field.get_internal_type().endswith("AutoField")
        ]
        found += [(table.__name__, *map(repr, row)) for row in table._default_manager.values_list(*names)]
    return sha256(repr(sorted(found)).encode()).hexdigest()


@pytest.fixture
def busy(world: World) -> World:
    """A house where things happened: writes, single and bulk reads, refusals, all kinds of entries."""
    world.gate.bring_in(owner(world), [Write(fields={"billing.total": f"{n}.00"}) for n in range(5)])
    for _ in range(3):
        world.gate.read(
            Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=(), clear=("billing.total",))
        )
    fill(world.house, 700)
    world.house.catch_up()
    return world


@pytest.mark.check("ledger-14")
@pytest.mark.parametrize("name", NAMES)
def test_a_replay_from_zero_gives_the_live_rows(busy: World, name: str) -> None:
    what = PROJECTIONS[name]
    live = rows(what)
    assert any(table._default_manager.exists() for table in what.owns)
    with busy.house.opened() as tx:
        projections.replay(tx, name, 0)
    assert live != rows(what)
    busy.house.catch_up()
    assert live == rows(what)


@pytest.mark.check("ledger-14")
@pytest.mark.parametrize("name", NAMES)
def test_a_raised_version_gives_the_live_rows(busy: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    what = PROJECTIONS[name]
    live = rows(what)
    monkeypatch.setitem(PROJECTIONS, name, replace(what, version=what.version + 1))
    busy.house.catch_up()
    assert live == rows(what)
    assert tables.Cursor.objects.get(projection=name).version == what.version + 1


@pytest.fixture
def outward(monkeypatch: pytest.MonkeyPatch) -> Projection:
    """A projection that asks for one message per refusal."""

    def fold(tx: Tx, entries: Sequence[Entry], emit: Callable[[Entry, int, str, bytes], None]) -> None:
        for entry in entries:
            emit(entry, 0, "mail", b"refused")

    what = Projection("test.outward", frozenset({2}), 1, (), fold)
    monkeypatch.setitem(PROJECTIONS, what.name, what)
    return what


def sent() -> list[int]:
    return list(tables.Outbox.objects.filter(projection="test.outward").order_by("idx").values_list("idx", flat=True))


@pytest.mark.check("ledger-14")
@pytest.mark.parametrize("emptied", [False, True])
@pytest.mark.parametrize("raised", [False, True])
def test_nothing_is_sent_twice(
    world: World, outward: Projection, monkeypatch: pytest.MonkeyPatch, emptied: bool, raised: bool
) -> None:
    fill(world.house, 200)
    world.house.catch_up()
    first = sent()
    assert first
    if emptied:
        with world.house.opened() as tx:
            tables.Outbox.objects.using(tx.alias).all().delete()
    if raised:
        monkeypatch.setitem(PROJECTIONS, outward.name, replace(outward, version=2))
    else:
        with world.house.opened() as tx:
            projections.replay(tx, outward.name, 0)
    world.house.catch_up()
    assert sent() == ([] if emptied else first)
    fill(world.house, 100, seed=9)
    world.house.catch_up()
    fresh = sent()[0 if emptied else len(first) :]
    assert fresh
    assert min(fresh) > max(first)


def test_an_entry_that_fails_stops_its_projection_there_and_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world.house, 300)
    head = lanes.head()
    assert head is not None
    bad = list(tables.Entry.objects.filter(tag=2).order_by("idx").values_list("idx", flat=True))[3]
    seen: list[int] = []

    def fold(tx: Tx, entries: Sequence[Entry], emit: Any) -> None:
        for entry in entries:
            if entry.index == bad:
                raise ZeroDivisionError
            seen.append(entry.index)

    monkeypatch.setitem(PROJECTIONS, "test.broken", Projection("test.broken", frozenset({2}), 1, (), fold))
    for _ in range(5):
        world.house.catch_up()
    by_name = {one.name: one for one in projections.progress(0, head.size)}
    assert (by_name["test.broken"].next, by_name["test.broken"].stopped) == (bad, "ZeroDivisionError")
    cursor = tables.Cursor.objects.get(projection="test.broken")
    assert (cursor.failed_idx, cursor.tries) == (bad, projections.TRIES)
    assert {one.behind for name, one in by_name.items() if name != "test.broken"} == {0}
    assert max(seen) < bad


def test_a_replay_of_what_is_not_there_or_was_pruned_is_refused(world: World) -> None:
    with pytest.raises(NotFound), world.house.opened() as tx:
        projections.replay(tx, "nobody.knows", 0)
    fill(world.house, 100)
    world.house.catch_up()
    before = rows(PROJECTIONS["ledger.mentions"])
    with world.house.opened() as tx:
        last = tables.Entry.objects.filter(tag=600).order_by("idx").first()
        assert last is not None
        tables.Entry.objects.using(tx.alias).filter(idx=last.idx).update(body=None, actor=None, alias=None)
    with pytest.raises(Conflict), world.house.opened() as tx:
        projections.replay(tx, "ledger.mentions", 0)
    assert before == rows(PROJECTIONS["ledger.mentions"])
