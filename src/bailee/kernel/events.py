"""Events: facts with a tag for ever, allowed field types only, and a declaration of what they know about customers."""

import dataclasses
import types
from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from bailee.kernel.canon import b64u

Alias = NewType("Alias", bytes)

TEXT_MAX: Final = 200
BYTES_MAX: Final = 64
TUPLE_MAX: Final = 256
_SAFE: Final = 2**53 - 1

Shred = Literal["alias"] | None


class Event:
    """Base of every fact; a subclass is a frozen dataclass made with `@event`."""

    tag: ClassVar[int]
    name: ClassVar[str]
    says: ClassVar[str]
    shred: ClassVar[Shred]

    __slots__ = ()


E = TypeVar("E", bound=type[Event])

KINDS: Final[dict[int, type[Event]]] = {}
_NAMES: Final[dict[str, type[Event]]] = {}


def event(*, tag: int, name: str, says: str, shred: Shred) -> Callable[[E], E]:
    """Give a fact its number and name for ever.

    Args:
        tag: unique over all released versions; blocks per area in docs/formats/events.md.
        name: dotted, as doors and subscribers see it.
        says: one English sentence with `{field}` places.
        shred: "alias" if the fact mentions a customer by pseudonym, None if it knows nobody.

    Raises:
        TypeError: tag or name used twice, a field of a forbidden type, a sentence with an unknown field.

    """

    def keep(kind: E) -> E:
        if tag in KINDS:
            raise TypeError(f"tag {tag} belongs to {KINDS[tag].__name__}")
        if name in _NAMES:
            raise TypeError(f"event {name} belongs to {_NAMES[name].__name__}")
        if not dataclasses.is_dataclass(kind):
            raise TypeError(f"event {name} is no dataclass")
        kind.tag, kind.name, kind.says, kind.shred = tag, name, says, shred
        hints = get_type_hints(kind)
        for field in dataclasses.fields(kind):
            _allowed(hints[field.name], f"{name}.{field.name}")
        says.format_map({field.name: "" for field in dataclasses.fields(kind)})
        KINDS[tag] = _NAMES[name] = kind
        return kind

    return keep


def _allowed(hint: Any, where: str) -> None:
    if isinstance(hint, NewType):
        hint = hint.__supertype__
    origin = get_origin(hint)
    if origin is tuple:
        for part in get_args(hint):
            if part is not Ellipsis:
                _allowed(part, where)
        return
    if origin in {Union, types.UnionType}:
        for part in get_args(hint):
            if part is not type(None):
                _allowed(part, where)
        return
    if isinstance(hint, type) and (hint in {bool, int, str, bytes} or issubclass(hint, StrEnum)):
        return
    raise TypeError(f"{where}: an event holds flags, integers, machine words, short bytes and tuples of these")


def payload(fact: Event) -> dict[str, Any]:
    """Turn an event into its canonical object; absent fields are left out, bytes are base64url.

    Raises:
        TypeError: a value out of its bounds (200 characters, 64 bytes, 256 parts, 2^53-1).

    """
    made: dict[str, Any] = {}
    for name in _field_names(type(fact)):
        value = getattr(fact, name)
        if value is not None:
            made[name] = _plain(value, type(fact).name)
    return made


_FIELDS: Final[dict[type[Event], tuple[str, ...]]] = {}


def _field_names(kind: type[Event]) -> tuple[str, ...]:
    known = _FIELDS.get(kind)
    if known is None:
        known = _FIELDS[kind] = tuple(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]  # every event is a dataclass: `event` checks
    return known


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, str):
        if len(value) > TEXT_MAX or not value.isprintable():
            raise TypeError(f"event {name}: a text longer than {TEXT_MAX} characters, or with control characters")
        return str(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -_SAFE <= value <= _SAFE:
            raise TypeError(f"event {name}: an integer beyond 2^53-1")
        return value
    if isinstance(value, bytes):
        if len(value) > BYTES_MAX:
            raise TypeError(f"event {name}: more than {BYTES_MAX} bytes")
        return b64u(value)
    if isinstance(value, tuple):
        if len(value) > TUPLE_MAX:
            raise TypeError(f"event {name}: more than {TUPLE_MAX} parts")
        return [_plain(part, name) for part in value]
    raise TypeError(f"event {name}: {type(value).__name__} is not allowed")


def sentence(tag: int, facts: dict[str, Any]) -> str:
    """Fill an event's English sentence from a stored payload; an unknown tag is named, never guessed."""
    kind = KINDS.get(tag)
    if kind is None:
        return f"event {tag}, of a newer version"
    shown = dict.fromkeys(_field_names(kind), "-")
    for name, value in facts.items():
        shown[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return kind.says.format_map(shown)
