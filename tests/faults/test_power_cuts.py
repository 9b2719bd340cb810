"""The power goes at a random moment, hundreds of times; what was committed under FULL is there, whatever tears.

Django talks to SQLite through the `sqlite3` module, whose files can't be watched. So the very statements of
`ledger.lanes` run here, with the pragmas of `settings`, through APSW and a file system of our own: it keeps what was
synced, and of everything written since only a random part, cut at sectors. The database is a real home's.
"""

import os
import random
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests import homes

from bailee import settings
from bailee.crypto.tree import Frontier, leaf_hash
from bailee.custody import durable
from bailee.ledger import lanes, verify_standalone
from bailee.ledger.entries import Draft, encode
from bailee.ledger.facts import ActFailed

CUTS = 300
LONG = 10_000
CONTROL = 40
SECTOR = 512
APPENDS = 14


class Off(Exception):
    """There is no power any more."""


@dataclass
class Platter:
    """One file: what is there for certain, and what was written since the last sync."""

    certain: bytes | None
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def synced(self) -> None:
        self.certain = self.image(1.0, random.Random(0)) or b""
        self.since.clear()

    def image(self, luck: float, chance: random.Random) -> bytes | None:
        """The file after the cut: each unsynced write is there with this luck, sector by sector."""
        if self.certain is None and not any(chance.random() < luck for _ in range(len(self.since) or 1)):
            return None
        made = bytearray(self.certain or b"")
        for offset, body in self.since:
            if body is None:
                if chance.random() < luck:
                    del made[offset:]
                continue
            if luck < 1.0 and chance.random() >= luck:
                continue
            for start in range(0, len(body), SECTOR):
                part = body[start : start + SECTOR]
                if luck == 1.0 or chance.random() < 0.8:
                    made.extend(bytes(max(0, offset + start - len(made))))
                    made[offset + start : offset + start + len(part)] = part
        return bytes(made)


class Machine(apsw.VFS):
    """A file system that loses power before its n-th write, sync, truncation or deletion."""

    def __init__(self, left: int) -> None:
        self.name = f"machine-{uuid.uuid4().hex}"
        self.left = left
        self.files: dict[str, Platter] = {}
        super().__init__(self.name, "")

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Off

    def xOpen(self, name: Any, flags: list[int]) -> "MachineFile":  # noqa: N802 - APSW's name
        return MachineFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - APSW's name
        self.spend()
        super().xDelete(filename, syncdir)
        self.files.pop(Path(filename).name, None)


class MachineFile(apsw.VFSFile):
    def __init__(self, machine: Machine, name: Any, flags: list[int]) -> None:
        self.machine = machine
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        there = path.read_bytes() if path.exists() else None
        self.platter = machine.files.setdefault(path.name, Platter(there))
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - APSW's name
        self.machine.spend()
        self.platter.since.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - APSW's name
        self.machine.spend()
        self.platter.since.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - APSW's name
        self.machine.spend()
        super().xSync(flags)
        self.platter.synced()


@dataclass(frozen=True)
class Home:
    """A real home's database, closed, and the key that its ledger is signed with."""

    image: bytes
    key: verify_standalone.Key


@pytest.fixture(scope="module")
def home(template_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    with homes.opened(homes.template(template_base, "sqlite"), tmp_path_factory.mktemp("power")) as world:
        vkey, path = world.house.verifier().vkey, world.house.config.path / "data.db"
        world.house.close()
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Home(path.read_bytes(), verify_standalone.Key(vkey))


def append(store: apsw.Connection, number: int) -> int:
    """The statements of `lanes.append`, one entry, one commit; answers its index."""
    store.execute("BEGIN IMMEDIATE")
    head: Any = store.execute(lanes._HEAD).fetchone()
    lane, size, frontier, last_leaf, last_t = head
    tree = Frontier.from_bytes(size, frontier)
    draft = Draft(event=ActFailed("test.power", f"E{number}"), actor="ann")
    body = encode(draft, lane=lane, index=size, at=last_t + 1, prior=last_leaf)
    leaf = leaf_hash(body)
    tree.push(leaf)
    store.execute(_marks(lanes._INSERT), (lane, size, leaf, body, draft.event.tag, last_t + 1, "ann", None))
    store.execute(_marks(lanes._ADVANCE), (tree.size, tree.root(), tree.to_bytes(), leaf, last_t + 1, lane))
    store.execute("COMMIT")
    return int(size)


def _marks(sql: str) -> str:
    return sql.replace("%s", "?")


def cut(home: Home, folder: Path, seed: int, synchronous: str) -> tuple[int, int]:
    """One machine from start to cut and back; answers how many appends were committed, and how many are lost."""
    chance = random.Random(seed)
    path = folder / f"{seed}.db"
    path.write_bytes(home.image)
    machine = Machine(chance.randrange(8, 130))
    committed: dict[int, int] = {}
    store = None
    try:
        store = apsw.Connection(str(path), vfs=machine.name)
        for pragma in str(settings._SQLITE_OPTIONS["init_command"]).split(";"):
            store.execute(pragma.replace("synchronous=FULL", f"synchronous={synchronous}"))
        store.execute(f"PRAGMA wal_autocheckpoint = {chance.choice([6, 30, 4000])}")
        for number in range(APPENDS):
            committed[append(store, number)] = number
    except (Off, apsw.Error):
        pass
    machine.left = 0
    luck = chance.choice([0.0, 0.3, 0.7, 0.95])
    after = {name: platter.image(luck, chance) for name, platter in machine.files.items()}
    if store is not None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(machine, "left", 1 << 30)
            store.close()
    machine.unregister()
    found = folder / "after"
    found.mkdir(exist_ok=True)
    for old in found.iterdir():
        old.unlink()
    for name, image in after.items():
        if image is not None:
            (found / name).write_bytes(image)
    for old in folder.glob(f"{seed}.db*"):
        old.unlink()
    return len(committed), _lost(found / path.name, home, committed)


def _lost(path: Path, home: Home, committed: dict[int, int]) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        bodies = dict(store.execute("SELECT idx, body FROM ledger_entry").fetchall())
        store.execute("BEGIN")
        assert verify_standalone.database(store, home.key)[0] == len(bodies)
    return sum(f'"E{number}"'.encode() not in bodies.get(index, b"") for index, number in committed.items())


def cuts(home: Home, folder: Path, count: int, synchronous: str) -> tuple[int, int]:
    done = [cut(home, folder, seed, synchronous) for seed in range(count)]
    return sum(one[0] for one in done), sum(one[1] for one in done)


@pytest.mark.check("ledger-10")
@pytest.mark.check("faults-R3")
def test_300_power_cuts_under_full_lose_nothing(home: Home, tmp_path: Path) -> None:
    committed, lost = cuts(home, tmp_path, CUTS, "FULL")
    assert committed > CUTS
    assert lost == 0


@pytest.mark.check("ledger-10")
@pytest.mark.check("faults-R3")
def test_the_same_cuts_under_normal_are_caught_losing(home: Home, tmp_path: Path) -> None:
    assert cuts(home, tmp_path, CONTROL, "NORMAL")[1] > 0


@pytest.mark.long
@pytest.mark.check("ledger-10")
def test_10_000_power_cuts_under_full_lose_nothing(home: Home, tmp_path: Path) -> None:
    assert cuts(home, tmp_path, LONG, "FULL")[1] == 0


class Disk:
    """What `custody.durable` does to a folder, call by call, and every state a power cut may leave."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder = folder
        self.durable: dict[str, bytes] = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.states: list[set[bytes | None]] = []
        self.names: dict[str, str] = {}
        self.content: dict[int, str] = {}
        self.synced: dict[str, bytes] = {}
        real = {name: getattr(os, name) for name in ("open", "write", "fsync")}

        def open_(path: Any, *more: Any) -> int:
            handle = int(real["open"](path, *more))
            self.content[handle] = Path(path).name if Path(path).is_file() else ""
            return handle

        def write(handle: int, body: bytes) -> int:
            self.snap()
            return int(real["write"](handle, body))

        def fsync(handle: int) -> None:
            self.snap()
            real["fsync"](handle)
            name = self.content[handle]
            if name:
                self.synced[name] = (folder / name).read_bytes()
            else:
                self.durable = {
                    path.name: self.synced.get(self.names.get(path.name, path.name), b"") for path in folder.iterdir()
                }
            self.snap()

        real_replace = Path.replace

        def replace(source: Path, target: Path) -> Path:
            self.snap()
            made = real_replace(source, target)
            self.names[Path(target).name] = Path(source).name
            self.snap()
            return made

        for name, patched in (("open", open_), ("write", write), ("fsync", fsync)):
            patch.setattr(os, name, patched)
        patch.setattr(Path, "replace", replace)

    def snap(self) -> None:
        """The file is what it durably was; once renamed, also what was synced of the new one, or torn if unsynced."""
        now = self.durable.get("head")
        states = {now}
        if "head" in self.names:
            states.add(self.synced.get(self.names["head"], b"torn"))
        self.states.append(states)


def test_a_small_file_is_its_old_or_its_new_whole_at_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "head").write_bytes(b"old")
    with monkeypatch.context() as patch:
        disk = Disk(patch, tmp_path)
        durable.write(tmp_path / "head", b"new")
    seen = set().union(*disk.states)
    assert seen == {b"old", b"new"}
    assert disk.durable["head"] == b"new"
