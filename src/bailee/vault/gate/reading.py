"""Reads: decide, fetch, record, commit, and only then open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bailee.access import assignments
from bailee.access.decide import decide, levels, scopes, too_low, too_old
from bailee.access.limits import Limit
from bailee.access.policy import Stamp
from bailee.access.words import Assurance, Level, Operation, Query
from bailee.custody.epochs import SELF
from bailee.datamap.compile import CompiledField, CompiledMap
from bailee.datamap.masks import mask, present
from bailee.datamap.types import Value
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.errors import Denied, HouseError, Invalid, Unavailable
from bailee.kernel.events import Alias
from bailee.kernel.ids import RecordId, SubjectId
from bailee.kernel.recorded import EntryRef
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, sets
from bailee.ledger.entries import Draft
from bailee.vault import keystore, limits, records, unlocks
from bailee.vault.budget import AT_ONCE, Budget
from bailee.vault.facts import DataRead, DataRefused, DataUnreadable
from bailee.vault.gate.sealing import Sealer
from bailee.vault.gate.shapes import Outcome, Shape, Shapes
from bailee.vault.keystore import Keys
from bailee.vault.records import RecordRow, SubjectRow, SubjectState
from bailee.vault.words import Answer, Ask, Item, RecordView, Shown, Standing

BATCH: Final = 256
TRIES: Final = 3
WORD_MOST: Final = 64
HELP: Final = "ask for access, or see who can: bailee access who"
_READ: Final = DataRead()
_NOBODY: Final = DataRead("read", "erased or unknown")

Result = Answer | HouseError


class Moved(Exception):
    """The policy or the data map changed while a batch was under way."""


@dataclass(slots=True)
class Plan:
    """One ask on its way: its shape, and what may be shown of whom, as decided under one policy epoch."""

    ask: Ask
    shape: Shape | None
    outcomes: dict[bytes, Outcome] = field(default_factory=dict)
    refusal: HouseError | None = None
    entries: list[EntryRef] = field(default_factory=list)


class Reader:
    """Answers batches of asks.

    Args:
        house: an open house.
        sealer: opens records.
        budget: how many customers an actor may read in an hour.

    """

    def __init__(self, house: House, sealer: Sealer, budget: Budget) -> None:
        self._house = house
        self._sealer = sealer
        self._budget = budget
        self._shapes: Shapes | None = None

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
                    shapes = self.shapes(tx, stamp)
                    plans = [self._plan(one, shapes, tx) for one in asks]
                    people, rows, keys = self._fetch(plans)
                    choices = limits.of(tx.alias, list(people)) if people else {}
                    named, lost = self.aliases(people, keys)
                    for plan in plans:
                        if plan.refusal is None:
                            self.decide(tx, plan, shapes, choices)
                    self._append(tx, plans, keys, named, stamp, shapes)
                break
            except Moved:
                continue
        else:
            raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")
        house.appended(len(plans))
        troubles: dict[str, int] = {}
        made: list[Result] = [
            plan.refusal or self._open(plan, shapes.compiled, people, rows, keys, lost, troubles) for plan in plans
        ]
        self.alarm(troubles)
        return made

    def alarm(self, troubles: Mapping[str, int]) -> None:
        """Put on record that records did not open: somebody changed a store, or a key is lost."""
        if troubles:
            self._house.state(*(DataUnreadable(code, count) for code, count in sorted(troubles.items())))

    def aliases(self, people: Mapping[bytes, SubjectRow], keys: Keys) -> tuple[dict[bytes, Alias], dict[bytes, str]]:
        """The pseudonyms of living customers, and who has none: they can't be recorded, so they are not shown."""
        named: dict[bytes, Alias] = {}
        lost: dict[bytes, str] = {}
        for subject, row in people.items():
            if row.state >= SubjectState.ERASING:
                continue
            try:
                alias = self._sealer.alias(keys, subject)
            except HouseError as error:
                lost[subject] = error.code
                continue
            if alias is None:
                lost[subject] = "key-missing"
            else:
                named[subject] = alias
        return named, lost

    def shapes(self, tx: Tx, stamp: Stamp) -> Shapes:
        """The shapes under the policy of a stamp."""
        snapshot, compiled = self._house.policy.both(tx.now, stamp)
        kept = self._shapes
        if kept is None or kept.snapshot is not snapshot or kept.compiled is not compiled:
            kept = self._shapes = Shapes(snapshot, compiled)
        return kept

    def same(self, tx: Tx, stamp: Stamp) -> None:
        """The fence: the policy must be the one that was decided by."""
        if self._house.policy.stamp(tx.alias) != stamp:
            raise Moved

    def _plan(self, ask: Ask, shapes: Shapes, tx: Tx) -> Plan:
        """Check the bounds of one ask; what is wrong with it concerns it alone."""
        shape = None
        try:
            if not ask.subjects:
                raise Invalid("an ask names at least one customer", hint="find them first")
            check_words(ask.purpose, shapes, ask.export, ask.case, ask.unlock, ask.request)
            shape = shapes.of(ask.fields, ask.clear)
            if len(ask.subjects) > AT_ONCE or not self._budget.allows(ask.actor.id, ask.subjects, tx.now):
                key = ask.unlock
                most = unlocks.allowed(tx.alias, key, ask.actor.id, ask.purpose, tx.now) if key else 0
                if key is None or not self._budget.spends(key, ask.subjects, most):
                    raise Denied(
                        "this many customers need a bulk unlock",
                        hint="unlock for the purpose first; above 10,000 with a second person",
                        code="unlock-required",
                    )
        except HouseError as error:
            return Plan(ask, shape, refusal=error)
        return Plan(ask, shape)

    def _fetch(self, plans: Sequence[Plan]) -> tuple[dict[bytes, SubjectRow], dict[bytes, list[RecordRow]], Keys]:
        """All rows of a batch: customers, their records in the categories asked for, and their keys after these."""
        wanted: dict[bytes, None] = {}
        inside: set[int] = set()
        for plan in plans:
            if plan.refusal is None and plan.shape is not None:
                wanted.update(dict.fromkeys(plan.ask.subjects))
                inside.update(plan.shape.categories)
        if not wanted:
            return {}, {}, {}
        people = records.subjects("default", list(wanted))
        categories = sorted(inside)
        found: dict[bytes, list[RecordRow]] = {}
        for row in records.records("default", list(people), categories):
            found.setdefault(row.subject, []).append(row)
        return people, found, keystore.fetch(list(people), [SELF, *categories]) if people else {}

    def decide(self, tx: Tx, plan: Plan, shapes: Shapes, choices: Mapping[bytes, list[Limit]]) -> None:
        """Find the form of every field for every customer of an ask; quickly where nothing personal matters."""
        ask, shape, snapshot = plan.ask, plan.shape, shapes.snapshot
        if shape is None:
            return
        actor = ask.actor
        purpose = snapshot.purposes.get(ask.purpose)
        assigned: frozenset[bytes] = frozenset()
        in_case: frozenset[bytes] = frozenset()
        if shapes.tied(actor.id, ask.purpose):
            linked = assignments.between(tx.alias, actor.id, ask.subjects, tx.now)
            assigned = linked.subjects
            in_case = frozenset(subject for subject, case in linked.cases if case == ask.case)
        age = tx.now - actor.fresh_at
        assurance = Assurance(actor.assurance)
        low, stale = too_low(snapshot, assurance), too_old(snapshot, Operation.READ, age, age)
        quick = purpose is not None and not purpose.needs_consent
        try:
            for subject in ask.subjects:
                mine = choices.get(subject, ())
                tied, case_open = subject in assigned, subject in in_case
                if quick and not mine:
                    rated = levels(
                        snapshot,
                        actor.id,
                        ask.purpose,
                        Operation.READ,
                        shape.prepared,
                        scopes(assigned=tied, case_open=case_open),
                        low,
                        stale,
                    )
                else:
                    verdict = decide(
                        snapshot,
                        _query(ask, shape, Level.CLEAR),
                        mine,
                        assigned=tied,
                        case_open=case_open,
                        assurance=assurance,
                        proof_age=age,
                        now=tx.now,
                    )
                    rated = tuple(verdict.levels[one.key] for one in shape.fields)
                plan.outcomes[subject] = shape.outcome(rated)
            if not any(outcome.visible for outcome in plan.outcomes.values()):
                first = ask.subjects[0]
                verdict = decide(
                    snapshot,
                    _query(ask, shape, Level.PARTIAL),
                    choices.get(first, ()),
                    assigned=first in assigned,
                    case_open=first in in_case,
                    assurance=assurance,
                    proof_age=age,
                    now=tx.now,
                )
                because = "; ".join(dict.fromkeys(reason.says for reason in verdict.reasons))
                plan.refusal = Denied(because or "not granted", hint=HELP)
        except HouseError as error:
            plan.refusal = error

    def _append(
        self,
        tx: Tx,
        plans: Sequence[Plan],
        keys: Keys,
        named: Mapping[bytes, Alias],
        stamp: Stamp,
        shapes: Shapes,
    ) -> None:
        """One entry per ask and shape; an ask that shows nothing is an entry too."""
        drafts: list[Draft] = []
        owners: list[Plan] = []
        for plan in plans:
            for draft in self._drafts(tx, plan, keys, named, stamp, shapes):
                drafts.append(draft)
                owners.append(plan)
        refs = lanes.append(tx, drafts, fence=lambda: self.same(tx, stamp))
        for owner, ref in zip(owners, refs, strict=True):
            owner.entries.append(ref)

    def _drafts(
        self,
        tx: Tx,
        plan: Plan,
        keys: Keys,
        named: Mapping[bytes, Alias],
        stamp: Stamp,
        shapes: Shapes,
    ) -> Iterable[Draft]:
        ask, shape = plan.ask, plan.shape
        common: dict[str, Any] = {
            **circumstances(tx, ask.actor, ask.purpose, stamp, shapes, ask.request),
            "categories": () if shape is None else shape.categories,
        }
        if plan.refusal is not None:
            return [Draft(event=DataRefused("read", plan.refusal.code), **common)]
        shown: dict[tuple[tuple[int, ...], tuple[int, ...]], list[bytes]] = {}
        for subject in ask.subjects:
            if subject in named:
                outcome = plan.outcomes[subject]
                shown.setdefault((outcome.clear, outcome.masked), []).append(subject)
        if len(ask.subjects) == 1 and shown:
            [((clear, masked), subjects)] = shown.items()
            fact = _READ if ask.case is None and ask.export is None else self._fact(ask, keys, subjects)
            return [Draft(event=fact, alias=named[subjects[0]], clear=clear, masked=masked, **common)]
        made = []
        for (clear, masked), subjects in sorted(shown.items()):
            aliases = [named[one] for one in subjects]
            fact = self._fact(ask, keys, subjects)
            for at in range(0, len(aliases), sets.MOST):
                kept = sets.keep(tx, aliases[at : at + sets.MOST])
                made.append(Draft(event=fact, people=kept, clear=clear, masked=masked, **common))
        if not made or sum(map(len, shown.values())) < len(ask.subjects):
            made.append(Draft(event=_NOBODY, **common))
        return made

    def _fact(self, ask: Ask, keys: Keys, subjects: Sequence[bytes]) -> DataRead:
        code = self._sealer.code(keys, subjects[0], ask.case) if ask.case and len(subjects) == 1 else None
        return DataRead("export" if ask.export else "read", "ok", case=code, export=ask.export)

    def _open(
        self,
        plan: Plan,
        compiled: CompiledMap,
        people: Mapping[bytes, SubjectRow],
        rows: Mapping[bytes, list[RecordRow]],
        keys: Keys,
        lost: Mapping[bytes, str],
        troubles: dict[str, int],
    ) -> Answer:
        """Open what was decided and recorded; a customer that does not open fails alone."""
        items = []
        for subject in plan.ask.subjects:
            row = people.get(subject)
            if row is None:
                items.append(Item(SubjectId(subject), Standing.UNKNOWN))
                continue
            if row.state >= SubjectState.ERASING:
                items.append(Item(SubjectId(subject), Standing.ERASED))
                continue
            outcome = plan.outcomes[subject]
            code = lost.get(subject)
            if code is None:
                try:
                    views = self.views(rows.get(subject, ()), row, outcome, compiled, keys)
                except HouseError as error:
                    code = error.code
                else:
                    items.append(Item(SubjectId(subject), Standing.LIVE, views, outcome.withheld))
                    continue
            standing = Standing.UNREADABLE
            if code == "key-missing" and _erased_meanwhile(subject):
                standing = Standing.ERASED
            else:
                troubles[code] = troubles.get(code, 0) + 1
            items.append(Item(SubjectId(subject), standing, trouble=code))
        return Answer(tuple(items), tuple(plan.entries))

    def views(
        self,
        rows: Sequence[RecordRow],
        person: SubjectRow,
        outcome: Outcome,
        compiled: CompiledMap,
        keys: Keys,
    ) -> tuple[RecordView, ...]:
        """Open the records of one customer and show of them what was decided."""
        made = []
        for row in rows:
            wanted = outcome.by_category.get(row.category)
            if not wanted or row.category in person.closing:
                continue
            values = self._sealer.values(row, keys)
            shown = {one.key: _show(one, values[one.id], level) for one, level in wanted if one.id in values}
            if shown:
                category = compiled.category_by_id[row.category].key
                made.append(RecordView(category, RecordId(row.id), row.version, shown))
        return tuple(made)


def check_words(purpose: str, shapes: Shapes, *others: str | None) -> None:
    """Refuse what could not stand in an entry, before it gets near one.

    Raises:
        Denied: `purpose-required`, `purpose-unknown`. Invalid: a code or id that is too long or holds control signs.

    """
    if not purpose:
        raise Denied("an ask names its purpose", hint="say what you need it for", code="purpose-required")
    if purpose not in shapes.snapshot.purposes:
        raise Denied("the data map has no such purpose", hint="bailee access what", code="purpose-unknown")
    if any(one is not None and (len(one) > WORD_MOST or not one.isprintable()) for one in others):
        raise Invalid(f"a code has at most {WORD_MOST} plain characters", hint="use the number of the case")


def circumstances(
    tx: Tx, actor: Actor, purpose: str | None, stamp: Stamp, shapes: Shapes, request: str | None = None
) -> dict[str, Any]:
    """What every entry of the gate says beside its fact; a purpose that the map has not is left out, unread."""
    return {
        "actor": actor.id,
        "session": actor.session,
        "purpose": purpose if purpose in shapes.snapshot.purposes else None,
        "epoch": stamp.epoch,
        "request": request if request is not None and len(request) <= WORD_MOST else tx.request,
    }


def _query(ask: Ask, shape: Shape, asked: Level) -> Query:
    return Query(
        actor=ask.actor.id,
        purpose=ask.purpose,
        operation=Operation.READ,
        fields=shape.prepared.fields,
        asked=asked,
        case=ask.case,
    )


def _erased_meanwhile(subject: bytes) -> bool:
    now = records.subjects("default", [subject]).get(subject)
    return now is None or now.state >= SubjectState.ERASING


def _show(one: CompiledField, value: Value, level: Level) -> Shown:
    if level is Level.CLEAR:
        return Shown(level, one.type.text_of(value), value)
    if level is Level.PARTIAL:
        return Shown(level, mask(one.mask, value))
    return Shown(level, present())
