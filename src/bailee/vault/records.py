"""Rows of customers and their records: read in one statement per batch, written with their versions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final

from django.db import connections

from bailee.datamap import versions
from bailee.kernel.errors import Stale
from bailee.kernel.sql import marks
from bailee.kernel.tx import Tx

CHUNK: Final = 400
"""Ids per statement: below SQLite's limit of parameters, and short enough for a plan cache."""


class SubjectState(IntEnum):
    """Where a customer stands."""

    LIVE = 1
    SUSPENDED = 2
    ERASING = 3
    ERASED = 4


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """One customer."""

    id: bytes
    collection: int
    state: int
    closing: frozenset[int]
    version: int


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One sealed record."""

    subject: bytes
    id: bytes
    category: int
    version: int
    schema: int
    envelope: bytes


def subjects(alias: str, wanted: Sequence[bytes], *, lock: bool = False) -> dict[bytes, SubjectRow]:
    """Fetch customers by id; with `lock`, their rows stay locked until the transaction ends (ids ascending)."""
    connection = connections[alias]
    hold = lock and connection.vendor == "postgresql"
    found: dict[bytes, SubjectRow] = {}
    with connection.cursor() as cursor:
        for part in chunks(sorted(set(wanted)) if lock else wanted):
            if hold:
                cursor.execute(
                    "SELECT id, collection, state, closing, version FROM subject "
                    f"WHERE id IN ({marks(len(part))}) ORDER BY id FOR UPDATE",
                    part,
                )
            else:
                cursor.execute(
                    f"SELECT id, collection, state, closing, version FROM subject WHERE id IN ({marks(len(part))})",
                    part,
                )
            for key, collection, state, closing, version in cursor.fetchall():
                found[bytes(key)] = SubjectRow(bytes(key), collection, state, categories(bytes(closing)), version)
    return found


def records(alias: str, wanted: Sequence[bytes], inside: Sequence[int]) -> list[RecordRow]:
    """Fetch the sealed records of some customers in some categories, in a stable order."""
    if not wanted or not inside:
        return []
    made: list[RecordRow] = []
    with connections[alias].cursor() as cursor:
        for part in chunks(wanted):
            cursor.execute(
                "SELECT subject, id, category, version, schema, envelope FROM record "
                f"WHERE subject IN ({marks(len(part))}) AND category IN ({marks(len(inside))}) ORDER BY subject, id",
                [*part, *inside],
            )
            made += [RecordRow(bytes(s), bytes(i), c, v, h, bytes(e)) for s, i, c, v, h, e in cursor.fetchall()]
    return made


def live(tx: Tx, subject: bytes) -> bool:
    """Whether a customer is there and not being erased; their row stays locked, so it stays so until the commit."""
    row = subjects(tx.alias, [subject], lock=True).get(subject)
    return row is not None and row.state < SubjectState.ERASING


def insert_subjects(tx: Tx, rows: Sequence[tuple[bytes, int]]) -> None:
    """Insert new customers: id and collection."""
    with connections[tx.alias].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO subject (id, collection, state, closing, version) VALUES (%s, %s, 1, %s, 1)",
            [(key, collection, b"") for key, collection in rows],
        )


def bump_subjects(tx: Tx, wanted: Iterable[bytes]) -> None:
    """Count a change of each of these customers."""
    with connections[tx.alias].cursor() as cursor:
        cursor.executemany("UPDATE subject SET version = version + 1 WHERE id = %s", [(key,) for key in wanted])


def insert_records(tx: Tx, rows: Sequence[RecordRow]) -> None:
    """Insert new records, version 1."""
    if rows:
        with connections[tx.alias].cursor() as cursor:
            cursor.executemany(
                "INSERT INTO record (subject, id, category, version, schema, envelope) VALUES (%s, %s, %s, %s, %s, %s)",
                [(row.subject, row.id, row.category, row.version, row.schema, row.envelope) for row in rows],
            )


def replace_records(tx: Tx, rows: Sequence[RecordRow]) -> None:
    """Replace records by their next version, each only if it is still the one before.

    Raises:
        Stale: one of them changed meanwhile; nothing of the batch stays.

    """
    with connections[tx.alias].cursor() as cursor:
        for row in rows:
            cursor.execute(
                "UPDATE record SET version = %s, schema = %s, envelope = %s "
                "WHERE subject = %s AND id = %s AND category = %s AND version = %s",
                [row.version, row.schema, row.envelope, row.subject, row.id, row.category, row.version - 1],
            )
            if cursor.rowcount != 1:
                raise Stale("this record changed meanwhile", hint="read it again and repeat your change")


def companion(record: bytes, category: int) -> bytes:
    """Id of the record of a derived category that belongs to this one (a card's last four digits to the card)."""
    return sha256(b"bailee/v1/companion\0" + record + category.to_bytes(4, "big")).digest()[:16]


def closing(wanted: Iterable[int]) -> bytes:
    """Write categories that are being erased: 4 bytes each, ascending."""
    return b"".join(one.to_bytes(4, "big") for one in sorted(set(wanted)))


def categories(raw: bytes) -> frozenset[int]:
    """Read what `closing` wrote."""
    return frozenset(int.from_bytes(raw[at : at + 4], "big") for at in range(0, len(raw), 4))


def chunks(wanted: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    """Cut a list of ids into statements' worth."""
    for at in range(0, len(wanted), CHUNK):
        yield wanted[at : at + CHUNK]


def _exist(tx: Tx, key: str) -> bool:
    """Whether any record of a category (or of a field's category) is stored; for the data map's lint."""
    number = versions.number("category", key.split(".", 1)[0], tx.alias)
    if number is None:
        return False
    with connections[tx.alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM record WHERE category = %s LIMIT 1", [number])
        return cursor.fetchone() is not None


versions.RECORDS.append(_exist)
