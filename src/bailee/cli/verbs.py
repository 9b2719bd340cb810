"""Turns a function into a command: adds the options that every command takes, and hands it its `Run`."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from bailee.cli.opening import Run

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

W = TypeVar("W", bound=Callable[..., int | None])

SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON; a list is one object per line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the data, no words.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask; fail where an answer is needed.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The home to work on (else BAILEE_HOME, else the usual one)."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", metavar="FILE", help="Your personal key (else BAILEE_KEY_FILE, else beside the home)."),
]


def _shared(
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    home: Home = None,
    key_file: KeyFile = None,
) -> None:
    """Only its signature is used."""


SHARED: Final = tuple(
    one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in inspect.signature(_shared).parameters.values()
)
_SHARED_NAMES: Final = frozenset(one.name for one in SHARED) | {"help"}


class Verb(TyperCommand):
    """A command whose help names its own options first, and those of every command apart."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        own, shared, arguments = [], [], []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            record = (record[0].replace("<str>", "TEXT").replace("<int>", "NUMBER"), record[1])
            if param.param_type_name == "argument":
                arguments.append(record)
            elif param.name in _SHARED_NAMES:
                shared.append(record)
            else:
                own.append(record)
        for title, records in (("Arguments", arguments), ("Options", own), ("Options of every command", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Noun(TyperGroup):
    """A group of verbs; its help is the list of these."""

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        self.format_commands(ctx, formatter)


def noun(says: str) -> typer.Typer:
    """Begin a noun with its verbs."""
    made = typer.Typer(
        cls=Noun,
        help=says,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=SETTINGS,
        pretty_exceptions_enable=False,
    )
    made.callback()(_nothing)
    return made


def single() -> typer.Typer:
    """Begin a command that is its own noun."""
    return typer.Typer(
        add_completion=False, rich_markup_mode=None, context_settings=SETTINGS, pretty_exceptions_enable=False
    )


def verb(app: typer.Typer, name: str, *, hidden: bool = False) -> Callable[[W], W]:
    """Register a function as a command; its first parameter is the `Run`, its value the exit code (None: 0)."""

    def keep(work: W) -> W:
        command = wrapped(work, list(inspect.signature(work, eval_str=True).parameters.values())[1:])
        app.command(name, cls=Verb, hidden=hidden, context_settings=SETTINGS)(command)
        return work

    return keep


def wrapped(work: Callable[..., int | None], own: list[inspect.Parameter]) -> Callable[..., None]:
    """Give a function the signature that Typer reads: its own options, then the shared ones."""

    def command(**given: object) -> None:
        shared = {one.name: given.pop(one.name) for one in SHARED}
        status = work(Run.of(shared), **given)
        if status:
            raise typer.Exit(status)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    command.__signature__ = inspect.Signature([*parameters, *SHARED])  # type: ignore[attr-defined]  # what `inspect` looks for
    command.__annotations__ = {one.name: one.annotation for one in (*parameters, *SHARED)}
    command.__name__, command.__doc__ = work.__name__, work.__doc__
    return command


def _nothing() -> None:
    pass
