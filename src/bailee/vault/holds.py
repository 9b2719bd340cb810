"""Legal holds: what must not be destroyed yet, who says so, and when that is looked at again."""

from dataclasses import dataclass
from typing import Final

from bailee.datamap import versions
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act
from bailee.kernel.asks import Id, Instant, Key, Word
from bailee.kernel.clock import DAY
from bailee.kernel.errors import Invalid, NotFound
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx
from bailee.vault import records, tables
from bailee.vault.facts import HoldPlaced, HoldReleased

LONGEST: Final = 180 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold:
    """One customer (or one category of theirs) to keep, and the day on which that is looked at again."""

    subject: Id
    review_on: Instant
    reason: Word
    category: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHold:
    """One hold, by its id."""

    hold: Id


@act("vault.hold", needs=Permission.HOLD)
def hold(tx: Tx, actor: Actor, ask: PlaceHold) -> Recorded[str, HoldPlaced]:
    """Keep a customer's data from being destroyed, until the hold is released."""
    if not tx.now < ask.review_on <= tx.now + LONGEST:
        raise Invalid("a hold is looked at again within 180 days", hint="name a day in that time")
    if ask.category is not None and ask.category not in versions.current(tx.alias).categories:
        raise NotFound("the data map has no such category", hint="bailee map show")
    if not records.live(tx, ids.parse(ask.subject)):
        raise NotFound("there is no such customer", hint="bailee customer find")
    key = ids.uuid7(tx.now)
    tables.Hold.objects.using(tx.alias).create(
        id=key, subject=ids.parse(ask.subject), category=ask.category, owner=actor.id, review_on=ask.review_on
    )
    return Recorded(ids.text(key), HoldPlaced(ids.text(key), actor.id, ask.review_on))


@act("vault.release", needs=Permission.HOLD)
def release(tx: Tx, actor: Actor, ask: ReleaseHold) -> Recorded[None, HoldReleased]:
    """Release a hold."""
    if tables.Hold.objects.using(tx.alias).filter(id=ids.parse(ask.hold)).delete()[0] == 0:
        raise NotFound("there is no such hold", hint="bailee customer holds")
    return Recorded(None, HoldReleased(ask.hold))


def forget(tx: Tx, subject: bytes) -> int:
    """Delete a customer's holds; for erasure, which none of them stood in the way of."""
    return tables.Hold.objects.using(tx.alias).filter(subject=subject).delete()[0]


def held(tx: Tx, subject: bytes, categories: frozenset[str] | None) -> bool:
    """Whether a hold stands in the way of destroying all of a customer (None) or some categories."""
    rows = tables.Hold.objects.using(tx.alias).filter(subject=subject).values_list("category", flat=True)
    return any(category is None or categories is None or category in categories for category in rows)
