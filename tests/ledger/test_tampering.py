"""Ten thousand edits of a ledger, of every kind an intruder with the file could try, and none passes."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests import homes
from tests.homes import World
from tests.ledger.filling import database, fill

from bailee import house as houses
from bailee.crypto.tree import Frontier
from bailee.kernel import canon
from bailee.kernel.errors import Unavailable
from bailee.ledger import entries, verify_standalone
from bailee.ledger.verify_standalone import Key, Tampered

EDITS = 9_000
FLIPS = 1_000
ROWS = {
    "ledger_entry": ("lane", "idx", "leaf", "body", "tag", "t", "actor", "alias"),
    "ledger_lane": ("id", "origin", "size", "root", "frontier", "last_leaf", "last_t", "state", "follows"),
    "ledger_set": ("root", "n", "body"),
    "ledger_checkpoint": ("lane", "size", "root", "note"),
}


class Ledger:
    """A signed ledger in memory, to be edited and put back."""

    def __init__(self, path: Path, vkey: str) -> None:
        self.store = sqlite3.connect(":memory:", isolation_level=None)
        with closing(sqlite3.connect(path)) as source:
            source.backup(self.store)
        self.store.execute("DROP TRIGGER ledger_entry_no_delete")
        self.store.execute("DROP TRIGGER ledger_entry_no_update")
        self.key = Key(vkey)
        self.size = self.verify()

    def verify(self) -> int:
        return verify_standalone.database(self.store, self.key)[0]

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return self.store.execute(f"SELECT {', '.join(ROWS[table])} FROM {table}").fetchall()

    def put(self, table: str, row: tuple[Any, ...]) -> None:
        columns = ROWS[table]
        extra = {"ledger_checkpoint": ("at", "published")}.get(table, ())
        marks = ", ".join("?" * (len(columns) + len(extra)))
        names = ", ".join((*columns, *extra))
        self.store.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row, *(0 for _ in extra)])

    def drop(self, table: str, row: tuple[Any, ...]) -> None:
        where = " AND ".join(f"{name} IS ?" for name in ROWS[table])
        self.store.execute(f"DELETE FROM {table} WHERE {where}", row)


@pytest.fixture(scope="module")
def ledger(template_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("tampering")
    with homes.opened(homes.template(template_base, "sqlite"), folder) as world:
        fill(world.house, 40)
        world.house.sign()
        fill(world.house, 40, seed=2)
        world.house.sign()
        yield Ledger(database(world.house), world.house.verifier().vkey)


def altered(value: Any, chance: random.Random) -> Any:
    """The value with one bit, one sign or one digit changed."""
    if value is None:
        return chance.choice([0, "x", b"x"])
    if isinstance(value, bytes):
        if not value or chance.random() < 0.1:
            return value + b"\0" if chance.random() < 0.5 or not value else value[:-1]
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if isinstance(value, str):
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1 << chance.randrange(6)) + value[at + 1 :]
    return None if chance.random() < 0.1 else value ^ 1 << chance.randrange(40)


def flip(ledger: Ledger, chance: random.Random) -> None:
    table = chance.choice(["ledger_entry"] * 5 + list(ROWS))
    row = chance.choice(ledger.rows(table))
    at = chance.randrange(len(row))
    ledger.drop(table, row)
    ledger.put(table, (*row[:at], altered(row[at], chance), *row[at + 1 :]))


def delete(ledger: Ledger, chance: random.Random) -> None:
    table = chance.choice(["ledger_entry"] * 8 + ["ledger_lane", "ledger_set"])
    ledger.drop(table, chance.choice(ledger.rows(table)))


def swap(ledger: Ledger, chance: random.Random) -> None:
    one, other = chance.sample(ledger.rows("ledger_entry"), 2)
    ledger.drop("ledger_entry", one)
    ledger.drop("ledger_entry", other)
    whole = 2 if chance.random() < 0.5 else 3  # all but the place; or the leaves stay as well
    ledger.put("ledger_entry", (*one[:whole], *other[whole:]))
    ledger.put("ledger_entry", (*other[:whole], *one[whole:]))


def insert(ledger: Ledger, chance: random.Random) -> None:
    table = chance.choice(["ledger_entry"] * 6 + ["ledger_set", "ledger_checkpoint"])
    row = list(chance.choice(ledger.rows(table)))
    if table == "ledger_entry":
        row[0 if chance.random() < 0.2 else 1] = chance.choice([-1, ledger.size, ledger.size + 1, 1 << 40])
    elif table == "ledger_set":
        row[0] = altered(row[0], chance)
    else:
        row[1] = chance.randrange(1, ledger.size)
        row[3] = row[3].replace("\n", f"\n{row[1]}\n", 1)
    ledger.put(table, tuple(row))


def truncate(ledger: Ledger, chance: random.Random) -> None:
    """Cut the newest entries off, or the end of one body; sometimes with a lane row that fits."""
    if chance.random() < 0.3:
        row = list(chance.choice(ledger.rows("ledger_entry")))
        ledger.drop("ledger_entry", tuple(row))
        row[3] = row[3][: chance.randrange(len(row[3]))]
        return ledger.put("ledger_entry", tuple(row))
    keep = chance.randrange(1, ledger.size)
    ledger.store.execute("DELETE FROM ledger_entry WHERE idx >= ?", [keep])
    return _refit(ledger) if chance.random() < 0.5 else None


def rewrite(ledger: Ledger, chance: random.Random) -> None:
    """Change one fact and everything that follows from it: all but the signature, for which the key is missing."""
    found = sorted(ledger.rows("ledger_entry"), key=lambda row: row[1])
    first = chance.randrange(len(found))
    prior = found[first - 1][2] if first else None
    for number, (lane, index, _, body, *rest) in enumerate(found[first:]):
        made = entries.parse(body)
        if number == 0:
            made["d"]["forged"] = 1
        if prior is not None:
            made["p"] = canon.b64u(prior)
        forged = canon.encode(made)
        prior = sha256(b"\0" + forged).digest()
        ledger.drop("ledger_entry", found[first + number])
        ledger.put("ledger_entry", (lane, index, prior, forged, *rest))
    _refit(ledger)


def _refit(ledger: Ledger) -> None:
    found = ledger.store.execute("SELECT leaf, t FROM ledger_entry ORDER BY idx").fetchall()
    tree = Frontier()
    tree.extend([row[0] for row in found])
    ledger.store.execute(
        "UPDATE ledger_lane SET size = ?, root = ?, frontier = ?, last_leaf = ?, last_t = ?",
        [tree.size, tree.root(), tree.to_bytes(), *found[-1]],
    )


@pytest.mark.check("ledger-7")
def test_every_edit_of_the_ledger_is_found(ledger: Ledger) -> None:
    chance = random.Random(20261101)
    kinds = [flip] * 10 + [delete] * 3 + [swap] * 3 + [insert] * 2 + [truncate] * 2 + [rewrite]
    before = list(ledger.store.iterdump())
    passed, done = [], 0
    while done < EDITS:
        kind = chance.choice(kinds)
        ledger.store.execute("SAVEPOINT edit")
        try:
            kind(ledger, chance)
            ledger.verify()
            passed.append((done, kind.__name__))
        except Tampered:
            done += 1
        except sqlite3.IntegrityError:
            pass  # the store itself refuses this one
        finally:
            ledger.store.execute("ROLLBACK TO edit")
            ledger.store.execute("RELEASE edit")
        assert passed == []
    assert before == list(ledger.store.iterdump())
    assert ledger.size == ledger.verify()


@pytest.mark.check("ledger-7")
def test_every_flipped_bit_of_an_entry_in_the_file_is_found(sqlite_world: World) -> None:
    house = sqlite_world.house
    fill(house, 60)
    house.sign()
    key, path = Key(house.verifier().vkey), database(house)
    with closing(sqlite3.connect(path)) as store:
        bodies = [row[0] for row in store.execute("SELECT body FROM ledger_entry ORDER BY idx")]
    house.close()
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert store.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    image = path.read_bytes()
    places = [(index, image.find(body), len(body)) for index, body in enumerate(bodies)]
    chance = random.Random(7)
    for _ in range(FLIPS):
        index, start, length = chance.choice([place for place in places if place[1] > 0])
        at = start + chance.randrange(length)
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes([image[at] ^ 1 << chance.randrange(8)]))
        with pytest.raises(Tampered) as found:
            verify_standalone.verify(path, key)
        assert index == found.value.index
        with path.open("r+b") as file:
            file.seek(at)
            file.write(image[at : at + 1])
    assert verify_standalone.verify(path, key).startswith("OK ")


@pytest.mark.check("ledger-7")
@pytest.mark.parametrize("signed", [True, False], ids=["under the checkpoint", "after it"])
@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 20",
        "DELETE FROM ledger_entry WHERE idx = 20",
        "UPDATE ledger_entry SET idx = 1000 WHERE idx = 20",
        "UPDATE ledger_entry SET (leaf, body) = (SELECT leaf, body FROM ledger_entry WHERE idx = 21) WHERE idx = 20",
    ],
    ids=["changed", "deleted", "moved", "replaced"],
)
def test_a_start_refuses_and_names_the_first_bad_entry(sqlite_world: World, edit: str, signed: bool) -> None:
    house = sqlite_world.house
    fill(house, 40)
    if signed:
        house.sign()
    house.abandon()
    with closing(sqlite3.connect(database(house))) as store:
        store.execute("DROP TRIGGER ledger_entry_no_delete")
        store.execute("DROP TRIGGER ledger_entry_no_update")
        store.execute(edit)
        store.commit()
    with pytest.raises(Unavailable, match=r"\(entry 20\)") as refused:
        houses.open_house(house.config, house.custodian)
    assert refused.value.code == "ledger-diverged"
