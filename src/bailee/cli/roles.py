"""`bailee roles`: jobs, taken from templates and fitted to the data map."""

from importlib import import_module
from typing import Annotated, Any

import typer

from bailee.cli.opening import Run
from bailee.cli.output import plain
from bailee.cli.verbs import noun, verb

app = noun("Jobs and what they may do.")


@verb(app, "list")
def list_(
    run: Run, templates: Annotated[bool, typer.Option("--templates", help="The ready-made roles to take from.")] = False
) -> None:
    """All roles, how many hold them and how much they give."""
    if templates:
        known: Any = import_module("bailee.access.templates")
        ready = [{"key": one.key, "title": one.title, "says": one.says} for one in known.read_templates()]
        run.out.rows(ready, {"key": "Role", "says": "What it is for"}, empty="")
        return
    with run.opened() as session:
        rows = plain(session.see("access.roles"))
    run.out.rows(
        rows,
        {"key": "Role", "title": "Title", "holders": "Held by", "grants": "Grants", "review_days": "Review after"},
        right=("holders", "grants", "review_days"),
        empty="no roles yet; bailee roles list --templates shows what there is to take",
    )


@verb(app, "add")
def add(run: Run, role: Annotated[list[str], typer.Argument(help="Roles from the templates.")]) -> None:
    """Take roles from the templates, with the grants that fit your data map."""
    with run.opened() as session:
        done = session.do("access.add_roles", {"roles": tuple(role)})
    run.out.one({"roles": list(role), "grants": done.value, "entry": str(done.entry)}, main="grants")
    run.out.say("bailee people invite --role … gives them to somebody; bailee access what PERSON shows what they see.")
