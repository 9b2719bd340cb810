"""Who holds which role, until when: written by the acts of people and roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bailee.access import tables
from bailee.access.policy import change
from bailee.access.words import Origin, State
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act
from bailee.kernel.asks import Instant, Key, Line, Word
from bailee.kernel.clock import DAY
from bailee.kernel.errors import Conflict, Invalid, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx

LONGEST: Final = 366 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignRole:
    """One more role for somebody, until an instant."""

    person: Word
    role: Key
    until: Instant
    reason: Line = ""


@event(tag=410, name="role.assigned", says="{person} holds {role} until {until}", shred=None)
@dataclass(frozen=True, slots=True)
class RoleAssigned(Event):
    person: str
    role: str
    until: int


@act("access.assign_role", needs=Permission.GRANT_ACCESS)
def assign_role(tx: Tx, actor: Actor, ask: AssignRole) -> Recorded[None, RoleAssigned]:
    """Let somebody hold a role, until a date."""
    if not tx.now < ask.until <= tx.now + LONGEST:
        raise Invalid("a role is held for at most a year, then looked at again", hint="name a day in that time")
    with change(tx):
        staff = tables.Person.objects.using(tx.alias).exclude(state=State.LEFT)
        if not staff.filter(id=ask.person).exists():
            raise NotFound("there is nobody with this id here", hint="bailee people list")
        held = tables.Membership.objects.using(tx.alias).filter(person=ask.person, role=ask.role, until__gt=tx.now)
        if held.exists():
            raise Conflict("they hold this role already", hint="wait for its end, or move them")
        begin(tx, ask.person, (ask.role,), until=ask.until, by=actor.id, reason=ask.reason)
    return Recorded(None, RoleAssigned(ask.person, ask.role, ask.until))


def begin(tx: Tx, person: str, roles: Iterable[str], *, until: int, by: str, reason: str) -> None:
    """Open memberships; the caller stands inside `policy.change`."""
    wanted = sorted(set(roles))
    known = set(tables.Role.objects.using(tx.alias).filter(key__in=wanted).values_list("key", flat=True))
    if missing := [role for role in wanted if role not in known]:
        raise NotFound(f"there is no role {missing[0]}", hint="bailee roles list")
    tables.Membership.objects.using(tx.alias).bulk_create(
        tables.Membership(
            person=person, role=role, since=tx.now, until=until, origin=Origin.STANDING, approved_by=by, reason=reason
        )
        for role in wanted
    )


def end(tx: Tx, person: str) -> tuple[str, ...]:
    """Close every live membership of a person; answers which."""
    live = tables.Membership.objects.using(tx.alias).filter(person=person, until__gt=tx.now)
    ended = tuple(sorted(live.values_list("role", flat=True)))
    live.update(until=tx.now)
    return ended
