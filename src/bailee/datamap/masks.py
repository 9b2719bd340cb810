"""Masks: the part of a value that a person may see who may not see it all.

A mask shows what its name says and never more: a value too short to hide its rest shows nothing.
"""

import re
import unicodedata
from typing import Final

from bailee.datamap.types import Value, text_of

MASKS: Final = ("hidden", "initial", "email", "last2", "last4", "city", "year", "none")
_DOT: Final = "•"
_HIDDEN: Final = _DOT * 3
_NO_END: Final = _DOT * 4
_DAY: Final = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}")


def mask(kind: str, value: Value) -> str:
    """Show a value through one of `MASKS`: `j•••@e•••.org`, `•••• 0100`, `J•• d• V••••`.

    Args:
        kind: a word of `MASKS`.
        value: a value as `FieldType.parse` gave it; one that the mask does not fit is hidden whole.

    Raises:
        ValueError: for an unknown mask, naming the mask only.

    """
    match kind:
        case "hidden":
            return _HIDDEN
        case "initial":
            return _initials(value)
        case "email":
            return _email(value)
        case "last2":
            return _end(value, 2)
        case "last4":
            return _end(value, 4)
        case "city":
            return (value.get("city") if isinstance(value, dict) else None) or _HIDDEN
        case "year":
            day = _DAY.fullmatch(value) if isinstance(value, str) else None
            return day[1] if day else _HIDDEN
        case "none":
            return text_of(value)
    raise ValueError(f"there is no mask {kind!r}")


def present() -> str:
    """Answer for a value that may be known to exist and no more."""
    return "on file"


def _initials(value: Value) -> str:
    """First letter of each word, and a dot for every other; a word of one letter would be shown whole, so it is not."""
    words = [shown for word in value.split() if (shown := _initial(word))] if isinstance(value, str) else []
    return " ".join(words) or _HIDDEN


def _initial(word: str) -> str:
    letters = _letters(word)
    first = letters[0] if len(letters) > 1 and letters[0][0].isalnum() else _DOT
    return first + _DOT * (len(letters) - 1) if letters else ""


def _letters(word: str) -> list[str]:
    """Split into letters, each with its combining marks; invisible signs count as nothing."""
    letters: list[str] = []
    for sign in word:
        kind = unicodedata.category(sign)
        if kind.startswith("M") and letters:
            letters[-1] += sign
        elif not kind.startswith(("M", "C")):
            letters.append(sign)
    return letters


def _email(value: Value) -> str:
    """Always three dots, so that the length of name and domain stays unknown."""
    name, at, domain = value.rpartition("@") if isinstance(value, str) else ("", "", "")
    host, dot, top = domain.rpartition(".")
    if not (name and at and domain):
        return _HIDDEN
    if not dot or not host or not top.replace("-", "").isalnum() or top.isdigit():
        host, top = domain, ""
    return f"{_first(name)}{_HIDDEN}@{_first(host)}{_HIDDEN}{'.' + top if top else ''}"


def _first(text: str) -> str:
    return text[0] if text[0].isalnum() else ""


def _end(value: Value, count: int) -> str:
    """The last letters and digits, of a value at least twice as long."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return _NO_END
    signs = [sign for sign in str(value) if sign.isalnum()]
    return f"{_NO_END} {''.join(signs[-count:])}" if len(signs) >= 2 * count else _NO_END
