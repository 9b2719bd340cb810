"""The last known heads of ledger and key store, kept in the custody folder: a whole home put back is noticed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bailee.custody import durable
from bailee.kernel.errors import Invalid, Unavailable
from bailee.kernel.tx import Tx
from bailee.keys.models import KeyGuard

_ROOT: Final = 32


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """Size and root of one lane at some moment."""

    lane: int
    size: int
    root: bytes
    at: int


@dataclass(frozen=True, slots=True)
class KeysHead:
    """How often the key store lost something on purpose."""

    generation: int
    tombstones: int


class Heads:
    """Reads and replaces `ledger.head` and `keys.head` in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ledger(self) -> LedgerHead | None:
        kept = self._read("ledger.head", {"lane": int, "size": int, "root": str, "at": int})
        return None if kept is None else LedgerHead(kept["lane"], kept["size"], bytes.fromhex(kept["root"]), kept["at"])

    def put_ledger(self, head: LedgerHead) -> None:
        kept = {"lane": head.lane, "size": head.size, "root": head.root.hex(), "at": head.at}
        durable.write(self._folder / "ledger.head", json.dumps(kept).encode())

    def keys(self) -> KeysHead | None:
        kept = self._read("keys.head", {"generation": int, "tombstones": int})
        return None if kept is None else KeysHead(kept["generation"], kept["tombstones"])

    def put_keys(self, head: KeysHead) -> None:
        """Note the head, unless a later one stands there: a slow process must not make an old key store good again."""
        there = self.keys()
        if there is not None and there.generation > head.generation:
            return
        kept = {"generation": head.generation, "tombstones": head.tombstones}
        durable.write(self._folder / "keys.head", json.dumps(kept).encode())

    def _read(self, name: str, shape: dict[str, type]) -> dict[str, Any] | None:
        try:
            kept = json.loads((self._folder / name).read_text("ascii"))
            if not isinstance(kept, dict) or any(type(kept.get(key)) is not kind for key, kind in shape.items()):
                raise ValueError(name)
            if "root" in shape and len(bytes.fromhex(kept["root"])) != _ROOT:
                raise ValueError(name)
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise Invalid(f"{name} is damaged", hint="compare the ledger with a checkpoint kept elsewhere") from error
        return kept


def first_guard(tx: Tx) -> KeysHead:
    """Write the guard of a new key store."""
    KeyGuard.objects.using(tx.alias).create(id=1, generation=0, tombstones=0)
    return KeysHead(0, 0)


def guarded() -> KeysHead:
    """How often the key store itself says it lost something on purpose.

    Raises:
        Unavailable: there is no guard, so it is no key store of a house.

    """
    row = KeyGuard.objects.using("keys").filter(id=1).first()
    if row is None:
        raise Unavailable("the key store has no guard", hint="restore a backup", code="ledger-diverged")
    return KeysHead(row.generation, row.tombstones)
