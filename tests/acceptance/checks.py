"""The acceptance checks by id, and what a run of the tests proves of them."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

CHECKS = Path(__file__).with_name("checks.toml")


class Mark(StrEnum):
    """When a check is due."""

    FIRST = "M"
    SOON = "S"
    LATER = "L"


class State(StrEnum):
    """What one run says about a check; only PASSING proves it."""

    PASSING = "passing"
    FAILING = "failing"
    SKIPPED = "only skipped"
    UNTESTED = "no test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the design."""

    id: str
    area: str
    mark: Mark
    says: str


def read(path: Path = CHECKS) -> dict[str, Check]:
    """Read the list of checks, in its order."""
    found = {}
    for area, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for name, entry in entries.items():
            if not name.startswith(f"{area}-"):
                raise ValueError(f"{path.name}: {name} stands under {area}")
            found[name] = Check(id=name, area=area, mark=Mark(entry["mark"]), says=entry["says"])
    return found


def states(known: Iterable[str], tests: Mapping[str, frozenset[str]], ended: Mapping[str, str]) -> dict[str, State]:
    """Say each check's state; `tests` are the checks each test names, `ended` how each test ended."""
    outcomes: dict[str, set[str]] = {name: set() for name in known}
    for test, names in tests.items():
        for name in names & outcomes.keys():
            outcomes[name].add(ended[test])
    return {name: _state(seen) for name, seen in outcomes.items()}


def _state(seen: set[str]) -> State:
    if not seen:
        return State.UNTESTED
    if "failed" in seen:
        return State.FAILING
    return State.PASSING if "passed" in seen else State.SKIPPED
