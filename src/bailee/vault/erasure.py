"""Erasure: keys destroyed, index rows and tokens gone, on record, with a signed receipt; roll forward only.

The record of it names nobody: entries 610 to 613 and receipts carry the erasure id and never the pseudonym.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec
from django.apps import apps
from django.db import connections

from bailee.access import assignments
from bailee.crypto.commitments import commitment
from bailee.custody.heads import KeysHead
from bailee.datamap import versions
from bailee.house import House
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import Doors, act
from bailee.kernel.asks import Id, Key
from bailee.kernel.clock import MINUTE
from bailee.kernel.errors import Conflict, Gone, HouseError, NotFound, Unavailable
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import EntryRef, Recorded
from bailee.kernel.sql import marks
from bailee.kernel.tx import Tx
from bailee.keys.models import KeyGuard, SubjectKey, Tombstone
from bailee.ledger import procedures
from bailee.ledger.procedures import Procedure
from bailee.vault import holds, keystore, preferences, receipts, records, search, tables
from bailee.vault.facts import Erased, ErasureBegun, KeysDestroyed
from bailee.vault.receipts import Receipt
from bailee.vault.records import SubjectState

KIND: Final = 1
_PROCEDURES: Final = "procedure"  # blanked by its own end, in the same commit
_BEGUN: Final = 1
_KEYS_GONE: Final = 2
_FED: Final = 3
_DELETED: Final = 4


# -- words


class Basis(StrEnum):
    """Why somebody is erased."""

    REQUEST = "request"
    RETENTION = "retention"
    CONTRACT_ENDED = "contract_ended"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """One customer, all of them or some categories, and why."""

    subject: Id
    basis: Basis
    categories: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would destroy, and what stands in its way."""

    subject: str
    categories: tuple[str, ...]
    records: int
    keys: int
    index_rows: int
    held: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure done: its id, the entry that says so, the receipt for the customer."""

    id: str
    entry: EntryRef
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _State:
    """What the procedure row remembers between steps."""

    erasure: bytes
    categories: tuple[int, ...]
    whole: bool
    commits: tuple[bytes, ...]
    keys: int = 0
    commits_digest: bytes = b""


Eraser = Callable[[Tx, bytes], int]
ERASERS: Final[dict[str, Eraser]] = {}


def eraser(name: str) -> Callable[[Eraser], Eraser]:
    """Register what an area deletes when a customer goes: subject → rows removed, idempotent, called in step E4.

    A table that names a subject and has no eraser fails a test.
    """

    def keep(forget: Eraser) -> Eraser:
        if name in ERASERS:
            raise TypeError(f"eraser {name} is used twice")
        ERASERS[name] = forget
        return forget

    return keep


eraser("vault.preferences")(preferences.forget)
eraser("vault.holds")(holds.forget)
eraser("access.assignments")(assignments.forget)
assignments.THERE.append(records.live)


# -- the act that begins it


@act("vault.erase", needs=Permission.ERASE, doors=Doors.LOCAL)
def begin(tx: Tx, actor: Actor, ask: Erase) -> Recorded[str, ErasureBegun]:
    """Begin the erasure of a customer or some categories of theirs; irrevocable from here."""
    subject = ids.parse(ask.subject)
    row = records.subjects(tx.alias, [subject], lock=True).get(subject)
    if row is None:
        raise NotFound("there is no such customer", hint="bailee customer find")
    if row.state >= SubjectState.ERASING:
        raise Gone("this customer was erased already", hint="the receipt says when")
    compiled = versions.current(tx.alias)
    chosen = _chosen(ask.categories)
    if holds.held(tx, subject, frozenset(chosen) if chosen else None):
        raise Conflict("a legal hold keeps this customer", hint="release the hold first", code="held")
    numbers = tuple(sorted(compiled.categories[key].id for key in chosen))
    if row.closing & set(numbers):
        raise Gone("that is being erased already", hint="it goes on by itself; the receipt says when it is done")
    commits = _commits(tx, subject, numbers or None)
    erasure = ids.uuid7(tx.now)
    state = _State(erasure, numbers, not numbers, commits)
    rows = tables.Subject.objects.using(tx.alias).filter(id=subject)
    if numbers:
        rows.update(closing=records.closing(row.closing | set(numbers)))
    else:
        rows.update(state=SubjectState.ERASING)
    procedures.begin(tx, key=erasure, kind=KIND, step=_BEGUN, subject=subject, body=msgspec.msgpack.encode(state))
    return Recorded(ids.text(erasure), ErasureBegun(ids.text(erasure), ask.basis, numbers))


def erase(house: House, actor: Actor, ask: Erase) -> Erasure:
    """Erase a customer, or some categories of theirs, and answer with the receipt.

    E1 data: the customer is locked, the commitments of their envelopes noted, state set, entry 610; irrevocable.
    E2 key store, one commit: tombstone and, only if it was not there yet, every version of the keys deleted; the
       write-ahead log is emptied, so that no copy of the deleted rows stays in it.
    E3 the tombstone is noted outside the home (`keys.head`), so that an older key store is refused.
    E4 data: records, index rows and whatever areas keep of the customer; entries 611 and 612; log emptied.
    E5 the procedure forgets who it was about; the receipt is signed and kept.

    A crash anywhere leaves a row that `resume` rolls forward. What reaches the backups, and the second receipt that
    says so, belong to the turning of epochs.

    Raises:
        Denied, NotFound, Gone, Conflict (`held`): nothing was changed.

    """
    done = house.do(actor, begin, ask)
    key = ids.parse(done.value)
    work = next((one for one in procedures.unfinished(KIND) if one.id == key), None)
    if work is None:  # another process found it begun, and was faster
        receipt = receipts.prove(house, key)
        return Erasure(done.value, receipt.entry, receipt)
    return _roll(house, work)


def resume(house: House) -> int:
    """Roll every begun erasure forward; called before the gate opens. Answers how many."""
    begun = procedures.unfinished(KIND)
    for work in begun:
        _roll(house, work)
    return len(begun)


def plan(actor: Actor, house: House, ask: Erase) -> Plan:
    """Count what an erasure would destroy, changing nothing."""
    house.require(actor, "vault.erase_plan", Permission.ERASE)
    subject = ids.parse(ask.subject)
    row = records.subjects("default", [subject]).get(subject)
    if row is None:
        raise NotFound("there is no such customer", hint="bailee customer find")
    if row.state >= SubjectState.ERASING:
        raise Gone("this customer was erased already", hint="the receipt says when")
    compiled = versions.current()
    chosen = _chosen(ask.categories)
    numbers = {compiled.categories[key].id for key in chosen}
    kept = tables.Record.objects.filter(subject=subject)
    keys = SubjectKey.objects.using("keys").filter(subject=subject)
    rows = [tables.UniqueIndex.objects.filter(subject=subject), tables.BlindIndex.objects.filter(subject=subject)]
    if numbers:
        fields = [one.id for one in compiled.fields.values() if one.category_id in numbers]
        kept, keys = kept.filter(category__in=numbers), keys.filter(category__in=numbers)
        rows = [one.filter(field__in=fields) for one in rows]
    there = sorted({compiled.category_by_id[one].key for one in kept.values_list("category", flat=True)})
    with house.opened() as tx:
        held = holds.held(tx, subject, frozenset(chosen) if chosen else None)
    return Plan(ask.subject, tuple(there), kept.count(), keys.count(), sum(one.count() for one in rows), held)


# -- steps


def _roll(house: House, work: Procedure) -> Erasure:
    subject = work.subject
    if subject is None:
        raise Unavailable("this erasure lost its subject", hint="run bailee doctor")
    try:
        state = msgspec.msgpack.decode(work.body, type=_State)
        if work.step < _KEYS_GONE:
            state = _destroy_keys(house, subject, state)
            with house.opened() as tx:
                work = procedures.step(tx, work, _KEYS_GONE, body=msgspec.msgpack.encode(state))
        if work.step < _FED:
            _note_outside(house)
            with house.opened() as tx:
                work = procedures.step(tx, work, _FED)
        return _delete(house, work, subject, state)
    except HouseError as error:
        with house.opened() as tx:
            procedures.failed(tx, work, error.code)
        raise


def _destroy_keys(house: House, subject: bytes, state: _State) -> _State:
    """E2: the one moment at which the values become unreadable for ever."""
    digest = keystore.tomb_digest(subject)
    with house.opened("keys") as tx:
        keys = SubjectKey.objects.using(tx.alias).filter(subject=subject)
        if not state.whole:
            keys = keys.filter(category__in=state.categories)
        bounds = sorted((row.category, row.version, row.epoch) for row in keys)
        commits_digest = sha256(b"".join(sorted(state.commits))).digest()
        made = {
            "bounds": msgspec.msgpack.encode(bounds),
            "commits_digest": commits_digest,
            "at": tx.now,
        }
        tomb, fresh = Tombstone.objects.using(tx.alias).get_or_create(
            digest=digest, erasure=state.erasure, defaults=made
        )
        if fresh:
            keys.delete()
            guard = KeyGuard.objects.using(tx.alias).select_for_update().get(id=1)
            KeyGuard.objects.using(tx.alias).filter(id=1).update(
                generation=guard.generation + 1, tombstones=guard.tombstones + 1
            )
        count = len(msgspec.msgpack.decode(bytes(tomb.bounds)))
    _empty_log(house, "keys")
    return _State(state.erasure, state.categories, state.whole, state.commits, count, bytes(tomb.commits_digest))


def _note_outside(house: House) -> None:
    """E3: whoever puts an older key store back is refused at the next start."""
    guard = KeyGuard.objects.using("keys").get(id=1)
    house.heads.put_keys(KeysHead(guard.generation, guard.tombstones))


def _delete(house: House, work: Procedure, subject: bytes, state: _State) -> Erasure:
    """E4 and E5: rows, entries and receipt in one commit; then the log is emptied."""
    with house.opened() as tx:
        numbers = None if state.whole else state.categories
        fields = None
        if numbers is not None:
            compiled = versions.current(tx.alias)
            fields = [one.id for one in compiled.fields.values() if one.category_id in numbers]
        kept = tables.Record.objects.using(tx.alias).filter(subject=subject)
        if numbers is not None:
            kept = kept.filter(category__in=numbers)
        count = kept.count()
        kept.delete()
        index_rows = search.forget(tx, subject, fields)
        others = 0
        if state.whole:
            others = sum(forget(tx, subject) for _, forget in sorted(ERASERS.items())) + _swept(tx, subject)
            # How often they were changed would tell which pseudonym was theirs: that many entries speak of it.
            rows = tables.Subject.objects.using(tx.alias).filter(id=subject)
            rows.update(state=SubjectState.ERASED, closing=b"", version=0)
        else:
            row = records.subjects(tx.alias, [subject], lock=True)[subject]
            left = records.closing(row.closing - set(state.categories))
            tables.Subject.objects.using(tx.alias).filter(id=subject).update(closing=left)
        erasure = ids.text(state.erasure)
        entries = house.append(
            tx,
            KeysDestroyed(erasure, state.keys, state.commits_digest),
            Erased(erasure, count, index_rows, others),
        )
        procedures.end(tx, work)
        note = receipts.sign(
            house.signer,
            house=house.id,
            erasure=state.erasure,
            categories=numbers,
            keys=state.keys,
            commits_digest=state.commits_digest,
            index_rows=index_rows,
            at=tx.now,
            entry=entries[1],
        )
        receipts.keep(tx, state.erasure, note)
    _empty_log(house, "default")
    return Erasure(erasure, entries[1], receipts.prove(house, state.erasure))


def _swept(tx: Tx, subject: bytes) -> int:
    """Delete what no eraser took, from every table with a column `subject`.

    An area that this process has not imported has registered nothing; its tables are known all the same.
    """
    count = 0
    for kind in apps.get_app_config("bailee").get_models():
        named = any(one.column == "subject" for one in kind._meta.concrete_fields)  # noqa: SLF001 - Django's name for it
        if named and kind._meta.db_table != _PROCEDURES:  # noqa: SLF001 - Django's name for it
            count += kind._default_manager.using(tx.alias).filter(subject=subject).delete()[0]  # noqa: SLF001 - Django's name for it
    return count


def _chosen(keys: Sequence[str]) -> tuple[str, ...]:
    compiled = versions.current()
    for key in keys:
        if key not in compiled.categories or compiled.categories[key].built_in:
            raise NotFound("the data map has no such category", hint=", ".join(sorted(compiled.categories)))
    made = list(keys)
    for key in keys:
        made += [other for other, one in compiled.categories.items() if one.derived_from == key]
    return tuple(dict.fromkeys(made))


def _commits(tx: Tx, subject: bytes, numbers: Sequence[int] | None) -> tuple[bytes, ...]:
    """The distinct key commitments of a customer's envelopes, sorted."""
    sql = "SELECT DISTINCT envelope FROM record WHERE subject = %s"
    with connections[tx.alias].cursor() as cursor:
        if numbers is None:
            cursor.execute(sql, [subject])
        else:
            cursor.execute(
                f"SELECT DISTINCT envelope FROM record WHERE subject = %s AND category IN ({marks(len(numbers))})",
                [subject, *numbers],
            )
        return tuple(sorted({commitment(bytes(row[0])) for row in cursor.fetchall()}))


def _empty_log(house: House, alias: str) -> None:
    """SQLite keeps old pages in its write-ahead log until it is truncated; an open reader makes it wait.

    Raises:
        Unavailable: a reader held the log for a minute; the step runs again at the next start.

    """
    if connections[alias].vendor != "sqlite":
        return
    until = house.clock.now() + MINUTE
    while True:
        with connections[alias].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()[0]
        if not busy:
            return
        if house.clock.now() > until:
            raise Unavailable(
                "a reader keeps the old pages of the store", hint="stop it; the erasure goes on by itself"
            )
        house.wait(50)
