"""Acting once: the answer to an idempotency key, kept for 24 hours in the act's own transaction."""

import hmac

from bailee.kernel.clock import DAY
from bailee.kernel.errors import Invalid
from bailee.kernel.recorded import EntryRef
from bailee.kernel.tx import Tx
from bailee.ledger import tables


def find(tx: Tx, actor: str, key: str, ask_digest: bytes) -> tuple[bytes, EntryRef] | None:
    """The stored answer to this key, or None.

    Raises:
        Invalid: `once-mismatch`: the key was used for another ask.

    """
    row = tables.ActOnce.objects.using(tx.alias).filter(actor=actor, key=key, until__gt=tx.now).first()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row.ask_digest), ask_digest):
        raise Invalid("this idempotency key was used for another ask", hint="use a new key", code="once-mismatch")
    place, _, value = bytes(row.result).partition(b"\n")
    lane, _, index = place.partition(b"/")
    return value, EntryRef(int(lane), int(index))


def keep(tx: Tx, actor: str, key: str, ask_digest: bytes, value: bytes, entry: EntryRef) -> None:
    """Store an answer beside its entry; of two racing transactions the second fails on the primary key."""
    rows = tables.ActOnce.objects.using(tx.alias)
    rows.filter(actor=actor, key=key, until__lte=tx.now).delete()
    rows.create(actor=actor, key=key, ask_digest=ask_digest, result=f"{entry}\n".encode() + value, until=tx.now + DAY)
