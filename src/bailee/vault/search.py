"""Blind indexes: what to store of a value so that it can be found, and what to look for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections

from bailee.crypto.blind import NORMALISERS, TRANSFORMS, FieldKind, FieldStats, IndexKey, bits, plan, unique
from bailee.custody.keychain import Keychain
from bailee.datamap.compile import CompiledField, CompiledMap, Mode
from bailee.datamap.types import Value
from bailee.kernel.errors import Conflict, Invalid
from bailee.kernel.sql import marks
from bailee.kernel.tx import Tx
from bailee.vault import tables
from bailee.vault.records import chunks

MOST: Final = 5_000
LIVE: Final = 1
HOW: Final = {
    "is": "exact", "word": "words", "domain": "domain", "last4": "last4", "year": "year",
    "prefix3": "prefix-3", "prefix4": "prefix-4", "prefix5": "prefix-5", "prefix6": "prefix-6",
}  # fmt: skip
"""How a door says it → the transform that answers it."""

_NARROW: Final = frozenset({"boolean", "choice", "code"})


@dataclass(frozen=True, slots=True)
class Index:
    """One index of one field, ready to digest; `bits` 0 means unique."""

    field: int
    transform: int
    how: str
    normaliser: str
    key: IndexKey
    key_version: int
    bits: int

    def terms(self, text: str, region: str | None) -> tuple[str, ...]:
        """What of a value goes into this index; empty text gives nothing."""
        normal = NORMALISERS[self.normaliser](text, region)
        return TRANSFORMS[self.how].terms(normal) if normal else ()


UniqueRow = tuple[int, int, bytes, bytes, bytes]
BlindRow = tuple[int, int, int, int, bytes, bytes, int]


class Indexes:
    """All indexes of a map version, with their keys."""

    def __init__(
        self, compiled: CompiledMap, keys: Keychain, house: bytes, lengths: Mapping[tuple[int, int], int]
    ) -> None:
        self._of: dict[int, tuple[Index, ...]] = {}
        for one in compiled.fields.values():
            made = []
            for spec in one.indexes:
                transform = TRANSFORMS[spec.transform]
                version, key = keys.newest(key_name(one.id, transform.number))
                number = NORMALISERS[spec.normaliser].number
                made.append(
                    Index(
                        one.id,
                        transform.number,
                        spec.transform,
                        spec.normaliser,
                        IndexKey(key, house, one.id, transform.number, number),
                        version,
                        0 if spec.mode is Mode.UNIQUE else lengths[one.id, transform.number],
                    )
                )
            if made:
                self._of[one.id] = tuple(made)

    def of(self, field: int) -> tuple[Index, ...]:
        """The indexes of a field."""
        return self._of.get(field, ())

    def rows(
        self, field: CompiledField, value: Value, subject: bytes, record: bytes
    ) -> tuple[list[UniqueRow], list[BlindRow]]:
        """Everything that makes one value findable."""
        exact: list[UniqueRow] = []
        blind: list[BlindRow] = []
        indexes = self._of.get(field.id)
        if not indexes or value is None:
            return exact, blind
        text = field.type.text_of(value)
        for index in indexes:
            seen = set()
            for ordinal, term in enumerate(index.terms(text, field.region)):
                digest = index.key.digest(term.encode())
                if not index.bits:
                    exact.append((index.field, index.key_version, unique(digest), subject, record))
                elif (short := bits(digest, index.bits)) not in seen:
                    seen.add(short)
                    blind.append((index.field, index.transform, index.key_version, short, subject, record, ordinal))
        return exact, blind

    def choose(self, field: CompiledField, how: str) -> Index:
        """The index that answers a comparison.

        Raises:
            Invalid: `not-searchable`, with what the field can be searched by.

        """
        wanted = HOW.get(how)
        found = next((index for index in self.of(field.id) if index.how == wanted), None)
        if found is None:
            can = sorted({said for index in self.of(field.id) for said, name in HOW.items() if name == index.how})
            hint = f"{field.key} can be searched by {', '.join(can)}" if can else "declare an index in the data map"
            raise Invalid(f"{field.key} has no index for this comparison", hint=hint, code="not-searchable")
        return found


class IndexBook:
    """Keeps the indexes of the map in force, made anew when the map changes."""

    def __init__(self, keys: Keychain, house: bytes) -> None:
        self._keys = keys
        self._house = house
        self._kept: tuple[int, Indexes] | None = None

    def of(self, compiled: CompiledMap) -> Indexes:
        """The indexes of a map."""
        kept = self._kept
        if kept is None or kept[0] != compiled.version:
            kept = self._kept = (compiled.version, Indexes(compiled, self._keys, self._house, lengths()))
        return kept[1]


def key_name(field: int, transform: int) -> str:
    """Name of an index key in the key store."""
    return f"index/{field}/{transform}"


def needed(compiled: CompiledMap) -> dict[str, int]:
    """Index keys that a map wants: name → category whose epoch wraps them."""
    return {
        key_name(one.id, TRANSFORMS[spec.transform].number): one.category_id
        for one in compiled.fields.values()
        for spec in one.indexes
    }


def lengths(alias: str = "default") -> dict[tuple[int, int], int]:
    """Bits of every planned search index: (field, transform) → bits."""
    rows = tables.SearchIndex.objects.using(alias).filter(state=LIVE)
    return {(row.field, row.transform): row.bits for row in rows}


def unplanned(compiled: CompiledMap) -> bool:
    """Whether some search index of a map has no length yet."""
    standing = lengths()
    return any(
        spec.mode is Mode.SEARCH and (one.id, TRANSFORMS[spec.transform].number) not in standing
        for one in compiled.fields.values()
        for spec in one.indexes
    )


def plan_missing(tx: Tx, compiled: CompiledMap, expected: int) -> int:
    """Fix the length of every search index that has none yet, within one leakage budget; answers how many.

    Raises:
        Invalid: `index-too-revealing`.

    """
    standing = lengths(tx.alias)
    stats: list[FieldStats] = []
    wanted: list[tuple[int, int]] = []
    for one in compiled.fields.values():
        for spec in one.indexes:
            number = TRANSFORMS[spec.transform].number
            if spec.mode is Mode.SEARCH:
                stats.append(
                    FieldStats(
                        field=one.key,
                        transform=spec.transform,
                        kind=FieldKind.CODE if one.type.key in _NARROW else FieldKind.VALUE,
                        distinct=max(1024, expected // 2),
                        commonest=0,
                        rows=expected,
                        bits=standing.get((one.id, number)),
                    )
                )
                wanted.append((one.id, number))
    if all(where in standing for where in wanted):
        return 0
    made = plan(expected, stats)
    new = [
        tables.SearchIndex(field=field, transform=transform, key_version=1, bits=planned.bits, state=LIVE)
        for (field, transform), planned in zip(wanted, made.indexes, strict=True)
        if (field, transform) not in standing
    ]
    tables.SearchIndex.objects.using(tx.alias).bulk_create(new)
    return len(new)


def candidates(alias: str, index: Index, terms: Sequence[str], after: bytes | None) -> list[tuple[bytes, bytes]]:
    """(customer, record) pairs that may match, by customer id; every one is decrypted and compared by the gate.

    Raises:
        Invalid: `search-too-broad`.

    """
    if not terms:
        return []
    digest = index.key.digest(terms[0].encode())
    with connections[alias].cursor() as cursor:
        if not index.bits:
            cursor.execute(
                "SELECT subject, record FROM unique_index WHERE field = %s AND key_version = %s AND digest = %s "
                "AND subject > %s",
                [index.field, index.key_version, unique(digest), after or b""],
            )
        else:
            cursor.execute(
                "SELECT subject, record FROM blind_index WHERE field = %s AND transform = %s AND key_version = %s "
                "AND bits = %s AND subject > %s ORDER BY subject, record LIMIT %s",
                [index.field, index.transform, index.key_version, bits(digest, index.bits), after or b"", MOST + 1],
            )
        found = [(bytes(subject), bytes(record)) for subject, record in cursor.fetchall()]
    if len(found) > MOST:
        raise Invalid(
            "this search finds too many", hint="search by more, or by a unique field", code="search-too-broad"
        )
    return found


def taken(tx: Tx, exact: Sequence[UniqueRow]) -> set[bytes]:
    """The customers of these rows whose unique value somebody else has."""
    found: set[bytes] = set()
    with connections[tx.alias].cursor() as cursor:
        owner = _owners(cursor, exact)
    for row in exact:
        if owner.get(row[:3], row[3]) != row[3]:
            found.add(row[3])
    return found


def store(tx: Tx, exact: Sequence[UniqueRow], blind: Sequence[BlindRow]) -> bool:
    """Insert index rows; True if another process took a unique value since `taken` was asked (PostgreSQL only).

    Unique rows go in with their digests ascending, so that two writers can't deadlock.
    """
    connection = connections[tx.alias]
    late = False
    with connection.cursor() as cursor:
        if exact:
            ordered = sorted(exact, key=lambda row: row[:3])
            cursor.executemany(
                "INSERT INTO unique_index (field, key_version, digest, subject, record) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                ordered,
            )
            if connection.vendor != "sqlite":
                owner = _owners(cursor, ordered)
                late = any(owner.get(row[:3]) != row[3] for row in ordered)
        if blind:
            cursor.executemany(
                "INSERT INTO blind_index (field, transform, key_version, bits, subject, record, ordinal) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                blind,
            )
    return late


def _owners(cursor: Any, wanted: Sequence[UniqueRow]) -> dict[tuple[int, int, bytes], bytes]:
    """Who owns each of these digests now."""
    owner: dict[tuple[int, int, bytes], bytes] = {}
    for (field, version), rows in _by_index(wanted):
        for part in chunks([row[2] for row in rows]):
            cursor.execute(
                "SELECT digest, subject FROM unique_index WHERE field = %s AND key_version = %s "
                f"AND digest IN ({marks(len(part))})",
                [field, version, *part],
            )
            for digest, subject in cursor.fetchall():
                owner[field, version, bytes(digest)] = bytes(subject)
    return owner


def _by_index(rows: Sequence[UniqueRow]) -> Iterator[tuple[tuple[int, int], list[UniqueRow]]]:
    grouped: dict[tuple[int, int], list[UniqueRow]] = {}
    for row in rows:
        grouped.setdefault(row[:2], []).append(row)
    yield from grouped.items()


def drop(tx: Tx, places: Sequence[tuple[int, bytes, bytes]]) -> None:
    """Delete the index rows of (field, customer, record): before new ones go in, or because the value is gone."""
    with connections[tx.alias].cursor() as cursor:
        if not places:
            return
        cursor.executemany("DELETE FROM unique_index WHERE field = %s AND subject = %s AND record = %s", places)
        cursor.executemany("DELETE FROM blind_index WHERE field = %s AND subject = %s AND record = %s", places)


def forget(tx: Tx, subject: bytes, fields: Sequence[int] | None) -> int:
    """Delete a customer's index rows, all or of some fields; answers how many."""
    count = 0
    for table in (tables.UniqueIndex, tables.BlindIndex):
        rows = table._default_manager.using(tx.alias).filter(subject=subject)  # noqa: SLF001 - Django's name for it
        if fields is not None:
            rows = rows.filter(field__in=fields)
        count += rows.delete()[0]
    return count


def refuse_taken(field_names: Sequence[str]) -> Conflict:
    """The refusal for a unique value that somebody else has; names the fields, never whose."""
    where = ", ".join(field_names) or "a unique field"
    return Conflict(f"{where}: another customer has this value", hint="find them first", code="taken")
