"""The one door to customers' values: batch, decide, record, commit, and only then open.

Every read, search and write of a customer's value passes here, whatever the door. A batch is one transaction: its rows
come in one statement per store, its entries go out with one fsync, and nothing is released before the commit returned.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final

from django.db import connections

from bailee.access import assignments
from bailee.access.compile import STRANGER, Prepared, Snapshot
from bailee.access.decide import decide, levels, prepare, scopes, too_low, too_old
from bailee.access.limits import Limit
from bailee.access.policy import Stamp
from bailee.access.words import Assurance, Level, Operation, Query, Scope
from bailee.crypto.blind import NORMALISERS
from bailee.crypto.context import Place
from bailee.crypto.envelope import pack, seal, unpack, unseal
from bailee.crypto.keys import alias as alias_of
from bailee.crypto.keys import code_alias
from bailee.custody.epochs import SELF
from bailee.datamap import versions
from bailee.datamap.compile import CompiledCategory, CompiledField, CompiledMap, derive
from bailee.datamap.categories import Records
from bailee.datamap.masks import mask, present
from bailee.datamap.types import Value
from bailee.house import House
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Conflict, Denied, Gone, HouseError, Invalid, NotFound, Stale, TooMany, Unavailable, Unreadable
from bailee.kernel.events import Alias
from bailee.kernel.ids import RecordId, SubjectId
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import EntryRef
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, sets
from bailee.ledger.entries import Draft
from bailee.vault import keystore, limits, records, search, unlocks
from bailee.vault.budget import AT_ONCE, PROBES, SEARCHES, Budget
from bailee.vault.facts import DataFound, DataRead, DataRefused, DataUnreadable, DataWritten
from bailee.vault.keystore import Keys
from bailee.vault.records import RecordRow, SubjectRow, SubjectState
from bailee.vault.words import Answer, Ask, Find, Item, RecordView, Shown, Standing, Write, Written

BATCH: Final = 256
RECORDS_MOST: Final = 5_000
TRIES: Final = 3
BLOB_MOST: Final = 256 * 1024
COLLECTION: Final = 1
IMPORT: Final = "import"
_VISIBLE: Final = Level.PRESENT

Result = Answer | HouseError


@dataclass(slots=True)
class _Plan:
    """One ask on its way: what may be shown of whom, as decided under one policy epoch."""

    ask: Ask
    prepared: Prepared
    categories: tuple[int, ...]
    fields: dict[bytes, tuple[Level, ...]] = field(default_factory=dict)
    reasons: dict[bytes, Mapping[str, str]] = field(default_factory=dict)
    refusal: HouseError | None = None
    entries: list[EntryRef] = field(default_factory=list)


class Moved(Exception):  # noqa: N818 - a turn of the loop, not an error anybody sees
    """The policy or the data map changed while a batch was under way."""


@dataclass(slots=True)
class _Waiting:
    ask: Ask
    promise: Future[Answer]


class Gate:
    """Answers reads, searches and writes for every door of this process.

    Args:
        house: an open house.
        budget: how many customers an actor may read an hour; the usual one if left out.

    """

    def __init__(self, house: House, budget: Budget | None = None) -> None:
        self._house = house
        self._budget = budget or Budget()
        self._line: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._indexes: tuple[int, search.Indexes] | None = None

    # -- reading

    def read(self, ask: Ask) -> Answer:
        """Answer one ask; a batch of one.

        Raises:
            Denied: nothing of it may be shown; recorded. NotFound, Gone: the only customer asked for.
            Invalid: unknown field or purpose. Unavailable: it can't be recorded, so nothing is shown.

        """
        made = self.answer([ask])[0]
        if isinstance(made, HouseError):
            raise made
        if len(ask.subjects) == 1:
            standing = made.items[0].standing
            if standing is Standing.UNKNOWN:
                raise NotFound("there is no such customer", hint="find them first")
            if standing is Standing.ERASED:
                raise Gone("this customer was erased", hint="the receipt says when and what")
        return made

    def answer(self, asks: Sequence[Ask]) -> list[Result]:
        """Answer up to 256 asks in one transaction: an `Answer`, or the error of that ask alone.

        1. Decide each ask under the policy in force.
        2. Fetch all rows and wrapped keys, one statement per store.
        3. Append the entries; the policy must still be the one decided by, else everything is done again.
        4. Commit, durable.
        5. Only then unwrap, open, mask.

        Raises:
            Unavailable: `ledger-closed`, `policy-changing`: nothing was opened.

        """
        if len(asks) > BATCH:
            raise Invalid(f"a batch has at most {BATCH} asks", hint="send fewer at once", code="too-large")
        house = self._house
        for _ in range(TRIES):
            try:
                with house.opened() as tx:
                    stamp = house.policy.stamp()
                    snapshot, compiled = house.policy.both(tx.now, stamp)
                    plans = [self._plan(one, snapshot, compiled, tx.now) for one in asks]
                    people, rows, keys = self._fetch(plans)
                    choices = limits.of(tx.alias, list(people)) if people else {}
                    for one in plans:
                        if one.refusal is None:
                            self._decide(tx, one, snapshot, compiled, people, choices)
                    self._append(tx, plans, people, keys, stamp)
                break
            except Moved:
                continue
        else:
            raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")
        house.appended(len(plans))
        troubles: list[tuple[_Plan, str]] = []
        made = [one.refusal or self._open(one, compiled, people, rows, keys, troubles) for one in plans]
        if troubles:
            self._alarm(troubles)
        return made

    def _plan(self, ask: Ask, snapshot: Snapshot, compiled: CompiledMap, now: Micros) -> _Plan:
        """Turn names into numbers and check the bounds of one ask; what is wrong with it concerns it alone."""
        empty = prepare(snapshot, ())
        try:
            if not ask.subjects:
                raise Invalid("an ask names at least one customer", hint="find them first")
            if not ask.purpose:
                raise Denied("an ask names its purpose", hint="say what you need it for", code="purpose-required")
            asked = tuple(dict.fromkeys(compiled.resolve(one).key for one in (*ask.fields, *ask.clear)))
            prepared = prepare(snapshot, asked)
            if len(ask.subjects) > AT_ONCE or not self._budget.allows(ask.actor.id, ask.subjects, now):
                most = unlocks.allowed("default", ask.unlock, ask.actor.id, ask.purpose, now) if ask.unlock else 0
                if most < len(ask.subjects):
                    raise Denied(
                        "this many customers need a bulk unlock",
                        hint="unlock for the purpose first; above 10,000 with a second person",
                        code="unlock-required",
                    )
        except HouseError as error:
            return _Plan(ask, empty, (), refusal=error)
        return _Plan(ask, prepared, tuple(sorted({compiled.fields[one].category_id for one in asked})))

    def _fetch(self, plans: Sequence[_Plan]) -> tuple[dict[bytes, SubjectRow], dict[bytes, list[RecordRow]], Keys]:
        """All rows of a batch: customers, their records in the categories asked for, and their keys after these."""
        wanted: dict[bytes, None] = {}
        inside: set[int] = set()
        for one in plans:
            if one.refusal is None:
                wanted.update(dict.fromkeys(one.ask.subjects))
                inside.update(one.categories)
        if not wanted:
            return {}, {}, {}
        people = records.subjects("default", list(wanted))
        found: dict[bytes, list[RecordRow]] = {}
        for row in records.records("default", list(people), sorted(inside)):
            found.setdefault(row.subject, []).append(row)
        return people, found, keystore.fetch(list(people), [SELF, *sorted(inside)])

    def _decide(
        self,
        tx: Tx,
        plan: _Plan,
        snapshot: Snapshot,
        compiled: CompiledMap,
        people: Mapping[bytes, SubjectRow],
        choices: Mapping[bytes, list[Limit]],
    ) -> None:
        """Find the level of every field for every customer of an ask; the quick way where nothing personal matters."""
        ask, actor = plan.ask, plan.ask.actor
        purpose = snapshot.purposes.get(ask.purpose)
        view = snapshot.people.get(actor.id, STRANGER)
        fields = plan.prepared.fields
        shown = frozenset(compiled.resolve(one).key for one in ask.clear)
        tied = frozenset[bytes](), frozenset[bytes]()
        if any(cell[0] == ask.purpose and cell[2] is not Scope.ALL for cell in view.cells):
            linked = assignments.between(tx.alias, actor.id, ask.subjects, tx.now)
            tied = linked.subjects, frozenset(subject for subject, case in linked.cases if case == ask.case)
        low = too_low(snapshot, Assurance(actor.assurance))
        stale = too_old(snapshot, Operation.READ, tx.now - actor.fresh_at, tx.now - actor.fresh_at)
        try:
            for subject in ask.subjects:
                mine = choices.get(subject, ())
                assigned, case_open = subject in tied[0], subject in tied[1]
                if not mine and purpose is not None and not purpose.needs_consent:
                    rated = levels(
                        snapshot,
                        actor.id,
                        ask.purpose,
                        Operation.READ,
                        plan.prepared,
                        scopes(assigned=assigned, case_open=case_open),
                        low,
                        stale,
                    )
                    rated = tuple(
                        min(level, Level.CLEAR if name in shown else Level.PARTIAL)
                        for name, level in zip(fields, rated, strict=True)
                    )
                else:
                    rated = self._by_rule(snapshot, ask, fields, shown, mine, actor, assigned, case_open, tx.now)
                plan.fields[subject] = rated
            if fields and not any(level >= _VISIBLE for rated in plan.fields.values() for level in rated):
                because = self._why(snapshot, ask, fields, choices.get(ask.subjects[0], ()), actor, tied, tx.now)
                plan.refusal = Denied("; ".join(sorted(set(because.values()))) or "not granted", hint=_HELP)
        except HouseError as error:
            plan.refusal = error

    def _by_rule(
        self,
        snapshot: Snapshot,
        ask: Ask,
        fields: tuple[str, ...],
        shown: frozenset[str],
        mine: Sequence[Limit],
        actor: Actor,
        assigned: bool,
        case_open: bool,
        now: Micros,
    ) -> tuple[Level, ...]:
        verdict = decide(
            snapshot,
            Query(
                actor=actor.id,
                purpose=ask.purpose,
                operation=Operation.READ,
                fields=fields,
                asked=Level.CLEAR,
                case=ask.case,
            ),
            mine,
            assigned=assigned,
            case_open=case_open,
            assurance=Assurance(actor.assurance),
            proof_age=now - actor.fresh_at,
            now=now,
        )
        return tuple(
            min(verdict.levels[name], Level.CLEAR if name in shown else Level.PARTIAL) for name in fields
        )

    def _why(
        self,
        snapshot: Snapshot,
        ask: Ask,
        fields: tuple[str, ...],
        mine: Sequence[Limit],
        actor: Actor,
        tied: tuple[frozenset[bytes], frozenset[bytes]],
        now: Micros,
    ) -> dict[str, str]:
        """The reason for each field that stays hidden, in words."""
        subject = ask.subjects[0]
        verdict = decide(
            snapshot,
            Query(actor=actor.id, purpose=ask.purpose, operation=Operation.READ, fields=fields, case=ask.case),
            mine,
            assigned=subject in tied[0],
            case_open=subject in tied[1],
            assurance=Assurance(actor.assurance),
            proof_age=now - actor.fresh_at,
            now=now,
        )
        return {name: reason.says for reason in verdict.reasons for name in reason.fields}

    def _append(
        self, tx: Tx, plans: Sequence[_Plan], people: Mapping[bytes, SubjectRow], keys: Keys, stamp: Stamp
    ) -> None:
        """One entry per ask and shape; an ask that shows nothing is an entry too."""
        drafts: list[Draft] = []
        owners: list[_Plan] = []
        for one in plans:
            for draft in self._drafts(tx, one, people, keys, stamp):
                drafts.append(draft)
                owners.append(one)
        refs = lanes.append(tx, drafts, fence=lambda: self._same(tx, stamp))
        for owner, ref in zip(owners, refs, strict=True):
            owner.entries.append(ref)

    def _drafts(
        self, tx: Tx, plan: _Plan, people: Mapping[bytes, SubjectRow], keys: Keys, stamp: Stamp
    ) -> Iterable[Draft]:
        ask = plan.ask
        common = {
            "actor": ask.actor.id,
            "session": ask.actor.session,
            "purpose": ask.purpose or None,
            "epoch": stamp.epoch,
            "request": ask.request or tx.request,
        }
        if plan.refusal is not None:
            return [Draft(event=DataRefused("read", plan.refusal.code), categories=plan.categories, **common)]
        compiled = self._house.policy.both(tx.now, stamp)[1]
        shapes: dict[tuple[tuple[int, ...], tuple[int, ...]], list[bytes]] = {}
        gone = 0
        for subject in ask.subjects:
            row = people.get(subject)
            if row is None or row.state >= SubjectState.ERASING:
                gone += 1
                continue
            clear, masked = _numbers(plan, subject, compiled)
            shapes.setdefault((clear, masked), []).append(subject)
        made = []
        export = ask.export
        for (clear, masked), subjects in sorted(shapes.items()):
            aliases = [found for subject in subjects if (found := self._alias(keys, subject)) is not None]
            fact = DataRead("export" if export else "read", "ok", _case(self, keys, ask, subjects), export=export)
            shape: dict[str, Any] = {"categories": plan.categories, "clear": clear, "masked": masked}
            if len(ask.subjects) == 1:
                made.append(Draft(event=fact, alias=aliases[0] if aliases else None, **shape, **common))
                continue
            for at in range(0, len(aliases), sets.MOST):
                kept = sets.keep(tx, aliases[at : at + sets.MOST])
                made.append(Draft(event=fact, people=kept, **shape, **common))
        if gone or not made:
            made.append(Draft(event=DataRead("read", "erased or unknown"), categories=plan.categories, **common))
        return made

    def _alias(self, keys: Keys, subject: bytes) -> Alias | None:
        found = keystore.opened(self._house.ring, keys, subject, SELF)
        return None if found is None else Alias(alias_of(found[1], self._house.id))

    def _same(self, tx: Tx, stamp: Stamp) -> None:
        if self._house.policy.stamp(tx.alias) != stamp:
            raise Moved

    def _open(
        self,
        plan: _Plan,
        compiled: CompiledMap,
        people: Mapping[bytes, SubjectRow],
        rows: Mapping[bytes, list[RecordRow]],
        keys: Keys,
        troubles: list[tuple[_Plan, str]],
    ) -> Answer:
        """Open what was decided and recorded; a customer that does not open fails alone."""
        wanted = frozenset(plan.categories)
        items = []
        for subject in plan.ask.subjects:
            row = people.get(subject)
            if row is None:
                items.append(Item(SubjectId(subject), Standing.UNKNOWN))
                continue
            if row.state >= SubjectState.ERASING:
                items.append(Item(SubjectId(subject), Standing.ERASED))
                continue
            by_name = dict(zip(plan.prepared.fields, plan.fields[subject], strict=True))
            try:
                views = [
                    view
                    for one in rows.get(subject, ())
                    if one.category in wanted and one.category not in row.closing
                    if (view := self._view(one, compiled, keys, by_name)) is not None
                ]
            except HouseError as error:
                standing = Standing.UNREADABLE
                if error.code == "key-missing" and self._erased_meanwhile(subject):
                    standing = Standing.ERASED
                else:
                    troubles.append((plan, error.code))
                items.append(Item(SubjectId(subject), standing, trouble=error.code))
                continue
            hidden = {name: "not granted for this purpose" for name, level in by_name.items() if level < _VISIBLE}
            items.append(Item(SubjectId(subject), Standing.LIVE, tuple(views), hidden, version=row.version))
        return Answer(tuple(items), tuple(plan.entries))

    def _view(
        self, row: RecordRow, compiled: CompiledMap, keys: Keys, by_name: Mapping[str, Level]
    ) -> RecordView | None:
        values = self._values(row, compiled, keys)
        category = compiled.category_by_id[row.category]
        shown = {}
        for name in category.fields:
            level = by_name.get(name, Level.HIDDEN)
            one = compiled.fields[name]
            if level >= _VISIBLE and one.id in values:
                shown[name] = _show(one, values[one.id], level)
        return RecordView(category.key, RecordId(row.id), row.version, shown) if shown else None

    def _values(self, row: RecordRow, compiled: CompiledMap, keys: Keys) -> dict[int, Value]:
        """Open one envelope in its place.

        Raises:
            Unreadable: `key-missing`, `context-mismatch`, `tampered`.

        """
        found = keystore.opened(self._house.ring, keys, row.subject, row.category)
        if found is None:
            raise Unreadable("the key of this record is gone", hint="run bailee doctor", code="key-missing")
        place = Place(
            collection=COLLECTION,
            subject=row.subject,
            record=row.id,
            category=row.category,
            schema=row.schema,
            record_version=row.version,
        )
        return unpack(unseal(found[1], self._house.id, place, row.envelope))  # type: ignore[return-value]  # the map's types are what was sealed

    def _erased_meanwhile(self, subject: bytes) -> bool:
        now = records.subjects("default", [subject]).get(subject)
        return now is None or now.state >= SubjectState.ERASING

    def _alarm(self, troubles: Sequence[tuple[_Plan, str]]) -> None:
        """Put records that did not open on record: somebody changed the store, or lost a key."""
        counted: dict[str, int] = {}
        for _, code in troubles:
            counted[code] = counted.get(code, 0) + 1
        self._house.state(*(DataUnreadable(code, count) for code, count in sorted(counted.items())))

    # -- searching

    def find(self, ask: Find) -> Answer:
        """Find customers by an indexed field; every candidate is decrypted and compared, false hits are never shown.

        Raises:
            Denied: no grant to search that field; TooMany: 60 searches, or 10 look-ups by a unique field that finds
                nothing, in a minute; Invalid: `not-searchable`, `search-too-broad`.

        """
        house = self._house
        for _ in range(TRIES):
            try:
                with house.opened() as tx:
                    stamp = house.policy.stamp()
                    snapshot, compiled = house.policy.both(tx.now, stamp)
                    made = self._find(tx, ask, snapshot, compiled, stamp)
                break
            except Moved:
                continue
        else:
            raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")
        house.appended(1)
        if isinstance(made, HouseError):
            raise made
        return made

    def _find(
        self, tx: Tx, ask: Find, snapshot: Snapshot, compiled: CompiledMap, stamp: Stamp
    ) -> Answer | HouseError:
        common: dict[str, Any] = {
            "actor": ask.actor.id,
            "session": ask.actor.session,
            "purpose": ask.purpose or None,
            "epoch": stamp.epoch,
            "request": ask.request or tx.request,
        }
        try:
            one = compiled.resolve(ask.field)
            index = self._indexed(compiled).choose(one, ask.how)
            self._may_search(snapshot, ask, one, index, tx.now)
        except HouseError as error:
            refused = Draft(event=DataRefused("search", error.code), **common)
            lanes.append(tx, [refused], fence=lambda: self._same(tx, stamp))
            return error
        region = one.region
        terms = index.terms(ask.value, region) if index.how in _WHOLE_VALUE else _single(index, ask.value, region)
        pairs = search.candidates(tx.alias, index, terms, ask.after)
        found = sorted({subject for subject, _ in pairs})
        people = {
            key: row
            for key, row in records.subjects(tx.alias, found).items()
            if row.state == SubjectState.LIVE and one.category_id not in row.closing
        }
        shown = tuple(dict.fromkeys([one.key, *(compiled.resolve(name).key for name in ask.fields)]))
        prepared = prepare(snapshot, shown)
        inside = sorted({compiled.fields[name].category_id for name in shown})
        by_subject: dict[bytes, list[RecordRow]] = {}
        for row in records.records(tx.alias, list(people), inside):
            by_subject.setdefault(row.subject, []).append(row)
        keys = keystore.fetch(list(people), [SELF, *inside]) if people else {}
        hits = self._matching(one, index, terms, pairs, by_subject, compiled, keys)
        page, more = hits[: ask.limit], len(hits) > ask.limit
        plan = _Plan(
            Ask(
                actor=ask.actor,
                purpose=ask.purpose,
                subjects=tuple(SubjectId(key) for key in page),
                fields=shown,
                clear=(),
                case=ask.case,
            ),
            prepared,
            tuple(inside),
        )
        if page:
            choices = limits.of(tx.alias, page)
            self._decide(tx, plan, snapshot, compiled, people, choices)
            plan.refusal = None
            page = [key for key in page if plan.fields.get(key) and plan.fields[key][0] >= _VISIBLE]
        aliases = [found for key in page if (found := self._alias(keys, key)) is not None]
        fact = DataFound(one.id, ask.how, len(pairs), len(page))
        masked = tuple(sorted({number for key in page for number in _numbers(plan, key, compiled)[1]}))
        where: dict[str, Any] = {"categories": tuple(inside), "masked": masked}
        if len(aliases) == 1:
            where["alias"] = aliases[0]
        elif aliases:
            where["people"] = sets.keep(tx, aliases)
        refs = lanes.append(tx, [Draft(event=fact, **where, **common)], fence=lambda: self._same(tx, stamp))
        if not page and not index.bits and not self._budget.try_search(ask.actor.id, "probe", PROBES, tx.now):
            return TooMany("too many look-ups that found nothing", hint="wait a minute", retry_after=60)
        items = []
        for key in page:
            by_name = dict(zip(shown, plan.fields[key], strict=True))
            views = [self._view(row, compiled, keys, by_name) for row in by_subject.get(key, ())]
            items.append(
                Item(SubjectId(key), Standing.LIVE, tuple(view for view in views if view), version=people[key].version)
            )
        return Answer(tuple(items), tuple(refs), SubjectId(hits[ask.limit - 1]) if more else None)

    def _may_search(
        self, snapshot: Snapshot, ask: Find, one: CompiledField, index: search.Index, now: Micros
    ) -> None:
        wanted = Level.CLEAR if index.how.startswith("prefix") else Level.PARTIAL
        verdict = decide(
            snapshot,
            Query(
                actor=ask.actor.id,
                purpose=ask.purpose,
                operation=Operation.SEARCH,
                fields=(one.key,),
                asked=wanted,
                case=ask.case,
            ),
            assurance=Assurance(ask.actor.assurance),
            proof_age=now - ask.actor.fresh_at,
            now=now,
        )
        if verdict.levels[one.key] < wanted and not snapshot.purposes[ask.purpose].needs_consent:
            raise Denied(f"not granted to search {one.key} for {ask.purpose}", hint=_HELP)
        if verdict.levels[one.key] < wanted:
            self._may_search_by_consent(snapshot, ask, one, wanted)
        if not self._budget.try_search(ask.actor.id, "search", SEARCHES, now):
            raise TooMany("60 searches a minute are enough for a person", hint="wait a minute", retry_after=60)

    def _may_search_by_consent(self, snapshot: Snapshot, ask: Find, one: CompiledField, wanted: Level) -> None:
        """Consent is each customer's own: the search may run if the grant is there, and shows who consented only."""
        prepared = prepare(snapshot, (one.key,))
        low = too_low(snapshot, Assurance(ask.actor.assurance))
        within = (Scope.ALL,)
        rated = levels(snapshot, ask.actor.id, ask.purpose, Operation.SEARCH, prepared, within, low, 0)
        if rated[0] < wanted:
            raise Denied(f"not granted to search {one.key} for {ask.purpose}", hint=_HELP)

    def _matching(
        self,
        one: CompiledField,
        index: search.Index,
        terms: Sequence[str],
        pairs: Sequence[tuple[bytes, bytes]],
        by_subject: Mapping[bytes, list[RecordRow]],
        compiled: CompiledMap,
        keys: Keys,
    ) -> list[bytes]:
        """The customers who really match: the index only said "perhaps"."""
        if not terms:
            return []
        places = set(pairs)
        hits = set()
        for subject, rows in by_subject.items():
            for row in rows:
                if row.category != one.category_id or (subject, row.id) not in places:
                    continue
                try:
                    value = self._values(row, compiled, keys).get(one.id)
                except HouseError:
                    continue
                if value is not None and terms[0] in index.terms(one.type.text_of(value), one.region):
                    hits.add(subject)
        return sorted(hits)

    # -- writing

    def write(self, actor: Actor, purpose: str, writes: Sequence[Write]) -> list[Written | HouseError]:
        """Write fields of customers, new or known, under the actor's grants; each write stands or fails alone.

        Raises:
            Unavailable: it can't be recorded; nothing was written.

        """
        return self._write(actor, purpose, writes, "write")

    def bring_in(self, actor: Actor, writes: Sequence[Write]) -> list[Written | HouseError]:
        """Write on behalf of an import: wants the permission IMPORT and no grants, because it shows nothing."""
        self._house.require(actor, "vault.bring_in", Permission.IMPORT)
        return self._write(actor, None, writes, IMPORT)

    def _write(
        self, actor: Actor, purpose: str | None, writes: Sequence[Write], operation: str
    ) -> list[Written | HouseError]:
        """W1 keys, W2 data: keys exist before data, and are read only after the customers' rows are locked.

        1. Parse every value; what is wrong with one write concerns it alone.
        2. W1, key store: insert the keys that are missing; commit.
        3. W2, data: lock the customers or take in the new ones; check state and version.
        4. Read the newest keys, seal; unique rows first, so that a duplicate fails alone.
        5. Records, index rows, entries; the fence; commit.

        The caller gets an answer per write; whatever was refused left nothing behind but keys without data.
        """
        house = self._house
        for _ in range(TRIES):
            stamp = house.policy.stamp()
            snapshot, compiled = house.policy.both(house.clock.now(), stamp)
            jobs = [_Job(place, one) for place, one in enumerate(writes)]
            for job in jobs:
                job.parse(compiled, house.clock.now())
            if purpose is not None:
                self._may_write(snapshot, actor, purpose, jobs, house.clock.now())
            able = [job for job in jobs if job.error is None]
            try:
                if able:
                    fresh = frozenset(job.subject for job in able if job.new)
                    with house.opened("keys") as tx:
                        keystore.make(
                            tx, house.ring, [(job.subject, number) for job in able for number in job.parts], fresh
                        )
                with house.opened() as tx:
                    refs = self._store(tx, actor, purpose, able, jobs, compiled, stamp, operation)
                break
            except Moved:
                continue
            except Gone as error:
                if len(able) == 1:
                    able[0].error = error
                    return [error]
                raise
        else:
            raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")
        house.appended(refs)
        return [job.result() for job in jobs]

    def _may_write(
        self, snapshot: Snapshot, actor: Actor, purpose: str, jobs: Sequence["_Job"], now: Micros
    ) -> None:
        for job in jobs:
            if job.error is not None:
                continue
            names = tuple(sorted(job.names))
            try:
                verdict = decide(
                    snapshot,
                    Query(
                        actor=actor.id,
                        purpose=purpose,
                        operation=Operation.WRITE,
                        fields=names,
                        subject=job.subject,
                    ),
                    assurance=Assurance(actor.assurance),
                    proof_age=now - actor.fresh_at,
                    now=now,
                )
            except HouseError as error:
                job.error = error
                continue
            refused = [reason.says for reason in verdict.reasons]
            if any(verdict.levels[name] < Level.CLEAR for name in names):
                job.error = Denied("; ".join(refused) or "not granted", hint=_HELP)

    def _store(
        self,
        tx: Tx,
        actor: Actor,
        purpose: str | None,
        able: Sequence["_Job"],
        jobs: Sequence["_Job"],
        compiled: CompiledMap,
        stamp: Stamp,
        operation: str,
    ) -> int:
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
        keys = keystore.fetch([job.subject for job in able], [SELF, *inside]) if able else {}
        indexes = self._indexed(compiled)
        for job in able:
            try:
                self._seal(job, compiled, old, keys, indexes)
            except HouseError as error:
                job.error = error
        able = [job for job in able if job.error is None]
        if dropped := [place for job in able for place in job.dropped]:
            search.drop(tx, dropped)
        exact = [row for job in able for row in job.exact]
        taken = self._twice(able) | search.store(tx, exact, [row for job in able for row in job.blind])
        if taken:
            losers = [job for job in able if job.subject in taken]
            search.drop(
                tx, [(row[0], row[3], row[4]) for job in losers for row in (*job.exact, *job.blind)]
            )
            self._put_back(tx, losers, old, compiled, keys, indexes)
            for job in losers:
                names = sorted({compiled.field_by_id[row[0]].key for row in job.exact})
                job.error = search.refuse_taken(names)
            able = [job for job in able if job.error is None]
        fresh = list(dict.fromkeys(job.subject for job in able if job.new))
        if fresh:
            records.insert_subjects(tx, [(key, COLLECTION) for key in fresh])
        records.insert_records(tx, [row for job in able for row in job.added])
        records.replace_records(tx, [row for job in able for row in job.replaced])
        records.bump_subjects(tx, sorted({job.subject for job in able if not job.new}))
        drafts = self._write_drafts(tx, actor, purpose, able, jobs, keys, stamp, operation)
        if not drafts:
            return 0
        refs = lanes.append(tx, drafts, fence=lambda: self._same(tx, stamp))
        for job in able:
            job.entry = refs[job.draft]
        return len(refs)

    def _seal(
        self,
        job: "_Job",
        compiled: CompiledMap,
        old: dict[tuple[bytes, int], list[RecordRow]],
        keys: Keys,
        indexes: search.Indexes,
    ) -> None:
        """Make the new rows of one write; what a later write of the same batch needs to see goes into `old`."""
        for number, values in job.parts.items():
            found = keystore.opened(self._house.ring, keys, job.subject, number)
            if found is None:
                raise Unavailable("a key went away meanwhile", hint="try again")
            key_version, dek = found
            category = compiled.category_by_id[number]
            before = self._before(job, category, old.get((job.subject, number), []))
            merged = self._values(before, compiled, keys) if before is not None else {}
            touched = [compiled.fields[name] for name in values]
            for one in touched:
                if values[one.key] is None:
                    merged.pop(one.id, None)
                else:
                    merged[one.id] = values[one.key]
            record = before.id if before is not None else job.record_of(number, self._house.clock.now())
            version = 1 if before is None else before.version + 1
            place = Place(
                collection=COLLECTION,
                subject=job.subject,
                record=record,
                category=number,
                schema=compiled.version,
                record_version=version,
            )
            clear = pack(merged)
            if len(clear) > BLOB_MOST:
                raise Invalid("this record would be larger than 256 KiB", hint="use files for large things", code="too-large")
            blob = seal(dek, self._house.id, key_version, place, clear)
            row = RecordRow(job.subject, record, number, version, compiled.version, blob)
            (job.added if before is None else job.replaced).append(row)
            job.versions[category.key] = (RecordId(record), version)
            for one in touched:
                if before is not None and indexes.of(one.id):
                    job.dropped.append((one.id, job.subject, record))
                exact, blind = indexes.rows(one, merged.get(one.id), job.subject, record)
                job.exact += exact
                job.blind += blind

    def _before(self, job: "_Job", category: CompiledCategory, rows: Sequence[RecordRow]) -> RecordRow | None:
        """The record that a write changes: the only one of its category, or the one it names."""
        if category.records is Records.ONE or category.derived_from is not None and job.write.record is None:
            return rows[0] if rows and category.records is Records.ONE else None
        if job.write.record is None:
            return None
        found = next((row for row in rows if row.id == job.write.record), None)
        if found is None:
            raise NotFound("this customer has no such record", hint="read the customer first")
        return found

    def _twice(self, able: Sequence["_Job"]) -> set[bytes]:
        """New customers of one batch that claim a unique value another new one of it claims first."""
        seen: dict[tuple[int, int, bytes], bytes] = {}
        return {
            row[3] for job in able for row in job.exact if seen.setdefault(row[:3], row[3]) != row[3]
        }

    def _put_back(
        self,
        tx: Tx,
        losers: Sequence["_Job"],
        old: Mapping[tuple[bytes, int], list[RecordRow]],
        compiled: CompiledMap,
        keys: Keys,
        indexes: search.Indexes,
    ) -> None:
        """Restore the index rows of a refused change: its customer keeps being found by the old value."""
        exact: list[search.UniqueRow] = []
        blind: list[search.BlindRow] = []
        for job in losers:
            for number in job.parts if not job.new else ():
                for row in old.get((job.subject, number), ()):
                    for one, value in self._values(row, compiled, keys).items():
                        more, bits = indexes.rows(compiled.field_by_id[one], value, row.subject, row.id)
                        exact += more
                        blind += bits
        search.store(tx, exact, blind)

    def _write_drafts(
        self,
        tx: Tx,
        actor: Actor,
        purpose: str | None,
        able: Sequence["_Job"],
        jobs: Sequence["_Job"],
        keys: Keys,
        stamp: Stamp,
        operation: str,
    ) -> list[Draft]:
        """Customers with the same shape of change share an entry with their set; refusals are counted by reason."""
        common: dict[str, Any] = {
            "actor": actor.id,
            "session": actor.session,
            "purpose": purpose,
            "epoch": stamp.epoch,
            "request": tx.request,
        }
        shapes: dict[tuple[tuple[int, ...], tuple[int, ...], bool], list[_Job]] = {}
        for job in able:
            shapes.setdefault((tuple(sorted(job.numbers)), tuple(sorted(job.parts)), job.new), []).append(job)
        drafts = []
        for (numbers, parts, new), group in sorted(shapes.items(), key=lambda one: one[0]):
            people = list(dict.fromkeys(job.subject for job in group))
            aliases = [found for key in people if (found := self._alias(keys, key)) is not None]
            count = sum(len(job.added) + len(job.replaced) for job in group)
            fact = DataWritten(operation, numbers, count, len(people) if new else 0)
            where: dict[str, Any] = {"categories": parts}
            if len(aliases) == 1:
                where["alias"] = aliases[0]
            elif aliases:
                where["people"] = sets.keep(tx, aliases)
            for job in group:
                job.draft = len(drafts)
            drafts.append(Draft(event=fact, **where, **common))
        refused: dict[str, int] = {}
        for job in jobs:
            if job.error is not None:
                refused[job.error.code] = refused.get(job.error.code, 0) + 1
        for code, count in sorted(refused.items()):
            drafts.append(Draft(event=DataRefused(operation, code, count), **common))
        return drafts

    # -- keys, indexes and the map in force

    def prepare(self, expected: int = 10_000) -> CompiledMap:
        """Make what the map in force needs before the first write: epochs, index keys, index lengths.

        Args:
            expected: customers to plan search indexes for, where none are planned yet.

        """
        house = self._house
        compiled = versions.current()
        for number in house.ring.missing(compiled.category_by_id):
            with house.opened("keys") as tx:
                house.ring.make(tx, number)
        wanted = search.needed(compiled)
        if names := house.keys.missing(wanted):
            with house.opened("keys") as tx:
                for name in names:
                    house.keys.make(tx, name, wanted[name])
        with house.opened() as tx:
            search.plan_missing(tx, compiled, expected)
        return compiled

    def _indexed(self, compiled: CompiledMap) -> search.Indexes:
        kept = self._indexes
        if kept is None or kept[0] != compiled.version:
            made = search.Indexes(compiled, self._house.keys, self._house.id, search.lengths())
            kept = self._indexes = (compiled.version, made)
        return kept[1]

    def alias(self, subject: bytes) -> Alias | None:
        """A customer's pseudonym in the ledger; None once the customer is erased."""
        return self._alias(keystore.fetch([subject], [SELF]), subject)

    # -- the line

    def start(self) -> None:
        """Begin to answer asks from a thread of its own, in batches of whatever waits."""
        self._thread = threading.Thread(target=self._serve, name="bailee-gate", daemon=True)
        self._thread.start()

    def ask(self, ask: Ask) -> "Future[Answer]":
        """Put an ask in line; the future gives its answer or raises its error."""
        if self._stopped or self._thread is None:
            raise Unavailable("the gate is closed", hint="start the house", code="ledger-closed")
        waiting = _Waiting(ask, Future())
        self._line.put(waiting)
        return waiting.promise

    def stop(self) -> None:
        """Answer what waits, then refuse; idempotent."""
        if self._thread is not None and not self._stopped:
            self._stopped = True
            self._line.put(None)
            self._thread.join()
        self._stopped = True

    def _serve(self) -> None:
        try:
            while (batch := self._take()) is not None:
                self._give(batch)
        finally:
            for alias in ("default", "keys"):
                connections[alias].close()

    def _take(self) -> list[_Waiting] | None:
        """Wait for one ask, then take all that wait, at most 256; one whose client gave up is dropped unrecorded."""
        first = self._line.get()
        if first is None:
            return None
        batch = [first] if first.promise.set_running_or_notify_cancel() else []
        while len(batch) < BATCH and not self._line.empty():
            more = self._line.get()
            if more is None:
                self._line.put(None)
                break
            if more.promise.set_running_or_notify_cancel():
                batch.append(more)
        return batch

    def _give(self, batch: Sequence[_Waiting]) -> None:
        """Answer a batch; one client's trouble leaves the others theirs, and a failed store is not trusted again."""
        if not batch:
            return
        try:
            made = self.answer([one.ask for one in batch])
        except Exception as error:  # noqa: BLE001 - whatever broke, every waiter gets an answer and nothing is shown
            for alias in ("default", "keys"):
                connections[alias].close()
            trouble = error if isinstance(error, HouseError) else Unavailable("the gate failed", hint="try again")
            for one in batch:
                one.promise.set_exception(trouble)
            return
        for one, result in zip(batch, made, strict=True):
            if isinstance(result, HouseError):
                one.promise.set_exception(result)
            else:
                one.promise.set_result(result)


_HELP: Final = "ask for access, or see who can: bailee access who"
_WHOLE_VALUE: Final = frozenset({"exact"})


def _single(index: search.Index, value: str, region: str | None) -> tuple[str, ...]:
    """What is typed for a part of a value: already the part (`example.org`, `müller`, `4242`), or the whole."""
    whole = index.terms(value, region)
    if index.how == "domain" and "@" not in value:
        return (NORMALISERS[index.normaliser]("x@" + value, region).rpartition("@")[2],)
    return whole


def _numbers(plan: _Plan, subject: bytes, compiled: CompiledMap) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Field numbers shown clear, and shown masked or as present."""
    clear, masked = [], []
    for name, level in zip(plan.prepared.fields, plan.fields[subject], strict=True):
        if level is Level.CLEAR:
            clear.append(compiled.fields[name].id)
        elif level >= _VISIBLE:
            masked.append(compiled.fields[name].id)
    return tuple(sorted(clear)), tuple(sorted(masked))


def _show(one: CompiledField, value: Value, level: Level) -> Shown:
    if level is Level.CLEAR:
        return Shown(level, one.type.text_of(value), value)
    if level is Level.PARTIAL:
        return Shown(level, mask(one.mask, value))
    return Shown(level, present())


def _case(gate: Gate, keys: Keys, ask: Ask, subjects: Sequence[bytes]) -> bytes | None:
    """A case code beside a person, unreadable without that person's own key."""
    if ask.case is None or len(subjects) != 1:
        return None
    found = keystore.opened(gate._house.ring, keys, subjects[0], SELF)  # noqa: SLF001 - same file
    return None if found is None else code_alias(found[1], gate._house.id, ask.case)  # noqa: SLF001 - same file


class _Job:
    """One write on its way through W1 and W2."""

    def __init__(self, place: int, write: Write) -> None:
        self.place = place
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
        try:
            by_category: dict[str, dict[str, Value]] = {}
            for given, raw in self.write.fields.items():
                one = compiled.resolve(given)
                category = compiled.categories[one.category]
                if category.built_in or category.derived_from is not None:
                    raise Invalid(f"{one.key} is not written by hand", hint="the house fills it", code="field-unknown")
                try:
                    value = None if raw is None else one.parse(raw)
                except Invalid as error:
                    raise Invalid(f"{one.key}: {error}", hint=error.hint, code=error.code) from error
                by_category.setdefault(one.category, {})[one.key] = value
                self.names.add(one.key)
            if not by_category:
                raise Invalid("a write names at least one field", hint="bailee map export lists them")
            for key, values in list(by_category.items()):
                for name, value in derive(compiled.categories[key], values).items():
                    by_category.setdefault(compiled.fields[name].category, {})[name] = value
            for key, values in by_category.items():
                self.parts[compiled.categories[key].id] = values
                self.numbers.update(compiled.fields[name].id for name in values)
        except HouseError as error:
            self.error = error

    def admit(self, row: SubjectRow | None) -> None:
        """Check the customer's row, now locked: live, not being erased, of the version expected."""
        if self.new:
            return
        if row is None:
            self.error = NotFound("there is no such customer", hint="find them first")
        elif row.state >= SubjectState.ERASING or row.closing & self.parts.keys():
            self.error = Gone("this customer was erased", hint="add them as a new customer")
        elif row.state != SubjectState.LIVE:
            self.error = Conflict("this customer is suspended", hint="see bailee customer show")
        elif self.write.expect_version is not None and self.write.expect_version != row.version:
            self.error = Stale("this customer changed meanwhile", hint="read them again and repeat your change")

    def record_of(self, category: int, now: Micros) -> bytes:
        return ids.record_id(now)

    def result(self) -> Written | HouseError:
        if self.error is not None:
            return self.error
        if self.entry is None:
            return Unavailable("this write did not end", hint="try again")
        return Written(SubjectId(self.subject), self.versions, self.entry, self.new)
