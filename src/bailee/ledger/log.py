"""Reading the ledger: the newest entries, one entry, where it stands. Looks; nobody's values are here."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from bailee.kernel.actors import Actor
from bailee.kernel.acts import look
from bailee.kernel.asks import Count, Word
from bailee.kernel.clock import iso
from bailee.kernel.errors import NotFound
from bailee.kernel.events import KINDS, sentence
from bailee.kernel.permissions import Permission
from bailee.kernel.tx import View
from bailee.ledger import lanes, mentions, projections, tables
from bailee.ledger.entries import Entry, opened

Page = Annotated[int, msgspec.Meta(ge=1, le=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest entries, or those before an index; of one actor, or of one kind of event."""

    limit: Page = 20
    before: Count | None = None
    actor: Word | None = None
    event: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One entry by its place."""

    index: Count
    lane: Count = 0


@dataclass(frozen=True, slots=True)
class Nothing:
    """An ask without parameters."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a person reads it."""

    lane: int
    index: int
    at: str
    event: str
    says: str
    actor: str
    subject: str
    people: int
    purpose: str
    categories: tuple[int, ...]
    clear: tuple[int, ...]
    masked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LedgerState:
    """Size, newest checkpoint and how far the projections are."""

    lane: int
    origin: str
    size: int
    checkpoint_size: int
    checkpoint_at: str
    projections: tuple[projections.Progress, ...]


@look("ledger.entries", needs=Permission.READ_LEDGER)
def entries(view: View, actor: Actor, ask: Newest) -> tuple[Line, ...]:
    """The newest entries, newest first."""
    head = lanes.head()
    if head is None:
        return ()
    rows = tables.Entry.objects.filter(lane=head.lane, body__isnull=False).order_by("-idx")
    if ask.before is not None:
        rows = rows.filter(idx__lt=ask.before)
    if ask.actor is not None:
        rows = rows.filter(actor=ask.actor)
    if ask.event is not None:
        rows = rows.filter(tag__in=[tag for tag, kind in KINDS.items() if kind.name == ask.event])
    return tuple(line(opened(bytes(row.body or b""), bytes(row.leaf))) for row in rows[: ask.limit])


@look("ledger.entry", needs=Permission.READ_LEDGER)
def entry(view: View, actor: Actor, ask: At) -> Line:
    """One entry."""
    row = tables.Entry.objects.filter(lane=ask.lane, idx=ask.index).first()
    if row is None or row.body is None:
        raise NotFound("there is no such entry, or its body was pruned", hint="bailee ledger tail")
    return line(opened(bytes(row.body), bytes(row.leaf)))


@look("ledger.state", needs=Permission.ANYONE)
def state(view: View, actor: Actor, ask: Nothing) -> LedgerState:
    """How large the ledger is, when it was last signed, how far the projections are."""
    head = lanes.head()
    if head is None:
        raise NotFound("this house has no ledger", hint="run bailee init")
    point = tables.CheckpointRow.objects.filter(lane=head.lane).order_by("-size").first()
    return LedgerState(
        head.lane,
        head.origin,
        head.size,
        0 if point is None else point.size,
        "" if point is None else iso(point.at),
        projections.progress(head.lane, head.size),
    )


def of_alias(alias: bytes, limit: int) -> tuple[Line, ...]:
    """Every entry about one customer, by pseudonym, newest first; as far as the projections have come."""
    head = lanes.head()
    if head is None:
        return ()
    wanted = mentions.of(alias, head.lane, limit)
    rows = tables.Entry.objects.filter(lane=head.lane, idx__in=wanted, body__isnull=False).order_by("-idx")
    return tuple(line(opened(bytes(row.body or b""), bytes(row.leaf))) for row in rows)


def line(one: Entry) -> Line:
    """Write an entry as a sentence with its circumstances."""
    kind: Any = KINDS.get(one.tag)
    return Line(
        lane=one.lane,
        index=one.index,
        at=iso(one.at),
        event=str(one.tag) if kind is None else kind.name,
        says=sentence(one.tag, one.facts),
        actor=one.actor or "",
        subject="" if one.alias is None else one.alias.hex(),
        people=0 if one.people is None else one.people.n,
        purpose=one.purpose or "",
        categories=one.categories,
        clear=one.clear,
        masked=one.masked,
    )
