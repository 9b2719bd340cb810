"""Sign the head of the ledger: rows durable, then guard and head file, then the signature, then the row."""

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from bailee.crypto.notes import Checkpoint, Signer
from bailee.custody.heads import Heads, LedgerHead
from bailee.kernel.errors import Unavailable
from bailee.kernel.tx import Tx
from bailee.keys.models import LedgerGuard
from bailee.ledger import lanes, tables, tiles
from bailee.ledger.proofs import range_root

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
        if before is not None:
            if before.size > head.size:
                raise Unavailable(
                    "the ledger is shorter than it was", hint="run bailee ledger verify", code="ledger-diverged"
                )
            if before.size and not hmac.compare_digest(
                range_root("default", head.lane, 0, before.size), bytes(before.root)
            ):
                raise Unavailable("the ledger was rewritten", hint="run bailee ledger verify", code="ledger-diverged")
        with self._opened("keys") as tx:
            LedgerGuard.objects.using(tx.alias).update_or_create(
                lane=head.lane, defaults={"size": head.size, "root": head.root, "at": tx.now}
            )
            now = tx.now
        self._heads.put_ledger(LedgerHead(head.lane, head.size, head.root, now))


def newest(alias: str, lane: int) -> tables.CheckpointRow | None:
    """The last signed head of a lane."""
    return tables.CheckpointRow.objects.using(alias).filter(lane=lane).order_by("-size").first()
