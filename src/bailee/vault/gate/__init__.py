"""The one door to customers' values: batch, decide, record, commit, and only then open.

Every read, search and write of a customer's value passes here, whatever the door. A batch is one transaction: its rows
come in one statement per store, its entries go out with one fsync, and nothing is released before the commit returned.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

from django.db import connections

from bailee.custody.epochs import SELF
from bailee.datamap import versions
from bailee.datamap.compile import CompiledMap
from bailee.house import STORES, House
from bailee.kernel.actors import Actor
from bailee.kernel.errors import Gone, HouseError, NotFound, Unavailable
from bailee.kernel.events import Alias
from bailee.kernel.permissions import Permission
from bailee.vault import keystore, search
from bailee.vault.budget import Budget
from bailee.vault.gate.reading import BATCH, Reader, Result
from bailee.vault.gate.sealing import Sealer
from bailee.vault.gate.searching import Searcher
from bailee.vault.gate.writing import Keep, Outcome, Writer
from bailee.vault.words import Answer, Ask, Find, Standing, Write

__all__ = ["Gate", "Outcome", "Result"]

EXPECTED: Final = 10_000
IMPORT: Final = "import"
_CLOSED: Final = "the gate is closed"


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
        self._sealer = Sealer(house.ring, house.id)
        budget = budget or Budget()
        indexes = search.IndexBook(house.keys, house.id)
        self._reader = Reader(house, self._sealer, budget)
        self._searcher = Searcher(house, self._sealer, self._reader, budget, indexes)
        self._writer = Writer(house, self._sealer, self._reader, indexes)
        self._line: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False

    # -- in this thread

    def read(self, ask: Ask) -> Answer:
        """Answer one ask; a batch of one.

        Raises:
            Denied: nothing of it may be shown; recorded. NotFound, Gone: the only customer asked for.
            Invalid: unknown field or purpose. Unavailable: it can't be recorded, so nothing is shown.

        """
        made = self.answer([ask])[0]
        if isinstance(made, HouseError):
            raise made
        if len(made.items) == 1:
            standing = made.items[0].standing
            if standing is Standing.UNKNOWN:
                raise NotFound("there is no such customer", hint="find them first")
            if standing is Standing.ERASED:
                raise Gone("this customer was erased", hint="the receipt says when and what")
        return made

    def answer(self, asks: Sequence[Ask]) -> list[Result]:
        """Answer up to 256 asks in one transaction; see `Reader.answer`."""
        return self._reader.answer(asks)

    def find(self, ask: Find) -> Answer:
        """Find customers by an indexed field; see `Searcher.find`."""
        return self._searcher.find(ask)

    def write(self, actor: Actor, purpose: str, writes: Sequence[Write]) -> list[Outcome]:
        """Write fields of customers, new or known, under the actor's grants; see `Writer.write`."""
        return self._writer.write(actor, purpose, writes, "write")

    def bring_in(self, actor: Actor, writes: Sequence[Write], keep: Keep | None = None) -> list[Outcome]:
        """Write on behalf of an import: wants the permission IMPORT and no grants, because it shows nothing.

        `keep` is called with the answers inside the transaction of the data: what it writes is there after a crash
        exactly if they are. It is called again if the batch is done again.
        """
        self._house.require(actor, "vault.bring_in", Permission.IMPORT)
        return self._writer.write(actor, None, writes, IMPORT, keep)

    def alias(self, subject: bytes) -> Alias | None:
        """A customer's pseudonym in the ledger; None once the customer is erased."""
        return self._sealer.alias(keystore.fetch([subject], [SELF]), subject)

    def prepare(self, expected: int = EXPECTED) -> CompiledMap:
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
        if search.unplanned(compiled):
            with house.opened() as tx:
                search.plan_missing(tx, compiled, expected)
        return compiled

    # -- the line

    def start(self) -> None:
        """Begin to answer asks from a thread of its own, in batches of whatever waits."""
        self._thread = threading.Thread(target=self._serve, name="bailee-gate", daemon=True)
        self._thread.start()

    def ask(self, ask: Ask) -> "Future[Answer]":
        """Put an ask in line; the future gives its answer or raises its error."""
        if self._stopped or self._thread is None:
            raise Unavailable(_CLOSED, hint="start the house", code="ledger-closed")
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
            self._refuse_rest()
            for alias in STORES:
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
            for alias in STORES:
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

    def _refuse_rest(self) -> None:
        """Whoever came between the last batch and the end is told so."""
        while not self._line.empty():
            left = self._line.get()
            if left is not None and left.promise.set_running_or_notify_cancel():
                left.promise.set_exception(Unavailable(_CLOSED, hint="start the house", code="ledger-closed"))
