"""Opening and sealing of single records: the only place where envelopes are opened."""

from collections.abc import Mapping
from typing import Final

from bailee.crypto.context import Place
from bailee.crypto.envelope import pack, seal, unpack, unseal
from bailee.crypto.keys import alias as alias_of
from bailee.crypto.keys import code_alias
from bailee.custody.epochs import SELF, Ring
from bailee.datamap.types import Value
from bailee.kernel.errors import Invalid, Unavailable, Unreadable
from bailee.kernel.events import Alias
from bailee.vault import keystore
from bailee.vault.keystore import Keys
from bailee.vault.records import RecordRow

COLLECTION: Final = 1
BLOB_MOST: Final = 256 * 1024


class Sealer:
    """Turns rows into values and back, each bound to its place.

    Args:
        ring: the epoch keys of this process.
        house: 16 bytes.

    """

    __slots__ = ("_house", "_ring")

    def __init__(self, ring: Ring, house: bytes) -> None:
        self._ring = ring
        self._house = house

    def values(self, row: RecordRow, keys: Keys) -> dict[int, Value]:
        """Open one record.

        Raises:
            Unreadable: `key-missing`, `context-mismatch`, `tampered`.

        """
        found = keystore.opened(self._ring, keys, row.subject, row.category)
        if found is None:
            raise Unreadable("the key of this record is gone", hint="run bailee doctor", code="key-missing")
        place = _place(row.subject, row.id, row.category, row.schema, row.version)
        return unpack(unseal(found[1], self._house, place, row.envelope))  # type: ignore[return-value]  # only values of the map's types are sealed

    def sealed(
        self,
        keys: Keys,
        subject: bytes,
        record: bytes,
        category: int,
        schema: int,
        version: int,
        fields: Mapping[int, Value],
    ) -> RecordRow:
        """Seal the fields of one record for its place, under the newest key of its customer and category.

        Raises:
            Unavailable: the key went away meanwhile. Invalid: `too-large`.

        """
        found = keystore.opened(self._ring, keys, subject, category)
        if found is None:
            raise Unavailable("a key went away meanwhile", hint="try again")
        clear = pack(fields)  # type: ignore[arg-type]  # a map's value is one of an envelope's
        if len(clear) > BLOB_MOST:
            raise Invalid(
                "this record would be larger than 256 KiB", hint="use files for large things", code="too-large"
            )
        place = _place(subject, record, category, schema, version)
        blob = seal(found[1], self._house, found[0], place, clear)
        return RecordRow(subject, record, category, version, schema, blob)

    def alias(self, keys: Keys, subject: bytes) -> Alias | None:
        """A customer's pseudonym; None once their key is gone."""
        found = keystore.opened(self._ring, keys, subject, SELF)
        return None if found is None else Alias(alias_of(found[1], self._house))

    def code(self, keys: Keys, subject: bytes, code: str) -> bytes | None:
        """A case code beside a person: 16 bytes that only this person's own key links back to it."""
        found = keystore.opened(self._ring, keys, subject, SELF)
        return None if found is None else code_alias(found[1], self._house, code)


def _place(subject: bytes, record: bytes, category: int, schema: int, version: int) -> Place:
    return Place(
        collection=COLLECTION,
        subject=subject,
        record=record,
        category=category,
        schema=schema,
        record_version=version,
    )
