"""Start-up: prove that the ledger's end is the end it had, or keep the gate shut and say which entry is wrong."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import connections

from bailee.crypto.notes import Checkpoint, Verifier, verify
from bailee.crypto.tree import Frontier, leaf_hash
from bailee.custody.heads import Heads
from bailee.kernel.canon import b64u
from bailee.kernel.clock import SECOND
from bailee.kernel.errors import HouseError, Unavailable
from bailee.keys.models import LedgerGuard
from bailee.ledger import tables
from bailee.ledger.entries import parse
from bailee.ledger.lanes import Head
from bailee.ledger.proofs import range_root

ANSWER_TIME: Final = 30 * SECOND
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the ledger; `index` is the first bad entry, or the size it should have."""

    what: str
    index: int

    def error(self) -> Unavailable:
        return Unavailable(
            f"{self.what} (entry {self.index}); the gate stays shut",
            hint="restore a backup, or continue in a new lane with `bailee ledger succeed`",
            code="ledger-diverged",
        )


def examine(head: Head, heads: Heads, verifier: Verifier) -> Finding | None:
    """Prove the end of a lane against everything that remembers it; None if all agree.

    1. The newest checkpoint's signature verifies, and it is of this lane.
    2. The lane is not shorter than checkpoint, guard or head file say: else truncated, or put back.
    3. The entries since the checkpoint, hashed again from their bodies, give the lane's frontier and root.
    4. The root at the guarded size is the guarded root: else forked.

    The caller must still run the full verifier from time to time: entries under the checkpoint are not re-read here.
    """
    base, frontier = 0, Frontier()
    point = tables.CheckpointRow.objects.filter(lane=head.lane).order_by("-size").first()
    if point is not None:
        try:
            text, _ = verify(point.note, [verifier])
            signed = Checkpoint.parse(text)
        except HouseError:
            return Finding("the newest checkpoint is not signed by this house", point.size)
        if (signed.origin, signed.size, signed.root) != (head.origin, point.size, bytes(point.root)):
            return Finding("the newest checkpoint speaks of another ledger", point.size)
        if head.size < signed.size:
            return Finding(f"the ledger was truncated: {head.size} entries of {signed.size}", head.size)
        base, frontier = signed.size, _frontier_at(head.lane, signed.size)
        if not hmac.compare_digest(frontier.root(), signed.root):
            return Finding("entries under the signed checkpoint were changed", _first_bad(head.lane, signed.size))
    for what, size, root in memories(head, heads):
        if head.size < size:
            return Finding(f"the home was put back to an older state: {head.size} entries of {size}", head.size)
        if size and not hmac.compare_digest(range_root("default", head.lane, 0, size), root):
            return Finding(f"the ledger is not the one that {what} remembers", _first_bad(head.lane, size))
    return _tail(head, base, frontier)


def unsure_from(lane: int, size: int, last_t: int) -> int:
    """First entry younger, at the last one, than a request may take: its answer may not have been received."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT MIN(idx) FROM ledger_entry WHERE lane = %s AND t > %s", [lane, last_t - ANSWER_TIME])
        found = cursor.fetchone()
    return size if found is None or found[0] is None else int(found[0])


def memories(head: Head, heads: Heads) -> list[tuple[str, int, bytes]]:
    """What remembers the head of a lane, besides its own checkpoints: who, size, root."""
    known: list[tuple[str, int, bytes]] = []
    kept = heads.ledger()
    if kept is not None and kept.lane == head.lane:
        known.append(("the head file", kept.size, kept.root))
    elif kept is not None and kept.lane > head.lane:
        known.append(("the head file", head.size + kept.size, kept.root))
    guard = LedgerGuard.objects.using("keys").filter(lane=head.lane).first()
    if guard is not None:
        known.append(("the key store", guard.size, bytes(guard.root)))
    return known


def _frontier_at(lane: int, size: int) -> Frontier:
    hashes, start = [], 0
    for bit in range(size.bit_length() - 1, -1, -1):
        if size >> bit & 1:
            hashes.append(range_root("default", lane, start, start + (1 << bit)))
            start += 1 << bit
    return Frontier.from_bytes(size, b"".join(hashes))


def _tail(head: Head, base: int, frontier: Frontier) -> Finding | None:
    """Hash the entries after `base` again and compare with the lane row."""
    index, prior, last_t = base, _leaf_before(head.lane, base), 0
    for row in rows(head.lane, base):
        said = "an entry was changed" if row.body is None else flaw(head.lane, index, prior, last_t, row)
        if said:
            return Finding(said, index)
        leaf, t = row.leaf, row.t
        frontier.push(leaf)
        index, prior, last_t = index + 1, leaf, t
    lane = tables.Lane.objects.get(id=head.lane)
    if index != head.size:
        return Finding(f"the lane says {head.size} entries and holds {index}", min(index, head.size))
    if frontier.to_bytes() != bytes(lane.frontier) or frontier.root() != bytes(lane.root):
        return Finding("the lane's frontier does not match its entries", base)
    if (prior or b"") != bytes(lane.last_leaf):
        return Finding("the lane's last leaf is another one", head.size)
    return None


def _leaf_before(lane: int, index: int) -> bytes | None:
    row = tables.Entry.objects.filter(lane=lane, idx=index - 1).values_list("leaf", flat=True).first()
    return None if row is None else bytes(row)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it is stored, with its copied columns."""

    index: int
    leaf: bytes
    body: bytes | None
    tag: int
    t: int
    actor: str | None
    alias: bytes | None


def rows(lane: int, start: int) -> Iterator[Row]:
    """Entries from `start` on, a page at a time."""
    while True:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT idx, leaf, body, tag, t, actor, alias FROM ledger_entry "
                "WHERE lane = %s AND idx >= %s ORDER BY idx LIMIT %s",
                [lane, start, _PAGE],
            )
            page = cursor.fetchall()
        for index, leaf, body, tag, t, actor, alias in page:
            yield Row(index, _raw(leaf) or b"", _raw(body), tag, t, actor, _raw(alias))
        if len(page) < _PAGE:
            return
        start = page[-1][0] + 1


def flaw(lane: int, index: int, prior: bytes | None, last_t: int, row: Row) -> str:
    """What is wrong with one entry, after the one before it; empty if nothing. A pruned one has only its place."""
    if row.index != index:
        return "an entry is missing or stands twice"
    if row.body is None:
        return ""
    if not hmac.compare_digest(leaf_hash(row.body), row.leaf):
        return "an entry was changed"
    try:
        made = parse(row.body)
    except HouseError:
        return "an entry does not parse"
    if made["i"] != index or made["h"] != lane or made["t"] != row.t or row.t < last_t:
        return "an entry is not where it belongs"
    if made.get("p") != (None if prior is None else b64u(prior)):
        return "an entry does not follow the one before it"
    alias = None if row.alias is None else b64u(row.alias)
    if (made["k"], made.get("a"), made.get("s")) != (row.tag, row.actor, alias):
        return "a column of an entry differs from its body"
    return ""


def _raw(stored: object) -> bytes | None:
    """Bytes as bytes; whatever else somebody put there can't equal any hash."""
    return bytes(stored) if isinstance(stored, bytes | memoryview) else None if stored is None else b""


def _first_bad(lane: int, size: int) -> int:
    """The first entry that is missing, or is not what the one before it and its own leaf say; else the size."""
    index, prior, last_t = 0, None, 0
    for row in rows(lane, 0):
        if index >= size or flaw(lane, index, prior, last_t, row):
            return index
        index, prior, last_t = index + 1, row.leaf, row.t
    return index
