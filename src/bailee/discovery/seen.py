"""Which digests were seen already, in flat memory: a million take 32 MiB, a set of Python's four times that."""

from typing import Final

WIDTH: Final = 16
_FIRST: Final = 1 << 10


class Seen:
    """A set of keyed digests of 16 bytes; open addressing in one block of bytes, at most half full."""

    def __init__(self) -> None:
        self._slots = _FIRST
        self._table = bytearray(_FIRST * WIDTH)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, digest: bytes) -> bool:
        at = self._find(digest)
        return self._table[at : at + WIDTH] != _FREE

    def add(self, digest: bytes) -> bool:
        """Take a digest in; False if it was there already."""
        at = self._find(digest)
        if self._table[at : at + WIDTH] != _FREE:
            return False
        self._table[at : at + WIDTH] = digest
        self._count += 1
        if self._count * 2 > self._slots:
            self._grow()
        return True

    def _find(self, digest: bytes) -> int:
        """Where a digest stands, or the free place where it would."""
        # Safe: digests are keyed, so nobody outside can choose them to collide; all zeros has a chance of 2**-128.
        slot = int.from_bytes(digest[-8:], "big") % self._slots
        table = self._table
        while True:
            at = slot * WIDTH
            kept = table[at : at + WIDTH]
            if kept in (digest, _FREE):
                return at
            slot = (slot + 1) % self._slots

    def _grow(self) -> None:
        old = self._table
        self._slots *= 2
        self._table = bytearray(self._slots * WIDTH)
        for at in range(0, len(old), WIDTH):
            kept = bytes(old[at : at + WIDTH])
            if kept != _FREE:
                place = self._find(kept)
                self._table[place : place + WIDTH] = kept


_FREE: Final = bytes(WIDTH)
