"""One entry ⇄ its bytes: canonical JSON, hashed as it is stored, never re-encoded to check."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bailee.kernel import canon
from bailee.kernel.errors import Unreadable
from bailee.kernel.events import Alias, Event, payload

FORMAT: Final = 1
BODY_MAX: Final = 4096
KEYS: Final = frozenset(["v", "h", "i", "t", "p", "k", "d", "a", "b", "s", "S", "c", "f", "m", "u", "g", "q", "w"])
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class SubjectSet:
    """The people of a bulk read: RFC 6962 root over their sorted unique aliases, and how many."""

    root: bytes
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it has a place: the event and its circumstances.

    `categories`, `clear` and `masked` are numbers of the data map, ascending.
    """

    event: Event
    actor: str | None = None
    session: str | None = None
    alias: Alias | None = None
    people: SubjectSet | None = None
    categories: tuple[int, ...] = ()
    clear: tuple[int, ...] = ()
    masked: tuple[int, ...] = ()
    purpose: str | None = None
    epoch: int | None = None
    request: str | None = None


def encode(draft: Draft, *, lane: int, index: int, at: int, prior: bytes | None, behind: int = 0) -> bytes:
    """Write an entry's body.

    Args:
        draft: what is stated.
        lane: lane number.
        index: dense from 0.
        at: microseconds UTC, never smaller than the entry before.
        prior: leaf hash of the entry before; None for index 0.
        behind: milliseconds by which the clock was behind `at`; 0 is left out.

    Raises:
        TypeError: an event field out of bounds, or a body over 4,096 bytes: an error of the developer.

    """
    made: dict[str, Any] = {
        "v": FORMAT,
        "h": lane,
        "i": index,
        "t": at,
        "k": draft.event.tag,
        "d": payload(draft.event),
    }
    if prior is not None:
        made["p"] = canon.b64u(prior)
    if draft.actor is not None:
        made["a"] = draft.actor
    if draft.session is not None:
        made["b"] = draft.session
    if draft.alias is not None:
        made["s"] = canon.b64u(draft.alias)
    if draft.people is not None:
        made["S"] = {"n": draft.people.n, "r": canon.b64u(draft.people.root)}
    if draft.categories:
        made["c"] = draft.categories
    if draft.clear:
        made["f"] = draft.clear
    if draft.masked:
        made["m"] = draft.masked
    if draft.purpose is not None:
        made["u"] = draft.purpose
    if draft.epoch is not None:
        made["g"] = draft.epoch
    if draft.request is not None:
        made["q"] = draft.request
    if behind:
        made["w"] = behind
    body = _ENCODE(made)
    if len(body) > BODY_MAX:
        raise TypeError(f"an entry of {draft.event.name} has {len(body)} bytes; {BODY_MAX} are allowed")
    return body


def parse(body: bytes) -> dict[str, Any]:
    """Read a body back, refusing all but the one canonical spelling of a version 1 entry.

    Raises:
        Unreadable: `tampered`: unknown or missing keys, another spelling, wrong types.

    """
    try:
        made = msgspec.json.decode(body)
        canon.check(made)
        if not isinstance(made, dict) or canon.encode(made) != body or len(body) > BODY_MAX:
            raise ValueError("not canonical")
        if made.get("v") != FORMAT or not made.keys() <= KEYS or not {"h", "i", "t", "k", "d"} <= made.keys():
            raise ValueError("not an entry")
        if any(isinstance(made[key], bool) or not isinstance(made[key], int) for key in "hitk"):
            raise ValueError("not an entry")
        if ("p" in made) != (made["i"] > 0) or not isinstance(made["d"], dict):
            raise ValueError("not an entry")
    except (msgspec.DecodeError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable("an entry of the ledger does not parse", hint="run bailee ledger verify") from error
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored entry, read back; `facts` is the event's payload as written."""

    lane: int
    index: int
    at: int
    tag: int
    facts: dict[str, Any]
    leaf: bytes
    actor: str | None
    session: str | None
    alias: Alias | None
    people: SubjectSet | None
    categories: tuple[int, ...]
    clear: tuple[int, ...]
    masked: tuple[int, ...]
    purpose: str | None
    epoch: int | None
    request: str | None
    behind: int


def opened(body: bytes, leaf: bytes) -> Entry:
    """Turn a stored body into an `Entry`; does not check the leaf (the verifier and start-up do)."""
    made = parse(body)
    people = made.get("S")
    return Entry(
        lane=made["h"],
        index=made["i"],
        at=made["t"],
        tag=made["k"],
        facts=made["d"],
        leaf=leaf,
        actor=made.get("a"),
        session=made.get("b"),
        alias=Alias(canon.unb64u(made["s"])) if "s" in made else None,
        people=SubjectSet(canon.unb64u(people["r"]), people["n"]) if people else None,
        categories=tuple(made.get("c", ())),
        clear=tuple(made.get("f", ())),
        masked=tuple(made.get("m", ())),
        purpose=made.get("u"),
        epoch=made.get("g"),
        request=made.get("q"),
        behind=made.get("w", 0),
    )
