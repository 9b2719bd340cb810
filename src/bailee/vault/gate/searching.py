"""Searches by blind index: every candidate is decrypted and compared; a false hit is never shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bailee.access.compile import Snapshot
from bailee.access.decide import levels, prepare, scopes, too_low
from bailee.access.policy import Stamp
from bailee.access.words import Assurance, Level, Operation
from bailee.crypto.blind import NORMALISERS
from bailee.custody.epochs import SELF
from bailee.datamap.compile import CompiledField
from bailee.house import House
from bailee.kernel.errors import Denied, HouseError, Invalid, TooMany, Unavailable
from bailee.kernel.ids import SubjectId
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, sets
from bailee.ledger.entries import Draft
from bailee.vault import keystore, limits, records, search
from bailee.vault.budget import PROBES, SEARCHES, Budget
from bailee.vault.facts import DataFound, DataRefused
from bailee.vault.gate.reading import HELP, TRIES, Moved, Plan, Reader, check_words, circumstances
from bailee.vault.gate.sealing import Sealer
from bailee.vault.gate.shapes import VISIBLE, Shapes
from bailee.vault.keystore import Keys
from bailee.vault.records import RecordRow, SubjectState
from bailee.vault.words import Answer, Ask, Find, Item, Standing

PAGE_MOST: Final = 100


class Searcher:
    """Answers searches.

    Args:
        house: an open house.
        sealer: opens records.
        reader: decides and shows what a hit may show.
        budget: how often an actor may search in a minute.
        indexes: the index keys of a map.

    """

    def __init__(self, house: House, sealer: Sealer, reader: Reader, budget: Budget, indexes: search.IndexBook) -> None:
        self._house = house
        self._sealer = sealer
        self._reader = reader
        self._budget = budget
        self._indexes = indexes

    def find(self, ask: Find) -> Answer:
        """Find customers by one indexed field, in order of their ids, a page at a time.

        1. Decide whether the field may be searched for the purpose.
        2. Look up candidates; decrypt and compare each.
        3. Decide for each hit whether and how it may be shown: who may not be seen is not found.
        4. Append the entry with the hits shown; commit; only then answer.

        Raises:
            Denied: no grant to search that field. Invalid: `not-searchable`, `search-too-broad`.
            TooMany: 60 searches, or 10 unique look-ups that found nobody, in a minute.

        """
        house = self._house
        for _ in range(TRIES):
            try:
                with house.opened() as tx:
                    stamp = house.policy.stamp()
                    shapes = self._reader.shapes(tx, stamp)
                    troubles: dict[str, int] = {}
                    made = self._answer(tx, ask, shapes, stamp, troubles)
                break
            except Moved:
                continue
        else:
            raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")
        house.appended(1)
        self._reader.alarm(troubles)
        if isinstance(made, HouseError):
            raise made
        return made

    def _answer(self, tx: Tx, ask: Find, shapes: Shapes, stamp: Stamp, troubles: dict[str, int]) -> Answer | HouseError:
        common = circumstances(tx, ask.actor, ask.purpose, stamp, shapes, ask.request)
        compiled = shapes.compiled
        try:
            check_words(ask.purpose, shapes, ask.case, ask.request)
            if not 1 <= ask.limit <= PAGE_MOST:
                raise Invalid(f"a page shows 1 to {PAGE_MOST} customers", hint="ask for the next page with `after`")
            one = compiled.resolve(ask.field)
            shape = shapes.of((one.key, *ask.fields), ())
            index = self._indexes.of(compiled).choose(one, ask.how)
            self._may(shapes.snapshot, ask, one, index, tx)
        except HouseError as error:
            refused = Draft(event=DataRefused("search", error.code), **common)
            lanes.append(tx, [refused], fence=lambda: self._reader.same(tx, stamp))
            return error
        terms = _terms(index, ask.value, one.region)
        pairs = search.candidates(tx.alias, index, terms, ask.after)
        people = {
            key: row
            for key, row in records.subjects(tx.alias, sorted({subject for subject, _ in pairs})).items()
            if row.state == SubjectState.LIVE and one.category_id not in row.closing
        }
        by_subject: dict[bytes, list[RecordRow]] = {}
        for row in records.records(tx.alias, list(people), shape.categories):
            by_subject.setdefault(row.subject, []).append(row)
        keys = keystore.fetch(list(people), [SELF, *shape.categories]) if people else {}
        hits = self._matching(one, index, terms, frozenset(pairs), by_subject, keys, troubles)
        named, _ = self._reader.aliases({key: people[key] for key in hits}, keys)
        hits = [key for key in hits if key in named]
        plan = Plan(
            Ask(
                actor=ask.actor,
                purpose=ask.purpose,
                subjects=tuple(SubjectId(key) for key in hits),
                fields=(one.key, *ask.fields),
                clear=(),
                case=ask.case,
            ),
            shape,
        )
        if hits:
            self._reader.decide(tx, plan, shapes, limits.of(tx.alias, hits))
            hits = [key for key in hits if key in plan.outcomes and plan.outcomes[key].levels[0] >= VISIBLE]
        page, more = hits[: ask.limit], len(hits) > ask.limit
        aliases = [named[key] for key in page]
        masked = tuple(sorted({number for key in page for number in plan.outcomes[key].masked}))
        where: dict[str, Any] = {"categories": shape.categories, "masked": masked}
        if len(aliases) == 1:
            where["alias"] = aliases[0]
        elif aliases:
            where["people"] = sets.keep(tx, aliases)
        fact = DataFound(one.id, ask.how, len(pairs), len(page))
        refs = lanes.append(tx, [Draft(event=fact, **where, **common)], fence=lambda: self._reader.same(tx, stamp))
        if not page and not index.bits:
            self._budget.try_search(ask.actor.id, "probe", PROBES, tx.now)
        items = []
        for key in page:
            outcome = plan.outcomes[key]
            try:
                views = self._reader.views(by_subject.get(key, ()), people[key], outcome, compiled, keys)
            except HouseError as error:
                troubles[error.code] = troubles.get(error.code, 0) + 1
                items.append(Item(SubjectId(key), Standing.UNREADABLE, trouble=error.code))
                continue
            items.append(Item(SubjectId(key), Standing.LIVE, views, outcome.withheld))
        return Answer(tuple(items), tuple(refs), SubjectId(page[-1]) if more and page else None)

    def _may(self, snapshot: Snapshot, ask: Find, one: CompiledField, index: search.Index, tx: Tx) -> None:
        """Whether the field may be searched at all; a customer's own choices are looked at hit by hit."""
        wanted = Level.CLEAR if index.how.startswith("prefix") else Level.PARTIAL
        low = too_low(snapshot, Assurance(ask.actor.assurance))
        rated = levels(
            snapshot,
            ask.actor.id,
            ask.purpose,
            Operation.SEARCH,
            prepare(snapshot, (one.key,)),
            scopes(assigned=False, case_open=False),
            low,
            0,
        )
        if rated[0] < wanted:
            raise Denied(f"not granted to search {one.key} for {ask.purpose}", hint=HELP)
        # Once the look-ups are spent a hit must answer like a miss, or the limit would tell who is a customer.
        if not index.bits and self._budget.spent(ask.actor.id, "probe", PROBES, tx.now):
            raise TooMany("too many look-ups that found nobody", hint="wait a minute", retry_after=60)
        if not self._budget.try_search(ask.actor.id, "search", SEARCHES, tx.now):
            raise TooMany("60 searches a minute are enough for a person", hint="wait a minute", retry_after=60)

    def _matching(
        self,
        one: CompiledField,
        index: search.Index,
        terms: Sequence[str],
        places: frozenset[tuple[bytes, bytes]],
        by_subject: Mapping[bytes, list[RecordRow]],
        keys: Keys,
        troubles: dict[str, int],
    ) -> list[bytes]:
        """The customers who really match, ids ascending: the index only said "perhaps"."""
        hits = set()
        for subject, rows in by_subject.items():
            for row in rows:
                if row.category != one.category_id or (subject, row.id) not in places:
                    continue
                try:
                    value = self._sealer.values(row, keys).get(one.id)
                except HouseError as error:
                    troubles[error.code] = troubles.get(error.code, 0) + 1
                    continue
                if value is not None and set(terms) <= set(index.terms(one.type.text_of(value), one.region)):
                    hits.add(subject)
        return sorted(hits)


def _terms(index: search.Index, value: str, region: str | None) -> tuple[str, ...]:
    """What is looked for: the part itself may be typed (`example.org`), or a whole value that has it."""
    if index.how == "domain" and "@" not in value:
        return (NORMALISERS[index.normaliser](f"x@{value}", region).rpartition("@")[2],)
    return index.terms(value, region)
