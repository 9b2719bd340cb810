"""Sealed records: all fields of one category of one record in one committed, place-bound blob."""

import os
from collections.abc import Mapping
from hmac import compare_digest
from struct import Struct
from typing import Any, Final, TypeAlias

import msgspec

from bailee.crypto.aead import KEY, NONCE, cipher, opened
from bailee.crypto.commitments import OVERHEAD, commitment, key_version
from bailee.crypto.context import MAGIC, Place, expand, record_aad
from bailee.crypto.padding import pad, unpad
from bailee.kernel.errors import Invalid, Unreadable

Value: TypeAlias = "bool | int | str | bytes | list[Value] | dict[str, Value] | None"

__all__ = ["OVERHEAD", "Value", "commitment", "key_version", "pack", "seal", "unpack", "unseal"]

_SCALARS: Final = frozenset((bool, int, str, bytes, type(None)))
_FIELDS: Final = 2**32

# `info("bailee/v1/subject", house, subject, be32 category ‖ be32 version)` in one stroke, as each blob needs it.
_SUBJECT: Final = Struct(">18sI16sI16sIII")
_SUBJECT_LABEL: Final = b"bailee/v1/subject\0"
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(dict[int, Any])


def seal(dek: bytes, house: bytes, key_version: int, place: Place, clear: bytes) -> bytes:
    """Seal padded fields for one place.

    Safe: the nonce is random, and one subject key seals at most 2^20 blobs (SP 800-38D, 8.3 allows 2^32).

    Args:
        dek: subject key of that category, 32 bytes.
        house: house id, 16 bytes.
        key_version: version of the subject key, 0 to 65,535.
        place: where the blob lives.
        clear: as made by `pack`; an unpadded length would show through.

    Returns:
        `42 01`, version (2 bytes), commitment (32), nonce (12), ciphertext, tag (16).

    Raises:
        ValueError: a length or a version is out of its format; nothing was sealed.

    """
    return _seal(dek, house, key_version, place, clear, os.urandom(NONCE))


def unseal(dek: bytes, house: bytes, place: Place, sealed: bytes) -> bytes:
    """Open a blob in its place, and give its padded fields (see `unpack`).

    Args:
        dek: subject key of the version that `key_version(sealed)` names, 32 bytes.
        house: house id, 16 bytes.
        place: where the blob was found.
        sealed: as made by `seal`.

    Raises:
        Unreadable: `context-mismatch`: another key, subject, category, version or house than it was sealed for;
            `tampered`: another format, collection, record, schema or record version, or any changed byte.

    """
    version = key_version(sealed)
    keys = _keys(dek, house, place, version)
    # First the commitment: GCM alone opens a crafted ciphertext under two keys (Grubbs, Lu, Ristenpart 2017).
    if not compare_digest(keys[32:], sealed[4:36]):
        raise Unreadable(
            "this blob belongs to another key or customer",
            hint="compare with a backup; rows may have been exchanged",
            code="context-mismatch",
        )
    return opened(cipher(keys[:32]), sealed[36:48], sealed[48:], record_aad(house, version, place))


def pack(fields: Mapping[int, Value]) -> bytes:
    """Write fields as canonical MessagePack, padded: ids ascending, shortest forms.

    Args:
        fields: field id (32 bits) to value; integers have at most 64 bits, nested keys are text.

    Raises:
        TypeError: a type without a canonical form; a float is one.
        Invalid: an integer beyond 64 bits, or text that is not Unicode.

    """
    last = -1
    plain = True
    for field, value in fields.items():
        if type(field) is not int or not 0 <= field < _FIELDS:
            raise TypeError("a field id is an integer of 32 bits")
        if type(value) not in _SCALARS:
            plain = False
        if field < last:
            plain = False
        last = field
    ready = fields if plain else {field: _ordered(fields[field]) for field in sorted(fields)}
    try:
        return pad(_ENCODER.encode(ready))
    except (OverflowError, UnicodeEncodeError) as error:
        raise Invalid("a whole number has at most 64 bits, and text is Unicode") from error


def unpack(padded: bytes) -> dict[int, Value]:
    """Read what `pack` wrote, and nothing else: there is one spelling for each set of fields.

    Args:
        padded: as given by `unseal`.

    Raises:
        Unreadable: `tampered`: not canonical: order, duplicates, longer forms, floats, extensions, padding.

    """
    encoded = unpad(padded)
    try:
        fields: dict[int, Value] = _DECODER.decode(encoded)
        last = -1
        for field, value in fields.items():
            if not last < field < _FIELDS or (type(value) not in _SCALARS and not _is_ordered(value)):
                raise Unreadable("these fields are not in canonical form")
            last = field
        # Whatever was longer than needed, or came twice, is written differently the second time.
        again = _ENCODER.encode(fields)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Unreadable("these fields are not in canonical form") from error
    if again != encoded:
        raise Unreadable("these fields are not in canonical form")
    return fields


def _seal(dek: bytes, house: bytes, key_version: int, place: Place, clear: bytes, nonce: bytes) -> bytes:
    if not clear or len(clear) % 32:
        raise ValueError("only packed fields are sealed: their length is padded")
    if not 0 <= key_version < 65_536:
        raise ValueError("a key version has 16 bits")
    keys = _keys(dek, house, place, key_version)
    body = cipher(keys[:32]).encrypt(nonce, clear, record_aad(house, key_version, place))
    return b"".join((MAGIC, key_version.to_bytes(2, "big"), keys[32:], nonce, body))


def _keys(dek: bytes, house: bytes, place: Place, version: int) -> bytes:
    subject = place.subject
    if len(dek) != KEY or len(house) != 16 or len(subject) != 16:  # struct would pad or cut silently
        raise ValueError("a subject key is 32 bytes, house and subject are 16 each")
    return expand(dek, _SUBJECT.pack(_SUBJECT_LABEL, 16, house, 16, subject, 8, place.category, version), 64)


def _ordered(value: Value) -> Value:
    if type(value) in _SCALARS:
        return value
    if type(value) is list:
        return [_ordered(part) for part in value]
    if type(value) is dict:
        if any(type(key) is not str for key in value):
            raise TypeError("a nested key is text")
        return {key: _ordered(value[key]) for key in sorted(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _is_ordered(value: object) -> bool:
    if type(value) is list:
        return all(type(part) in _SCALARS or _is_ordered(part) for part in value)
    if type(value) is dict:
        keys = list(value)
        return (
            all(type(key) is str for key in keys)
            and keys == sorted(keys)
            and all(type(part) in _SCALARS or _is_ordered(part) for part in value.values())
        )
    return False
