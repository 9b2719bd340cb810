"""How many different customers one actor may read in an hour without a bulk unlock."""

from typing import Final

from bailee.kernel.clock import HOUR, Micros

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

    def allows(self, actor: str, wanted: tuple[bytes, ...], now: Micros) -> bool:
        """Count these customers for this hour; False (and nothing counted) if that would be too many."""
        hour = now // HOUR
        kept = self._seen.get(actor)
        if kept is None or kept[0] != hour:
            kept = self._seen[actor] = (hour, set())
        seen = kept[1]
        if len(wanted) == 1 and wanted[0] in seen:
            return True
        if len(seen | set(wanted)) > self._free:
            return False
        seen.update(wanted)
        return True

    def try_search(self, actor: str, kind: str, most: int, now: Micros) -> bool:
        """Count one search of a kind in this minute; False beyond the limit."""
        minute = now // (60 * 1_000_000)
        kept = self._asked.get((actor, kind), (minute, 0))
        count = kept[1] + 1 if kept[0] == minute else 1
        self._asked[actor, kind] = (minute, count)
        return count <= most
