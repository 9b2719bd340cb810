"""`bailee demo`: the whole story on an invented company, or on a file of one's own, in a throw-away folder."""

import json
import os
import shutil
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bailee.cli.opening import Run, set_up
from bailee.cli.output import WIDTH
from bailee.cli.refusals import FAILED
from bailee.cli.verbs import single, verb
from bailee.kernel.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from rich.console import Console

app = single()


@verb(app, "demo")
def demo(
    run: Run,
    check: Annotated[
        bool, typer.Option("--check", help="No pauses, one line a step; exit 0 only if every step held.")
    ] = False,
    on: Annotated[
        str | None,
        typer.Option(metavar="FILE|URL", help="Play it on your own SQLite file, CSV file or PostgreSQL database."),
    ] = None,
    no_pause: Annotated[bool, typer.Option("--no-pause", help="Do not wait for Enter between steps.")] = False,
    customers: Annotated[int, typer.Option(min=20, max=20_000, help="How many customers to invent.")] = 500,
    seed: Annotated[int, typer.Option(help="Another seed invents another company.")] = 0,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Play in this new folder and leave everything there.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where --check writes its report (default build/demo.json).")
    ] = None,
) -> int:
    """Play the whole story in a throw-away folder: moving in, theft, roles, search, record, erasure."""
    with _folder(keep) as folder:
        _set_up(folder)
        told = _story(folder, on, customers, seed)
        status = played(run, told, check=check, pause=not no_pause, out=out)
        if keep is not None:
            run.out.say(f"everything was left in {folder}")
    return status


@dataclass(frozen=True, slots=True)
class Story:
    """A stage with the steps to play on it, and what these don't do."""

    stage: Any
    steps: Sequence[Any]
    limits: Sequence[str]


def played(
    run: Run,
    told: Story,
    *,
    check: bool,
    pause: bool,
    out: Path | None,
    meddle: Callable[[str, Any], None] | None = None,
) -> int:
    """Play a story, and write its report down; answers the exit code.

    Args:
        run: the command as it was called.
        told: the story.
        check: one line a step and a report, instead of panels.
        pause: wait between panels, where somebody is there to go on.
        out: where the report is written.
        meddle: called with the name and the stage before each step of a check; tests spoil the stage with it.

    """
    telling: Any = import_module("bailee.demo.telling")
    stage, steps = told.stage, told.steps
    try:
        if check:
            held = telling.check(None if run.out.as_json or run.out.quiet else run.out.words, stage, steps, meddle)
        else:
            console = _console(run)
            held = telling.tell(console, stage, steps, _waiting(run, console) if pause else None)
            if held:
                telling.limits(console, told.limits)
    finally:
        stage.end()
    report = import_module("bailee.demo.story").report(stage, steps)
    if check:
        _write(out or Path("build") / "demo.json", report)
    if run.out.as_json:
        run.out.json(report)
    return 0 if held else FAILED


def _story(folder: Path, on: str | None, customers: int, seed: int) -> Story:
    """Set the stage of the story asked for."""
    if on is not None:
        guest: Any = import_module("bailee.demo.guest")
        return Story(guest.visit(folder, on), guest.STEPS, guest.LIMITS)
    play: Any = import_module("bailee.demo.steps")
    company: Any = import_module("bailee.demo.company")
    invented = company.invent(customers, seed or company.SEED)
    return Story(import_module("bailee.demo.story").Scene(folder, company=invented), play.STEPS, play.LIMITS)


def _set_up(folder: Path) -> None:
    """Wake the program for the home in this folder, whatever the shell says of others: a demo never meets real data."""
    for name in [name for name in os.environ if name.startswith("BAILEE_")]:
        del os.environ[name]
    set_up(folder / "home")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder for this story alone; it is gone afterwards, unless it was named.

    Raises:
        Conflict: there is something in the named folder.

    """
    if keep is None:
        made = Path(tempfile.mkdtemp(prefix="bailee-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    folder = keep.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("there is something in that folder already", hint="name a new one; nothing is overwritten")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield folder


def _console(run: Run) -> "Console":
    """Standard output as a story needs it: 80 columns without a terminal, no colour in pipes or with NO_COLOR."""
    from rich.console import Console  # noqa: PLC0415 - rich costs 70 ms that other commands must not pay

    terminal = sys.stdout.isatty()
    return Console(
        quiet=run.out.as_json or run.out.quiet,
        width=None if terminal else WIDTH,
        highlight=False,
        emoji=False,
        markup=False,
    )


def _waiting(run: Run, console: "Console") -> Callable[[], None] | None:
    """A pause that ends with Enter, where somebody is there to press it; what was typed meanwhile does not count."""
    if not (run.interactive and console.is_terminal):
        return None

    def wait() -> None:
        from rich.control import Control  # noqa: PLC0415 - rich costs 70 ms that other commands must not pay
        from rich.segment import ControlType  # noqa: PLC0415 - as above

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
        console.input("  Enter goes on, Ctrl-C ends. ", markup=False)
        console.control(Control((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)))

    return wait


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise Unavailable("the report can't be written", hint="name another place with --out") from error
