"""How many different customers one actor may read in an hour without a bulk unlock."""

from typing import Final

from bailee.kernel.clock import HOUR, MINUTE, Micros

FREE: Final = 1_000
AT_ONCE: Final = 100
SEARCHES: Final = 60
PROBES: Final = 10


class Budget:
    """Counts in this process's memory; N processes allow N times as much, and the documents say so."""

    def __init__(self, free: int = FREE) -> None:
        self._free = free
        self._seen: dict[str, tuple[int, set[bytes]]] = {}
        self._asked: dict[tuple[str, str], tuple[int, int]] = {}
        self._unlocked: dict[str, set[bytes]] = {}

    def allows(self, actor: str, wanted: tuple[bytes, ...], now: Micros) -> bool:
        """Count these customers for this hour; False (and nothing counted) if that would be too many."""
        hour = now // HOUR
        kept = self._seen.get(actor)
        if kept is None or kept[0] != hour:
            kept = self._seen[actor] = (hour, set())
        seen = kept[1]
        return _count(seen, wanted, self._free)

    def spends(self, unlock: str, wanted: tuple[bytes, ...], most: int) -> bool:
        """Count these customers against a bulk unlock; False (and nothing counted) beyond what it allows."""
        return _count(self._unlocked.setdefault(unlock, set()), wanted, most)

    def spent(self, actor: str, kind: str, most: int, now: Micros) -> bool:
        """Whether the searches of a kind are used up for this minute; counts nothing."""
        minute, count = self._asked.get((actor, kind), (0, 0))
        return minute == now // MINUTE and count >= most

    def try_search(self, actor: str, kind: str, most: int, now: Micros) -> bool:
        """Count one search of a kind in this minute; False beyond the limit."""
        minute = now // MINUTE
        kept = self._asked.get((actor, kind), (minute, 0))
        count = kept[1] + 1 if kept[0] == minute else 1
        self._asked[actor, kind] = (minute, count)
        return count <= most


def _count(seen: set[bytes], wanted: tuple[bytes, ...], most: int) -> bool:
    """Add those not seen yet, if they all fit; looks at the wanted only, however many were seen."""
    new = {one for one in wanted if one not in seen}
    if len(seen) + len(new) > most:
        return False
    seen |= new
    return True
