"""Tells a story in the terminal: a calm panel a step, at most 100 columns wide, readable at 80 and without colour."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from bailee.demo.story import Played, S, Step, Told, play

WIDEST: Final = 100
_WORD: Final = {True: ("held", "green"), False: ("NOT HELD", "bold red")}


def width(console: Console) -> int:
    """How wide panels are: the terminal, and never more than can be read with ease."""
    return min(console.width, WIDEST)


def tell(console: Console, stage: S, steps: Sequence[Step[S]], wait: Callable[[], None] | None = None) -> bool:
    """Play a story before somebody's eyes; answers whether every step held.

    Args:
        console: where to.
        stage: a fresh one.
        steps: the story.
        wait: called between two steps; None goes on at once.

    """
    played = play(stage, steps)
    for number, step in enumerate(steps, 1):
        with console.status(Text(f" {step.title} …", style="dim")) as status:
            stage.progress = _progress(status, step.title)
            made = next(played)
            stage.progress = None
        console.print(_panel(made, step.says, number, len(steps)), width=width(console))
        if not made.held:
            return False
        if wait is not None and number < len(steps):
            wait()
    return True


def check(
    console: Console | None,
    stage: S,
    steps: Sequence[Step[S]],
    meddle: Callable[[str, S], None] | None = None,
) -> bool:
    """Play a story with one line a step; answers whether every step held."""
    held = True
    for made in play(stage, steps, meddle):
        held = held and made.held
        if console is not None:
            word, style = _WORD[made.held]
            took = f"{made.name:<8}{made.seconds:6.1f} s  "
            console.print(Text.assemble((f"{word:<9}", style), took, made.wrong or made.proves), soft_wrap=True)
    return held and len(stage.played) == len(steps)


def limits(console: Console, lines: Iterable[str]) -> None:
    """Say what is not done yet, as plainly as what is."""
    made = Group(*(Text(f"- {line}") for line in lines))
    title = Text("What this does not do, or not yet", style="bold")
    panel = Panel(made, title=title, title_align="left", border_style="dim", box=box.ROUNDED)
    console.print(panel, width=width(console))


def _progress(status: Status, title: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        status.update(Text(f" {title} … {done:,} of {total:,} rows", style="dim"))

    return show


def _panel(made: Played, says: str, number: int, total: int) -> Panel:
    word, style = _WORD[made.held]
    parts: list[RenderableType] = [Text(says, style="dim"), *_told(made.told)]
    if made.held:
        proof = Text.assemble((f"{word}: ", style), (made.proves, "bold"))
    else:
        proof = Text.assemble((f"{word}: ", style), (made.wrong, "bold"))
    parts.append(Padding(proof, (0, 0)))
    title = Text.assemble((f" {number}/{total} ", "dim"), (f"{made.title} ", "bold"))
    seconds = Text(f" {made.seconds:.1f} s ", style="dim")
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
        subtitle=seconds,
        subtitle_align="right",
        border_style="dim" if made.held else "red",
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _told(told: Told) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(line) for line in told.lines]
    if told.rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(told.heads), header_style="dim")
        for at in range(len(told.rows[0])):
            head = told.heads[at] if told.heads else ""
            table.add_column(Text(head), overflow="fold", style="cyan" if at == 0 else "", justify=_side(told, at))
        for row in told.rows:
            table.add_row(*(Text(cell) for cell in row))
        parts.append(Padding(table, (0, 0, 0, 2)))
    return [*parts, *(Text(line) for line in told.after)]


def _side(told: Told, at: int) -> Literal["left", "right"]:
    """Figures stand to the right."""
    cells = [row[at] for row in told.rows if row[at]]
    return "right" if cells and all(cell.replace(",", "").replace(".", "").isdigit() for cell in cells) else "left"
