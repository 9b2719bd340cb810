"""The events of house and ledger themselves; tags 1-99 and 100-199."""

from dataclasses import dataclass

from bailee.kernel.events import Event, event


@event(tag=1, name="house.opened", says="Bailee {version} opened this house", shred=None)
@dataclass(frozen=True, slots=True)
class HouseOpened(Event):
    version: str
    lane: int
    categories: tuple[int, ...]


@event(tag=2, name="act.denied", says="{act} was refused: {rule} (x{count})", shred=None)
@dataclass(frozen=True, slots=True)
class ActDenied(Event):
    act: str
    rule: str
    count: int = 1


@event(tag=3, name="act.failed", says="{act} failed with {error}; nothing was changed", shred=None)
@dataclass(frozen=True, slots=True)
class ActFailed(Event):
    act: str
    error: str


@event(tag=4, name="house.stopped", says="Bailee stopped: {reason}", shred=None)
@dataclass(frozen=True, slots=True)
class HouseStopped(Event):
    reason: str


@event(tag=5, name="house.halted", says="Bailee had halted itself: {reason}", shred=None)
@dataclass(frozen=True, slots=True)
class HouseHalted(Event):
    reason: str


@event(tag=7, name="gate.reopened", says="The gate reopened: {why}; {refused} asks were refused", shred=None)
@dataclass(frozen=True, slots=True)
class GateReopened(Event):
    closed_since: int
    why: str
    refused: int


@event(
    tag=100,
    name="ledger.recovered",
    says="Recovered after an unclean stop; entries from {unsure_from} may not have been answered",
    shred=None,
)
@dataclass(frozen=True, slots=True)
class LedgerRecovered(Event):
    lane: int
    size: int
    unsure_from: int


@event(tag=101, name="ledger.lane_opened", says="Lane {origin} opened: {reason}", shred=None)
@dataclass(frozen=True, slots=True)
class LaneOpened(Event):
    origin: str
    reason: str
    follows: str = ""
    follows_size: int = 0
    follows_root: bytes = b""
    remembered_size: int = 0
    remembered_root: bytes = b""
    second: str = ""


@event(tag=102, name="ledger.checkpointed", says="Signed the ledger at {size} entries", shred=None)
@dataclass(frozen=True, slots=True)
class LedgerCheckpointed(Event):
    size: int
    root: bytes


@event(tag=107, name="ledger.verified", says="Verified entries {start} to {end}: {result}", shred=None)
@dataclass(frozen=True, slots=True)
class LedgerVerified(Event):
    start: int
    end: int
    result: str
