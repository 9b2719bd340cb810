"""People: the first owner, joiners, movers, leavers. In the ledger they appear by id only."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from django.db import IntegrityError

from bailee.access import keys, memberships, roles, tables
from bailee.access.policy import change
from bailee.access.words import Kind, State
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import Doors, act, look
from bailee.kernel.asks import Key, Word
from bailee.kernel.clock import DAY
from bailee.kernel.errors import Conflict, Invalid, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.secret import Secret
from bailee.kernel.tx import Tx, View

# -- words

Email = Annotated[str, msgspec.Meta(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]
PersonId = Annotated[str, msgspec.Meta(min_length=3, max_length=36, pattern=r"^[0-9a-z-]+$")]
Days = Annotated[int, msgspec.Meta(ge=1, le=366)]
_OWNER: Final = "owner"
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
_LONGEST: Final = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The first owner of a new house."""

    name: Word
    email: Email


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """Somebody who joins, the roles of their job, and for how many days before these are reviewed."""

    name: Word
    email: Email
    roles: tuple[Key, ...] = ()
    manager: PersonId | None = None
    days: Days = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Somebody changes job: all old roles end, the new ones begin."""

    person: PersonId
    roles: tuple[Key, ...]
    days: Days = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPerson:
    """One person."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """All people, or those in one state."""

    state: Key | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new person and their personal key, shown once."""

    person: str
    key: Secret[str]


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the people page shows them."""

    id: str
    name: str
    email: str
    state: str
    roles: tuple[str, ...]


@event(tag=400, name="house.founded", says="{person} founded this house as its first owner", shred=None)
@dataclass(frozen=True, slots=True)
class HouseFounded(Event):
    person: str


@event(tag=401, name="person.invited", says="{person} joined with the roles {roles}", shred=None)
@dataclass(frozen=True, slots=True)
class PersonInvited(Event):
    person: str
    roles: tuple[str, ...]


@event(tag=402, name="person.moved", says="{person} changed job: {before} ended, {after} began", shred=None)
@dataclass(frozen=True, slots=True)
class PersonMoved(Event):
    person: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@event(tag=403, name="person.left", says="{person} left: roles, keys and grants ended", shred=None)
@dataclass(frozen=True, slots=True)
class PersonLeft(Event):
    person: str
    roles: tuple[str, ...]
    keys: int


# -- rules


def normal_email(given: str) -> str:
    """The one form for look-up and uniqueness: NFKC, trimmed, case-folded, domain in its ASCII form (IDNA)."""
    text = unicodedata.normalize("NFKC", given).strip().casefold()
    local, _, domain = text.rpartition("@")
    try:
        found = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise Invalid("that is not an e-mail address", hint="it looks like name@example.org") from error
    # Folding may have made a second @, a space, or three letters of one: what comes out is looked at, not what came in.
    if not _ADDRESS.fullmatch(found) or not found.isprintable() or len(found) > _LONGEST:
        raise Invalid("that is not an e-mail address", hint="it looks like name@example.org")
    return found


# -- acts


@act("access.found", needs=Permission.ANYONE, doors=Doors.LOCAL)
def found(tx: Tx, actor: Actor, ask: Found) -> Recorded[Issued, HouseFounded]:
    """Name the first owner of a new house; refused once anybody is there."""
    if tables.Person.objects.using(tx.alias).exists():
        raise Conflict("this house has an owner already", hint="ask an owner to invite you")
    person = _create(tx, ask.name, ask.email, None)
    with change(tx):
        roles.create(tx, (_OWNER,), owner=person)
        memberships.begin(tx, person, (_OWNER,), until=tx.now + 366 * DAY, by=person, reason="first owner")
    return Recorded(Issued(person, keys.issue(tx, person)), HouseFounded(person))


@act("access.invite", needs=Permission.MANAGE_PEOPLE)
def invite(tx: Tx, actor: Actor, ask: Invite) -> Recorded[Issued, PersonInvited]:
    """Take somebody in, with the roles of their job and a personal key shown once."""
    if tables.Person.objects.using(tx.alias).filter(email_norm=normal_email(ask.email)).exists():
        raise _taken()
    with change(tx):
        person = _create(tx, ask.name, ask.email, ask.manager)
        memberships.begin(tx, person, ask.roles, until=tx.now + ask.days * DAY, by=actor.id, reason="joined")
    return Recorded(Issued(person, keys.issue(tx, person)), PersonInvited(person, tuple(sorted(ask.roles))))


@act("access.move", needs=Permission.MANAGE_PEOPLE)
def move(tx: Tx, actor: Actor, ask: Move) -> Recorded[None, PersonMoved]:
    """Give somebody another job: every old role ends in the same instant."""
    _living(tx, ask.person)
    with change(tx):
        _not_the_last_owner(tx, ask.person, stays=_OWNER in ask.roles)
        before = memberships.end(tx, ask.person)
        memberships.begin(tx, ask.person, ask.roles, until=tx.now + ask.days * DAY, by=actor.id, reason="moved")
    return Recorded(None, PersonMoved(ask.person, before, tuple(sorted(ask.roles))))


@act("access.leave", needs=Permission.MANAGE_PEOPLE)
def leave(tx: Tx, actor: Actor, ask: OfPerson) -> Recorded[None, PersonLeft]:
    """Let somebody go: state, roles, own grants and keys end in one transaction, everywhere."""
    _living(tx, ask.person)
    with change(tx):
        _not_the_last_owner(tx, ask.person, stays=False)
        tables.Person.objects.using(tx.alias).filter(id=ask.person).update(state=State.LEFT, state_since=tx.now)
        before = memberships.end(tx, ask.person)
        own = tables.Grant.objects.using(tx.alias).filter(person=ask.person, until__gt=tx.now)
        own.update(until=tx.now)
    stopped = keys.stop_all(tx, ask.person)
    return Recorded(None, PersonLeft(ask.person, before, stopped))


# -- looks


@look("access.people", needs=Permission.MANAGE_PEOPLE)
def people(view: View, actor: Actor, ask: Everybody) -> tuple[Person, ...]:
    """Everybody, by name, with the roles they hold now."""
    rows = tables.Person.objects.order_by("name", "id")
    if ask.state is not None:
        rows = rows.filter(state=ask.state)
    held: dict[str, list[str]] = {}
    for person, role in tables.Membership.objects.filter(since__lte=view.now, until__gt=view.now).values_list(
        "person", "role"
    ):
        held.setdefault(person, []).append(role)
    return tuple(
        Person(row.id, row.name, row.email_norm, row.state, tuple(sorted(held.get(row.id, [])))) for row in rows
    )


# -- inside


def _create(tx: Tx, name: str, email: str, manager: str | None) -> str:
    person = ids.text(ids.uuid7(tx.now))
    try:
        tables.Person.objects.using(tx.alias).create(
            id=person,
            kind=Kind.PERSON,
            email_norm=normal_email(email),
            name=name,
            state=State.ACTIVE,
            state_since=tx.now,
            manager=manager,
        )
    except IntegrityError:
        # The database's own words quote the address; another process was faster by a moment.
        raise _taken() from None
    return person


def _taken() -> Conflict:
    return Conflict("somebody has this e-mail address already", hint="bailee people list", code="taken")


def _living(tx: Tx, person: str) -> None:
    if not tables.Person.objects.using(tx.alias).filter(id=person).exclude(state=State.LEFT).exists():
        raise NotFound("there is nobody with this id here", hint="bailee people list")


def _not_the_last_owner(tx: Tx, person: str, *, stays: bool) -> None:
    held = tables.Membership.objects.using(tx.alias).filter(role=_OWNER, until__gt=tx.now, since__lte=tx.now)
    if not stays and held.filter(person=person).exists() and not held.exclude(person=person).exists():
        raise Conflict("the last owner can't leave", hint="name another owner first")
    answering = tables.Role.objects.using(tx.alias).filter(owner=person)
    if not stays and answering.exists():
        heir = held.exclude(person=person).values_list("person", flat=True).first()
        answering.update(owner=heir)
