"""Acting once: the answer to an idempotency key, kept for 24 hours in the act's own transaction."""

import hmac
from typing import Final

import msgspec
from django.db import IntegrityError

from bailee.kernel.clock import DAY
from bailee.kernel.errors import Conflict, Invalid
from bailee.kernel.recorded import EntryRef
from bailee.kernel.secret import Secret
from bailee.kernel.tx import Tx
from bailee.ledger import tables

_NOT_KEPT: Final = b""


class _Held(Exception):
    """The value holds a secret."""


def find(tx: Tx, actor: str, key: str, ask_digest: bytes) -> tuple[bytes, EntryRef] | None:
    """The stored answer to this key, as JSON, or None.

    Raises:
        Invalid: `once-mismatch`: the key was used for another ask.
        Conflict: it was done, but its answer held a secret, which is shown once and never stored.

    """
    row = tables.ActOnce.objects.using(tx.alias).filter(actor=actor, key=key, until__gt=tx.now).first()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row.ask_digest), ask_digest):
        raise Invalid("this idempotency key was used for another ask", hint="use a new key", code="once-mismatch")
    place, _, value = bytes(row.result).partition(b"\n")
    lane, _, index = place.partition(b"/")
    if value == _NOT_KEPT:
        raise Conflict(
            f"this was done already, in entry {place.decode()}; its answer was shown once", hint="make a new one"
        )
    return value, EntryRef(int(lane), int(index))


def keep(tx: Tx, actor: str, key: str, ask_digest: bytes, value: object, entry: EntryRef) -> None:
    """Store an answer beside its entry, unless it holds a secret: then only that it was given.

    Raises:
        Conflict: another transaction with this key commits right now; asking again gives its answer.

    """
    try:
        kept = msgspec.json.encode(value, enc_hook=_plain)
    except _Held:
        kept = _NOT_KEPT
    rows = tables.ActOnce.objects.using(tx.alias)
    rows.filter(actor=actor, key=key, until__lte=tx.now).delete()
    try:
        rows.create(
            actor=actor, key=key, ask_digest=ask_digest, result=f"{entry}\n".encode() + kept, until=tx.now + DAY
        )
    except IntegrityError as error:
        raise Conflict("this idempotency key is being used right now", hint="ask again with the same key") from error


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        raise _Held
    raise TypeError(f"{type(value).__name__} can't be an act's answer")
