"""Sign the head of the ledger: rows durable, then guard and head file, then the signature, then the row."""

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from bailee.crypto.notes import Checkpoint, Signer
from bailee.crypto.tree import Frontier
from bailee.custody.heads import Heads, LedgerHead
from bailee.kernel.errors import Unavailable
from bailee.kernel.tx import Tx
from bailee.keys.models import LedgerGuard
from bailee.ledger import lanes, tables, tiles

EVERY: Final = 10_000

Opened = Callable[..., AbstractContextManager[Tx]]


class Checkpointer:
    """Signs what is durable and never a head that is not provably consistent with the guard.

    Args:
        opened: `house.opened`.
        signer: the ledger's key.
        heads: the head files in the custody folder.

    """

    def __init__(self, opened: Opened, signer: Signer, heads: Heads) -> None:
        self._opened = opened
        self._signer = signer
        self._heads = heads

    def sign(self) -> str | None:
        """Sign the open lane if it grew since the last signature; answers the newest note.

        Raises:
            Unavailable: `ledger-diverged`: the head does not contain the guarded one.

        """
        head = lanes.head()
        if head is None or head.size == 0:
            return None
        newest = tables.CheckpointRow.objects.using("default").filter(lane=head.lane).order_by("-size").first()
        if newest is not None and newest.size == head.size:
            return newest.note
        self.guard(head)
        note = self._signer.sign(Checkpoint(head.origin, head.size, head.root).text())
        with self._opened() as tx:
            tiles.fill(tx, head.lane, head.size)
            tables.CheckpointRow.objects.using(tx.alias).get_or_create(
                lane=head.lane, size=head.size, defaults={"root": head.root, "note": note, "at": tx.now}
            )
        return note

    def guard(self, head: lanes.Head) -> None:
        """Move the guard row and the head file forward to this head, after proving that it contains the old one."""
        before = LedgerGuard.objects.using("keys").filter(lane=head.lane).first()
        size, known = (0, Frontier()) if before is None else (before.size, _frontier(before))
        if size > head.size:
            raise Unavailable(
                "the ledger is shorter than it was", hint="run bailee ledger verify", code="ledger-diverged"
            )
        # Only what is new is read: the guarded frontier with the leaves behind it must give the root of this head.
        known.extend(tiles.leaves("default", head.lane, size, head.size))
        if known.size != head.size or not hmac.compare_digest(known.root(), head.root):
            raise Unavailable("the ledger was rewritten", hint="run bailee ledger verify", code="ledger-diverged")
        with self._opened("keys") as tx:
            LedgerGuard.objects.using(tx.alias).update_or_create(
                lane=head.lane,
                defaults={"size": head.size, "root": head.root, "frontier": known.to_bytes(), "at": tx.now},
            )
            now = tx.now
        self._heads.put_ledger(LedgerHead(head.lane, head.size, head.root, now))


def newest(alias: str, lane: int) -> tables.CheckpointRow | None:
    """The last signed head of a lane."""
    return tables.CheckpointRow.objects.using(alias).filter(lane=lane).order_by("-size").first()


def _frontier(guard: LedgerGuard) -> Frontier:
    """The guarded frontier, which must give the guarded root."""
    kept = Frontier.from_bytes(guard.size, bytes(guard.frontier))
    if not hmac.compare_digest(kept.root(), bytes(guard.root)):
        raise Unavailable("the ledger's guard is damaged", hint="run bailee ledger verify", code="ledger-diverged")
    return kept
