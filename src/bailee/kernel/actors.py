"""Who acts: built by `access` only, and carried as an argument everywhere."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bailee.kernel.clock import Micros
from bailee.kernel.ids import ActorId, SessionId
from bailee.kernel.permissions import OPEN_TO_ALL, Permission


class ActorKind(StrEnum):
    """What stands behind an actor."""

    PERSON = "person"
    API_KEY = "api_key"
    PORTAL = "portal"
    SYSTEM = "system"
    WITNESS = "witness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One proven identity and what it may do, as of one policy epoch.

    `assurance`: 0 none, 1 password, 2 second factor, 3 phishing-resistant. `fresh_at`: when the last proof was given.
    """

    id: ActorId
    kind: ActorKind
    may: frozenset[Permission]
    roles: tuple[str, ...]
    session: SessionId | None
    assurance: int
    fresh_at: Micros
    epoch: int


SYSTEM_ID: Final = ActorId("system")


def system(epoch: int, now: Micros) -> Actor:
    """The house itself, doing what nobody asked for: start, recovery, steps of a procedure."""
    return Actor(
        id=SYSTEM_ID,
        kind=ActorKind.SYSTEM,
        may=OPEN_TO_ALL,
        roles=(),
        session=None,
        assurance=0,
        fresh_at=now,
        epoch=epoch,
    )
