"""Rows of customers' keys in the key store; no cache: a key is usable only if its row is there now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
from django.db import connections

from bailee.crypto.keys import alias as alias_of
from bailee.crypto.keys import new_key
from bailee.custody.epochs import SELF, Ring
from bailee.kernel.errors import Unavailable
from bailee.kernel.sql import marks
from bailee.kernel.tx import Tx
from bailee.vault.records import chunks

_STORE: Final = "keys"
_BOUNDS: Final = msgspec.msgpack.Decoder(list[tuple[int, int, int]])
_OPEN: Final = "SELECT category, number FROM epoch WHERE state = 1 AND sealed = %s"
_OPEN_SHARED: Final = "SELECT category, number FROM epoch WHERE state = 1 AND sealed = %s FOR SHARE"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """One customer's key for one category, as stored."""

    version: int
    epoch: int
    wrapped: bytes


Keys = dict[tuple[bytes, int], WrappedKey]


def fetch(wanted: Sequence[bytes], inside: Sequence[int]) -> Keys:
    """The newest key of each (customer, category) that is there now."""
    found: Keys = {}
    with connections[_STORE].cursor() as cursor:
        for part in chunks(wanted):
            cursor.execute(
                "SELECT subject, category, version, epoch, wrapped FROM subject_key "
                f"WHERE subject IN ({marks(len(part))}) AND category IN ({marks(len(inside))})",
                [*part, *inside],
            )
            for subject, category, version, epoch, wrapped in cursor.fetchall():
                where = (bytes(subject), category)
                if (kept := found.get(where)) is None or kept.version < version:
                    found[where] = WrappedKey(version, epoch, bytes(wrapped))
    return found


def opened(ring: Ring, keys: Keys, subject: bytes, category: int) -> tuple[int, bytes] | None:
    """Version and clear key, or None if the row is not there."""
    kept = keys.get((subject, category))
    if kept is None:
        return None
    return kept.version, ring[category, kept.epoch].unwrap(kept.wrapped, subject, kept.version)


def tomb_digest(subject: bytes) -> bytes:
    """What a tombstone is found by: 16 bytes that name nobody without the id."""
    return sha256(b"bailee/v1/tomb\0" + subject).digest()[:16]


def make(tx: Tx, ring: Ring, wanted: Iterable[tuple[bytes, int]], fresh: frozenset[bytes]) -> frozenset[bytes]:
    """Insert the missing keys of (customer, category) pairs, and `_self` for each customer (step W1).

    A crash after this leaves keys without data: harmless, and never deleted by who made them. Answers the customers
    that were erased before: their ids are not used again, and no key is made for them.

    Args:
        tx: open on the key store.
        ring: the wrapping keys.
        wanted: pairs; `_self` is added.
        fresh: customers whose id was made in this very process just now: nothing can be stored about them yet.

    Raises:
        Unavailable: `sealed`, or an epoch turned meanwhile.

    """
    pairs = sorted({(subject, SELF) for subject, _ in wanted} | set(wanted))
    known = sorted({subject for subject, _ in pairs} - fresh)
    have: set[tuple[bytes, int]] = set()
    gone: set[bytes] = set()
    above: dict[tuple[bytes, int], int] = {}
    connection = connections[_STORE]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_SHARED if connection.vendor == "postgresql" else _OPEN, [False])
        living = dict(cursor.fetchall())
        for part in chunks(known):
            cursor.execute(f"SELECT subject, category FROM subject_key WHERE subject IN ({marks(len(part))})", part)
            have |= {(bytes(subject), category) for subject, category in cursor.fetchall()}
            tombs = {tomb_digest(subject): subject for subject in part}
            cursor.execute(f"SELECT digest, bounds FROM tombstone WHERE digest IN ({marks(len(tombs))})", list(tombs))
            for digest, bounds in cursor.fetchall():
                subject = tombs[bytes(digest)]
                if (subject, SELF) not in have:
                    gone.add(subject)
                for category, version, _ in _BOUNDS.decode(bytes(bounds)):
                    above[subject, category] = max(above.get((subject, category), 0), version)
        rows = []
        for subject, category in pairs:
            if (subject, category) in have or subject in gone:
                continue
            epoch = ring.current(category)
            if living.get(category) != epoch.number:
                raise Unavailable("the keys of this category are turning or sealed", hint="try again", code="sealed")
            dek = new_key()
            # A restore applies tombstones again: what came after one must not lie at or under its bound.
            version = above.get((subject, category), 0) + 1
            find = epoch.find_tag(alias_of(dek, epoch.house)) if category == SELF else None
            rows.append((subject, category, version, epoch.number, epoch.wrap(dek, subject, version), find))
        if rows:
            cursor.executemany(
                "INSERT INTO subject_key (subject, category, version, epoch, wrapped, find) "
                "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                rows,
            )
    return frozenset(gone)
