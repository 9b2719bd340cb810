"""Several processes append to one ledger: dense, in order, without a deadlock; and none overtakes a revoke."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests import homes, postgres
from tests.homes import World

from bailee import house as houses
from bailee.access import grants
from bailee.kernel.errors import Conflict, Denied, HouseError
from bailee.ledger import lanes, recovery, tables
from bailee.ledger.entries import opened
from bailee.ledger.facts import ActFailed
from bailee.vault.facts import DataRead, DataRefused
from bailee.vault.words import Ask

PROCESSES = 4
ENTRIES = 20_000
LONG = 100_000
BATCH = 25


@pytest.fixture
def shared(template_base: Path, tmp_path: Path) -> Iterator[World]:
    try:
        postgres.server()
    except postgres.Missing as why:
        pytest.skip(str(why))
    with homes.opened(homes.template(template_base, "postgres"), tmp_path) as world:
        yield world


def fork(work: Callable[[], None]) -> int:
    """Do something in a process of its own; answers its id, and it exits 0 if nothing was raised."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return pid


def together(world: World, count: int) -> None:
    before = lanes.head()
    assert before is not None

    def work() -> None:
        for _ in range(count // PROCESSES // BATCH):
            world.house.state(*(ActFailed("test.together", str(os.getpid())) for _ in range(BATCH)))

    ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in [fork(work) for _ in range(PROCESSES)]]
    assert ended == [0] * PROCESSES
    head = lanes.head()
    assert head is not None
    assert head.size == before.size + count == tables.Entry.objects.count()
    prior, last_t, size = None, 0, 0
    for row in recovery.rows(0, 0):
        assert recovery.flaw(0, size, prior, last_t, row) == ""
        prior, last_t, size = row.leaf, row.t, size + 1
    assert recovery.examine(head, world.house.heads, world.house.verifier()) is None
    assert len({row.error for row in _facts(before.size)}) == PROCESSES


def _facts(since: int) -> list[Any]:
    rows = tables.Entry.objects.filter(idx__gte=since, tag=ActFailed.tag).values_list("body", "leaf")
    return [ActFailed(**opened(bytes(body or b""), bytes(leaf)).facts) for body, leaf in rows]


@pytest.mark.check("ledger-19")
def test_four_processes_append_20_000_entries_without_a_gap(shared: World) -> None:
    together(shared, ENTRIES)


@pytest.mark.long
def test_four_processes_append_100_000_entries_without_a_gap(shared: World) -> None:
    together(shared, LONG)


@pytest.mark.check("ledger-19")
def test_a_read_that_waits_for_the_lane_while_a_revoke_commits_is_decided_again(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, real, main = shared, lanes.append, threading.get_ident()
    heard: list[object] = []
    ask = Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=(), clear=("billing.total",))
    world.gate.read(ask)

    def read() -> None:
        try:
            heard.append(world.gate.read(ask))
        except HouseError as error:
            heard.append(error)
        finally:
            connections.close_all()

    def append(tx: Any, drafts: Any, **more: Any) -> Any:
        refs = real(tx, drafts, **more)
        if threading.get_ident() == main and not readers:
            readers.append(threading.Thread(target=read))
            readers[0].start()
            _until_somebody_waits()  # the reader has decided, by the old policy, and wants the lane that we hold
        return refs

    readers: list[threading.Thread] = []
    monkeypatch.setattr(lanes, "append", append)
    forbid = grants.Forbid(category="billing", purpose="*", operation="*", role="clerk", reason="")
    done = world.house.do(world.ann, grants.forbid, forbid)
    readers[0].join(30)
    [answer] = heard
    assert isinstance(answer, Denied)
    later = tables.Entry.objects.filter(idx__gt=done.entry.index, tag__in=(DataRead.tag, DataRefused.tag))
    assert [DataRefused.tag] == list(later.values_list("tag", flat=True))


def _until_somebody_waits() -> None:
    """Asked on another connection: within one transaction the server shows its first picture again and again."""
    name = connections["default"].settings_dict["NAME"]
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(600):
        if postgres.server().sql(waits, str(name)) != "0":
            return
        time.sleep(0.02)
    raise AssertionError("the reader never waited for the lane")


def test_a_second_process_on_one_home_is_refused_with_the_first_ones_number(sqlite_world: World) -> None:
    config, custodian = sqlite_world.house.config, sqlite_world.house.custodian
    holder = os.getpid()

    def work() -> None:
        with pytest.raises(Conflict, match=rf"this home is open in process {holder}\b"):
            houses.open_house(config, custodian)

    assert os.waitstatus_to_exitcode(os.waitpid(fork(work), 0)[1]) == 0
    with pytest.raises(Conflict, match=rf"this home is open in process {holder}\b"):
        houses.open_house(config, custodian)
    sqlite_world.house.close()
    houses.open_house(config, custodian).close()
