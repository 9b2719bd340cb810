"""Never run: the mistakes that must not type-check, each as an expected ignore.

`warn_unused_ignores` turns a lost guarantee red: were one of these lines accepted, its ignore would be unused.
"""

from dataclasses import dataclass

from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act
from bailee.kernel.clock import Micros
from bailee.kernel.decisions import Decision
from bailee.kernel.events import Event, event
from bailee.kernel.grip import Grip
from bailee.kernel.ids import HouseId, RequestId
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.secret import Secret
from bailee.kernel.tx import Secrets, Tx
from bailee.ledger.facts import HouseStopped, LaneOpened
from bailee.vault.words import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    word: str


@act("typing.greet", needs=Permission.SELF)
def greet(tx: Tx, actor: Actor, ask: Greeting) -> Recorded[int, HouseStopped]:
    """Greet."""
    return Recorded(1, HouseStopped(ask.word))


def what_is_right(house: House, ann: Actor) -> int:
    return house.do(ann, greet, Greeting(word="hello")).value + 1


@act("typing.bare", needs=Permission.SELF)  # type: ignore[arg-type]  # an act without its event is caught
def bare(tx: Tx, actor: Actor, ask: Greeting) -> int:
    """Give the value alone."""
    return 1


@act("typing.silent", needs=Permission.SELF)
def silent(tx: Tx, actor: Actor, ask: Greeting) -> Recorded[int, HouseStopped]:
    """Forget the event."""
    return Recorded(1)  # type: ignore[call-arg]  # a value without its event is caught


@act("typing.other", needs=Permission.SELF)
def other(tx: Tx, actor: Actor, ask: Greeting) -> Recorded[int, HouseStopped]:
    """State another fact than declared."""
    return Recorded(1, LaneOpened("o", "r"))  # type: ignore[arg-type]  # another event than declared is caught


@act("typing.open")  # type: ignore[call-arg]  # an act without its permission is caught
def open_to_all(tx: Tx, actor: Actor, ask: Greeting) -> Recorded[int, HouseStopped]:
    """Ask nobody."""
    return Recorded(1, HouseStopped("x"))


@event(tag=90_001, name="typing.said", says="Said")  # type: ignore[call-arg]  # silence about people is caught
@dataclass(frozen=True, slots=True)
class Said(Event):
    pass


def wrong_ask(house: House, ann: Actor) -> None:
    house.do(ann, greet, "hello")  # type: ignore[misc]  # the wrong ask is caught


def wrong_value(house: House, ann: Actor) -> str:
    return house.do(ann, greet, Greeting(word="hello")).value  # type: ignore[return-value]  # the wrong value is caught


def tested(decision: Decision) -> int:
    if decision:  # type: ignore[truthy-bool]  # a decision is required, never tested
        return 1
    return 1 if decision else 2  # type: ignore[truthy-bool]  # in no other way either


def forged(secrets: Secrets) -> tuple[Tx, ...]:
    now, house, request = Micros(0), HouseId(b""), RequestId("")
    return (
        Tx(alias="default", now=now, house=house, request=request, secrets=secrets),  # type: ignore[call-arg]  # no grip
        Tx(None, "default", now, house, request, secrets),  # type: ignore[arg-type]  # no grip
    )


def second_grip() -> Grip:
    return Grip()  # it type-checks, but raises: there is one, and import-linter keeps areas from its name


def without_purpose(ann: Actor) -> Ask:
    return Ask(actor=ann, subjects=(), fields=(), clear=())  # type: ignore[call-arg]  # a read without a purpose


def shown(secret: Secret[str]) -> str:
    return secret  # type: ignore[return-value]  # a secret is no text
