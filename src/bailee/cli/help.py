"""`bailee help`: every command there is, by hand or generated."""

import inspect
from importlib import import_module
from typing import Any

import typer

from bailee.cli import opening
from bailee.cli.opening import Run
from bailee.cli.verbs import single, verb

app = single()


@verb(app, "help")
def help_(run: Run) -> None:
    """List every command there is."""
    table = import_module("bailee.cli.nouns").NOUNS
    opening.registries()
    generated: Any = import_module("bailee.cli.generated")
    rows = []
    for section in table.values():
        for name, entry in section.items():
            if name in {"do", "see"}:
                continue
            made = typer.main.get_command(import_module(f"bailee.cli.{entry.module}").app)
            verbs = getattr(made, "commands", None)
            if verbs is None:
                rows.append({"command": name, "says": entry.says})
            else:
                rows += [
                    {"command": f"{name} {key}", "says": _first(one.help)}
                    for key, one in verbs.items()
                    if not one.hidden
                ]
    rows += [{"command": f"do {name}", "says": says} for name, says in generated.acts()]
    rows += [{"command": f"see {name}", "says": says} for name, says in generated.looks()]
    run.out.rows(rows, {"command": "Command", "says": "What it does"}, empty="")


def _first(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n")[0]
