"""The words of the vault: what is asked at the gate, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum
from typing import Any

from bailee.access.words import Level
from bailee.datamap.types import Value
from bailee.kernel.actors import Actor
from bailee.kernel.ids import RecordId, RequestId, SubjectId
from bailee.kernel.recorded import EntryRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One read: who, for which purpose, of whom, which fields, and which of these in the clear.

    No field that matters has a default: a read without a purpose can't be written. `case` names an open case, `unlock`
    a bulk unlock where more than 100 customers are asked for.
    """

    actor: Actor
    purpose: str
    subjects: tuple[SubjectId, ...]
    fields: tuple[str, ...]
    clear: tuple[str, ...]
    case: str | None = None
    unlock: str | None = None
    export: str | None = None
    request: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """One search by an index: a field, how it is compared, and the value looked for (never kept, never logged)."""

    actor: Actor
    purpose: str
    field: str
    how: str
    value: str = attribute(repr=False)
    fields: tuple[str, ...] = ()
    case: str | None = None
    after: SubjectId | None = None
    limit: int = 20
    request: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Fields of one record of one or more categories of one customer.

    `subject` None makes a new customer. `record` names one record of a category that keeps many; None adds a new one.
    With `create`, a customer or record that is not there is made under these very ids (an import that is run again
    finds what it made before). `fields` maps full field keys to raw values; None as a value takes a field away.
    `expect_version` is the version of the record as it was read (0: there is none yet); `case` names an open case.
    """

    fields: Mapping[str, Any] = attribute(repr=False)
    subject: SubjectId | None = None
    record: RecordId | None = None
    expect_version: int | None = None
    create: bool = False
    case: str | None = None


class Standing(StrEnum):
    """How one customer of an answer stands."""

    LIVE = "live"
    ERASED = "erased"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """One value in the form the actor may see; `value` is there only in the clear, `text` always."""

    level: Level
    text: str = attribute(repr=False)
    value: Value = attribute(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RecordView:
    """What is shown of one record."""

    category: str
    record: RecordId
    version: int
    values: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class Item:
    """One customer of an answer: the records shown, and why other fields are withheld."""

    subject: SubjectId
    standing: Standing
    records: tuple[RecordView, ...] = ()
    withheld: Mapping[str, str] = attribute(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate gives back: one item per customer asked for, and the entries that stand behind it."""

    items: tuple[Item, ...]
    entries: tuple[EntryRef, ...]
    more: SubjectId | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One write done: the customer, the records, their versions."""

    subject: SubjectId
    records: Mapping[str, tuple[RecordId, int]]
    entry: EntryRef
    new: bool
