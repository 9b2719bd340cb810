"""Personal keys: what a person acts with on the command line of the machine that holds the home.

Such a key has 256 random bits, is never typed and never leaves this machine, so it can't be guessed or phished: it
counts as resistant (3), and fresh at each use. Keys for programs elsewhere are another kind and count less.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from bailee.access import tables
from bailee.access.policy import PolicyBook
from bailee.access.words import Assurance, State
from bailee.crypto import tokens
from bailee.kernel.actors import Actor, ActorKind
from bailee.kernel.acts import act
from bailee.kernel.asks import Word
from bailee.kernel.clock import DAY, Micros
from bailee.kernel.errors import Denied, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.ids import ActorId
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.secret import Secret
from bailee.kernel.tx import Secrets, Tx

ENV: Final = "person"
PEPPER: Final = "api-key"
LIFE: Final = 366 * DAY
_MAC: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeKey:
    """A new personal key; the old ones of that person stop."""

    person: Word


@event(tag=440, name="key.made", says="{person} got a new personal key; {stopped} old ones stopped", shred=None)
@dataclass(frozen=True, slots=True)
class KeyMade(Event):
    person: str
    key: str
    stopped: int


@act("access.make_key", needs=Permission.MANAGE_PEOPLE)
def make_key(tx: Tx, actor: Actor, ask: MakeKey) -> Recorded[Secret[str], KeyMade]:
    """Give somebody a new personal key, shown once; their old ones stop working."""
    if not _active(tx.alias, ask.person):
        raise NotFound("there is nobody active with this id here", hint="bailee people list")
    stopped = stop_all(tx, ask.person)
    key = issue(tx, ask.person)
    return Recorded(key, KeyMade(ask.person, tokens.parse(key.reveal()).id, stopped))


def issue(tx: Tx, person: str) -> Secret[str]:
    """Draw a key and keep its MAC; the caller hands it out once."""
    token = tokens.make(ENV)
    row = tables.ApiKey(id=token.id, person=person, kind="personal", since=tx.now, until=tx.now + LIFE, state="active")
    row.mac = _mac(tx.secrets, row, token.text)
    row.save(using=tx.alias, force_insert=True)
    return token.text


def stop_all(tx: Tx, person: str) -> int:
    """Stop every living key of a person; answers how many. Without its MAC a key is not brought back by SQL."""
    living = tables.ApiKey.objects.using(tx.alias).filter(person=person, state="active")
    return living.update(state="stopped", mac=bytes(_MAC))


def actor_of(book: PolicyBook, secrets: Secrets, written: Secret[str], now: Micros) -> Actor:
    """Turn a personal key into an actor, under the policy in force.

    Raises:
        Denied: `credential-invalid` or `credential-expired`; the same words for unknown, stopped and mistyped.

    """
    token = tokens.parse(written.reveal().strip())
    row = tables.ApiKey.objects.filter(id=token.id).first()
    asked = row or tables.ApiKey(id=token.id, person="", kind="", mac=bytes(_MAC), since=0, until=0, state="")
    right = hmac.compare_digest(bytes(asked.mac), _mac(secrets, asked, token.text))
    if row is None or not right or row.state != "active" or not _active("default", row.person):
        raise Denied(
            "that key is not valid", hint="copy the whole key, or ask an owner for a new one", code="credential-invalid"
        )
    snapshot = book.current(now)
    if not row.since <= book.high(now) < row.until:
        raise Denied("this key has ended", hint="ask an owner for a new one", code="credential-expired")
    view = snapshot.people.get(row.person)
    return Actor(
        id=ActorId(row.person),
        kind=ActorKind.PERSON,
        may=OPEN_TO_ALL | frozenset(Permission(one) for one in snapshot.permissions(row.person)),
        roles=() if view is None else tuple(sorted(view.roles)),
        session=None,
        assurance=Assurance.RESISTANT,
        fresh_at=now,
        epoch=snapshot.epoch,
    )


def _mac(secrets: Secrets, row: tables.ApiKey, text: Secret[str]) -> bytes:
    """Bind a key to whose it is and how long it lasts: a row changed by SQL gives nobody another's key."""
    bound = "\0".join((row.id, row.person, row.kind, str(row.since), str(row.until), text.reveal()))
    return secrets.mac(PEPPER, bound.encode())


def _active(alias: str, person: str) -> bool:
    return tables.Person.objects.using(alias).filter(id=person, state=State.ACTIVE).exists()
