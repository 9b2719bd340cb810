"""P5: reads through the gate, in process: each asked, decided, fetched, recorded durably and only then opened."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from django.db import connections

from bailee.kernel.sql import marks
from bailee.vault.words import Answer, Ask, Standing
from bench.company import Company
from bench.words import FLOOR, Batches, Shape, Table, Turn, calibrate

WAITING: Final = (1, 32, 256)
_TARGETS: Final = {32: 15_000.0}
_DURABLE: Final = "WAL, synchronous FULL; ours: the entry is on disk before anything is opened"
_ENTRY: Final = b"e" * 300


@dataclass(slots=True)
class Line:
    """A feeder with so many asks waiting at any time, answered by the gate's own thread."""

    company: Company
    who: str
    waiting: int
    why: str = "the feeder shares the process"
    asked: int = 0

    def turn(self, count: int) -> Turn:
        asks, gate = self.company.asks(count), self.company.gate
        self.asked += count
        waits: list[float] = []
        open_: deque[tuple[float, Future[Answer]]] = deque()
        begun = perf_counter()
        for ask in asks:
            if len(open_) == self.waiting:
                self._take(open_, waits)
            open_.append((perf_counter(), gate.ask(ask)))
        while open_:
            self._take(open_, waits)
        return Turn(count, perf_counter() - begun, waits)

    def calibrated(self, least: float) -> int:
        return calibrate(self, least, self.waiting)

    @staticmethod
    def _take(open_: deque[tuple[float, Future[Answer]]], waits: list[float]) -> None:
        since, promise = open_.popleft()
        promise.result()
        waits.append(perf_counter() - since)


def tables(company: Company) -> Iterator[Table]:
    """1, 32 and 256 asks at once."""
    for waiting in WAITING:
        yield _table(company, waiting, line=True)


def growing(company: Company) -> Iterator[Table]:
    """32 at once only."""
    yield _table(company, 32, line=False)


def _table(company: Company, waiting: int, *, line: bool) -> Table:
    answered = _Counted(company)
    ours = Batches(f"bailee, a batch of {waiting}", answered.batches(waiting), each=waiting)
    plain = Batches(
        f"{FLOOR}same SELECTs, one INSERT an ask, one commit; no policy, no seal, no entry",
        lambda count: [_bare(company, company.asks(waiting)) for _ in range(count)],
        each=waiting,
    )
    fed = Line(company, f"bailee, {waiting} waiting in line", waiting)

    def agree() -> list[str]:
        wrong = differences(company, 2 * waiting)
        answered.start()
        return wrong

    def settle() -> list[str]:
        return answered.differences(fed.asked)

    return Table(
        "gate.read",
        "read one customer, 2 fields of 2 categories, one masked",
        "op/s",
        [ours, *([fed] if line else []), plain],
        agree,
        settle,
        size=len(company.customers),
        concurrency=waiting,
        target=_TARGETS.get(waiting),
        durable=_DURABLE,
        shape=Shape.LOG,
    )


class _Counted:
    """Counts what was answered, to compare it with what was recorded."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._answers = 0
        self._before = 0

    def start(self) -> None:
        self._before, self._answers = self._entries(), 0

    def batches(self, waiting: int) -> Callable[[int], list[Callable[[], object]]]:
        def prepare(count: int) -> list[Callable[[], object]]:
            return [self._batch(self._company.asks(waiting)) for _ in range(count)]

        return prepare

    def _batch(self, asks: list[Ask]) -> Callable[[], object]:
        def call() -> None:
            self._answers += sum(isinstance(one, Answer) for one in self._company.gate.answer(asks))

        return call

    def differences(self, fed: int) -> list[str]:
        """One entry per answer: none missing, none too many."""
        recorded = self._entries() - self._before
        expected = self._answers + fed
        return [] if recorded == expected else [f"{expected} answers, but {recorded} entries"]

    def _entries(self) -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM ledger_entry WHERE tag = 600")
            found: int = cursor.fetchone()[0]
        return found


def differences(company: Company, count: int) -> list[str]:
    """Read some customers and compare with what was brought in, in the plain table."""
    wrong = []
    for start in range(0, count, 256):
        asks = company.asks(min(256, count - start))
        for ask, answer in zip(asks, company.gate.answer(asks), strict=True):
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT given_name, total FROM bench_plain WHERE id = %s", [ask.subjects[0]])
                given, total = cursor.fetchone()
            if not isinstance(answer, Answer):
                wrong.append(f"refused: {answer}")
                continue
            item = answer.items[0]
            shown = {name: one.text for record in item.records for name, one in record.values.items()}
            masked = given[0] + "•" * (len(given) - 1)
            if item.standing is not Standing.LIVE or shown != {
                "contact.given_name": masked,
                "billing.total": total,
            }:
                wrong.append(f"customer {ask.subjects[0].hex()}: another answer than what was brought in")
    return wrong


def _bare(company: Company, asks: list[Ask]) -> Callable[[], object]:
    """The gate's statements and nothing else."""
    subjects = list(dict.fromkeys(ask.subjects[0] for ask in asks))
    named = marks(len(subjects))
    inside = [0, 1, 2]

    def call() -> None:
        with company.house.opened() as tx, connections[tx.alias].cursor() as cursor:
            cursor.execute("SELECT epoch, (SELECT MAX(version) FROM map_version) FROM policy WHERE id = 1")
            cursor.fetchone()
            cursor.execute(
                f"SELECT id, collection, state, closing, version FROM subject WHERE id IN ({named})", subjects
            )
            cursor.fetchall()
            cursor.execute(
                "SELECT subject, id, category, version, schema, envelope FROM record "
                f"WHERE subject IN ({named}) AND category IN (%s, %s)",
                [*subjects, *inside[1:]],
            )
            cursor.fetchall()
            with connections["keys"].cursor() as keys:
                keys.execute(
                    "SELECT subject, category, version, epoch, wrapped FROM subject_key "
                    f"WHERE subject IN ({named}) AND category IN (%s, %s, %s)",
                    [*subjects, *inside],
                )
                keys.fetchall()
            cursor.execute(f"SELECT subject, kind, purpose FROM preference WHERE subject IN ({named})", subjects)
            cursor.fetchall()
            cursor.executemany("INSERT INTO bench_log (body) VALUES (%s)", [(_ENTRY,) for _ in asks])

    return call
