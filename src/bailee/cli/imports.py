"""`bailee import`: customers from a CSV file or a database, by a plan that a person has read."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bailee.cli import secrets
from bailee.cli.opening import Run
from bailee.cli.output import Out, day, plain
from bailee.cli.refusals import PARTLY
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import noun, verb

if TYPE_CHECKING:
    from bailee.discovery.imports import Report

app = noun("Bring customers in from a file: plan, check, run.")

PlanFile = Annotated[
    str, typer.Argument(metavar="PLAN", help="The plan, as `bailee import plan` wrote it and you finished it.")
]
Where = Annotated[
    str | None, typer.Option("--from", metavar="FILE|URL", help="Another copy of the source than the plan's.")
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A new file for the rows that stay out: .csv, else JSON Lines. It holds no values."
    ),
]


@verb(app, "plan")
def plan(
    run: Run,
    where: Annotated[str, typer.Argument(metavar="FILE|URL", help="A CSV file, SQLite file, or database URL.")],
    out_file: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file; else stdout.")] = None,
) -> None:
    """Make a first plan: which column goes where. Read it, answer what it asks, then check it."""
    with run.opened() as session:
        made = _bringing().propose(session, where)
    data = {"tables": made.tables, "open_questions": made.questions, "ignored_tables": made.ignored}
    if out_file is not None:
        with PrivateFile(out_file) as file:
            file.write(made.text)
        run.out.one({"file": str(out_file), **data}, main="file")
        run.out.say(f"Read it, answer each `ask`, then: bailee import check {out_file}")
    elif run.out.as_json:
        run.out.json({**data, "plan": made.text})
    else:
        run.out.text(made.text)
        run.out.say(f"{made.questions} columns ask something; --out FILE writes the plan to a file to finish")


@verb(app, "check")
def check(run: Run, plan: PlanFile, where: Where = None, rejects: Rejects = None) -> int:
    """Read everything and write nothing: what a run would do, and each row it would refuse. Exit 8 if any."""
    text = secrets.text_from(plan)
    with run.opened() as session, _rejects(rejects) as tell, _progress(run.out) as progress:
        report = _bringing().check(session, text, where, progress, tell)
    return _told(run.out, report, rejects, done=False)


@verb(app, "run")
def run_(run: Run, plan: PlanFile, where: Where = None, rejects: Rejects = None) -> int:
    """Bring in every row that is good; run it again after a stop, nothing comes twice. Exit 8 if rows stayed out."""
    text = secrets.text_from(plan)
    with run.opened() as session, _rejects(rejects) as tell, _progress(run.out) as progress:
        report = _bringing().run(session, text, where, progress, tell)
    return _told(run.out, report, rejects, done=True)


@verb(app, "list")
def list_(run: Run) -> None:
    """The newest runs."""
    with run.opened() as session:
        made: list[dict[str, Any]] = plain(session.see("discovery.imports"))
        names = session.names()
    rows = [{**row, "counts": json.loads(row["counts"]) if row["counts"] else None} for row in made]
    run.out.rows(
        rows,
        {"started": "Began", "state": "State", "by": "By", "new": "New", "changed": "Changed", "refused": "Refused"},
        right=("new", "changed", "refused"),
        cells=[
            {**row, **(row["counts"] or {}), "started": day(row["started"]), "by": names.get(row["by"], row["by"])}
            for row in rows
        ],
        empty="nothing was imported yet; bailee import plan FILE makes a plan",
    )


def _bringing() -> Any:  # noqa: ANN401 - a module, imported once the home is open
    return import_module("bailee.cli.bringing")


@contextmanager
def _rejects(path: Path | None) -> Iterator[Callable[[Any], None]]:
    """Where refused rows go, one line each, as they come."""
    if path is None:
        yield lambda _: None
        return
    problems: Any = import_module("bailee.discovery.problems")
    with PrivateFile(path) as file, file.lines() as stream:
        if path.suffix == ".csv":
            found: list[Any] = []
            yield found.append
            problems.write_csv(found, stream)
        else:
            yield lambda one: stream.writelines([f"{problems.json_line(one)}\n"])


@contextmanager
def _progress(out: Out) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal's stderr; nothing in logs."""
    if out.quiet or out.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - 70 ms

    with Progress(BarColumn(), MofNCompleteColumn(), "rows", TimeRemainingColumn(), console=out.words) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _told(out: Out, report: "Report", rejects: Path | None, *, done: bool) -> int:
    """Counts per table, the kinds of problems with their fixes, and the exit code."""
    tables = {name: plain(counts) for name, counts in report.counts.items()}
    kinds: Any = import_module("bailee.discovery.problems").KINDS
    found = [
        {
            "problem": key,
            "rows": count,
            "level": str(kinds[key].level),
            "cause": kinds[key].cause,
            "fix": kinds[key].fix,
        }
        for key, count in sorted(report.kinds.items())
    ]
    total = plain(report.total)
    if out.as_json:
        out.json({
            "run": report.run, **total, "tables": tables, "problems": found,
            "rejects_file": None if rejects is None else str(rejects),
        })  # fmt: skip
    elif out.quiet:
        out.line(str(total["new"] + total["changed"]))
    else:
        rows = [{"table": name, **counts} for name, counts in tables.items()]
        columns = {
            "table": "Table",
            "new": "New",
            "same": "Same",
            "changed": "Changed",
            "refused": "Refused",
            "gone": "Gone",
        }
        out.rows(rows, columns, right=tuple(columns)[1:], empty="the source holds no rows")
        for one in found:
            out.say(f"\n{one['rows']} × {one['problem']} ({one['level']}): {one['cause']}\n   → {one['fix']}")
        if total["refused"] and rejects is None:
            out.say("\nThe rows are listed with --rejects FILE.")
        elif rejects is not None:
            out.say(f"\nThe rows that stay out are listed in {rejects}.")
        if not done and not total["refused"]:
            out.say("\nNothing stands in the way: bailee import run PLAN")
    return PARTLY if total["refused"] else 0
