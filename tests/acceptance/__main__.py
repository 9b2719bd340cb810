"""Tells which acceptance checks are proven: `python -m tests.acceptance [AREA ...] [--list] [-- pytest's options]`."""

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from tests.acceptance import checks
from tests.acceptance.checks import Check, Mark, State
from tests.acceptance.proofs import Proofs

_COLUMNS = ("area", "checks", "with a test", "passing", "M", "M passing")


def main(words: Sequence[str]) -> int:
    ours, theirs = _split(words)
    parser = argparse.ArgumentParser(
        prog="python -m tests.acceptance", description="Which acceptance checks are proven?"
    )
    parser.add_argument("areas", nargs="*", metavar="AREA", help="only these areas; all of them otherwise")
    parser.add_argument("--list", action="store_true", help="list the checks with their tests, and run nothing")
    parser.add_argument("--long", action="store_true", help="run the tests marked long as well")
    parser.add_argument("--check-file", type=Path, default=checks.CHECKS, help=argparse.SUPPRESS)
    asked = parser.parse_args(ours)
    known = checks.read(asked.check_file)
    areas = list(dict.fromkeys(check.area for check in known.values()))
    if strange := set(asked.areas) - set(areas):
        parser.error(f"no such area: {', '.join(sorted(strange))}; there are {', '.join(areas)}")
    chosen = [check for check in known.values() if not asked.areas or check.area in asked.areas]

    proofs = Proofs()
    options = [
        "-p",
        "tests.acceptance.plugin",
        "--check-only",
        "--check-file",
        str(asked.check_file),
        "-q",
        "--no-header",
    ]
    options += ["--continue-on-collection-errors", *(f"--check-area={area}" for area in asked.areas)]
    options += [] if asked.long or asked.list else ["-m", "not long"]
    options += ["--collect-only", "-qq", "-p", "no:xdist", "-p", "no:randomly"] if asked.list else []
    ended = pytest.main([*options, *theirs], plugins=[proofs])
    if ended in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        return int(ended)

    console = Console(file=sys.stdout, highlight=False, markup=False)
    if asked.list:
        _list(console, chosen, proofs)
        return 0
    states = checks.states(known, proofs.tests, proofs.ended)
    _report(console, chosen, states, by_name=asked.areas)
    for trouble in proofs.unclear:
        console.print(f"unclear: {trouble}", soft_wrap=True)
    _verdicts(console, chosen, states, total=not asked.areas)
    due = [check for check in chosen if check.mark is Mark.FIRST]
    stopped = ended == pytest.ExitCode.INTERRUPTED
    return int(stopped or bool(proofs.unclear) or any(states[check.id] is not State.PASSING for check in due))


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in words:
        return list(words), []
    at = words.index("--")
    return list(words[:at]), list(words[at + 1 :])


def _list(console: Console, chosen: Collection[Check], proofs: Proofs) -> None:
    for check in chosen:
        console.print(f"{check.id}  {check.mark}  {check.says}", soft_wrap=True)
        for test in sorted(test for test, names in proofs.tests.items() if check.id in names):
            console.print(f"    {test}", soft_wrap=True)


def _report(
    console: Console, chosen: Collection[Check], states: Mapping[str, State], *, by_name: Collection[str]
) -> None:
    """Print what is missing (of areas asked for by name: everything, else what is due), then a row per area."""
    for check in chosen:
        if states[check.id] is not State.PASSING and (by_name or check.mark is Mark.FIRST):
            console.print(f"{check.id:14} {check.mark}  {states[check.id]:12}  {check.says}", soft_wrap=True)
    rows = [_row(area, [check for check in chosen if check.area == area], states) for area in _areas(chosen)]
    if console.is_terminal:
        table = Table(*_COLUMNS)
        for row in rows:
            table.add_row(*map(str, row))
        console.print(table)
        return
    for row in (_COLUMNS, *rows):
        console.print("  ".join(f"{value:>11}" for value in row), soft_wrap=True)


def _row(area: str, members: Collection[Check], states: Mapping[str, State]) -> tuple[str | int, ...]:
    due = [check for check in members if check.mark is Mark.FIRST]
    tested = sum(states[check.id] is not State.UNTESTED for check in members)
    return area, len(members), tested, _passing(members, states), len(due), _passing(due, states)


def _verdicts(console: Console, chosen: Collection[Check], states: Mapping[str, State], *, total: bool) -> None:
    due = [check for check in chosen if check.mark is Mark.FIRST]
    for area in _areas(chosen):
        members = [check for check in due if check.area == area]
        console.print(f"{area}: {_passing(members, states)} of {len(members)} M checks pass")
    if total:
        console.print(f"all: {_passing(due, states)} of {len(due)} M checks pass")


def _areas(chosen: Collection[Check]) -> list[str]:
    return list(dict.fromkeys(check.area for check in chosen))


def _passing(members: Collection[Check], states: Mapping[str, State]) -> int:
    return sum(states[check.id] is State.PASSING for check in members)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
