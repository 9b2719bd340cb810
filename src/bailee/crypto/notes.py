"""Signed notes, checkpoints and cosignatures, as c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature say.

Only Ed25519 (RFC 8032): type 01 signs the text, type 04 the text and a time.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bailee.crypto.context import demand
from bailee.crypto.tree import EMPTY, HASH
from bailee.kernel.errors import Invalid, Unreadable

ED25519: Final = 1
COSIGNATURE: Final = 4

_DASH: Final = "\u2014 "
_SIGNATURES: Final = 64  # the format wants at least 16
_LENGTH: Final = 1 << 20
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Give the 4 bytes that tell keys of one name apart: SHA-256(name ‖ 0A ‖ type ‖ public key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes((kind,)) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Signature:
    """A verified signature line; `at` is the time of a cosignature in seconds since 1970, else none."""

    name: str
    kind: int
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that is trusted to sign notes."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def from_vkey(cls, vkey: str) -> "Verifier":
        """Read a key as written in configuration: `name+8 hex digits+base64(type ‖ public key)`.

        Raises:
            Invalid: not that form, a type other than 01 and 04, or digits that do not fit the key.

        """
        name, _, rest = vkey.partition("+")
        shown, _, packed = rest.partition("+")
        raw = _unbase64(packed)
        _check_name(name)
        if len(raw) != 33 or raw[0] not in {ED25519, COSIGNATURE} or not _KEY_ID.fullmatch(shown):
            raise _malformed("that is no verifier key for Ed25519")
        if key_id(name, raw[0], raw[1:]).hex() != shown:
            raise _malformed("the key id does not fit the key; copy it again")
        return cls(name, raw[0], raw[1:])

    @property
    def vkey(self) -> str:
        """Write the key as configuration holds it."""
        return _vkey(self.name, self.kind, self.public)

    @property
    def id(self) -> bytes:
        """Give the key id, 4 bytes."""
        return key_id(self.name, self.kind, self.public)


class Signer:
    """A private key that signs notes under its name.

    Args:
        name: schema-less URL such as `vault.example/ledger`, without white space and plus.
        seed32: private key, 32 random bytes.

    """

    __slots__ = ("_key", "name", "public")

    def __init__(self, name: str, seed32: bytes) -> None:
        _check_name(name)
        demand("seed", seed32, 32)
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(seed32)
        self.public = self._key.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        """Write the public half for those who verify notes of this key."""
        return _vkey(self.name, ED25519, self.public)

    @property
    def cosigner_vkey(self) -> str:
        """Write the public half for those who verify cosignatures of this key."""
        return _vkey(self.name, COSIGNATURE, self.public)

    def named(self, name: str) -> "Signer":
        """Give the same key another name, such as `<origin>/receipt`."""
        return Signer(name, self._key.private_bytes_raw())

    def sign(self, text: str) -> str:
        """Make a note: the text, a blank line, one signature line.

        Raises:
            Invalid: the text does not end with a newline, or holds a control character.

        """
        return f"{text}\n{self.line(text)}"

    def line(self, text: str) -> str:
        """Sign a text and give only the line, to stand under a note that others sign too."""
        signature = self._key.sign(_text_bytes(text))
        return _line(self.name, key_id(self.name, ED25519, self.public) + signature)

    def cosign(self, text: str, at: int) -> str:
        """Cosign a checkpoint's text as a witness and give the line (cosignature/v1).

        Args:
            text: the checkpoint without signatures.
            at: seconds since 1970, below 2^63.

        """
        signature = self._key.sign(_cosigned(_text_bytes(text), at))
        return _line(self.name, key_id(self.name, COSIGNATURE, self.public) + at.to_bytes(8, "big") + signature)

    def __repr__(self) -> str:
        return f"<Signer {self.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied")


def split(note: str) -> tuple[str, tuple[str, ...]]:
    """Take a note apart into text and signature lines, verifying only the form.

    The text means nothing before `verify`.

    Raises:
        Invalid: not the form of a signed note.

    """
    if len(note) > _LENGTH:
        raise _malformed("that note is longer than any of ours")
    at = note.rfind("\n\n")
    text, below = note[: at + 1], note[at + 2 :]
    _text_bytes(text)
    lines = below.split("\n")
    if lines.pop() or not 1 <= len(lines) <= _SIGNATURES:
        raise _malformed("a note ends with 1 to 64 signature lines")
    for line in lines:
        _parse_line(line)
    return text, tuple(line + "\n" for line in lines)


def signatures(note: str, verifiers: Sequence[Verifier]) -> tuple[str, tuple[Signature, ...]]:
    """Verify a note, and say who signed it, how and when.

    Lines of unknown keys are ignored, as the format demands; one bad line of a known key condemns the note.

    Args:
        note: text, blank line, signature lines.
        verifiers: the trusted keys.

    Returns:
        The text with its last newline, and one signature per known line, in order.

    Raises:
        Invalid: not the form of a signed note.
        Unreadable: `tampered`: no trusted key signed it, or a signature of one is wrong.

    """
    text, lines = split(note)
    body = text.encode()
    known = {(one.name, one.id): one for one in verifiers}
    found = []
    for line in lines:
        name, blob = _parse_line(line[:-1])
        one = known.get((name, blob[:4]))
        if one is not None:
            found.append(_check(one, body, blob[4:]))
    if not found:
        raise Unreadable("no trusted key signed this note", hint="compare the key with the one you were given")
    return text, tuple(found)


def verify(note: str, verifiers: Sequence[Verifier]) -> tuple[str, tuple[str, ...]]:
    """Verify a note: its text, and the names of the trusted keys that signed it, each once; see `signatures`."""
    text, found = signatures(note, verifiers)
    return text, tuple(dict.fromkeys(one.name for one in found))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: origin, number of entries, root (32 bytes); without extension lines."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Write the text to sign.

        Raises:
            Invalid: an origin with a line break or nothing in it, a size or a root out of range.

        """
        if not self.origin or not 0 <= self.size < 1 << 63 or len(self.root) != HASH:
            raise _malformed("a checkpoint has an origin, a size below 2^63 and a root of 32 bytes")
        if self.size == 0 and self.root != EMPTY:
            raise _malformed("an empty log has the empty root")
        text = f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"
        _text_bytes(text)
        if text.count("\n") != 3:
            raise _malformed("an origin is one line")
        return text

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a verified note: exactly three lines.

        Raises:
            Invalid: any other form.

        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise _malformed("a checkpoint has three lines: origin, size, root")
        made = cls(lines[0], int(lines[1]), _unbase64(lines[2]))
        made.text()
        return made


def _check(one: Verifier, body: bytes, blob: bytes) -> Signature:
    at = None
    if one.kind == COSIGNATURE:
        at, blob = int.from_bytes(blob[:8], "big"), blob[8:]
        if at >= 1 << 63:
            raise _unsigned(one.name)
        body = _cosigned(body, at)
    try:
        Ed25519PublicKey.from_public_bytes(one.public).verify(blob, body)
    except (InvalidSignature, ValueError) as error:
        raise _unsigned(one.name) from error
    return Signature(one.name, one.kind, at)


def _cosigned(body: bytes, at: int) -> bytes:
    if not 0 <= at < 1 << 63:
        raise _malformed("a cosignature's time is below 2^63 seconds")
    return b"cosignature/v1\ntime %d\n" % at + body


def _line(name: str, blob: bytes) -> str:
    return f"{_DASH}{name} {b64encode(blob).decode()}\n"


def _parse_line(line: str) -> tuple[str, bytes]:
    name, space, packed = line.removeprefix(_DASH).partition(" ")
    blob = _unbase64(packed)
    if not line.startswith(_DASH) or not space or len(blob) < 5:
        raise _malformed("a signature line is: dash, name, signature")
    _check_name(name)
    return name, blob


def _vkey(name: str, kind: int, public: bytes) -> str:
    return f"{name}+{key_id(name, kind, public).hex()}+{b64encode(bytes((kind,)) + public).decode()}"


def _check_name(name: str) -> None:
    if not name or "+" in name or any(sign.isspace() or sign < " " for sign in name):
        raise _malformed("a key name is not empty and has no white space and no plus")


def _text_bytes(text: str) -> bytes:
    if not text.endswith("\n") or any(sign < " " and sign != "\n" for sign in text):
        raise _malformed("a note's text ends with a newline and has no other control characters")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _malformed("a note is Unicode text") from error


def _unbase64(packed: str) -> bytes:
    try:
        raw = b64decode(packed, validate=True)
    except (Base64Error, ValueError) as error:
        raise _malformed("that is not base64") from error
    if b64encode(raw).decode() != packed:
        raise _malformed("that is not the canonical base64")
    return raw


def _malformed(what: str) -> Invalid:
    return Invalid(what, hint="copy the whole note, from its first line to its last", code="body-malformed")


def _unsigned(name: str) -> Unreadable:
    return Unreadable(f"the signature of {name} does not hold", hint="ask its owner; do not trust the text")
