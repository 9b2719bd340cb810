"""Projections: tables derived from entries, each with a durable cursor of its own; replay gives the same rows.

A fold may use the entry alone: its time is `entry.at`; no clock, no chance, no network. What must leave the house goes
through the outbox, and only for entries at or beyond the projection's `outward` mark, which never goes back.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from django.db import connections, models

from bailee.kernel.errors import Conflict, NotFound
from bailee.kernel.tx import Tx
from bailee.ledger import tables
from bailee.ledger.entries import Entry, opened

BATCH: Final = 500
TRIES: Final = 3

Opened = Callable[..., AbstractContextManager[Tx]]


class Fold(Protocol):
    """Takes entries in order, updates its own tables; `emit(entry, ordinal, kind, body)` asks for an effect outside."""

    def __call__(self, tx: Tx, entries: Sequence[Entry], emit: Callable[[Entry, int, str, bytes], None], /) -> None: ...


@dataclass(frozen=True, slots=True)
class Projection:
    """One derived set of tables."""

    name: str
    tags: frozenset[int]
    version: int
    owns: tuple[type[models.Model], ...]
    fold: Fold


PROJECTIONS: Final[dict[str, Projection]] = {}


def projection(
    name: str, *, tags: frozenset[int], version: int, owns: tuple[type[models.Model], ...]
) -> Callable[[Fold], Fold]:
    """Register a fold over entries of some tags.

    Args:
        name: `area.noun`.
        tags: which events it reads.
        version: raise it to refold from entry 0.
        owns: its tables; emptied before a refold.

    """

    def keep(fold: Fold) -> Fold:
        if name in PROJECTIONS:
            raise TypeError(f"projection {name} is used twice")
        PROJECTIONS[name] = Projection(name, tags, version, owns, fold)
        return fold

    return keep


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a projection is: `behind` entries to go; `stopped` names what it can't fold."""

    name: str
    next: int
    behind: int
    stopped: str


def advance(opened_: Opened, what: Projection, lane: int) -> int:
    """Fold the next batch; rows and cursor commit together. Answers how many entries it passed.

    An entry that fails three times stops this projection at that entry: nothing is skipped, the others go on.
    """
    with opened_() as tx:
        cursor = _cursor(tx, what, lane)
        if cursor.tries >= TRIES:
            return 0
        batch = _batch(tx.alias, what, lane, cursor.next)
        if batch is None:
            return 0
        entries, end = batch
    try:
        return _fold(opened_, what, lane, cursor.next, entries, end)
    except Exception:  # noqa: BLE001 - whatever a fold raises: the entries before the bad one still count
        return _one_by_one(opened_, what, lane, cursor.next, entries)


def _fold(opened_: Opened, what: Projection, lane: int, start: int, entries: Sequence[Entry], end: int) -> int:
    """Fold some entries and move the cursor with them; 0 if another worker was faster."""
    with opened_() as tx:
        held = tables.Cursor.objects.using(tx.alias).select_for_update().get(projection=what.name, lane=lane)
        if held.next != start:
            return 0
        if entries:
            what.fold(tx, entries, _emitter(tx, what, lane, held.outward))
        tables.Cursor.objects.using(tx.alias).filter(projection=what.name, lane=lane).update(
            next=end, outward=max(held.outward, end), failed_idx=None, error=None, tries=0, at=tx.now
        )
    return end - start


def _one_by_one(opened_: Opened, what: Projection, lane: int, start: int, entries: Sequence[Entry]) -> int:
    """Fold each entry alone, up to the one that fails: there the projection stands, and says why."""
    begun = start
    for entry in entries:
        if entry.index > start:
            _fold(opened_, what, lane, start, [], entry.index)
        start = entry.index
        try:
            if not _fold(opened_, what, lane, start, [entry], start + 1):
                return 0
        except Exception as error:  # noqa: BLE001 - whatever a fold raises must stop it, not the house
            with opened_() as tx:
                tables.Cursor.objects.using(tx.alias).filter(projection=what.name, lane=lane, next=start).update(
                    failed_idx=start, error=type(error).__name__, tries=models.F("tries") + 1, at=tx.now
                )
            return 0
        start += 1
    return start - begun


def catch_up(opened_: Opened, lane: int) -> None:
    """Bring every projection to the end of the lane."""
    for what in PROJECTIONS.values():
        while advance(opened_, what, lane):
            pass


def replay(tx: Tx, name: str, lane: int) -> None:
    """Empty a projection's tables and set its cursor to entry 0; what went outward does not go again.

    Raises:
        NotFound: there is no such projection.
        Conflict: entries it needs were pruned.

    """
    what = PROJECTIONS.get(name)
    if what is None:
        raise NotFound("there is no such projection", hint=f"there are {', '.join(sorted(PROJECTIONS))}")
    if tables.Entry.objects.using(tx.alias).filter(lane=lane, tag__in=what.tags, body__isnull=True).exists():
        raise Conflict("entries it needs were pruned", hint="the rows stay as they are")
    _empty(tx, what)
    tables.Cursor.objects.using(tx.alias).filter(projection=name, lane=lane).update(
        next=0, version=what.version, failed_idx=None, error=None, tries=0
    )


def progress(lane: int, size: int) -> tuple[Progress, ...]:
    """How far each projection is behind the lane."""
    rows = {row.projection: row for row in tables.Cursor.objects.filter(lane=lane)}
    return tuple(
        Progress(
            name,
            rows[name].next if name in rows else 0,
            size - (rows[name].next if name in rows else 0),
            rows[name].error or "" if name in rows else "",
        )
        for name in sorted(PROJECTIONS)
    )


def _cursor(tx: Tx, what: Projection, lane: int) -> tables.Cursor:
    cursor, _ = tables.Cursor.objects.using(tx.alias).get_or_create(
        projection=what.name, lane=lane, defaults={"version": what.version, "next": 0, "outward": 0, "at": tx.now}
    )
    if cursor.version != what.version:
        _empty(tx, what)
        tables.Cursor.objects.using(tx.alias).filter(projection=what.name, lane=lane).update(
            next=0, version=what.version, failed_idx=None, error=None, tries=0
        )
        cursor.next, cursor.tries = 0, 0
    return cursor


def _empty(tx: Tx, what: Projection) -> None:
    for table in what.owns:
        table._default_manager.using(tx.alias).all().delete()  # noqa: SLF001 - the generic way to a model's rows


def _batch(alias: str, what: Projection, lane: int, start: int) -> tuple[list[Entry], int] | None:
    """The entries of interest among the next 500, and where they end; None at the end of the lane."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT idx, tag, leaf, body FROM ledger_entry WHERE lane = %s AND idx >= %s ORDER BY idx LIMIT %s",
            [lane, start, BATCH],
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    wanted = [opened(bytes(body), bytes(leaf)) for _, tag, leaf, body in rows if tag in what.tags and body is not None]
    return wanted, rows[-1][0] + 1


def _emitter(tx: Tx, what: Projection, lane: int, outward: int) -> Callable[[Entry, int, str, bytes], None]:
    def emit(entry: Entry, ordinal: int, kind: str, body: bytes) -> None:
        if entry.index >= outward:
            tables.Outbox.objects.using(tx.alias).get_or_create(
                projection=what.name, lane=lane, idx=entry.index, ordinal=ordinal, defaults={"kind": kind, "body": body}
            )

    return emit
