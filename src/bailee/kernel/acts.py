"""The two registries: acts change the world and say so; looks answer and change nothing."""

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from enum import Flag, IntEnum, auto
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from bailee.kernel.actors import Actor
from bailee.kernel.events import Event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx, View

A = TypeVar("A")
T = TypeVar("T")
E = TypeVar("E", bound=Event)


class Doors(Flag):
    """Through which doors an act or look may be reached."""

    CLI = auto()
    REST = auto()
    CONSOLE = auto()
    ALL = CLI | REST | CONSOLE
    LOCAL = CLI


class Danger(IntEnum):
    """What must be proved at every door before the act runs."""

    NONE = 0
    FRESH_FACTOR = 1
    SECOND_PERSON = 2


@dataclass(frozen=True, slots=True)
class Act(Generic[A, T]):
    """One way to change the world; `events` are the facts it may state."""

    name: str
    needs: Permission
    run: Callable[[Tx, Actor, A], Recorded[T, Event]]
    ask: type[A]
    value: Any
    events: tuple[type[Event], ...]
    doors: Doors
    danger: Danger
    says: str


@dataclass(frozen=True, slots=True)
class Look(Generic[A, T]):
    """One way to ask about the house; never about a customer's values (those come through the gate)."""

    name: str
    needs: Permission
    run: Callable[[View, Actor, A], T]
    ask: type[A]
    value: Any
    doors: Doors
    says: str


ACTS: Final[dict[str, Act[Any, Any]]] = {}
LOOKS: Final[dict[str, Look[Any, Any]]] = {}


def act(
    name: str, *, needs: Permission, doors: Doors = Doors.ALL, danger: Danger = Danger.NONE
) -> Callable[[Callable[[Tx, Actor, A], Recorded[T, E]]], Act[A, T]]:
    """Register an act; ask, value and event are read from its annotations.

    Args:
        name: `area.verb`, for ever.
        needs: the permission that `house.do` checks before it runs.
        doors: where it can be reached.
        danger: what every door must make sure of first.

    Raises:
        TypeError: at import, for a reused name, a missing annotation or docstring, an ask that is no dataclass.

    """

    def keep(run: Callable[[Tx, Actor, A], Recorded[T, E]]) -> Act[A, T]:
        hints = get_type_hints(run)
        ask = _ask(name, hints, ACTS)
        returns = hints.get("return")
        if get_origin(returns) is not Recorded:
            raise TypeError(f"act {name} returns no Recorded[value, event]")
        value, says = get_args(returns)
        events = get_args(says) or (says,)
        if not all(isinstance(kind, type) and issubclass(kind, Event) and kind is not Event for kind in events):
            raise TypeError(f"act {name} names no event of its own")
        made: Act[A, T] = Act(name, needs, run, ask, value, events, doors, danger, _first_line(name, run))
        ACTS[name] = made
        return made

    return keep


def look(
    name: str, *, needs: Permission, doors: Doors = Doors.ALL
) -> Callable[[Callable[[View, Actor, A], T]], Look[A, T]]:
    """Register a look; it gets the permission that a generated GET would otherwise lack."""

    def keep(run: Callable[[View, Actor, A], T]) -> Look[A, T]:
        hints = get_type_hints(run)
        ask = _ask(name, hints, LOOKS)
        if "return" not in hints:
            raise TypeError(f"look {name} says nothing of what it returns")
        made: Look[A, T] = Look(name, needs, run, ask, hints["return"], doors, _first_line(name, run))
        LOOKS[name] = made
        return made

    return keep


def _ask(name: str, hints: dict[str, Any], taken: dict[str, Any]) -> Any:
    if name in taken:
        raise TypeError(f"{name} is used twice")
    if name.count(".") != 1:
        raise TypeError(f"{name} is no `area.verb`")
    ask = hints.get("ask")
    if not (isinstance(ask, type) and is_dataclass(ask)):
        raise TypeError(f"{name}: its ask is no dataclass")
    return ask


def _first_line(name: str, run: Callable[..., Any]) -> str:
    said = (run.__doc__ or "").strip().splitlines()
    if not said:
        raise TypeError(f"{name} has no docstring")
    return said[0]
