"""The map as one value: what is held, why, for how long, who else gets it, and what every house has built in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bailee.datamap.categories import Category, Records, Sense, Sensitivity, sense
from bailee.datamap.fields import Field
from bailee.datamap.purposes import Basis, Purpose
from bailee.datamap.recipients import Organisation, Recipient, System
from bailee.datamap.retention import Retention
from bailee.kernel.errors import Invalid

FORMAT: Final = "bailee-map-1"
LAST4: Final = "_last4"
"""Ends the key of the category that holds the display part of a card number."""

Step = str | int
Lines = Mapping[tuple[Step, ...], int]


class Severity(StrEnum):
    """An error keeps a map from being adopted, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a map: where, what, and how to put it right."""

    code: str
    line: int | None
    says: str
    fix: str
    severity: Severity = Severity.ERROR


class MapInvalid(Invalid):
    """A text is not a map; it carries every problem found, not only the first."""

    slug = "map-invalid"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first, more = problems[0], len(problems) - 1
        where = f"line {first.line}: " if first.line else ""
        super().__init__(f"{where}{first.says}{f' (and {more} more)' if more else ''}", hint=first.fix)
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.problems,))


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMap:
    """A whole map, in the order in which it is written; `lines` remembers where each key stood, if it was read."""

    organisation: Organisation
    purposes: tuple[Purpose, ...] = ()
    categories: tuple[Category, ...] = ()
    retention: tuple[Retention, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    systems: tuple[System, ...] = ()
    extras: tuple[tuple[str, str], ...] = ()
    lines: Lines = attribute(default_factory=dict, compare=False, repr=False)

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields of all categories, in order."""
        return tuple(field for category in self.categories for field in category.fields)

    def category(self, key: str) -> Category | None:
        return next((category for category in self.categories if category.key == key), None)

    def purpose(self, key: str) -> Purpose | None:
        return next((purpose for purpose in self.purposes if purpose.key == key), None)

    def field(self, key: str) -> Field | None:
        """Find a field by its full key."""
        return next((field for field in self.fields if field.key == key), None)

    def line(self, *path: Step) -> int | None:
        """The line of a key, or of the nearest thing around it; `None` for a map that was not read from text."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A category that every house has, with ids that no map can take."""

    id: int
    category: Category
    field_ids: tuple[int, ...]


def _built_in(number: int, key: str, title: str, sensitivity: Sensitivity, fields: dict[str, int]) -> BuiltIn:
    made = tuple(Field(key=f"{key}.{name}", type="text", may_name_others=True) for name in fields)
    category = Category(
        key=key, title=title, sensitivity=sensitivity, source="the house", records=Records.MANY, fields=made
    )
    return BuiltIn(number, category, tuple(fields.values()))


FIRST_RESERVED_FIELD: Final = 1_000_000_000
FIRST_RESERVED_PURPOSE: Final = 65_001

BUILT_IN_CATEGORIES: Final[Mapping[str, BuiltIn]] = MappingProxyType({
    made.category.key: made
    for made in (
        _built_in(0, "_self", "Remarks and keys of a customer", Sensitivity.ORDINARY, {"remark": 1_000_000_001}),
        _built_in(
            65535, "_house", "Secrets of the house", Sensitivity.SPECIAL, {"value": 1_000_000_101}
        ),
        _built_in(
            65534, "_request", "Customers' requests", Sensitivity.SENSITIVE,
            {"message": 1_000_000_201, "contact": 1_000_000_202, "identity": 1_000_000_203, "letter": 1_000_000_204},
        ),
        _built_in(65533, "_concern", "Concerns that people raise", Sensitivity.SENSITIVE, {"message": 1_000_000_301}),
        _built_in(65532, "_evidence", "Evidence of incidents", Sensitivity.SENSITIVE, {"message": 1_000_000_401}),
    )
})  # fmt: skip
"""Free text of the house's own work, sealed like any other record."""

BUILT_IN_PURPOSES: Final[Mapping[str, tuple[int, Purpose]]] = MappingProxyType({
    purpose.key: (number, purpose)
    for number, purpose in (
        (65535, Purpose(
            key="own_access", title="Show people their own data", use="essential.legal_obligation",
            basis=Basis.LEGAL_OBLIGATION, law="GDPR Art. 15", survives_restriction=True,
        )),
        (65534, Purpose(
            key="requests", title="Answer people's requests", use="essential.legal_obligation",
            basis=Basis.LEGAL_OBLIGATION, law="GDPR Art. 12", survives_restriction=True,
        )),
        (65533, Purpose(
            key="breach_notification", title="Tell people about a breach", use="essential.legal_obligation",
            basis=Basis.LEGAL_OBLIGATION, law="GDPR Art. 33, 34", survives_restriction=True,
        )),
        (65532, Purpose(
            key="security", title="Keep data safe", use="essential.service.security",
            basis=Basis.LEGAL_OBLIGATION, law="GDPR Art. 32", survives_restriction=True,
        )),
    )
})  # fmt: skip
"""What every house must be able to do, whatever its map says."""

_REACHES: Final = frozenset({"email", "phone", "address"})


def built_in_reach(purpose: str, categories: Iterable[Category]) -> tuple[str, ...]:
    """Name the categories of a map, and the built-in ones, that a built-in purpose may use.

    A breach notice needs ways to reach people and nothing else; security works with the house's own notes.
    """
    match purpose:
        case "own_access":
            return (*(category.key for category in categories), "_request")
        case "requests":
            return (*(category.key for category in categories), "_self", "_request")
        case "breach_notification":
            return tuple(
                category.key
                for category in categories
                if sense(category.sensitivity) is not Sense.HIGH
                and any(field.type in _REACHES for field in category.fields)
            )
        case _:
            return ("_self", "_concern", "_evidence")


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Find the word that somebody probably meant."""
    return next(iter(get_close_matches(word, sorted(words), 1, 0.6)), None)
