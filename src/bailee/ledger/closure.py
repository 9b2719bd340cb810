"""That nothing can be recorded: a small file beside the data, because the ledger can't say that of itself."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from bailee.custody import durable
from bailee.kernel.errors import HouseError

FILE = "gate.state"
RESERVE = "reserve.bin"


@dataclass(frozen=True, slots=True)
class Closed:
    """Since when the gate is shut, why, and how many were refused since."""

    since: int
    why: str
    refused: int


class Closure:
    """Notes that writing failed, counts refusals, and says so once writing works again.

    Args:
        home: the home directory.

    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._reserve = home / RESERVE
        self._now = _read(self._path)

    @property
    def now(self) -> Closed | None:
        """The closure in force, or None."""
        return self._now

    def shut(self, why: str, at: int) -> None:
        """Note a failure to write; the first one fixes the time and the reason."""
        kept = self._now
        self._now = Closed(at, why, 1) if kept is None else Closed(kept.since, kept.why, kept.refused + 1)
        if kept is None:
            body = json.dumps({"closed_since": at, "why": why}).encode()
            try:
                durable.write(self._path, body)
            except HouseError:
                return  # the disk that failed the ledger fails this too; the process still knows

    def clear(self) -> Closed | None:
        """Forget the closure, after its entry is durable; answers what it was."""
        kept, self._now = self._now, None
        self._path.unlink(missing_ok=True)
        return kept

    def free_reserve(self) -> int:
        """Give the reserved space back to the disk, so that an owner can work; answers how many bytes."""
        try:
            size = self._reserve.stat().st_size
            os.truncate(self._reserve, 0)
        except OSError:
            return 0
        return size


def _read(path: Path) -> Closed | None:
    try:
        kept = json.loads(path.read_text("ascii"))
        return Closed(int(kept["closed_since"]), str(kept["why"]), 0)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Closed(0, "the state file is damaged", 0)
