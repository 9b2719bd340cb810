"""One strict reader for JSON, query strings, forms and the command line: bytes or text in, a checked ask out."""

import json
import re
import unicodedata
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from bailee.kernel.errors import Invalid

A = TypeVar("A")

BODY_MAX: Final = 1 << 20
DEPTH_MAX: Final = 8
_PLACE: Final = re.compile(r"`\$?([.\[\]\w…]*)`\Z")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9_.]+\Z")]
"""A key of the data map, a role or a purpose."""
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
"""A short text typed by a person: no control characters."""
Line = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
"""A longer single line, possibly empty."""
Id = Annotated[str, msgspec.Meta(min_length=36, max_length=36, pattern=r"^[0-9a-f-]{36}\Z")]
"""An id in the usual form."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""A whole number from 0."""
Instant = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""Microseconds UTC."""


def parse(body: bytes) -> Any:
    """Read one JSON text strictly.

    Raises:
        Invalid: `body-malformed` for a duplicate member, NaN, a byte order mark, a lone surrogate, depth beyond 8;
            `too-large` beyond 1 MiB.

    """
    if len(body) > BODY_MAX:
        raise Invalid("the body is larger than 1 MiB", code="too-large", hint="send less at once, or use a job")
    try:
        made = json.loads(body.decode("utf-8", "strict"), object_pairs_hook=_once, parse_constant=_never)
        json.dumps(made, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid("the body is not strict JSON", code="body-malformed", hint="send UTF-8 JSON") from error
    _shallow(made, DEPTH_MAX)
    return made


def read(value: Any, kind: type[A], *, strict: bool = True) -> A:
    """Turn parsed JSON (strict) or a dictionary of texts (not strict) into an ask.

    Raises:
        Invalid: naming the place in the ask, never the value.

    """
    _known(value, kind)
    try:
        return msgspec.convert(value, type=kind, strict=strict)
    except msgspec.ValidationError as error:
        raise Invalid(f"{_place(error)} breaks a rule", hint=_rule(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member twice")
    return made


def _never(_: str) -> Any:
    raise ValueError("not a JSON number")


def _shallow(value: Any, left: int) -> None:
    if isinstance(value, dict | list):
        if left == 0:
            raise Invalid(f"the body is nested deeper than {DEPTH_MAX}", code="body-malformed", hint="flatten it")
        for part in value.values() if isinstance(value, dict) else value:
            _shallow(part, left - 1)


def _known(value: Any, kind: Any) -> None:
    """Refuse unknown members, recursively: msgspec lets them pass for dataclasses."""
    if get_origin(kind) in {Union, UnionType, Annotated}:
        for part in get_args(kind):
            _known(value, part)
    elif isinstance(value, dict) and is_dataclass(kind):
        hints = get_type_hints(kind)
        names = {field.name for field in fields(kind)}
        if not value.keys() <= names:
            raise Invalid("the ask holds an unknown member", hint=f"it knows {', '.join(sorted(names))}")
        for name, part in value.items():
            _known(part, hints[name])
    elif isinstance(value, list | tuple):
        inner = [part for part in get_args(kind) if part is not Ellipsis] if get_origin(kind) is tuple else []
        for part in value:
            if inner:
                _known(part, inner[0])


def _place(error: Exception) -> str:
    found = _PLACE.search(str(error))
    return f"`{found.group(1).lstrip('.')}`" if found and found.group(1) else "the ask"


def _rule(error: Exception) -> str:
    said = str(error).split(" - at ")[0]
    return "" if "Invalid enum value" in said else unicodedata.normalize("NFC", said)[:120]
