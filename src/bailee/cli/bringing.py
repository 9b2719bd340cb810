"""Proposing, checking and running an import in an open home; what `bailee import` does once the home is open."""

from collections.abc import Callable
from dataclasses import dataclass

from bailee.cli.session import Session
from bailee.discovery import imports, plans, proposals, sources
from bailee.discovery.imports import Report
from bailee.discovery.plans import Plan
from bailee.discovery.problems import Problem
from bailee.kernel.permissions import Permission

Progress = Callable[[int, int], None] | None
Tell = Callable[[Problem], None]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A first plan as a text, with how much of it is open."""

    text: str
    tables: int
    questions: int
    ignored: int


def propose(session: Session, where: str) -> Proposed:
    """Make a first plan of a source under the map in force."""
    session.house.require(session.actor, "discovery.propose", Permission.IMPORT)
    source, catalogue = sources.looked_at(where)
    made = proposals.propose(catalogue, session.map, source)
    asked = sum(route.ask is not None for table in made.plan.tables for route in table.columns.values())
    return Proposed(plans.write(made.plan, made.remarks), len(made.plan.tables), asked, len(made.plan.ignored))


def check(session: Session, text: str, where: str | None, progress: Progress, tell: Tell) -> Report:
    plan = plans.read(text)
    with sources.opened(plan.source, _rows_of(plan), where) as source:
        return imports.check(session.house, session.actor, plan, source, progress, tell)


def run(session: Session, text: str, where: str | None, progress: Progress, tell: Tell) -> Report:
    plan = plans.read(text)
    with sources.opened(plan.source, _rows_of(plan), where) as source:
        return imports.run(session.house, session.gate, session.actor, plan, source, progress, tell)


def _rows_of(plan: Plan) -> str:
    """What the plan calls the rows of a file."""
    return plan.tables[0].name if plan.tables else plan.source.id
