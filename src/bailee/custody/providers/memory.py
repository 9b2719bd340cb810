"""A root that lives in this process only; for the demo and the tests, and it says so."""

import os
from typing import Final

from bailee.crypto.rootwrap import ROOT_LENGTH, unwrap_under, wrap_under
from bailee.custody.custodian import VERSION, Health, standing
from bailee.kernel.errors import Unreadable


class MemoryCustodian:
    """Forgets everything when the process ends."""

    provider: Final = 6

    def __init__(self) -> None:
        self._root = bytearray(os.urandom(ROOT_LENGTH))

    def wrap(self, key: bytes, context: bytes) -> bytes:
        return bytes((self.provider, VERSION)) + wrap_under(standing(self._root), key, context)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        if blob[:2] != bytes((self.provider, VERSION)):
            raise Unreadable("this key is wrapped by another custodian", hint="compare [custody] in bailee.toml")
        return unwrap_under(standing(self._root), blob[2:], context)

    def probe(self) -> Health:
        return Health(well=True, says="root key in memory: gone when this process ends; demo only")

    def describe(self) -> str:
        return "memory (demo only)"

    def destroy_root(self) -> None:
        self._root[:] = bytes(len(self._root))
