"""The write guard: no statement that writes leaves a connection outside an open transaction of the house.

It catches accidents (a page that calls `.delete()`); database roles, triggers and MACs stop intruders.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from weakref import WeakSet

from bailee.kernel.errors import HouseError

_READS: Final = re.compile(
    r"\s*(?:SELECT|WITH|EXPLAIN|SHOW|VALUES|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET)\b", re.IGNORECASE
)
_WRITES: Final = re.compile(
    r"\b(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|CREATE|ALTER|DROP|GRANT|REVOKE|COPY|VACUUM|REINDEX|ATTACH|DETACH|DO|CALL|INTO)\b",
    re.IGNORECASE,
)
_PRAGMA: Final = re.compile(
    r"\s*PRAGMA\s+(?:\w+|(?:(?:table|index|foreign_key)_\w+|wal_checkpoint)\s*\(\s*[\"'\w]*\s*\))\s*;?\s*\Z",
    re.IGNORECASE,
)
"""In parentheses only what asks about a table or an index, or empties the log: `PRAGMA synchronous(0)` sets."""
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_TARGET: Final = re.compile(
    r"\s*(INSERT)\s+INTO\s+\"?(\w+)|\s*(UPDATE)\s+\"?(\w+)|\s*(DELETE)\s+FROM\s+\"?(\w+)", re.IGNORECASE
)
_LOCK: Final = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
_CONFLICT: Final = re.compile(r"\bDO\s+(?:UPDATE\s+SET|NOTHING)\b", re.IGNORECASE)


class WriteOutsideAct(HouseError):
    """A statement that writes ran outside an act; it was not executed."""

    slug, status = "internal", 500


class WriteGuard:
    """One wrapper for all connections; knows no framework.

    Args:
        pairs: table → verbs that may be written outside a transaction of the house.

    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = {(verb, table) for table, verbs in pairs.items() for verb in verbs.split()}
        self._open: WeakSet[Any] = WeakSet()
        self._nap = threading.local()

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]
    ) -> Any:
        if context["connection"] not in self._open and not self._napping() and not self.harmless(sql):
            raise WriteOutsideAct("a statement that writes ran outside an act", hint="use house.do")
        return execute(sql, params, many, context)

    @lru_cache(maxsize=2048)  # noqa: B019 - the guard lives as long as the process
    def harmless(self, sql: str) -> bool:
        """Tell whether a statement can't write: it begins by reading and holds no writing word, or is on the list."""
        if _PRAGMA.match(sql):
            return True
        bare = _QUOTED.sub("''", sql)
        if _READS.match(sql):
            return not _WRITES.search(_LOCK.sub("", bare)) and ";" not in bare.rstrip().rstrip(";")
        found = _TARGET.match(sql)
        if found is None:
            return False
        verb, table = (part for part in found.groups() if part is not None)
        if _WRITES.search(_CONFLICT.sub("", bare[found.end() :])):
            return False
        return (verb.upper(), table.lower()) in self._pairs and ";" not in bare.rstrip().rstrip(";")

    @contextmanager
    def admit(self, connection: Any) -> Iterator[None]:
        """Let one connection write for the length of a transaction; `house.opened` is the only caller."""
        self._open.add(connection)
        try:
            yield
        finally:
            self._open.discard(connection)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Let this thread write freely: for `migrate` and a test's set-up and tear-down only."""
        self._nap.depth = getattr(self._nap, "depth", 0) + 1
        try:
            yield
        finally:
            self._nap.depth -= 1

    def _napping(self) -> bool:
        return getattr(self._nap, "depth", 0) > 0


GUARD: Final = WriteGuard({})
