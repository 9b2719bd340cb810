"""The table of nouns, each imported only when it is called."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from bailee import __version__
from bailee.cli.opening import remember
from bailee.cli.verbs import SETTINGS, AsJson, Home, KeyFile, NoInput, Quiet

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter


class Entry(NamedTuple):
    """One line of the top help: where the noun's code lies, and what it is for."""

    module: str
    says: str


NOUNS: Final[dict[str, dict[str, Entry]]] = {
    "Begin": {
        "demo": Entry("demo", "Play the whole story on an invented company; touches nothing of yours."),
        "init": Entry("init", "Make a home: keys, data map, first owner."),
        "status": Entry("status", "One screen about this home."),
        "doctor": Entry("doctor", "Check everything this home rests on, with what to do."),
        "import": Entry("imports", "Bring customers in from a file: plan, check, run."),
    },
    "Customers": {
        "customer": Entry("customer", "Find, show, reveal, add, change, erase, export."),
        "map": Entry("map", "The data map: what is held, why, for how long."),
    },
    "People and access": {
        "people": Entry("people", "Who works here: invite, move, leave, keys."),
        "roles": Entry("roles", "Jobs and what they may do."),
        "access": Entry("access", "Who can see what, and why; grant, revoke, forbid."),
    },
    "Evidence": {
        "ledger": Entry("ledger", "What happened: tail, show, prove, verify."),
        "verify": Entry("verify", "Check a receipt, proof or ledger export; needs no home."),
    },
    "Everything else": {
        "do": Entry("generated:doing", "Run any act by its name."),
        "see": Entry("generated:seeing", "Ask any look by its name."),
        "help": Entry("help", "List every command there is."),
        "completion": Entry("completion", "Print the completion script of your shell."),
        "version": Entry("version", "Say which version this is."),
    },
}
_TABLE: Final = {name: entry for section in NOUNS.values() for name, entry in section.items()}


class Top(TyperGroup):
    """Knows its nouns by name and imports one only to run it or to help with it."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - Typer's shape
        return list(_TABLE)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        entry = _TABLE.get(cmd_name)
        if entry is None:
            return None
        if ctx.resilient_parsing and os.environ.get("_BAILEE_COMPLETE") and cmd_name in {"do", "see"}:
            return TyperCommand(cmd_name, help=entry.says)
        module, _, name = entry.module.partition(":")
        made: Any = getattr(import_module(f"bailee.cli.{module}"), name or "app")
        command: Command = typer.main.get_command(made) if isinstance(made, typer.Typer) else made()
        command.name = cmd_name
        return command

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        for title, section in NOUNS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.says) for name, entry in section.items()])
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx)) is not None]
        with formatter.section("Options of every command"):
            formatter.write_dl(records)


app: Final = typer.Typer(
    cls=Top,
    help="Bailee keeps your customers' data sealed, shows it by role and purpose, and records who saw what.",
    add_completion=False,
    rich_markup_mode=None,
    context_settings=SETTINGS,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


@app.callback()
def top(
    ctx: typer.Context,
    as_json: AsJson = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    home: Home = None,
    key_file: KeyFile = None,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    remember({"as_json": as_json, "quiet": quiet, "no_input": no_input, "home": home, "key_file": key_file})
    if version:
        typer.echo(f"bailee {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
