"""Canonical bytes: RFC 8785 JSON without floats and nulls, and length-prefixed parts."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_SAFE: Final = 2**53 - 1


def encode(value: dict[str, Any]) -> bytes:
    """Encode a checked object (see `check`) in canonical form: keys sorted, no white space.

    msgspec sorts by code point and RFC 8785 by UTF-16 unit; both agree on the ASCII keys that `check` demands.
    """
    return _ENCODER.encode(value)


def check(value: Any) -> None:
    """Refuse what the canonical form has no bytes for: null, floats, integers beyond 2^53-1, non-ASCII keys.

    Raises:
        TypeError: naming the offending type, never the value.

    """
    if isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > _SAFE:
            raise TypeError("an integer beyond 2^53-1 has no canonical form")
    elif isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise TypeError("a key of a canonical object is ASCII text")
            check(part)
    elif isinstance(value, list | tuple):
        for part in value:
            check(part)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form")


def parts(pieces: Iterable[bytes]) -> bytes:
    """Join pieces injectively: each behind its length as 4 bytes, big-endian."""
    return b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)


def b64u(raw: bytes) -> str:
    """Write bytes as base64url without padding (RFC 4648, 5)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64u(written: str) -> bytes:
    """Read base64url without padding; `ValueError` if it is not the one canonical spelling."""
    raw = urlsafe_b64decode(written + "=" * (-len(written) % 4))
    if b64u(raw) != written:
        raise ValueError("not canonical base64url")
    return raw
