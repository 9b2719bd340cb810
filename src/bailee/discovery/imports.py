"""Bringing a source in by its plan: checked before, repeatable without doubles, resumable after a crash.

What was brought in is known by keyed digests: of the key of each row, and of what it held when last seen. They are
written in the transaction that writes the row's values, so both are there after a crash, or neither.
"""

import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from django.db import IntegrityError, connections

from bailee.datamap import versions
from bailee.datamap.compile import CompiledMap
from bailee.discovery import plans, tables
from bailee.discovery.cells import Sheet
from bailee.discovery.plans import About, Plan
from bailee.discovery.problems import KINDS, Level, Problem, problem
from bailee.discovery.seen import Seen
from bailee.discovery.sources import Source
from bailee.house import House
from bailee.kernel import canon, ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import Doors, act, look
from bailee.kernel.asks import Count, Id
from bailee.kernel.errors import Conflict, HouseError, Invalid, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.ids import RecordId, SubjectId
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.sql import marks
from bailee.kernel.tx import Tx, View
from bailee.vault.erasure import eraser
from bailee.vault.gate import Gate
from bailee.vault.words import Write, Written

BATCH: Final = 500
SHOWN: Final = 1_000
"""How many problems a report holds; all of them go to the caller's `tell` as they come."""
_PURPOSE: Final = "import"
_DIGEST: Final = 16
_PLACE: Final = 4
_RECORD: Final = 20
_HERE_ONLY: Final = Doors(0)
"""These acts write down what `check` and `run` of this file did; no door calls them by themselves."""

Progress = Callable[[int, int], None]
Tell = Callable[[Problem], None]

# -- words


class Outcome(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    REFUSED = "refused"


@dataclass(slots=True)
class Counts:
    """Rows of one table by outcome; `gone` were brought in before and are no longer in the source."""

    new: int = 0
    same: int = 0
    changed: int = 0
    refused: int = 0
    gone: int = 0

    def add(self, outcome: Outcome) -> None:
        match outcome:
            case Outcome.NEW:
                self.new += 1
            case Outcome.SAME:
                self.same += 1
            case Outcome.CHANGED:
                self.changed += 1
            case Outcome.REFUSED:
                self.refused += 1


@dataclass(slots=True)
class Report:
    """What a check found, or a run did; `problems` holds the first thousand, `kinds` counts all."""

    run: str | None = None
    counts: dict[str, Counts] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    @property
    def stops(self) -> int:
        """How many problems keep a row out."""
        return sum(count for key, count in self.kinds.items() if KINDS[key].level is Level.STOP)

    @property
    def total(self) -> Counts:
        """All tables together."""
        made = Counts()
        for one in self.counts.values():
            made.new += one.new
            made.same += one.same
            made.changed += one.changed
            made.refused += one.refused
            made.gone += one.gone
        return made


Hex = Annotated[str, msgspec.Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]+$")]
Tally = Annotated[str, msgspec.Meta(min_length=3, max_length=60, pattern=r"^[a-z0-9-]+=[0-9]+$")]
Tallies = Annotated[tuple[Tally, ...], msgspec.Meta(max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found."""

    plan: Hex
    source: Hex
    new: Count
    same: Count
    changed: Count
    refused: Count
    problems: Tallies = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A run of a plan over a source."""

    plan: Hex
    source: Hex


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What a run did."""

    run: Id
    new: Count
    same: Count
    changed: Count
    refused: Count
    gone: Count
    problems: Tallies = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """How many of the newest runs to list."""

    most: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `counts` is JSON, empty while it goes on."""

    id: str
    plan: str
    state: str
    counts: str
    started: int
    ended: int | None
    by: str


@event(
    tag=1001,
    name="import.checked",
    says="An import was checked: {new} new, {same} same, {changed} changed, {refused} refused ({problems})",
    shred=None,
)
@dataclass(frozen=True, slots=True)
class ImportChecked(Event):
    plan: bytes
    source: bytes
    new: int
    same: int
    changed: int
    refused: int
    problems: tuple[str, ...] = ()


@event(tag=1002, name="import.begun", says="Import {run} began", shred=None)
@dataclass(frozen=True, slots=True)
class ImportBegun(Event):
    run: str
    plan: bytes
    source: bytes


@event(
    tag=1003,
    name="import.done",
    says="Import {run} is done: {new} new, {same} same, {changed} changed, {refused} refused, {gone} gone ({problems})",
    shred=None,
)
@dataclass(frozen=True, slots=True)
class ImportDone(Event):
    run: str
    new: int
    same: int
    changed: int
    refused: int
    gone: int
    problems: tuple[str, ...] = ()


# -- acts

_RUNNING: Final = "running"
_DONE: Final = "done"
_BROKEN_OFF: Final = "broken off"


@act("discovery.import_check", needs=Permission.IMPORT, doors=_HERE_ONLY)
def checked(tx: Tx, actor: Actor, ask: Checked) -> Recorded[int, ImportChecked]:
    """Write down what a check of an import found."""
    fact = ImportChecked(
        bytes.fromhex(ask.plan),
        bytes.fromhex(ask.source),
        ask.new,
        ask.same,
        ask.changed,
        ask.refused,
        ask.problems,
    )
    return Recorded(ask.refused, fact)


@act("discovery.import_begin", needs=Permission.IMPORT, doors=_HERE_ONLY)
def begin(tx: Tx, actor: Actor, ask: Begin) -> Recorded[str, ImportBegun]:
    """Begin a run of an import; an earlier one of the same plan that never ended counts as broken off."""
    plan, source = bytes.fromhex(ask.plan), bytes.fromhex(ask.source)
    made = ids.uuid7(tx.now)
    runs = tables.ImportRun.objects.using(tx.alias)
    runs.filter(plan_digest=plan, state=_RUNNING).update(state=_BROKEN_OFF, ended=tx.now)
    runs.create(id=made, plan_digest=plan, source_digest=source, state=_RUNNING, counts="", started=tx.now, by=actor.id)
    return Recorded(ids.text(made), ImportBegun(ids.text(made), plan, source))


@act("discovery.import_end", needs=Permission.IMPORT, doors=_HERE_ONLY)
def end(tx: Tx, actor: Actor, ask: End) -> Recorded[str, ImportDone]:
    """End a run of an import with what it did."""
    counts = {name: getattr(ask, name) for name in ("new", "same", "changed", "refused", "gone")}
    done = (
        tables.ImportRun.objects.using(tx.alias)
        .filter(id=ids.parse(ask.run), state=_RUNNING)
        .update(state=_DONE, counts=json.dumps(counts), ended=tx.now)
    )
    if not done:
        raise NotFound("no such import is running", hint="another run of the same plan began meanwhile")
    fact = ImportDone(ask.run, ask.new, ask.same, ask.changed, ask.refused, ask.gone, ask.problems)
    return Recorded(ask.run, fact)


@eraser("discovery.imports")
def forget(tx: Tx, subject: bytes) -> int:
    """Delete what names an erased customer; their rows would be new ones in a later import."""
    return tables.ImportRow.objects.using(tx.alias).filter(subject=subject).delete()[0]


# -- looks


@look("discovery.imports", needs=Permission.IMPORT)
def runs(view: View, actor: Actor, ask: Runs) -> tuple[Run, ...]:
    """The newest runs of imports."""
    rows = tables.ImportRun.objects.order_by("-started")[: ask.most]
    return tuple(
        Run(
            ids.text(bytes(row.id)), bytes(row.plan_digest).hex(), row.state, row.counts, row.started, row.ended, row.by
        )
        for row in rows
    )


# -- check and run


def check(
    house: House, actor: Actor, plan: Plan, source: Source, progress: Progress | None = None, tell: Tell | None = None
) -> Report:
    """Read everything and write nothing: what a run would do, and each row that it would refuse.

    Values that other customers of the vault hold already are found by the run only.

    Args:
        house: an open house.
        actor: who asks; wants the permission IMPORT.
        plan: what goes where.
        source: opened by `sources.opened`.
        progress: called with rows done and all rows, after each batch.
        tell: called with each problem as it is found.

    Raises:
        PlanInvalid: the plan doesn't stand, or doesn't fit the source. Denied: recorded.

    """
    house.require(actor, checked.name, Permission.IMPORT)
    walk = _Walk(house, plan, source, tell)
    for part in walk.parts(progress):
        _look_at(walk, part)
    report = walk.report
    total = report.total
    house.do(
        actor,
        checked,
        Checked(
            plan=plans.digest(plan).hex(),
            source=source.digest.hex(),
            new=total.new,
            same=total.same,
            changed=total.changed,
            refused=total.refused,
            problems=_tallies(report),
        ),
    )
    return report


def run(
    house: House,
    gate: Gate,
    actor: Actor,
    plan: Plan,
    source: Source,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Report:
    """Bring in every row that is good; the others stay out, each named with its table, row, column and reason.

    1. The plan stands under the map in force and fits the source, and the source can be read to its end, or nothing
       is written.
    2. `import.begun`.
    3. Customers first, then what belongs to them, in batches: rows that did not change are passed over, the others
       go through the gate, and where they went is written down in the same transaction.
    4. `import.done` with the counts.

    A run that was killed is run again: what its last commit held is `same` then, and the end state is that of a run
    that was not killed. Rows that left the source are counted as `gone`; nobody is deleted.

    Args:
        house: an open house.
        gate: its gate.
        actor: who asks; wants the permission IMPORT.
        plan: what goes where.
        source: opened by `sources.opened`.
        progress: called with rows done and all rows, after each batch.
        tell: called with each problem as it is found.

    Raises:
        PlanInvalid: the plan doesn't stand, or doesn't fit the source. Denied: recorded.
        Unavailable: the house or the source stopped answering; run it again.

    """
    house.require(actor, begin.name, Permission.IMPORT)
    walk = _Walk(house, plan, source, tell)
    if walk.report.stops:
        broken = walk.report.problems[-1]
        raise Invalid(f"the file can't be read to its end: {broken}", hint=broken.kind.fix, code=broken.kind.key)
    asked = Begin(plan=plans.digest(plan).hex(), source=source.digest.hex())
    walk.report.run = house.do(actor, begin, asked).value
    for part in walk.parts(progress):
        _bring(walk, gate, actor, part)
    report = walk.report
    total = report.total
    house.do(
        actor,
        end,
        End(
            run=report.run or "",
            new=total.new,
            same=total.same,
            changed=total.changed,
            refused=total.refused,
            gone=total.gone,
            problems=_tallies(report),
        ),
    )
    return report


def _tallies(report: Report) -> tuple[str, ...]:
    return tuple(f"{key}={count}" for key, count in sorted(report.kinds.items()))


# -- inside


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a row from an earlier import."""

    content: bytes
    subject: bytes
    records: Mapping[int, bytes]


@dataclass(slots=True)
class _Candidate:
    """One row on its way; `writes` are what it asks of the gate, `answers` what the gate said."""

    number: int
    key: bytes
    content: bytes
    owner: bytes | None
    cells: tuple[Any, ...]
    values: dict[str, Any] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    answers: list[Written | HouseError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """One batch of one table."""

    table: "_Table"
    rows: list[_Candidate]
    known: Mapping[bytes, _Known]


class _Table:
    """One table of the plan and what was seen of it so far."""

    def __init__(self, sheet: Sheet, place: bytes, owners: bytes | None) -> None:
        self.sheet = sheet
        self.name = sheet.plan.name
        self.place = place
        self.owners = owners
        self.keys = Seen()
        self.filled = Seen()
        self.unique: dict[str, Seen] = {key: Seen() for key in sheet.unique}
        self.counts = Counts()
        self.met = 0


class _Walk:
    """Goes through all tables of a plan, and keeps what later rows need to know of earlier ones."""

    def __init__(self, house: House, plan: Plan, source: Source, tell: Tell | None) -> None:
        self.house = house
        self.plan = plan
        self.source = source
        self.compiled: CompiledMap = versions.current()
        plans.must_stand(plan, self.compiled)
        plans.must_fit(plan, source.catalogue)
        self.report = Report()
        self.accepted = Seen()
        self.refused = Seen()
        self._tell = tell
        for one in source.problems:
            self.say(one)

    def say(self, one: Problem) -> None:
        self.report.kinds[one.kind.key] += 1
        if len(self.report.problems) < SHOWN:
            self.report.problems.append(one)
        if self._tell is not None:
            self._tell(one)

    def refuse(self, table: _Table, row: _Candidate, found: Iterable[tuple[str, str]]) -> None:
        """Keep a row out, and say why at each column."""
        for column, key in found:
            self.say(problem(key, table.name, row.number, column))
        table.counts.add(Outcome.REFUSED)
        if table.sheet.plan.about is About.CUSTOMER:
            self.refused.add(row.key)

    def parts(self, progress: Progress | None) -> Iterator[_Part]:
        """Every batch of every table, customers first; counts what went away at the end of each table."""
        ordered = sorted(self.plan.tables, key=lambda one: one.about is not About.CUSTOMER)
        total = sum(self.source.rows.count(one.name) for one in ordered)
        done = 0
        for one in ordered:
            owners = None if one.of is None else self._place(one.of)
            table = _Table(Sheet(one, self.compiled), self._place(one.name), owners)
            self.report.counts[one.name] = table.counts
            before = self._count(table)
            for read, rows in self._batches(table):
                wanted = [digest for row in rows for digest in (row.key, row.owner) if digest is not None]
                known = _known(list(dict.fromkeys(wanted)))
                table.met += sum(row.key in known for row in rows)
                yield _Part(table, rows, known)
                done += read
                if progress is not None:
                    progress(done, max(total, done))
            table.counts.gone = max(0, before - table.met)

    def owner_trouble(self, table: _Table, row: _Candidate, known: Mapping[bytes, _Known]) -> str | None:
        """What is wrong with whom a row belongs to, if anything."""
        if row.owner is None:
            return None
        if row.owner not in known and row.owner not in self.accepted:
            return "customer-refused" if row.owner in self.refused else "customer-unknown"
        if table.sheet.once and not table.filled.add(row.owner):
            return "one-only"
        return None

    def digest(self, place: bytes, key: Sequence[str]) -> bytes:
        """The keyed digest that a row is known by, behind the place of its source and table."""
        message = canon.parts([b"row", place, *(part.encode("utf-8", "surrogatepass") for part in key)])
        return place + self.house.keys.mac(_PURPOSE, message)[: _DIGEST - _PLACE]

    def claim(self, name: str, text: bytes) -> bytes:
        return self.house.keys.mac(_PURPOSE, canon.parts([b"unique", name.encode(), text]))[:_DIGEST]

    def _place(self, table: str) -> bytes:
        message = canon.parts([b"table", self.plan.source.id.encode(), table.encode()])
        return self.house.keys.mac(_PURPOSE, message)[:_PLACE]

    def _batches(self, table: _Table) -> Iterator[tuple[int, list[_Candidate]]]:
        """Rows in batches, with how many were read for each; rows without a usable key are refused on the way."""
        rows: list[_Candidate] = []
        read = 0
        sheet = table.sheet
        for one in self.source.rows.rows(table.name, sheet.columns, sheet.plan.key):
            read += 1
            stop = self._candidate(table, one.number, one.cells, one.fault, rows)
            if stop is not None:
                self.say(problem(stop[1], table.name, one.number, stop[0]))
                table.counts.add(Outcome.REFUSED)
            if read >= BATCH:
                yield read, rows
                rows, read = [], 0
        if read:
            yield read, rows

    def _candidate(
        self, table: _Table, number: int, cells: tuple[Any, ...], fault: str | None, rows: list[_Candidate]
    ) -> tuple[str, str] | None:
        """Take a row into the batch, or answer the column and the problem that keep it out."""
        if fault is not None:
            if KINDS[fault].level is Level.STOP:
                return "", fault
            self.say(problem(fault, table.name, number))
        sheet = table.sheet
        key = sheet.key(cells)
        if key is None:
            return ", ".join(sheet.plan.key), "key-missing"
        digest = self.digest(table.place, key)
        if not table.keys.add(digest):
            return ", ".join(sheet.plan.key), "key-twice"
        owner = None
        if table.owners is not None:
            whose = sheet.owner(cells)
            if whose is None:
                return sheet.plan.subject or "", "customer-missing"
            owner = self.digest(table.owners, whose)
        held = canon.parts([b"content", digest, owner or b"", sheet.content(cells)])
        rows.append(_Candidate(number, digest, self.house.keys.mac(_PURPOSE, held)[:_DIGEST], owner, cells))
        return None

    def _count(self, table: _Table) -> int:
        """How many rows of a table were brought in before."""
        last = int.from_bytes(table.place, "big") + 1
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT COUNT(*) FROM import_row WHERE key_digest >= %s AND key_digest < %s",
                [table.place, last.to_bytes(_PLACE + 1, "big")[1:] if last < 1 << 8 * _PLACE else b"\xff" * 17],
            )
            return int(cursor.fetchone()[0])


def _known(wanted: Sequence[bytes]) -> dict[bytes, _Known]:
    """What earlier imports know of these rows: one statement."""
    if not wanted:
        return {}
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT key_digest, row_digest, subject, records FROM import_row "
            f"WHERE key_digest IN ({marks(len(wanted))})",
            wanted,
        )
        return {
            bytes(key): _Known(bytes(content), bytes(subject), _records(bytes(raw)))
            for key, content, subject, raw in cursor.fetchall()
        }


def _records(raw: bytes) -> dict[int, bytes]:
    """Read what `_packed` wrote: category → record."""
    return {
        int.from_bytes(raw[at : at + _PLACE], "big"): raw[at + _PLACE : at + _RECORD]
        for at in range(0, len(raw), _RECORD)
    }


def _packed(records: Mapping[int, bytes]) -> bytes:
    return b"".join(number.to_bytes(_PLACE, "big") + record for number, record in sorted(records.items()))


def _unchanged(row: _Candidate, found: _Known | None) -> bool:
    return found is not None and hmac.compare_digest(found.content, row.content)


def _look_at(walk: _Walk, part: _Part) -> None:
    """Say of each row of a batch what a run would make of it; a row that did not change is not asked again."""
    table, sheet = part.table, part.table.sheet
    for row in part.rows:
        found = part.known.get(row.key)
        same = _unchanged(row, found)
        values = sheet.values(row.cells)
        clean, stops = sheet.clean(values)
        if (trouble := walk.owner_trouble(table, row, part.known)) is not None:
            stops.append((sheet.plan.subject or "", trouble))
        if found is None and not stops and all(value is None for value in values.values()):
            stops.append(("", "row-empty"))
        for key, text in sheet.claims(clean):
            if not table.unique[key].add(walk.claim(key, text)):
                stops.append((", ".join(sheet.fields[key].columns), "unique-twice"))
        if stops and not same:
            walk.refuse(table, row, stops)
            continue
        for column, key in sheet.notes(clean):
            walk.say(problem(key, table.name, row.number, column))
        walk.accepted.add(row.key)
        table.counts.add(Outcome.NEW if found is None else Outcome.SAME if same else Outcome.CHANGED)


def _bring(walk: _Walk, gate: Gate, actor: Actor, part: _Part) -> None:
    """Bring one batch in: what changed goes through the gate, in as few transactions as its bounds allow."""
    table = part.table
    waiting: list[_Candidate] = []
    size = 0
    for row in part.rows:
        found = part.known.get(row.key)
        trouble = walk.owner_trouble(table, row, part.known)
        if _unchanged(row, found):
            table.counts.add(Outcome.SAME)
            continue
        if trouble is not None:
            walk.refuse(table, row, [(table.sheet.plan.subject or "", trouble)])
            continue
        row.values = table.sheet.values(row.cells)
        subject = found.subject if found is not None else part.known[row.owner].subject if row.owner else None
        row.writes = _writes(table.sheet, row.values, found, subject)
        if not row.writes and found is None:
            walk.refuse(table, row, [("", "row-empty")])
            continue
        if not row.writes:
            table.counts.add(Outcome.SAME)
            continue
        if size + len(row.writes) > BATCH * 2:
            _hand_over(walk, gate, actor, part, waiting)
            waiting, size = [], 0
        waiting.append(row)
        size += len(row.writes)
    if waiting:
        _hand_over(walk, gate, actor, part, waiting)


def _writes(sheet: Sheet, values: Mapping[str, Any], found: _Known | None, subject: bytes | None) -> list[Write]:
    """What a row asks of the gate: one write, and one more for each category of many records that has its own already.

    A value that went away is taken away from a record that is there; nothing makes an empty one.
    """
    whose = None if subject is None else SubjectId(subject)
    known = {} if found is None else found.records
    first: dict[str, Any] = {}
    made: list[Write] = []
    for number, names in sheet.by_category.items():
        if number in known and number in sheet.many:
            made.append(
                Write(fields={name: values[name] for name in names}, subject=whose, record=RecordId(known[number]))
            )
        else:
            first |= {name: values[name] for name in names if number in known or values[name] is not None}
    return [Write(fields=first, subject=whose), *made] if first else made


def _hand_over(walk: _Walk, gate: Gate, actor: Actor, part: _Part, rows: Sequence[_Candidate]) -> None:
    """One call of the gate; where each row went is written in the transaction of its values."""
    table = part.table

    def keep(tx: Tx, answers: Sequence[Written | HouseError]) -> None:
        at = iter(answers)
        for row in rows:
            row.answers = [next(at) for _ in row.writes]
        _keep(tx, walk.compiled, part.known, rows)

    gate.bring_in(actor, [write for row in rows for write in row.writes], keep)
    for row in rows:
        refused = [one for one in row.answers if isinstance(one, HouseError)]
        if refused:
            walk.refuse(table, row, _reasons(table.sheet, row, refused[0]))
        else:
            table.counts.add(Outcome.NEW if row.key not in part.known else Outcome.CHANGED)


def _keep(tx: Tx, compiled: CompiledMap, known: Mapping[bytes, _Known], rows: Sequence[_Candidate]) -> None:
    """Write down where rows went; a row of which a part was refused keeps its old digest, and is tried again."""
    new: list[tuple[bytes, bytes, bytes, bytes]] = []
    changed: list[tuple[bytes, bytes, bytes]] = []
    for row in rows:
        written = [one for one in row.answers if isinstance(one, Written)]
        if not written:
            continue
        found = known.get(row.key)
        records = dict(found.records) if found is not None else {}
        for one in written:
            for key, (record, _) in one.records.items():
                records[compiled.categories[key].id] = record
        if found is None:
            new.append((row.key, row.content, written[0].subject, _packed(records)))
        else:
            whole = len(written) == len(row.answers)
            changed.append((row.content if whole else found.content, _packed(records), row.key))
    with connections[tx.alias].cursor() as cursor:
        if new:
            try:
                cursor.executemany(
                    "INSERT INTO import_row (key_digest, row_digest, subject, records) VALUES (%s, %s, %s, %s)",
                    sorted(new),
                )
            except IntegrityError as error:
                raise Conflict("another import brings in the same rows", hint="let it end, then run again") from error
        if changed:
            cursor.executemany("UPDATE import_row SET row_digest = %s, records = %s WHERE key_digest = %s", changed)


def _reasons(sheet: Sheet, row: _Candidate, error: HouseError) -> list[tuple[str, str]]:
    """Why the gate refused a row, at its columns; the gate knows fields, not columns."""
    if error.code == "taken":
        names = [", ".join(sheet.fields[key].columns) for key in sheet.unique if row.values.get(key) not in {None, ""}]
        return [(" or ".join(names), "taken")]
    found = sheet.clean(row.values)[1]
    if found:
        return found
    code = "erased" if error.code == "not-found" else error.code
    return [("", code if code in KINDS else "not-written")]
