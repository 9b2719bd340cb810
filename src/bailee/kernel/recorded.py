"""What an act gives back: its value, and the fact that goes on record."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from bailee.kernel.events import Event

T_co = TypeVar("T_co", covariant=True)
E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T_co, E_co]):
    """An act's value with its event; an act with nothing to say does not exist."""

    value: T_co
    event: E_co
    also: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryRef:
    """Where an entry stands: lane and index."""

    lane: int
    index: int

    def __str__(self) -> str:
        return f"{self.lane}/{self.index}"


@dataclass(frozen=True, slots=True)
class Done(Generic[T_co]):
    """What a door gets: the value, and the entry to cite."""

    value: T_co
    entry: EntryRef
