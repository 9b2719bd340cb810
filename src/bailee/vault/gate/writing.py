"""Writes: keys exist before data, and are read only after the customers' rows are locked."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bailee.access import assignments
from bailee.access.compile import Snapshot
from bailee.access.decide import decide
from bailee.access.policy import Stamp
from bailee.access.words import Assurance, Level, Operation, Query
from bailee.custody.epochs import SELF
from bailee.datamap.categories import Records
from bailee.datamap.compile import CompiledCategory, CompiledMap, derive
from bailee.datamap.types import Value
from bailee.house import House
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Conflict, Denied, Gone, HouseError, Invalid, NotFound, Stale, Unavailable
from bailee.kernel.ids import RecordId, SubjectId
from bailee.kernel.recorded import EntryRef
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, sets
from bailee.ledger.entries import Draft
from bailee.vault import keystore, limits, records, search
from bailee.vault.facts import DataRefused, DataWritten
from bailee.vault.gate.reading import HELP, TRIES, Moved, Reader, circumstances
from bailee.vault.gate.sealing import COLLECTION, Sealer
from bailee.vault.keystore import Keys
from bailee.vault.records import RecordRow, SubjectRow, SubjectState
from bailee.vault.words import Write, Written

WRITES_MOST: Final = 1_000
PER_CATEGORY: Final = 4_096

Outcome = Written | HouseError
Keep = Callable[[Tx, Sequence[Outcome]], None]
"""What an import does inside the transaction that writes its rows: note where each of them went."""


class Job:
    """One write on its way through W1 and W2; `error` is what is wrong with it alone."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.new = write.subject is None
        self.subject: bytes = b""
        self.error: HouseError | None = None
        self.parts: dict[int, dict[str, Value]] = {}
        self.numbers: set[int] = set()
        self.names: set[str] = set()
        self.added: list[RecordRow] = []
        self.replaced: list[RecordRow] = []
        self.exact: list[search.UniqueRow] = []
        self.blind: list[search.BlindRow] = []
        self.dropped: list[tuple[int, bytes, bytes]] = []
        self.versions: dict[str, tuple[RecordId, int]] = {}
        self.draft = 0
        self.entry: EntryRef | None = None

    def parse(self, compiled: CompiledMap, now: Micros) -> None:
        """Clean every value and sort them by category; add what is derived (a card's last four digits)."""
        self.subject = self.write.subject if self.write.subject is not None else ids.subject_id(now)
        by_category: dict[str, dict[str, Value]] = {}
        try:
            for given, raw in self.write.fields.items():
                one = compiled.resolve(given)
                category = compiled.categories[one.category]
                if category.built_in or category.derived_from is not None:
                    raise Invalid(f"{one.key} is not written by hand", hint="the house fills it", code="field-unknown")
                try:
                    by_category.setdefault(one.category, {})[one.key] = None if raw is None else one.parse(raw)
                except Invalid as error:
                    raise Invalid(f"{one.key}: {error}", hint=error.hint, code=error.code) from error
                self.names.add(one.key)
            if not by_category:
                raise Invalid("a write names at least one field", hint="bailee map export lists them")
        except HouseError as error:
            self.error = error
            return
        for key, values in list(by_category.items()):
            for name, value in derive(compiled.categories[key], values).items():
                by_category.setdefault(compiled.fields[name].category, {})[name] = value
        for key, values in by_category.items():
            self.parts[compiled.categories[key].id] = values
            self.numbers.update(compiled.fields[name].id for name in values)

    def admit(self, row: SubjectRow | None) -> None:
        """Check the customer's row, now locked: live, not being erased, of the version expected."""
        if self.new:
            return
        if row is None and self.write.create:
            self.new = True
        elif row is None:
            self.error = NotFound("there is no such customer", hint="find them first")
        elif row.state >= SubjectState.ERASING or row.closing & self.parts.keys():
            self.error = Gone("this customer was erased", hint="add them as a new customer")
        elif row.state != SubjectState.LIVE:
            self.error = Conflict("this customer is suspended", hint="see bailee customer show")

    def result(self) -> Outcome:
        """What the caller gets for this write."""
        if self.error is not None:
            return self.error
        if self.entry is None:
            return Unavailable("this write did not end", hint="try again")
        return Written(SubjectId(self.subject), self.versions, self.entry, self.new)


class Writer:
    """Carries out batches of writes.

    Args:
        house: an open house.
        sealer: seals records, and opens those that a change is merged into.
        reader: holds the fence.
        indexes: the index keys of a map.

    """

    def __init__(self, house: House, sealer: Sealer, reader: Reader, indexes: search.IndexBook) -> None:
        self._house = house
        self._sealer = sealer
        self._reader = reader
        self._indexes = indexes

    def write(
        self,
        actor: Actor,
        purpose: str | None,
        writes: Sequence[Write],
        operation: str,
        keep: Keep | None = None,
    ) -> list[Outcome]:
        """Write a batch; each write stands or fails alone.

        1. Parse every value; decide, unless it is an import (`purpose` None).
        2. W1, key store: insert the keys that are missing; commit.
        3. W2, data: lock the customers or take in the new ones; check state and version.
        4. Read the newest keys, seal; unique rows first, so that a duplicate fails alone.
        5. Records, index rows, entries; the fence; commit.

        Whatever was refused left nothing behind but keys without data, which are harmless.

        Raises:
            Unavailable: it can't be recorded; nothing was written.

        """
        if len(writes) > WRITES_MOST:
            raise Invalid(f"a batch has at most {WRITES_MOST} writes", hint="send fewer at once", code="too-large")
        house = self._house
        for _ in range(TRIES):
            stamp = house.policy.stamp()
            now = house.clock.now()
            snapshot, compiled = house.policy.both(now, stamp)
            jobs = [Job(one) for one in writes]
            for job in jobs:
                job.parse(compiled, now)
            if purpose is not None:
                _decide(snapshot, actor, purpose, jobs, now)
            try:
                self._make_keys([job for job in jobs if job.error is None])
                able = [job for job in jobs if job.error is None]
                with house.opened() as tx:
                    count = self._store(tx, actor, purpose, able, jobs, compiled, stamp, operation)
                    if keep is not None:
                        keep(tx, [job.result() for job in jobs])
                break
            except Moved:
                continue
        else:
            raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")
        house.appended(count)
        return [job.result() for job in jobs]

    def _make_keys(self, able: Sequence[Job]) -> None:
        """W1; an id that was erased fails its own write."""
        if not able:
            return
        house = self._house
        fresh = frozenset(job.subject for job in able if job.new)
        with house.opened("keys") as tx:
            gone = keystore.make(tx, house.ring, [(job.subject, number) for job in able for number in job.parts], fresh)
        for job in able:
            if job.subject in gone:
                job.error = Gone("a customer with this id was erased", hint="add them as a new customer")

    def _store(
        self,
        tx: Tx,
        actor: Actor,
        purpose: str | None,
        able: Sequence[Job],
        jobs: Sequence[Job],
        compiled: CompiledMap,
        stamp: Stamp,
        operation: str,
    ) -> int:
        """W2; answers how many entries it appended."""
        known = [job.subject for job in able if not job.new]
        people = records.subjects(tx.alias, known, lock=True) if known else {}
        for job in able:
            job.admit(people.get(job.subject))
        able = [job for job in able if job.error is None]
        inside = sorted({number for job in able for number in job.parts})
        old: dict[tuple[bytes, int], list[RecordRow]] = {}
        if people and inside:
            for row in records.records(tx.alias, sorted(people), inside):
                old.setdefault((row.subject, row.category), []).append(row)
        keys = keystore.fetch(list(dict.fromkeys(job.subject for job in able)), [SELF, *inside]) if able else {}
        indexes = self._indexes.of(compiled)
        now = tx.now
        for job in able:
            try:
                self._seal(job, compiled, old, keys, indexes, now)
            except HouseError as error:
                job.error = error
        able = [job for job in able if job.error is None]
        able = self._index(tx, able, compiled)
        if fresh := list(dict.fromkeys(job.subject for job in able if job.new)):
            records.insert_subjects(tx, [(key, COLLECTION) for key in fresh])
        records.insert_records(tx, [row for job in able for row in job.added])
        records.replace_records(tx, [row for job in able for row in job.replaced])
        records.bump_subjects(tx, sorted({job.subject for job in able if not job.new}))
        drafts = self._drafts(tx, actor, purpose, able, jobs, keys, stamp, operation)
        if not drafts:
            return 0
        refs = lanes.append(tx, drafts, fence=lambda: self._reader.same(tx, stamp))
        for job in able:
            job.entry = refs[job.draft]
        return len(refs)

    def _seal(
        self,
        job: Job,
        compiled: CompiledMap,
        old: dict[tuple[bytes, int], list[RecordRow]],
        keys: Keys,
        indexes: search.Indexes,
        now: Micros,
    ) -> None:
        """Make the new rows of one write; a later write of the same batch to the same record builds upon them."""
        made: list[RecordRow] = []
        base: dict[str, bytes] = {}
        for number, values in sorted(job.parts.items(), key=lambda part: _derived(compiled, part[0])):
            category = compiled.category_by_id[number]
            twin = None if category.derived_from is None else records.companion(base[category.derived_from], number)
            rows = old.setdefault((job.subject, number), [])
            before = _before(job, category, rows, twin)
            if before is None and len(rows) >= PER_CATEGORY:
                raise Conflict(f"a customer keeps at most {PER_CATEGORY} records here", hint="archive older ones")
            expected = job.write.expect_version
            if expected is not None and twin is None and expected != (0 if before is None else before.version):
                raise Stale("this record changed meanwhile", hint="read it again and repeat your change")
            merged = self._sealer.values(before, keys) if before is not None else {}
            for name, value in values.items():
                one = compiled.fields[name]
                if value is None:
                    merged.pop(one.id, None)
                else:
                    merged[one.id] = value
            given = job.write.record if job.write.create and category.records is Records.MANY else None
            record = (twin or given or ids.record_id(now)) if before is None else before.id
            base[category.key] = record
            version = 1 if before is None else before.version + 1
            row = self._sealer.sealed(keys, job.subject, record, number, compiled.version, version, merged)
            (job.added if before is None else job.replaced).append(row)
            made.append(row)
            job.versions[category.key] = (RecordId(record), version)
            for name in values:
                one = compiled.fields[name]
                if not indexes.of(one.id):
                    continue
                if before is not None:
                    job.dropped.append((one.id, job.subject, record))
                exact, blind = indexes.rows(one, merged.get(one.id), job.subject, record)
                job.exact += exact
                job.blind += blind
        for row in made:
            rows = old[row.subject, row.category]
            rows[:] = [*(kept for kept in rows if kept.id != row.id), row]

    def _index(
        self,
        tx: Tx,
        able: Sequence[Job],
        compiled: CompiledMap,
    ) -> list[Job]:
        """Store the index rows; answers the jobs whose unique values are theirs, the others are refused whole.

        A customer with a refused write loses all writes of the batch: their rows build upon each other.
        """
        claimed: dict[tuple[int, int, bytes], bytes] = {}
        lost = {row[3] for job in able for row in job.exact if claimed.setdefault(row[:3], row[3]) != row[3]}
        lost |= search.taken(tx, [row for job in able for row in job.exact if row[3] not in lost])
        kept = [job for job in able if job.subject not in lost]
        search.drop(tx, [place for job in kept for place in job.dropped])
        late = search.store(tx, [row for job in kept for row in job.exact], [row for job in kept for row in job.blind])
        if late:
            raise Moved  # another process took a value between the question and the insert: ask again
        for job in able:
            if job.subject in lost:
                names = sorted({compiled.field_by_id[row[0]].key for row in job.exact})
                job.error = search.refuse_taken(names)
        return kept

    def _drafts(
        self,
        tx: Tx,
        actor: Actor,
        purpose: str | None,
        able: Sequence[Job],
        jobs: Sequence[Job],
        keys: Keys,
        stamp: Stamp,
        operation: str,
    ) -> list[Draft]:
        """Customers with the same shape of change share an entry with their set; refusals are counted by reason."""
        common = circumstances(tx, actor, purpose, stamp, self._reader.shapes(tx, stamp))
        groups: dict[tuple[tuple[int, ...], tuple[int, ...], bool], list[Job]] = {}
        for job in able:
            groups.setdefault((tuple(sorted(job.numbers)), tuple(sorted(job.parts)), job.new), []).append(job)
        drafts: list[Draft] = []
        for (numbers, parts, new), group in sorted(groups.items(), key=lambda one: one[0]):
            people = list(dict.fromkeys(job.subject for job in group))
            aliases = [found for key in people if (found := self._sealer.alias(keys, key)) is not None]
            count = sum(len(job.added) + len(job.replaced) for job in group)
            where: dict[str, Any] = {"categories": parts}
            if len(aliases) == 1:
                where["alias"] = aliases[0]
            elif aliases:
                where["people"] = sets.keep(tx, aliases)
            for job in group:
                job.draft = len(drafts)
            fact = DataWritten(operation, numbers, count, len(people) if new else 0)
            drafts.append(Draft(event=fact, **where, **common))
        refused: dict[str, int] = {}
        for job in jobs:
            if job.error is not None:
                refused[job.error.code] = refused.get(job.error.code, 0) + 1
        for code, count in sorted(refused.items()):
            drafts.append(Draft(event=DataRefused(operation, code, count), **common))
        return drafts


def _decide(snapshot: Snapshot, actor: Actor, purpose: str, jobs: Sequence[Job], now: Micros) -> None:
    """Refuse the writes that no grant covers; writing wants CLEAR on every field."""
    known = list(dict.fromkeys(job.subject for job in jobs if job.error is None and not job.new))
    choices = limits.of("default", known) if known else {}
    linked = assignments.between("default", actor.id, known, now)
    for job in jobs:
        if job.error is not None:
            continue
        names, case = tuple(sorted(job.names)), job.write.case
        try:
            verdict = decide(
                snapshot,
                Query(actor=actor.id, purpose=purpose, operation=Operation.WRITE, fields=names, case=case),
                choices.get(job.subject, ()),
                assigned=job.subject in linked.subjects,
                case_open=case is not None and (job.subject, case) in linked.cases,
                assurance=Assurance(actor.assurance),
                proof_age=now - actor.fresh_at,
                now=now,
            )
        except HouseError as error:
            job.error = error
            continue
        if any(verdict.levels[name] < Level.CLEAR for name in names):
            because = "; ".join(dict.fromkeys(reason.says for reason in verdict.reasons))
            job.error = Denied(because or "not granted", hint=HELP)


def _derived(compiled: CompiledMap, number: int) -> bool:
    """Sorts what is derived behind what it is derived from."""
    return compiled.category_by_id[number].derived_from is not None


def _before(job: Job, category: CompiledCategory, rows: Sequence[RecordRow], twin: bytes | None) -> RecordRow | None:
    """The record that a write changes: the only one of its category, the one it names, or none (a new one)."""
    if category.records is Records.ONE:
        return rows[0] if rows else None
    if twin is not None:
        return next((row for row in rows if row.id == twin), None)
    if job.write.record is None:
        return None
    found = next((row for row in rows if row.id == job.write.record), None)
    if found is None and not job.write.create:
        raise NotFound("this customer has no such record", hint="read the customer first")
    return found
