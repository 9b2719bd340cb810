"""What a benchmark is made of: turns, candidates, tables, and the measures that come out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from typing import Final, Literal, Protocol

FLOOR: Final = "floor: "
OURS: Final = "bailee"


class Shape(StrEnum):
    """How the time of one operation may grow with the size of the store."""

    FLAT = "flat"
    LOG = "log"
    LINEAR = "linear"


class Ran(StrEnum):
    """How a line of a table came out."""

    OK = "ok"
    WRONG = "wrong answer"
    NOT_RUN = "not run"


Unit = Literal["us/op", "op/s", "MB", "s"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of a table; `wrong` above 0 means that no time is printed."""

    path: str
    who: str
    unit: Unit
    size: int
    concurrency: int
    median: float
    low: float
    high: float
    p50_us: float | None
    p99_us: float | None
    p999_us: float | None
    rounds: int
    wrong: int
    ran: Ran
    why: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a candidate: how many operations, how long, and how long each waiter waited where that is known."""

    count: int
    seconds: float
    waits: list[float] = field(default_factory=list)


class Candidate(Protocol):
    """One of those who do the same work."""

    @property
    def who(self) -> str: ...

    @property
    def why(self) -> str:
        """A known handicap or advantage, said under the table."""
        ...

    def turn(self, count: int) -> Turn:
        """Do about `count` operations and answer how many, and how long they took."""
        ...

    def calibrated(self, least: float) -> int:
        """How many operations a turn of at least `least` seconds has."""
        ...


@dataclass(slots=True)
class Loop:
    """A candidate whose operation is one call in this process, done `count` times in a row."""

    who: str
    work: Callable[[], object]
    why: str = ""
    each: int = 1
    """Operations per call, for a call that does a batch."""

    def turn(self, count: int) -> Turn:
        calls = max(1, count // self.each)
        work = self.work
        begun = perf_counter()
        for _ in range(calls):
            work()
        return Turn(calls * self.each, perf_counter() - begun)

    def calibrated(self, least: float) -> int:
        return calibrate(self, least, self.each)


@dataclass(slots=True)
class Batches:
    """A candidate that is handed prepared input: what the turn needs is made before the clock starts."""

    who: str
    prepare: Callable[[int], list[Callable[[], object]]]
    why: str = ""
    each: int = 1
    fixed: int | None = None
    """Operations per turn, where the work uses something up."""
    alone: bool = False
    """Every call is one waiter's wait."""

    def turn(self, count: int) -> Turn:
        calls = self.prepare(max(1, count // self.each))
        waits = []
        begun = perf_counter()
        for call in calls:
            before = perf_counter()
            call()
            waits.append(perf_counter() - before)
        return Turn(len(calls) * self.each, perf_counter() - begun, waits if self.alone or self.each > 1 else [])

    def calibrated(self, least: float) -> int:
        return self.fixed if self.fixed is not None else calibrate(self, least, self.each)


@dataclass(frozen=True, slots=True)
class Absent:
    """A candidate that can't be started, and why."""

    who: str
    why: str

    def turn(self, count: int) -> Turn:  # noqa: ARG002 - never run
        raise RuntimeError(f"{self.who} is not run")

    def calibrated(self, least: float) -> int:  # noqa: ARG002 - never run
        raise RuntimeError(f"{self.who} is not run")


def calibrate(candidate: Candidate, least: float, step: int = 1) -> int:
    """Find how many operations take at least `least` seconds."""
    count = step
    while True:
        made = candidate.turn(count)
        if made.seconds >= least:
            return made.count
        grow = 2.0 if made.seconds <= 0 else min(16.0, max(1.3, 1.2 * least / made.seconds))
        count = max(count + step, int(count * grow) // step * step)


@dataclass(slots=True)
class Table:
    """Candidates for the same work, with what they must agree upon before and after they are timed."""

    path: str
    title: str
    unit: Unit
    candidates: list[Candidate]
    agree: Callable[[], list[str]]
    """Asks everybody the same and names the differences."""
    settle: Callable[[], list[str]] = list
    """What must hold afterwards, such as one entry per answer."""
    size: int = 0
    concurrency: int = 1
    target: float | None = None
    """What our first line should reach: at most, in us/op; at least, in op/s."""
    durable: str = ""
    shape: Shape = Shape.FLAT
    server: bool = False
