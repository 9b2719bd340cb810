"""The only source of time: microseconds since 1970, UTC, as an integer."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NewType, Protocol

Micros = NewType("Micros", int)

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time; handed down as an argument, never looked up."""

    def now(self) -> Micros: ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> Micros:
        return Micros(time.time_ns() // 1000)


class FrozenClock:
    """A clock for tests and replays that moves only when told to."""

    def __init__(self, at: Micros) -> None:
        self.at = at

    def now(self) -> Micros:
        return self.at

    def forward(self, micros: int) -> None:
        self.at = Micros(self.at + micros)


def micros(at: datetime) -> Micros:
    """Turn an aware datetime into microseconds; a naive one is a programming error."""
    if at.tzinfo is None:
        raise TypeError("a time without a zone is ambiguous")
    return Micros((at - _EPOCH) // timedelta(microseconds=1))


def moment(at: int) -> datetime:
    """Turn microseconds into an aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=at)


def iso(at: int) -> str:
    """Write microseconds as RFC 3339 in UTC, to the second."""
    return moment(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def stopwatch() -> Callable[[], float]:
    """Start measuring; each call answers the seconds since."""
    begun = time.perf_counter()
    return lambda: time.perf_counter() - begun
