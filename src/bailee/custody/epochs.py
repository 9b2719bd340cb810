"""Epoch keys: one per category and epoch, wrapped by the custodian, in memory only while the process runs.

A thief of the key store lacks them; they lie in the custody folder, sealed under the root.
"""

import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from django.db import IntegrityError, connections

from bailee.crypto.context import custody_context
from bailee.crypto.keys import EpochKey, new_key
from bailee.custody import durable
from bailee.custody.custodian import Custodian
from bailee.kernel.errors import Conflict, NotFound, Unavailable, Unreadable
from bailee.kernel.tx import Tx
from bailee.keys.models import CLOSING, OPEN, Epoch

SELF: Final = 0
HOUSE: Final = 65_535
_PURPOSE: Final = "epoch"


class Ring:
    """The living epoch keys of this process.

    Args:
        house: 16 bytes.
        custodian: opens the blobs.
        folder: where the primary blobs lie, outside the home.

    """

    def __init__(self, house: bytes, custodian: Custodian, folder: Path) -> None:
        self._house = house
        self._custodian = custodian
        self._folder = folder / "epochs"
        self._keys: dict[tuple[int, int], EpochKey] = {}
        self._open: dict[int, int] = {}

    def load(self) -> None:
        """Open every living epoch that the key store names; a sealed category stays shut, and does not shut the house.

        Raises:
            Unavailable: a blob is missing, or the custodian does not answer.
            Unreadable: a blob opens to another key than the key store knows (`kcv` differs).

        """
        sealed = sealed_categories()
        for row in Epoch.objects.using("keys").filter(state__in=(OPEN, CLOSING)).order_by("category", "number"):
            if row.category not in sealed:
                self._take(row)

    def __getitem__(self, where: tuple[int, int]) -> EpochKey:
        """The key of (category, epoch); loaded from custody if another process opened it meanwhile."""
        found = self._keys.get(where)
        return found if found is not None else self._late(where)

    def current(self, category: int) -> EpochKey:
        """The key that new subject keys of a category are wrapped under."""
        number = self._open.get(category)
        if number is None:
            row = Epoch.objects.using("keys").filter(category=category, state=OPEN).first()
            if row is None:
                raise NotFound("this category has no epoch yet", hint="adopt the data map again")
            _refuse_sealed(category)
            number = self._take(row).number
        return self._keys[category, number]

    def categories(self) -> frozenset[int]:
        """Categories with an open epoch in this process."""
        return frozenset(self._open)

    def make(self, tx: Tx, category: int) -> int:
        """Make the first epoch of a category: its key lies with the custodian, read back, before the row commits.

        A crash in between leaves a blob that no row names (the file name carries the key's check value), never a row
        without a key. Returns the number, or 0 if the category has an open epoch already. Key-store transaction.
        """
        if tx.alias != "keys":
            raise TypeError("epochs live in the key store")
        rows = Epoch.objects.using("keys").filter(category=category)
        if rows.filter(state=OPEN).exists():
            return 0
        number = (rows.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        key = EpochKey(new_key(), self._house, category, number)
        path = self._path(category, number, key.kcv)
        durable.private_folder(self._folder)
        durable.write(path, self._custodian.wrap(key.raw, self._context(category, number)))
        if not hmac.compare_digest(self._custodian.unwrap(path.read_bytes(), self._context(category, number)), key.raw):
            raise Unreadable("the custodian gave back another key", hint="check the custodian before going on")
        try:
            Epoch.objects.using("keys").create(category=category, number=number, state=OPEN, kcv=key.kcv, opened=tx.now)
        except IntegrityError as error:
            raise Conflict("another process is making this epoch", hint="try again") from error
        return number

    def missing(self, categories: Iterable[int]) -> list[int]:
        """Which of these categories have no open epoch."""
        there = set(Epoch.objects.using("keys").filter(state=OPEN).values_list("category", flat=True))
        return sorted(set(categories) - there)

    def wipe(self) -> None:
        """Forget every key, as well as Python allows."""
        for key in self._keys.values():
            key.wipe()
        self._keys.clear()
        self._open.clear()

    def _late(self, where: tuple[int, int]) -> EpochKey:
        category, number = where
        row = Epoch.objects.using("keys").filter(category=category, number=number, state__in=(OPEN, CLOSING)).first()
        if row is None:
            raise Unreadable("the epoch of this key is gone", hint="run bailee doctor", code="key-missing")
        _refuse_sealed(category)
        return self._take(row)

    def _take(self, row: Epoch) -> EpochKey:
        path = self._path(row.category, row.number, bytes(row.kcv))
        try:
            blob = path.read_bytes()
        except OSError as error:
            raise Unavailable(
                f"the key of category {row.category}, epoch {row.number} is not in the custody folder",
                hint="put the custody folder back",
                code="custody-unreachable",
            ) from error
        raw = self._custodian.unwrap(blob, self._context(row.category, row.number))
        key = EpochKey(raw, self._house, row.category, row.number)
        if not hmac.compare_digest(key.kcv, bytes(row.kcv)):
            raise Unreadable(
                "a custody blob holds another key than the key store knows", hint="do not overwrite either"
            )
        self._keys[row.category, row.number] = key
        if row.state == OPEN:
            self._open[row.category] = row.number
        return key

    def _path(self, category: int, number: int, kcv: bytes) -> Path:
        return self._folder / f"{category}-{number}-{kcv.hex()}.key"

    def _context(self, category: int, number: int) -> bytes:
        return custody_context(self._house, category, number, _PURPOSE)


def _refuse_sealed(category: int) -> None:
    """A turn must not shed a seal: one sealed row of a category seals all its epochs."""
    if Epoch.objects.using("keys").filter(category=category, sealed=True).exists():
        raise Unavailable("this category is sealed", hint="unseal it first", code="sealed")


def sealed_categories() -> frozenset[int]:
    """Categories that an owner has locked."""
    with connections["keys"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT category FROM epoch WHERE sealed = %s", [True])
        return frozenset(row[0] for row in cursor.fetchall())
