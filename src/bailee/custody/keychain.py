"""The house's own keys (`index/…`, `ledger-signer`, `app/…`): random siblings of customers' keys, wrapped like them."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from bailee.crypto.keys import new_key
from bailee.custody.epochs import Ring, sealed_categories
from bailee.kernel.errors import NotFound
from bailee.kernel.tx import Tx
from bailee.keys.models import OPEN, SystemKey


class Keychain:
    """Opens system keys once and keeps them while the process runs."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._kept: dict[str, tuple[int, bytes]] = {}

    def load(self) -> None:
        """Open all living system keys but those of sealed categories."""
        sealed = sealed_categories()
        for row in SystemKey.objects.using("keys").filter(state=OPEN).order_by("name", "version"):
            if row.category not in sealed:
                self._take(row)

    def newest(self, name: str) -> tuple[int, bytes]:
        """Version and 32 bytes of a key; read from the key store if another process made it meanwhile."""
        found = self._kept.get(name)
        if found is None:
            row = SystemKey.objects.using("keys").filter(name=name, state=OPEN).order_by("-version").first()
            if row is None:
                raise NotFound(f"there is no system key {name}", hint="run bailee doctor")
            found = self._take(row)
        return found

    def missing(self, names: Iterable[str]) -> list[str]:
        """Which of these names have no key yet."""
        wanted = sorted(set(names) - self._kept.keys())
        if not wanted:
            return []
        there = set(SystemKey.objects.using("keys").filter(name__in=wanted).values_list("name", flat=True))
        return [name for name in wanted if name not in there]

    def make(self, tx: Tx, name: str, category: int) -> None:
        """Draw version 1 of a key, wrapped under the open epoch of a category; key-store transaction."""
        if tx.alias != "keys":
            raise TypeError("system keys live in the key store")
        epoch = self._ring.current(category)
        SystemKey.objects.using("keys").create(
            name=name,
            version=1,
            category=category,
            epoch=epoch.number,
            wrapped=epoch.wrap_system(new_key(), name, 1),
            state=OPEN,
        )

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA-256 of a message under `app/<purpose>`."""
        return hmac.digest(self.newest(f"app/{purpose}")[1], message, sha256)

    def _take(self, row: SystemKey) -> tuple[int, bytes]:
        key = self._ring[row.category, row.epoch].unwrap_system(bytes(row.wrapped), row.name, row.version)
        self._kept[row.name] = (row.version, key)
        return self._kept[row.name]
