"""Going on after a ledger that does not verify: how far it can still be trusted, and the lane that follows it."""

from dataclasses import dataclass

from bailee.crypto.notes import Checkpoint, Verifier, verify
from bailee.crypto.tree import EMPTY, Frontier
from bailee.custody.heads import Heads
from bailee.kernel.errors import HouseError
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, tables
from bailee.ledger.facts import LaneOpened
from bailee.ledger.lanes import Head
from bailee.ledger.recovery import flaw, memories, rows


@dataclass(frozen=True, slots=True)
class Trusted:
    """The longest part of a lane that is whole and vouched for; and the largest head that anything remembers."""

    size: int
    root: bytes
    remembered_size: int
    remembered_root: bytes


def trusted(head: Head, heads: Heads, verifier: Verifier) -> Trusted:
    """Read a lane through: every entry up to the size holds, and something signed or remembered covers it.

    Leaves past the first bad entry still count towards a signed root: one changed body does not take the signature
    from all before it.
    """
    known = {size: root for _, size, root in memories(head, heads)}
    largest = max(known.items(), default=(0, EMPTY))
    for point in tables.CheckpointRow.objects.filter(lane=head.lane):
        try:
            signed = Checkpoint.parse(verify(point.note, [verifier])[0])
        except HouseError:
            continue
        if signed.origin == head.origin:
            known[signed.size] = signed.root
            largest = max(largest, (signed.size, signed.root))
    tree, covered, whole, good = Frontier(), 0, None, [(0, EMPTY)]
    prior, last_t = None, 0
    for row in rows(head.lane, 0):
        if row.index != tree.size:
            break
        if whole is None and flaw(head.lane, tree.size, prior, last_t, row):
            whole = tree.size
            good.append((whole, tree.root()))
        tree.push(row.leaf.ljust(32, b"\0")[:32])
        prior, last_t = row.leaf, row.t
        if tree.size in known and tree.root() == known[tree.size]:
            covered = tree.size
            good.append((tree.size, tree.root()))
    until = covered if whole is None else min(covered, whole)
    return Trusted(until, dict(good)[until], *largest)


def follow(tx: Tx, old: Head, lane: int, origin: str, found: Trusted, *, reason: str, second: str) -> LaneOpened:
    """Mark the old lane as diverged and open the next; the caller appends the fact as its entry 0."""
    lanes.close_lane(tx, old.lane, lanes.DIVERGED)
    lanes.open_lane(tx, lane, origin, follows=old.lane)
    return LaneOpened(
        origin,
        reason,
        follows=old.origin,
        follows_size=found.size,
        follows_root=found.root,
        remembered_size=found.remembered_size,
        remembered_root=found.remembered_root,
        second=second,
    )
