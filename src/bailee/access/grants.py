"""Grants, and the forbids that beat them."""

from dataclasses import dataclass
from typing import Annotated, NewType

import msgspec

from bailee.access import tables
from bailee.access.policy import change
from bailee.access.words import Level, Mode, Operation, Origin, Scope
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act, look
from bailee.kernel.asks import Count, Instant, Key, Line, Word
from bailee.kernel.errors import Invalid, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx, View

GrantId = NewType("GrantId", int)
OperationWord = Annotated[str, msgspec.Meta(pattern="^(read|search|write|export|disclose|erase)$")]
LevelWord = Annotated[str, msgspec.Meta(pattern="^(present|partial|clear)$")]
Star = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^(\*|[a-z0-9_.]+)$")]


# -- words


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a role (or one person) may do with a category or field, for a purpose, until an instant."""

    category: Key
    purpose: Key
    until: Instant
    role: Key | None = None
    person: Word | None = None
    operation: OperationWord = "read"
    level: LevelWord = "partial"
    scope: Scope = Scope.ALL
    mode: Mode = Mode.STANDING
    reason: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """One grant, by its number."""

    grant: Count
    reason: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbid:
    """What nobody of a role (or one person, or everybody) may do, whatever is granted; `*` is all."""

    category: Key
    purpose: Star = "*"
    operation: Star = "*"
    role: Key | None = None
    person: Word | None = None
    reason: Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Of:
    """Grants of a role, of a person, on a category, or all that are alive."""

    role: Key | None = None
    person: Word | None = None
    category: Key | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """One live grant."""

    id: int
    holder: str
    category: str
    purpose: str
    operation: str
    level: str
    scope: str
    mode: str
    until: int
    reason: str


@event(
    tag=417,
    name="access.granted",
    says="{holder} may {operation} {category} for {purpose}, {level}, until {until}",
    shred=None,
)
@dataclass(frozen=True, slots=True)
class AccessGranted(Event):
    grant: int
    holder: str
    category: str
    purpose: str
    operation: str
    level: str
    scope: str
    until: int


@event(
    tag=418,
    name="access.revoked",
    says="{holder} may no longer {operation} {category} for {purpose}",
    shred=None,
)
@dataclass(frozen=True, slots=True)
class AccessRevoked(Event):
    grant: int
    holder: str
    category: str
    purpose: str
    operation: str


@event(tag=419, name="access.forbidden", says="{holder} must not {operation} {category} for {purpose}", shred=None)
@dataclass(frozen=True, slots=True)
class AccessForbidden(Event):
    forbid: int
    holder: str
    category: str
    purpose: str
    operation: str


# -- acts


@act("access.grant", needs=Permission.GRANT_ACCESS)
def grant(tx: Tx, actor: Actor, ask: Grant) -> Recorded[GrantId, AccessGranted]:
    """Let a role or person use a category or field for a purpose, until a date."""
    holder = _one_holder(ask.role, ask.person)
    if ask.until <= tx.now:
        raise Invalid("this grant would have ended before it began", hint="name a later date")
    with change(tx):
        _known(tx, ask.role, ask.person)
        row = tables.Grant.objects.using(tx.alias).create(
            role=ask.role,
            person=ask.person,
            category=ask.category,
            purpose=ask.purpose,
            operation=Operation[ask.operation.upper()],
            level=Level[ask.level.upper()],
            scope=ask.scope,
            mode=ask.mode,
            since=tx.now,
            until=ask.until,
            reason=ask.reason,
            approved_by=actor.id,
            origin=Origin.STANDING,
        )
    fact = AccessGranted(
        row.id, holder, ask.category, ask.purpose, ask.operation, ask.level, ask.scope.value, ask.until
    )
    return Recorded(GrantId(row.id), fact)


@act("access.revoke", needs=Permission.GRANT_ACCESS)
def revoke(tx: Tx, actor: Actor, ask: Revoke) -> Recorded[None, AccessRevoked]:
    """End a grant now; no answer that begins after the commit rests on it."""
    row = tables.Grant.objects.using(tx.alias).filter(id=ask.grant, until__gt=tx.now).first()
    if row is None:
        raise NotFound("there is no living grant with this number", hint="bailee access grants")
    with change(tx):
        tables.Grant.objects.using(tx.alias).filter(id=ask.grant).update(until=tx.now)
    fact = AccessRevoked(
        row.id, _holder(row.role, row.person), row.category, row.purpose, Operation(row.operation).name.lower()
    )
    return Recorded(None, fact)


@act("access.forbid", needs=Permission.GRANT_ACCESS)
def forbid(tx: Tx, actor: Actor, ask: Forbid) -> Recorded[int, AccessForbidden]:
    """Take something from a role, a person or everybody, whatever they are granted."""
    with change(tx):
        _known(tx, ask.role, ask.person)
        row = tables.Forbid.objects.using(tx.alias).create(
            role=ask.role,
            person=ask.person,
            category=ask.category,
            purpose=ask.purpose,
            operation=ask.operation,
            reason=ask.reason,
        )
    holder = _holder(ask.role, ask.person)
    return Recorded(row.id, AccessForbidden(row.id, holder, ask.category, ask.purpose, ask.operation))


# -- looks


@look("access.grants", needs=Permission.ASK_POLICY)
def grants(view: View, actor: Actor, ask: Of) -> tuple[Granted, ...]:
    """Live grants, soonest end first."""
    rows = tables.Grant.objects.filter(until__gt=view.now).order_by("until", "id")
    for name in ("role", "person", "category"):
        if (value := getattr(ask, name)) is not None:
            rows = rows.filter(**{name: value})
    return tuple(
        Granted(
            row.id,
            _holder(row.role, row.person),
            row.category,
            row.purpose,
            Operation(row.operation).name.lower(),
            Level(row.level).name.lower(),
            row.scope,
            row.mode,
            row.until,
            row.reason,
        )
        for row in rows
    )


# -- inside


def _one_holder(role: str | None, person: str | None) -> str:
    if (role is None) == (person is None):
        raise Invalid("a grant goes to one role or one person", hint="name exactly one of them")
    return _holder(role, person)


def _holder(role: str | None, person: str | None) -> str:
    if role is not None:
        return f"role:{role}"
    return "everybody" if person is None else f"person:{person}"


def _known(tx: Tx, role: str | None, person: str | None) -> None:
    if role is not None and not tables.Role.objects.using(tx.alias).filter(key=role).exists():
        raise NotFound(f"there is no role {role}", hint="bailee roles list")
    if person is not None and not tables.Person.objects.using(tx.alias).filter(id=person).exists():
        raise NotFound("there is nobody with this id here", hint="bailee people list")
