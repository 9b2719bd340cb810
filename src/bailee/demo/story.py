"""The story: steps that each check what they claim, and stop the story where a claim does not hold."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from bailee.access.words import Level
from bailee.demo.company import Company, Customer, invent
from bailee.demo.thief import Haul
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.clock import stopwatch
from bailee.kernel.errors import Denied, HouseError
from bailee.kernel.ids import SubjectId
from bailee.kernel.recorded import EntryRef
from bailee.kernel.secret import Secret
from bailee.ledger import log
from bailee.vault.gate import Gate
from bailee.vault.words import Answer, Ask, Find

SCHEMA: Final = 1
S = TypeVar("S", bound="Stage")

Figure = int | float | str
Row = tuple[str, ...]


# -- words


class NotHeld(Exception):
    """A claim of the story turned out wrong; the message says which, and names no value."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a step found: figures for the report, and lines or a small table for the reader."""

    figures: dict[str, Figure]
    lines: tuple[str, ...] = ()
    heads: Row = ()
    rows: tuple[Row, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """One step: its short name, what it says it does, what it proves, and the work that checks it."""

    name: str
    title: str
    says: str
    proves: str
    work: Callable[[S], Told]


@dataclass(frozen=True, slots=True)
class Played:
    """One step as it went."""

    name: str
    title: str
    proves: str
    held: bool
    seconds: float
    told: Told
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Player:
    """One person of the company, with the key that they act with."""

    name: str
    actor: Actor
    key: Secret[str]


@dataclass(frozen=True, slots=True)
class Reveal:
    """One answer that showed something: who, why, whom, and the entry that stands behind it."""

    who: str
    purpose: str
    subject: SubjectId
    entry: EntryRef
    clear: int
    masked: int


@dataclass
class Stage:
    """What every story shares: a throw-away folder, the open home in it, the people, and how it went so far."""

    folder: Path
    house: House = field(init=False)
    gate: Gate = field(init=False)
    cast: dict[str, Player] = field(default_factory=dict)
    played: list[Played] = field(default_factory=list)
    opened: bool = False
    progress: Callable[[int, int], None] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def custody(self) -> Path:
        return self.folder / "home.custody"

    def actor(self, role: str) -> Actor:
        return self.cast[role].actor

    def key_file(self, role: str) -> Path:
        """Write somebody's personal key to a file, as they keep it at their own place."""
        path = self.folder / f"{role}.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(self.cast[role].key.reveal(), "utf-8")
        return path

    def entries(self) -> int:
        """How long the ledger is."""
        return self.house.see(self.actor("owner"), log.state, log.Nothing()).size

    def end(self) -> None:
        """Close the home, if it was opened."""
        if self.opened:
            self.opened = False
            self.gate.stop()
            try:
                self.house.close("end of the demo")
            except HouseError:
                self.house.abandon()


@dataclass
class Scene(Stage):
    """The story of the invented company: its customers, who was found, what was shown and refused."""

    company: Company = field(default_factory=invent)
    known: dict[int, SubjectId] = field(default_factory=dict)
    reveals: list[Reveal] = field(default_factory=list)
    refusals: int = 0
    plain: Haul = field(init=False)

    @property
    def shop(self) -> Path:
        """The company's old database."""
        return self.folder / "shop.sqlite"

    def heroes(self) -> list[Customer]:
        """Customers of whom every kind of data is there, in order: the story follows the first."""
        return [one for one in self.company.customers if one.visits and one.tickets and one.orders]

    def find(self, role: str, purpose: str, customer: Customer) -> SubjectId | None:
        """Find a customer by e-mail, as one of the people; remembers who it was."""
        answer = self.gate.find(
            Find(actor=self.actor(role), purpose=purpose, field="contact.email", how="is", value=customer.email)
        )
        if not answer.items:
            return None
        subject = answer.items[0].subject
        self.known[customer.number] = subject
        return subject

    def who(self, customer: Customer) -> SubjectId:
        """A customer whom somebody found before."""
        return self.known[customer.number]

    def read(
        self, role: str, purpose: str, customer: Customer, clear: Sequence[str], case: str | None = None
    ) -> dict[str, list[tuple[Level, str]]]:
        """Read fields, asked for in the clear; answers field → (level, text) per record, and keeps the entry."""
        subject = self.who(customer)
        answer = self.gate.read(
            Ask(actor=self.actor(role), purpose=purpose, subjects=(subject,), fields=(), clear=tuple(clear), case=case)
        )
        shown = _shown(answer)
        levels = {name: max(level for level, _ in found) for name, found in shown.items()}
        self.reveals.append(
            Reveal(
                role,
                purpose,
                subject,
                answer.entries[0],
                sum(level is Level.CLEAR for level in levels.values()),
                sum(level is not Level.CLEAR for level in levels.values()),
            )
        )
        return shown

    def refused(
        self, role: str, purpose: str, customer: Customer, fields: Sequence[str], case: str | None = None
    ) -> str:
        """Ask for what somebody must not see, and answer the reason in words.

        Raises:
            NotHeld: it was shown.

        """
        try:
            self.read(role, purpose, customer, fields, case)
        except Denied as error:
            self.refusals += 1
            return str(error)
        raise NotHeld(f"{role} was shown {', '.join(fields)} for {purpose}")


def _shown(answer: Answer) -> dict[str, list[tuple[Level, str]]]:
    made: dict[str, list[tuple[Level, str]]] = {}
    for record in answer.items[0].records:
        for name, one in record.values.items():
            made.setdefault(name, []).append((one.level, one.text))
    return made


def claim(holds: bool, otherwise: str) -> None:
    """Stop the story unless something holds.

    Raises:
        NotHeld: with the sentence that is true instead.

    """
    if not holds:
        raise NotHeld(otherwise)


def play(stage: S, steps: Sequence[Step[S]], meddle: Callable[[str, S], None] | None = None) -> Iterator[Played]:
    """Play the steps one by one; the first that does not hold is the last.

    Args:
        stage: a fresh one, in an empty folder.
        steps: what to play.
        meddle: called with each step's name before it begins; tests spoil the scene with it.

    """
    for step in steps:
        made = _played(stage, step, meddle)
        stage.played.append(made)
        yield made
        if not made.held:
            return


def _played(stage: S, step: Step[S], meddle: Callable[[str, S], None] | None) -> Played:
    watch = stopwatch()
    try:
        if meddle is not None:
            meddle(step.name, stage)
        told = step.work(stage)
    except NotHeld as error:
        wrong = str(error)
    except HouseError as error:
        wrong = "; ".join(filter(None, (str(error), error.hint)))
    except (OSError, sqlite3.Error, subprocess.SubprocessError) as error:
        wrong = f"something failed on the way: {type(error).__name__}"
    else:
        return Played(step.name, step.title, step.proves, held=True, seconds=watch(), told=told)
    return Played(step.name, step.title, step.proves, held=False, seconds=watch(), told=Told({}), wrong=wrong)


def report(stage: Stage, steps: Sequence[Step[Any]]) -> dict[str, Any]:
    """Write down how it went, for machines."""
    return {
        "schema": SCHEMA,
        "held": len(stage.played) == len(steps) and all(one.held for one in stage.played),
        "steps": [
            {
                "name": one.name,
                "held": one.held,
                "seconds": round(one.seconds, 3),
                "figures": one.told.figures if one.held else {"wrong": one.wrong},
                "proves": one.proves,
            }
            for one in stage.played
        ],
    }
