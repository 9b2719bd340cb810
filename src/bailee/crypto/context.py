"""What every sealed thing is bound to: labels, length-prefixed pieces and fixed-width additional data."""

from dataclasses import dataclass
from hashlib import sha256, sha512
from struct import Struct
from typing import Final

from bailee.kernel.canon import parts

_BLOCK: Final = 128  # bytes of one SHA-512 block (FIPS 180-4, 1)
_HASH: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_KEY_BYTES: Final = 32
_INNER_REST: Final = b"\x36" * (_BLOCK - _KEY_BYTES)
_OUTER_REST: Final = b"\x5c" * (_BLOCK - _KEY_BYTES)

# Labels are 16 bytes, NUL-padded; with fixed widths behind them two different places never share their bytes.
_RECORD: Final = Struct(">16s2sH16sI16s16sIIQ")
_KEY: Final = Struct(">16s16s16sIIQ")
MAGIC: Final = b"\x42\x01"  # envelope, suite 1: the only pair that is ever opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a blob lives: it opens nowhere else.

    `subject` and `record` are ids of 16 bytes; `collection`, `category` and `schema` are numbers of the data map
    (32 bits); `record_version` counts the writes of that record (64 bits).
    """

    collection: int
    subject: bytes
    record: bytes
    category: int
    schema: int
    record_version: int


def info(label: str, *pieces: bytes) -> bytes:
    """Join a label and pieces injectively: ASCII label, 00, then each piece behind its length (4 bytes, big-endian)."""
    return label.encode("ascii") + b"\0" + parts(pieces)


def _hmac_sha512(key: bytes, message: bytes) -> bytes:
    # RFC 2104 by hand: `hmac.digest` and HKDFExpand spend a third more on finding the algorithm each time (measured),
    # and this runs once per blob. A property test holds it equal to both, for keys and messages of every length.
    if len(key) != _KEY_BYTES:
        key = (sha512(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        inner = sha512(key.translate(_INNER) + message)
        return sha512(key.translate(_OUTER) + inner.digest()).digest()
    inner = sha512(key.translate(_INNER) + _INNER_REST + message)
    return sha512(key.translate(_OUTER) + _OUTER_REST + inner.digest()).digest()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """Derive bytes from a uniformly random key: HKDF-Expand with SHA-512 (RFC 5869, 2.3).

    Args:
        key: the pseudorandom key, 32 bytes everywhere in this house.
        info: what the bytes are for, as made by `info`.
        length: bytes wanted, 1 to 16,320; up to 64 cost one HMAC.

    Raises:
        ValueError: the length is out of range.

    """
    if 0 < length <= _HASH:
        return _hmac_sha512(key, info + b"\x01")[:length]
    if not 0 < length <= 255 * _HASH:
        raise ValueError("HKDF-Expand gives 1 to 255 blocks")
    block, made = b"", b""
    for counter in range(1, -(-length // _HASH) + 1):
        block = _hmac_sha512(key, block + info + bytes((counter,)))
        made += block
    return made[:length]


def demand(name: str, value: bytes, length: int) -> None:
    """Refuse a key or id of the wrong length: padded or cut, it would stand for another one."""
    if len(value) != length:
        raise ValueError(f"{name} is {length} bytes")


def record_aad(house: bytes, key_version: int, place: Place) -> bytes:
    """Lay out the additional data of a record blob (88 bytes).

    Args:
        house: house id, 16 bytes.
        key_version: version of the subject key, 0 to 65,535.
        place: where the blob lives.

    Raises:
        ValueError: an id is not 16 bytes.

    """
    subject, record = place.subject, place.record
    if not len(house) == len(subject) == len(record) == 16:  # struct would pad or cut silently
        raise ValueError("house, subject and record are 16 bytes each")
    return _RECORD.pack(
        b"bailee/v1/record",
        MAGIC,
        key_version,
        house,
        place.collection,
        subject,
        record,
        place.category,
        place.schema,
        place.record_version,
    )


def key_aad(house: bytes, subject: bytes, category: int, version: int, epoch: int) -> bytes:
    """Lay out the additional data of a wrapped subject key (64 bytes): ids of 16 bytes, numbers of 32, 32, 64 bits."""
    if not len(house) == len(subject) == 16:  # struct would pad or cut silently
        raise ValueError("house and subject are 16 bytes each")
    return _KEY.pack(b"bailee/v1/key", house, subject, category, version, epoch)


def system_aad(house: bytes, name: str, category: int, version: int, epoch: int) -> bytes:
    """Lay out the additional data of a wrapped system key (64 bytes); the name enters as half of its SHA-256."""
    demand("house", house, 16)
    return _KEY.pack(b"bailee/v1/system", house, sha256(name.encode()).digest()[:16], category, version, epoch)


def custody_context(house: bytes, category: int, epoch: int, purpose: str) -> bytes:
    """Name an epoch key to its keeper: bound into every custody blob and recovery slot."""
    demand("house", house, 16)
    return info("bailee/v1/custody", house, category.to_bytes(4, "big"), epoch.to_bytes(8, "big"), purpose.encode())


def file_context(house: bytes, subject: bytes, category: int, file: bytes) -> bytes:
    """Name a file body (see `chunked`): it opens for no other customer, category or file id (16 bytes each)."""
    for name, value in (("house", house), ("subject", subject), ("file", file)):
        demand(name, value, 16)
    return info("bailee/v1/file", house, subject, category.to_bytes(4, "big"), file)
