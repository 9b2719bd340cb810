"""Bulk unlocks: leave to read many customers at once, for one purpose, for at most 15 minutes."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import Danger, act
from bailee.kernel.asks import Key, Word
from bailee.kernel.clock import MINUTE
from bailee.kernel.errors import Invalid
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx
from bailee.vault import tables
from bailee.vault.facts import BulkUnlocked

LIFE: Final = 15 * MINUTE
ALONE: Final = 10_000
Some = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Many = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockBulk:
    """Up to 10,000 customers for one purpose, and why."""

    purpose: Key
    most: Some
    reason: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockMore:
    """More than 10,000 customers for one purpose, and why; a second person agrees."""

    purpose: Key
    most: Many
    reason: Word


@act("vault.unlock_bulk", needs=Permission.SELF, danger=Danger.FRESH_FACTOR)
def unlock_bulk(tx: Tx, actor: Actor, ask: UnlockBulk) -> Recorded[str, BulkUnlocked]:
    """Take leave to read up to 10,000 customers at once, for 15 minutes."""
    if ask.most > ALONE:
        raise Invalid("more than 10,000 customers want a second person", hint="use vault.unlock_more")
    return _unlock(tx, actor, ask.purpose, ask.most)


@act("vault.unlock_more", needs=Permission.SELF, danger=Danger.SECOND_PERSON)
def unlock_more(tx: Tx, actor: Actor, ask: UnlockMore) -> Recorded[str, BulkUnlocked]:
    """Take leave to read more than 10,000 customers at once, agreed by a second person, for 15 minutes."""
    return _unlock(tx, actor, ask.purpose, ask.most)


def _unlock(tx: Tx, actor: Actor, purpose: str, most: int) -> Recorded[str, BulkUnlocked]:
    key = ids.text(ids.uuid7(tx.now))
    until = tx.now + LIFE
    tables.BulkUnlock.objects.using(tx.alias).create(id=key, actor=actor.id, purpose=purpose, most=most, until=until)
    return Recorded(key, BulkUnlocked(actor.id, purpose, most, until))


def allowed(alias: str, key: str, actor: str, purpose: str, now: int) -> int:
    """How many customers an unlock allows this actor for this purpose now; 0 if it does not hold."""
    row = tables.BulkUnlock.objects.using(alias).filter(id=key, actor=actor, purpose=purpose, until__gt=now).first()
    return 0 if row is None else row.most
