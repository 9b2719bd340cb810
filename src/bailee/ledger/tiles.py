"""Full tiles of 256 hashes, levels ≥ 1: derived from the leaves, so that proofs and start-up read few rows."""

from typing import Final

from django.db import connections

from bailee.crypto.tree import root_of
from bailee.kernel.tx import Tx
from bailee.ledger import tables

WIDTH: Final = 256
_HASH: Final = 32


def fill(tx: Tx, lane: int, size: int) -> None:
    """Write every full tile that a lane of this size should have and does not."""
    level, below = 1, size
    while (hashes := below // WIDTH) >= WIDTH:
        have = tables.Tile.objects.using(tx.alias).filter(lane=lane, level=level).count()
        for number in range(have, hashes // WIDTH):
            body = b"".join(_hashes(tx.alias, lane, level, number * WIDTH, (number + 1) * WIDTH))
            tables.Tile.objects.using(tx.alias).create(lane=lane, level=level, n=number, body=body)
        level, below = level + 1, hashes


def subtree(alias: str, lane: int, level: int, index: int) -> bytes:
    """Root of the full subtree of 2^level leaves at `index` (in units of its own width).

    Reads at most 256 leaves, or one tile.
    """
    tile_level, rest = divmod(level, 8)
    width = 1 << rest
    return root_of_hashes(_hashes(alias, lane, tile_level, index * width, (index + 1) * width))


def root_of_hashes(hashes: list[bytes]) -> bytes:
    """RFC 6962 root over hashes that are leaves or roots of equally large full subtrees."""
    return root_of(hashes)


def leaves(alias: str, lane: int, start: int, end: int) -> list[bytes]:
    """Leaf hashes from `start` to before `end`, in order."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT leaf FROM ledger_entry WHERE lane = %s AND idx >= %s AND idx < %s ORDER BY idx", [lane, start, end]
        )
        return [bytes(row[0]) for row in cursor.fetchall()]


def _hashes(alias: str, lane: int, level: int, start: int, end: int) -> list[bytes]:
    """Hashes `start`..`end` of one tile level (0: leaves); from stored tiles, else from the level below."""
    if level == 0:
        return leaves(alias, lane, start, end)
    first, last = start // WIDTH, (end - 1) // WIDTH
    stored = dict(
        tables.Tile.objects.using(alias)
        .filter(lane=lane, level=level, n__gte=first, n__lte=last)
        .values_list("n", "body")
    )
    made: list[bytes] = []
    for place in range(start, end):
        body = stored.get(place // WIDTH)
        if body is not None:
            offset = place % WIDTH * _HASH
            made.append(bytes(body[offset : offset + _HASH]))
        else:
            made.append(root_of(_hashes(alias, lane, level - 1, place * WIDTH, (place + 1) * WIDTH)))
    return made
