"""P12: append entries in batches, and verify a whole ledger with the stand-alone verifier."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from django.db import connections

from bailee.ledger import lanes
from bailee.ledger.entries import Draft
from bailee.vault.facts import DataRead
from bench.company import Company
from bench.words import FLOOR, Absent, Batches, Candidate, Shape, Table, Turn

_EACH: Final = 256
_INSERT: Final = (
    "INSERT INTO bench_entry (lane, idx, leaf, body, tag, t, actor, alias) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)


def tables(company: Company) -> Iterator[Table]:
    """Append, then verify what is there."""
    yield _append(company)
    yield _verify(company)


def growing(company: Company) -> Iterator[Table]:
    """Appending only: verifying all is linear, and says so in entries per second."""
    yield _append(company)


def _append(company: Company) -> Table:
    from bailee.kernel.guard import GUARD

    with GUARD.asleep(), connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bench_entry (lane INTEGER, idx INTEGER, leaf BLOB, body BLOB, tag INTEGER, "
            "t INTEGER, actor TEXT, alias BLOB, PRIMARY KEY (lane, idx)) WITHOUT ROWID"
        )
        cursor.execute("CREATE INDEX IF NOT EXISTS bench_entry_actor ON bench_entry (actor, t)")
        cursor.execute("SELECT COALESCE(MAX(idx), 0) FROM bench_entry")
        place = iter(range(cursor.fetchone()[0] + 1, 1 << 60))
    wanted = [0]
    before = [_size()]

    def ours(count: int) -> list[Callable[[], object]]:
        return [_call(_drafts(company)) for _ in range(count)]

    def _call(drafts: list[Draft]) -> Callable[[], object]:
        def call() -> None:
            with company.house.opened() as tx:
                lanes.append(tx, drafts)
            wanted[0] += len(drafts)

        return call

    def bare(count: int) -> list[Callable[[], object]]:
        return [
            _plain([(0, next(place), b"l" * 32, b"b" * 300, 600, 1, "actor", b"a" * 16) for _ in range(_EACH)])
            for _ in range(count)
        ]

    def _plain(rows: list[tuple[Any, ...]]) -> Callable[[], object]:
        def call() -> None:
            with company.house.opened() as tx, connections[tx.alias].cursor() as cursor:
                cursor.executemany(_INSERT, rows)

        return call

    def settle() -> list[str]:
        grown = _size() - before[0]
        return [] if grown == wanted[0] else [f"{wanted[0]} entries were appended, the lane grew by {grown}"]

    return Table(
        "ledger.append",
        f"append entries, {_EACH} to a commit: number, encode, hash, tree, insert",
        "op/s",
        [
            Batches("bailee", ours, each=_EACH),
            Batches(f"{FLOOR}INSERT of rows of the same width and index, no hashes", bare, each=_EACH),
        ],
        settle,
        settle,
        size=len(company.customers),
        concurrency=_EACH,
        target=100_000.0,
        durable="WAL, synchronous FULL",
        shape=Shape.LOG,
    )


def _drafts(company: Company) -> list[Draft]:
    return [
        Draft(
            event=DataRead(),
            actor=ask.actor.id,
            session=ask.actor.session,
            alias=None,
            categories=(1, 2),
            clear=(7,),
            masked=(1,),
            purpose="billing",
            epoch=1,
            request="0123456789ab",
        )
        for ask in company.asks(_EACH)
    ]


class _Verifier:
    """Verifies the whole database file; one turn is one verification, whatever its size."""

    why = "signatures included; one process, one core"

    def __init__(self, company: Company) -> None:
        from bailee.ledger import verify_standalone

        self._module = verify_standalone
        self._file = Path(connections["default"].settings_dict["NAME"])
        self._vkey = company.house.signer.vkey
        self.who = "bailee, `verify_standalone` on the data file"

    def said(self) -> str:
        return self._module.verify(self._file, self._module.Key(self._vkey))

    def turn(self, count: int) -> Turn:  # noqa: ARG002 - all there is, in one turn
        begun = perf_counter()
        said = self.said()
        return Turn(int(said.split()[1]), perf_counter() - begun)

    def calibrated(self, least: float) -> int:  # noqa: ARG002 - it takes as long as it takes
        return 1


class _Reading:
    """The floor of verifying: read all bodies and hash them once."""

    who = f"{FLOOR}SELECT all bodies, SHA-256 of each"
    why = ""

    def turn(self, count: int) -> Turn:  # noqa: ARG002 - all there is, in one turn
        from hashlib import sha256

        begun, seen = perf_counter(), 0
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT body FROM ledger_entry ORDER BY lane, idx")
            while rows := cursor.fetchmany(2_000):
                seen += len(rows)
                for row in rows:
                    sha256(row[0]).digest()
        return Turn(seen, perf_counter() - begun)

    def calibrated(self, least: float) -> int:  # noqa: ARG002 - it takes as long as it takes
        return 1


def _verify(company: Company) -> Table:
    made: list[Candidate] = []
    verifier: _Verifier | None = None
    try:
        verifier = _Verifier(company)
        made.append(verifier)
    except ImportError as error:
        made.append(Absent("bailee, `verify_standalone`", str(error)))

    def agree() -> list[str]:
        company.house.sign()
        if verifier is None:
            return []
        said = verifier.said()
        return [] if said.startswith(f"OK {_size()} ") else [f"the verifier says {said}, the lane has {_size()}"]

    return Table(
        "ledger.verify",
        "verify every entry, the tree and its signed checkpoints",
        "op/s",
        [*made, _Reading()],
        agree,
        size=len(company.customers),
        target=200_000.0,
        shape=Shape.LINEAR,
    )


def _size() -> int:
    head = lanes.head()
    return 0 if head is None else head.size
