"""Personal keys and API keys: `bailee_<env>_<id>_<secret>_<check>`, found by scanners, checked before any look-up."""

import hmac
import os
import re
import zlib
from dataclasses import dataclass
from typing import Final, Literal

from bailee.kernel.errors import Denied
from bailee.kernel.secret import Secret

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ENV: Final = re.compile(r"[a-z]{1,16}")
_TOKEN: Final = re.compile(r"(bailee_([a-z]{1,16})_([0-9A-Za-z]{12})_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})")


@dataclass(frozen=True, slots=True)
class Token:
    """A key as its owner holds it: `env` and `id` may be shown, `text` is the whole of it."""

    env: str
    id: str
    text: Secret[str]


def make(env: str) -> Token:
    """Draw a new key: 71 random bits of id, 256 of secret.

    Args:
        env: where it is good for, such as `live` or `test`: 1 to 16 small letters.

    Raises:
        ValueError: another kind of `env`.

    """
    if not _ENV.fullmatch(env):
        raise ValueError("env is 1 to 16 small letters")
    name = _base62(int.from_bytes(os.urandom(16), "big") % 62**12, 12)
    body = f"bailee_{env}_{name}_{_base62(int.from_bytes(os.urandom(32), 'big'), 43)}"
    return Token(env, name, Secret(f"{body}_{_check(body)}"))


def parse(written: str) -> Token:
    """Read a key as pasted; its checksum catches typing errors without a look-up, and proves nothing.

    Raises:
        Denied: `credential-invalid`: not a key of this house's form.

    """
    found = _TOKEN.fullmatch(written)
    if not found or _check(found[1]) != found[4]:
        raise _invalid()
    return Token(found[2], found[3], Secret(written))


def mac(pepper: bytes, token: Token) -> bytes:
    """Give what is kept of a key (32 bytes): HMAC-SHA-256 under the house's pepper; the key can't be read from it.

    Args:
        pepper: a system key, 32 bytes.
        token: as parsed.

    """
    return hmac.digest(pepper, token.text.reveal().encode(), "sha256")


def check(pepper: bytes, token: Token, kept: bytes) -> Literal[True]:
    """Compare a key with what was kept of it, in constant time: True, or `Denied` with `credential-invalid`."""
    if not hmac.compare_digest(mac(pepper, token), kept):
        raise _invalid()
    return True


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), 6)


def _base62(number: int, width: int) -> str:
    signs = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        signs.append(_ALPHABET[digit])
    return "".join(reversed(signs))


def _invalid() -> Denied:
    return Denied(
        "that key is not valid", hint="copy the whole key, or ask an owner for a new one", code="credential-invalid"
    )
