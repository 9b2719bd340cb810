"""Append: the only writer of `ledger_entry`. The lane is locked last and for the batch only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connections

from bailee.crypto.tree import EMPTY, Frontier, leaf_hash
from bailee.kernel.errors import Unavailable
from bailee.kernel.recorded import EntryRef
from bailee.kernel.tx import Tx
from bailee.ledger import tables
from bailee.ledger.entries import Draft, encode

MAIN: Final = 0
OPEN: Final = 1
CLOSED: Final = 2
DIVERGED: Final = 3
_BEHIND: Final = 1_000_000
_HEAD: Final = "SELECT id, size, frontier, last_leaf, last_t FROM ledger_lane WHERE state = 1"
_LOCKED: Final = _HEAD + " FOR UPDATE"
_INSERT: Final = (
    "INSERT INTO ledger_entry (lane, idx, leaf, body, tag, t, actor, alias) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_ADVANCE: Final = (
    "UPDATE ledger_lane SET size = %s, root = %s, frontier = %s, last_leaf = %s, last_t = %s WHERE id = %s"
)


def append(tx: Tx, drafts: Sequence[Draft], *, fence: Callable[[], None] | None = None) -> list[EntryRef]:
    """Give entries their place, hash them into the tree and write them; durable when the transaction commits.

    1. Lock the lane row (SQLite: this transaction is the only writer already).
    2. Ask the caller's fence, in a statement of its own: asked together with the lock, PostgreSQL would re-read only
       the locked row and show the policy epoch from before the wait.
    3. Number, encode, hash; times never run backwards, and `w` says when the clock did.
    4. One multi-row insert, one update of the lane.

    Args:
        tx: open on the data database.
        drafts: at least one.
        fence: raises to roll the whole transaction back.

    Raises:
        Unavailable: `ledger-closed`: no lane is open; and whatever the fence raises.

    """
    connection = connections[tx.alias]
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED if connection.vendor == "postgresql" else _HEAD)
        head = cursor.fetchone()
        if head is None:
            raise Unavailable("the ledger is closed", hint="run bailee ledger verify", code="ledger-closed")
        if fence is not None:
            fence()
        lane, size, frontier_raw, last_leaf, last_t = head
        frontier = Frontier.from_bytes(size, bytes(frontier_raw))
        at = max(tx.now, last_t)
        behind = (last_t - tx.now) // 1000 if last_t - tx.now > _BEHIND else 0
        prior = bytes(last_leaf) if size else None
        rows, refs, leaves = [], [], []
        for index, draft in enumerate(drafts, size):
            body = encode(draft, lane=lane, index=index, at=at, prior=prior, behind=behind)
            prior = leaf_hash(body)
            leaves.append(prior)
            rows.append((lane, index, prior, body, draft.event.tag, at, draft.actor, draft.alias))
            refs.append(EntryRef(lane, index))
        frontier.extend(leaves)
        cursor.executemany(_INSERT, rows)
        cursor.execute(_ADVANCE, [size + len(rows), frontier.root(), frontier.to_bytes(), prior, at, lane])
    return refs


@dataclass(frozen=True, slots=True)
class Head:
    """Where a lane stands."""

    lane: int
    origin: str
    size: int
    root: bytes
    last_t: int
    state: int


def head(alias: str = "default") -> Head | None:
    """The open lane, or the newest one if none is open; None before `init`."""
    rows = tables.Lane.objects.using(alias).order_by("state", "-id")
    row = rows.filter(state=OPEN).first() or rows.order_by("-id").first()
    return None if row is None else Head(row.id, row.origin, row.size, bytes(row.root), row.last_t, row.state)


def open_lane(tx: Tx, lane: int, origin: str, *, follows: int | None) -> None:
    """Begin an empty lane; the caller's first entry in it says what it follows."""
    tables.Lane.objects.using(tx.alias).create(
        id=lane,
        origin=origin,
        size=0,
        root=EMPTY,
        frontier=b"",
        last_leaf=b"",
        last_t=0,
        state=OPEN,
        follows=follows,
    )


def close_lane(tx: Tx, lane: int, state: int) -> None:
    """Close a lane for good (`CLOSED`), or mark that it does not verify (`DIVERGED`)."""
    tables.Lane.objects.using(tx.alias).filter(id=lane).update(state=state)
