"""The words of access: who may use which data, for which purpose, in which form, until when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from bailee.kernel.clock import Micros

NEVER: Final = Micros(2**63 - 1)


class Operation(IntEnum):
    """What is done with the data; DISCLOSE hands it to a recipient or connector."""

    READ = 0
    SEARCH = 1
    WRITE = 2
    EXPORT = 3
    DISCLOSE = 4
    ERASE = 5


class Level(IntEnum):
    """How much of a value shows: nothing, that it is on file, its mask, the value itself."""

    HIDDEN = 0
    PRESENT = 1
    PARTIAL = 2
    CLEAR = 3


class Scope(StrEnum):
    """Whose data: every customer's, those assigned to the actor, or the customer of the open case named in the ask."""

    ALL = "all"
    ASSIGNED = "assigned"
    CASE = "case"


class Mode(StrEnum):
    """STANDING gives access; ON_REQUEST only makes somebody eligible to ask for it."""

    STANDING = "standing"
    ON_REQUEST = "on_request"


class State(StrEnum):
    """Where a person stands; only ACTIVE opens anything."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class Kind(StrEnum):
    """A canary is a made-up person that watches for misuse; it never gets access."""

    PERSON = "person"
    SERVICE = "service"
    CANARY = "canary"


class Origin(StrEnum):
    """How access came to be; a canary is an absurd grant that tests reviewers and is never compiled."""

    STANDING = "standing"
    ELEVATION = "elevation"
    BREAK_GLASS = "break_glass"
    CANARY = "canary"


class Sense(StrEnum):
    """The session class of a category: raised is sensitive or a minor's, high is special, health or card data."""

    ORDINARY = "ordinary"
    RAISED = "raised"
    HIGH = "high"


class Assurance(IntEnum):
    """How sure the sign-in is; only a passkey with user verification is RESISTANT."""

    NONE = 0
    SINGLE = 1
    MULTI = 2
    RESISTANT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """Access of one role or one person (exactly one of them) to a category or a single field.

    An elevation may name the ON_REQUEST grant it rests on (`eligibility`) and those who approved it: it opens only
    while that grant holds and every approver is still active.
    """

    id: int
    role: str | None
    person: str | None
    category: str
    purpose: str
    operation: Operation
    level: Level
    scope: Scope
    mode: Mode
    since: Micros
    until: Micros
    origin: Origin
    eligibility: int | None = None
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbidRow:
    """What beats every grant; neither role nor person means everybody, no purpose or operation means all."""

    id: int
    role: str | None
    person: str | None
    category: str
    purpose: str | None
    operation: Operation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """A job: who answers for it, what it may run, and how long its grants may last before a review."""

    key: str
    title: str
    owner: str | None
    review_days: int
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipRow:
    """That somebody holds a role, until an instant."""

    person: str
    role: str
    since: Micros
    until: Micros
    origin: Origin = Origin.STANDING


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person or a service; a service has an owner who must be active for it to open anything."""

    id: str
    kind: Kind
    state: State
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRow:
    """A lesson that a category (for everybody) or a role (for its holders) demands; exactly one of the two."""

    category: str | None
    role: str | None
    lesson: str
    grace_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRow:
    """Until when a person's lesson counts as passed, and until when it may still be missing."""

    person: str
    lesson: str
    met_until: Micros | None
    grace_until: Micros | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeFacts:
    """What the data map says of a purpose: the categories that list it, and what a customer's own choice does to it."""

    categories: tuple[str, ...]
    needs_consent: bool
    objectable: bool
    survives_restriction: bool
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFacts:
    """The part of a data map that decisions rest on; a field's key begins with its category's.

    `may_hold` names, for a free-text field, the categories that may turn up in it. `cards` (categories or fields) and
    `payments` (purposes) only feed the separation of refunds from card numbers.
    """

    categories: Mapping[str, tuple[str, ...]]
    purposes: Mapping[str, PurposeFacts]
    sense: Mapping[str, Sense]
    may_hold: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cards: frozenset[str] = frozenset()
    payments: frozenset[str] = frozenset()


class Planes(NamedTuple):
    """Three bit masks over data keys, nested: clear lies within partial, partial within present."""

    present: int
    partial: int
    clear: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question: which of these fields may this actor use for this purpose, in the form asked for.

    `acting_for` names the person on whose behalf a service asks; it only narrows. WRITE and ERASE are always judged as
    if CLEAR were asked.
    """

    actor: str
    purpose: str
    operation: Operation
    fields: tuple[str, ...]
    asked: Level = Level.PARTIAL
    subject: bytes | None = None
    case: str | None = None
    acting_for: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some fields come out below what was asked, in words for a person, and who can change it (ids)."""

    code: str
    says: str
    who_can_help: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The form in which each field may be used, under one epoch of the policy."""

    levels: Mapping[str, Level]
    epoch: int
    explain: Callable[[], tuple[Reason, ...]] = field(repr=False, compare=False)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why fields lie below what was asked; worked out on first need, since lists of masked rows never ask."""
        return self.explain()


def reaches(above: str, key: str) -> bool:
    """Whether a name covers a key: itself or below it by whole dot segments (`con` is not above `contact.email`)."""
    return key == above or key.startswith(f"{above}.")
