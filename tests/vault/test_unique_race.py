"""Many writers, one e-mail address: exactly one customer has it afterwards."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

from django.db import connections
from tests.homes import World
from tests.vault.hands import entries, importer, outside

from bailee.house import STORES
from bailee.kernel.errors import HouseError
from bailee.vault.words import Find, Write

WRITERS: Final = 64
THREADS: Final = 16  # at one time: PostgreSQL gives the tests sixty connections, and each writer takes two
PROCESSES: Final = 4


def test_of_64_threads_exactly_one_wins_an_address(world: World) -> None:
    assert Counter(won=1, taken=WRITERS - 1) == _race(world, WRITERS)
    _one_customer_has_it(world)


def test_of_writers_in_four_processes_exactly_one_wins_an_address(world: World) -> None:
    if not world.house.config.database.url:
        return  # a SQLite home belongs to one process: `flock` sees to it
    for alias in STORES:
        connections[alias].close()
    kind = multiprocessing.get_context("fork")
    results = kind.SimpleQueue()
    started = [kind.Process(target=_child, args=(world, results.put)) for _ in range(PROCESSES)]
    for process in started:
        process.start()
    counted: Counter[str] = Counter()
    for _ in started:
        counted += Counter(results.get())
    for process in started:
        process.join()
    assert Counter(won=1, taken=WRITERS - 1) == counted
    _one_customer_has_it(world)


def test_two_new_customers_of_one_batch_do_not_share_an_address(world: World) -> None:
    made = world.gate.bring_in(importer(world), [_claim(1), _claim(2)])
    assert [_word(one) for one in made] == ["won", "taken"]
    _one_customer_has_it(world)


def test_a_freed_address_is_not_lost_between_two_writes_of_one_batch(world: World) -> None:
    """One customer gives an address up for a taken one (refused), another takes it: the first must keep it."""
    other = world.gate.bring_in(importer(world), [_claim(1)])[0]
    assert not isinstance(other, HouseError)
    made = world.gate.bring_in(
        importer(world),
        [
            Write(subject=world.dora, fields={"contact.email": "one@race.example"}),
            Write(fields={"contact.email": "dora@customer.example"}),
        ],
    )
    assert [_word(one) for one in made] == ["taken", "taken"]
    found = world.gate.find(
        Find(actor=world.bob, purpose="billing", field="contact.email", how="is", value="dora@customer.example")
    )
    assert [world.dora] == [item.subject for item in found.items]


def _race(world: World, writers: int, name: str = "w") -> Counter[str]:
    together = Barrier(min(THREADS, writers))

    def claim(number: int) -> str:
        together.wait(60)
        try:
            return _word(world.gate.bring_in(importer(world), [_claim(number)])[0])
        finally:
            for alias in STORES:
                connections[alias].close()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(claim, range(writers)))


def _child(world: World, put: Callable[[dict[str, int]], None]) -> None:
    """A forked process: its connections are its own, and it leaves without tidying up after its parent."""
    try:
        with ThreadPoolExecutor(4) as pool:
            counted = Counter(pool.map(lambda number: _claimed(world, number), range(WRITERS // PROCESSES)))
        put(dict(counted))
    finally:
        os._exit(0)


def _claimed(world: World, number: int) -> str:
    try:
        return _word(world.gate.bring_in(importer(world), [_claim(number)])[0])
    finally:
        for alias in STORES:
            connections[alias].close()


def _claim(number: int) -> Write:
    return Write(fields={"contact.email": "One@Race.example", "contact.given_name": f"Writer {number}"})


def _word(made: object) -> str:
    return made.code if isinstance(made, HouseError) else "won"


def _one_customer_has_it(world: World) -> None:
    found = world.gate.find(
        Find(actor=world.bob, purpose="billing", field="contact.email", how="is", value="one@race.example")
    )
    assert len(found.items) == 1
    customers = [row[0] for row in outside(world, "default", "SELECT id FROM subject")]
    assert {bytes(one) for one in customers} == {world.dora, found.items[0].subject}
    assert outside(world, "default", "SELECT COUNT(*) FROM unique_index") == [(2,)]
    refused = sum(entry.facts["count"] for entry in entries(world, 603) if entry.facts["because"] == "taken")
    won = sum(entry.facts["new"] for entry in entries(world, 602)) - 1  # Dora
    assert won == 1
    assert refused in {1, WRITERS - 1}
