"""An erasure interrupted after any of its commits: nothing half, and the next start finishes it alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests import homes
from tests.homes import World
from tests.vault.hands import bring, clear, entries, erase, erase_ask, homes_point, outside

from bailee.crypto.notes import Verifier, verify
from bailee.house import STORES, House
from bailee.kernel import ids
from bailee.kernel.errors import Conflict, Gone
from bailee.kernel.ids import SubjectId
from bailee.vault import erasure, receipts

DIED = 77
OPENED = House.opened


class PowerCut(Exception):
    """The process ended here, as far as the rest of it can tell."""


def _cut(monkeypatch: pytest.MonkeyPatch, after: int, *, dead: bool = False) -> list[str]:
    """Let the house end right after its n-th commit; the list names the stores committed to."""
    commits: list[str] = []

    @contextmanager
    def opened(self: House, alias: str = "default", request: Any = None) -> Iterator[Any]:
        if len(commits) >= after:
            raise PowerCut
        with OPENED(self, alias, request) as tx:
            yield tx
        commits.append(alias)
        if len(commits) == after:
            if dead:
                os._exit(DIED)
            raise PowerCut

    monkeypatch.setattr(House, "opened", opened)
    return commits


def _commits_of_an_erasure(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    [one] = bring(world, {"contact.email": "whole@crash.example", "billing.total": "1.00"})
    with monkeypatch.context() as patch:
        commits = _cut(patch, 1_000)
        erase(world, one)
    return commits


def _full(number: object) -> dict[str, Any]:
    return {
        "contact.email": f"c{number}@crash.example",
        "contact.surname": "Crash",
        "billing.total": "1.00",
        "support.message": "please",
    }


def _nothing_is_left(world: World, subject: SubjectId, generation: int) -> None:
    for table in ("record", "unique_index", "blind_index", "preference", "hold", "assignment", "procedure"):
        assert outside(world, "default", f"SELECT COUNT(*) FROM {table} WHERE subject = %s", subject) == [(0,)]
    assert outside(world, "keys", "SELECT COUNT(*) FROM subject_key WHERE subject = %s", subject) == [(0,)]
    assert outside(world, "default", "SELECT state FROM subject WHERE id = %s", subject) == [(4,)]
    assert outside(world, "keys", "SELECT generation, tombstones FROM key_guard") == [(generation, generation)]
    kept = world.house.heads.keys()
    assert kept is not None
    assert kept.generation == generation


def _told_once(world: World) -> None:
    """Each erasure has each of its entries once, and a receipt that verifies and cites the last of them."""
    ended: dict[str, list[int]] = {}
    for entry in entries(world, 610, 611, 612):
        ended.setdefault(entry.facts["erasure"], []).append(entry.tag)
    assert set(map(tuple, ended.values())) == {(610, 611, 612)}
    vkey = world.house.signer.named(f"{world.house.signer.name}/receipt").vkey
    for key in ended:
        receipt = receipts.prove(world.house, ids.parse(key))
        text, _ = verify(receipt.note, [Verifier.from_vkey(vkey)])
        assert f"erasure {key}" in text
        assert receipt.proof.startswith("c2sp.org/tlog-proof@v1\n")


def test_cut_after_any_commit_it_is_rolled_forward_and_never_half(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = _commits_of_an_erasure(world, monkeypatch)
    assert {"default", "keys"} == set(commits)
    generation = 1
    for after in range(1, len(commits) + 1):
        [victim, other] = bring(world, _full(after), {"billing.total": "2.00"})
        with monkeypatch.context() as patch:
            _cut(patch, after)
            with pytest.raises(PowerCut):
                erase(world, victim)
        generation += 1
        with pytest.raises(Gone):  # irrevocable from the first commit on
            clear(world, world.bob, "billing", "billing.total", of=[victim])
        with pytest.raises((Gone, Conflict)):
            erase(world, victim)
        assert erasure.resume(world.house) <= 1
        assert erasure.resume(world.house) == 0
        _nothing_is_left(world, victim, generation)
        clear(world, world.bob, "billing", "billing.total", of=[other])
    _told_once(world)


def test_cut_before_the_first_commit_nothing_happened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        _cut(patch, 0)
        with pytest.raises(PowerCut):
            erase(world, world.dora)
    assert erasure.resume(world.house) == 0
    clear(world, world.bob, "billing", "billing.total", of=[world.dora])


def test_cut_again_at_each_commit_of_the_resumption_it_still_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _cut(patch, 1)
        with pytest.raises(PowerCut):
            erase(world, world.dora)
    cuts = 0
    for after in range(1, 20):
        with monkeypatch.context() as patch:
            _cut(patch, after)
            try:
                erasure.resume(world.house)
            except PowerCut:
                cuts += 1
    assert cuts == 3  # further each time
    assert erasure.resume(world.house) == 0
    _nothing_is_left(world, world.dora, 1)
    _told_once(world)


def test_categories_cut_at_any_commit_close_and_open_again_for_new_values(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = len(_commits_of_an_erasure(world, monkeypatch))
    for after in range(1, total + 1):
        [part] = bring(world, _full(after))
        with monkeypatch.context() as patch:
            _cut(patch, after)
            with pytest.raises(PowerCut):
                erase(world, part, "billing")
        [item] = clear(world, world.bob, "billing", "billing.total", "contact.email", of=[part]).items
        assert {name for record in item.records for name in record.values} == {"contact.email"}
        if outside(world, "default", "SELECT COUNT(*) FROM procedure WHERE ended IS NULL") != [(0,)]:
            with pytest.raises(Gone):  # a second one would destroy what is written after the first
                erase(world, part, "billing")
        erasure.resume(world.house)
        assert outside(world, "default", "SELECT closing FROM subject WHERE id = %s", part) in ([(b"",)], [])
        assert outside(world, "keys", "SELECT COUNT(*) FROM subject_key WHERE subject = %s AND category = 3", part) == [
            (0,)
        ]
    _told_once(world)


def test_a_process_killed_after_any_commit_is_finished_by_the_next_start(
    template: homes.Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with homes.opened(template, tmp_path) as world:
        home = world.house.config.path
        total = len(_commits_of_an_erasure(world, monkeypatch))
        victims = bring(world, *(_full(number) for number in range(total)))
        world.house.close()
    for number, victim in enumerate(victims):
        for alias in STORES:
            connections[alias].close()
        child = os.fork()
        if child == 0:
            _child(template, home, victim, number + 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == DIED
        world = homes.open_world(template, home)
        try:
            erasure.resume(world.house)
            _nothing_is_left(world, victim, number + 2)
        finally:
            world.house.abandon()
    world = homes.open_world(template, home)
    try:
        _told_once(world)
    finally:
        world.house.abandon()


def _child(template: homes.Template, home: Path, victim: SubjectId, after: int) -> None:
    """Runs in a forked process, which it never leaves alive."""
    try:
        world = homes.open_world(template, home)
        _cut(pytest.MonkeyPatch(), after, dead=True)
        erasure.erase(world.house, world.ann, erase_ask(victim))
    finally:
        os._exit(1)


def test_a_begun_erasure_names_its_customer_only_until_it_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        _cut(patch, 1)
        with pytest.raises(PowerCut):
            erase(world, world.dora)
    homes_point(world)
    named = "SELECT COUNT(*) FROM procedure WHERE subject = %s"
    assert outside(world, "default", named, world.dora) == [(1,)]
    erasure.resume(world.house)
    assert outside(world, "default", named, world.dora) == [(0,)]
    assert outside(world, "default", "SELECT body FROM procedure") == [(None,)]
