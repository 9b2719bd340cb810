"""A value that never shows itself: `.reveal()` is the one word to search for in review."""

import hmac
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Secret(Generic[T]):
    """Wrap a password, token or key so that print, logging, pickling and copying can't leak it."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Give the value out; the call site is the confession."""
        return self._value

    def __repr__(self) -> str:
        return "<Secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<Secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, its = (
            value if isinstance(value, bytes) else str(value).encode() for value in (self._value, other._value)
        )
        return hmac.compare_digest(mine, its)

    __hash__ = None  # type: ignore[assignment]  # a secret must not become a dictionary key
