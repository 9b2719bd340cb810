"""What a thief does with a stolen copy: searches every byte, tries every string in it as a key, starts the program.

The copy is taken while the home is open, as a thief, a backup or a lost disk has it; nothing here asks the house.
"""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b, md5, sha1, sha256, sha512
from importlib import resources
from pathlib import Path
from typing import Final

from bailee.crypto.keys import EpochKey
from bailee.kernel import ids
from bailee.kernel.ids import SubjectId

HEAD: Final = 4
SHORTEST: Final = 6
PIECE: Final = 16
_DIGITS: Final = 7
_KEY: Final = 32
_PATIENCE: Final = 60
VERIFIER: Final = Path(str(resources.files("bailee.ledger") / "verify_standalone.py"))

# -- words


@dataclass(frozen=True, slots=True)
class Haul:
    """What a search found: how many values of each kind, of how many; in how many files and bytes."""

    found: Mapping[str, int]
    sought: Mapping[str, int]
    spellings: int
    files: int
    size: int
    which: frozenset[tuple[str, str]] = field(repr=False)

    @property
    def hits(self) -> int:
        return sum(self.found.values())

    @property
    def values(self) -> int:
        return sum(self.sought.values())


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the program ended that the thief started on the copy."""

    status: int
    said: str

    @property
    def refusal(self) -> str:
        """The reason it gave, in its words."""
        lines = (line.removeprefix("error: ") for line in self.said.splitlines() if line.startswith("error: "))
        return re.sub(r"^bailee\.E[0-9]+ ", "", next(lines, "refused"))


# -- the bytes


def steal(home: Path, to: Path) -> Path:
    """Copy a home as it lies on the disk, write-ahead logs and all; what lies beside it stays behind.

    In a process of its own: where a process closes a file, the locks that SQLite holds on it in the same process end.
    """
    _started([sys.executable, "-I", "-c", _COPY, str(home), str(to)])
    return to


def spellings(value: str) -> frozenset[bytes]:
    """Ways in which a value may lie in a file: any case, UTF-16, hexadecimal, digits alone; long texts in pieces."""
    starts = range(0, len(value) - PIECE + 1, PIECE)
    pieces = [value[at : at + PIECE] for at in starts] if len(value) > 2 * PIECE else [value]
    made: set[bytes] = set()
    for one in pieces:
        for text in (one, one.lower(), one.upper()):
            made |= {text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()}
    digits = "".join(sign for sign in value if sign.isdigit())
    if len(digits) >= _DIGITS and not any(sign.isalpha() for sign in value):
        made.add(digits.encode())
    return frozenset(one for one in made if len(one) >= SHORTEST)


def search(place: Path, planted: Mapping[str, Iterable[str]]) -> Haul:
    """Look for every spelling of every value in every byte of a file or folder."""
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    return search_bytes((path.read_bytes() for path in files), planted)


def search_bytes(pieces: Iterable[bytes], planted: Mapping[str, Iterable[str]]) -> Haul:
    """Look for every spelling of every value in some bytes; a piece counts as a file."""
    wanted: dict[bytes, dict[bytes, list[tuple[str, str]]]] = {}
    sought: dict[str, int] = {}
    count = 0
    for kind, values in planted.items():
        sought[kind] = len(set(values))
        for value in set(values):
            for spelled in spellings(value):
                count += 1
                wanted.setdefault(spelled[:HEAD], {}).setdefault(spelled, []).append((kind, value))
    heads = {int.from_bytes(head, sys.byteorder): head for head in wanted}
    found: set[tuple[str, str]] = set()
    files, size = 0, 0
    for data in pieces:
        files, size = files + 1, size + len(data)
        for at, head in _met(data, heads):
            for spelled, meant in wanted[head].items():
                if data.startswith(spelled, at):
                    found.update(meant)
    by_kind = {kind: sum(1 for one, _ in found if one == kind) for kind in sought}
    return Haul(by_kind, sought, count, files, size, frozenset(found))


def _met(data: bytes, heads: Mapping[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """Every place at which one of these beginnings stands; read four bytes at a time, from each of four starts."""
    for start in range(HEAD):
        whole = (len(data) - start) // HEAD * HEAD
        if whole > 0:
            words = memoryview(data)[start : start + whole].cast("I")
            yield from [(start + HEAD * at, heads[word]) for at, word in enumerate(words) if word in heads]


# -- the keys


def strings(keys_db: Path) -> Iterator[bytes]:
    """Every run of 32 bytes in every value of a stolen key store."""
    for value in _values(keys_db):
        raw = value if isinstance(value, bytes) else str(value).encode()
        yield from (raw[at : at + _KEY] for at in range(len(raw) - _KEY + 1))


def fits(candidates: Iterable[bytes], keys_db: Path, house: bytes, category: int) -> tuple[int, int]:
    """Try candidates as the key of a category: how many were tried, and how many fit its check value."""
    database = sqlite3.connect(keys_db)
    number, known = database.execute(
        "SELECT number, kcv FROM epoch WHERE category = ? ORDER BY number DESC LIMIT 1", [category]
    ).fetchone()
    database.close()
    tried, fit = 0, 0
    for one in candidates:
        tried += 1
        fit += EpochKey(one, house, category, number).kcv == known
    return tried, fit


def digests(value: str) -> frozenset[bytes]:
    """The digests that a careless index would keep of a value: anybody can compute them again."""
    made = set()
    for text in (value, value.lower()):
        for how in (md5, sha1, sha256, sha512, blake2b):
            whole = how(text.encode(), usedforsecurity=False).digest()
            made |= {whole, whole[:16], whole[:20], whole[:8]}
    return frozenset(made)


def index_rows(data_db: Path) -> list[bytes]:
    """What a stolen index holds in place of values."""
    database = sqlite3.connect(data_db)
    rows = [bytes(row[0]) for row in database.execute("SELECT digest FROM unique_index")]
    database.close()
    return rows


def _values(path: Path) -> Iterator[object]:
    database = sqlite3.connect(path)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        quoted = '"' + name.replace('"', '""') + '"'
        # ast-grep-ignore: sql-is-constant - the thief's own connection to a stolen file; names come from that file
        for row in database.execute(f"SELECT * FROM {quoted}"):
            yield from (value for value in row if value is not None)
    database.close()


# -- programs


def run(home: Path, key_file: Path, *words: str) -> Attempt:
    """Start our own program on a stolen home, with a key file that was stolen too."""
    return _started([sys.executable, "-I", "-m", "bailee", "--home", str(home), "--key-file", str(key_file), *words])


def reveal(subject: SubjectId, field: str) -> tuple[str, ...]:
    """The words with which a clerk asks for one field of a customer in the clear."""
    return ("customer", "reveal", ids.text(subject), "--purpose", "billing", "--fields", field, "--allow-pipe")


def verify(*words: str) -> Attempt:
    """Start the stand-alone verifier, as somebody outside would who has this one file and the public key."""
    return _started([sys.executable, "-I", str(VERIFIER), *words])


def _started(words: list[str]) -> Attempt:
    left = {name: value for name, value in os.environ.items() if not name.startswith(("BAILEE_", "DJANGO_"))}
    done = subprocess.run(  # noqa: S603 - our own programs, with words of our own
        words, env=left, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    return Attempt(done.returncode, done.stdout + done.stderr)


_COPY: Final = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2])"


# -- sabotage


@contextmanager
def jammed(data_db: Path) -> Iterator[None]:
    """Hold the lock of a living store, so that nobody else can write to it."""
    database = sqlite3.connect(data_db, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.rollback()
        database.close()


def settle(store: Path) -> None:
    """Fold the write-ahead log of a stolen store into its file."""
    database = sqlite3.connect(store)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def forge(data_db: Path, index: int) -> None:
    """Change one byte of one entry in a stolen ledger: the last digit of its time, right in the file."""
    settle(data_db)
    database = sqlite3.connect(data_db)
    (body,) = database.execute("SELECT body FROM ledger_entry WHERE idx = ?", [index]).fetchone()
    database.close()
    raw = bytearray(data_db.read_bytes())
    at = raw.find(body)
    digit = at + bytes(body).index(b'"t":') + 4 + 15
    raw[digit] = ord("0") + (raw[digit] - ord("0") + 1) % 10
    data_db.write_bytes(raw)
