"""The events of the vault; people appear by alias in the entry, never in the payload."""

from dataclasses import dataclass

from bailee.kernel.events import Event, event


@event(tag=600, name="data.read", says="Read ({operation}, {result})", shred="alias")
@dataclass(frozen=True, slots=True)
class DataRead(Event):
    operation: str = "read"
    result: str = "ok"
    case: bytes | None = None
    query: bytes | None = None
    key_epoch: int = 0
    export: str | None = None


@event(
    tag=601, name="data.found", says="Searched field {field} by {how}: {hits} of {candidates} candidates", shred="alias"
)
@dataclass(frozen=True, slots=True)
class DataFound(Event):
    field: int
    how: str
    candidates: int
    hits: int


@event(tag=602, name="data.written", says="Wrote fields {fields} ({operation})", shred="alias")
@dataclass(frozen=True, slots=True)
class DataWritten(Event):
    operation: str
    fields: tuple[int, ...]
    records: int
    new: int


@event(tag=603, name="data.refused", says="Refused to {operation}: {because} (x{count})", shred="alias")
@dataclass(frozen=True, slots=True)
class DataRefused(Event):
    operation: str
    because: str
    count: int = 1


@event(tag=604, name="data.unreadable", says="{count} records did not open: {code}", shred="alias")
@dataclass(frozen=True, slots=True)
class DataUnreadable(Event):
    code: str
    count: int


@event(tag=610, name="erasure.begun", says="Erasure {erasure} began: {basis}", shred=None)
@dataclass(frozen=True, slots=True)
class ErasureBegun(Event):
    erasure: str
    basis: str
    categories: tuple[int, ...]


@event(tag=611, name="erasure.keys_destroyed", says="Erasure {erasure} destroyed {keys} keys", shred=None)
@dataclass(frozen=True, slots=True)
class KeysDestroyed(Event):
    erasure: str
    keys: int
    commits: bytes


@event(
    tag=612,
    name="erasure.erased",
    says="Erasure {erasure} is done: {records} records, {index_rows} index rows, {other_rows} other rows deleted",
    shred=None,
)
@dataclass(frozen=True, slots=True)
class Erased(Event):
    erasure: str
    records: int
    index_rows: int
    other_rows: int


@event(tag=615, name="bulk.unlocked", says="{actor} may read up to {most} customers for {purpose}", shred=None)
@dataclass(frozen=True, slots=True)
class BulkUnlocked(Event):
    actor: str
    purpose: str
    most: int
    until: int


@event(tag=660, name="preference.set", says="{kind} for {purpose}: {state}", shred=None)
@dataclass(frozen=True, slots=True)
class PreferenceSet(Event):
    purpose: str
    kind: str
    state: str


@event(tag=661, name="hold.placed", says="A hold was placed by {owner}", shred=None)
@dataclass(frozen=True, slots=True)
class HoldPlaced(Event):
    hold: str
    owner: str
    review_on: int


@event(tag=662, name="hold.released", says="Hold {hold} was released", shred=None)
@dataclass(frozen=True, slots=True)
class HoldReleased(Event):
    hold: str
