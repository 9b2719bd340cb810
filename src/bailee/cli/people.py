"""`bailee people`: who works here."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bailee.cli.opening import Run
from bailee.cli.output import plain
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import noun, verb
from bailee.kernel.errors import NotFound

if TYPE_CHECKING:
    from bailee.cli.session import Session

app = noun("Who works here: invite, move, leave, keys.")

Person = Annotated[str, typer.Argument(metavar="PERSON", help="Their id or e-mail address.")]
Roles = Annotated[list[str], typer.Option("--role", help="A role of the new job; repeat it.")]
Days = Annotated[int, typer.Option(help="Days until the roles end or are renewed.")]
NewKey = Annotated[
    Path | None,
    typer.Option("--new-key-file", metavar="FILE", help="Where their key is written (0600; else in this folder)."),
]


def id_of(session: "Session", given: str) -> str:
    """A person's id from an id or an e-mail address."""
    if "@" not in given:
        return given
    wanted = given.strip().casefold()
    for one in session.see("access.people"):
        if one.email == wanted:
            return str(one.id)
    raise NotFound("there is nobody with this e-mail address", hint="bailee people list")


@verb(app, "list")
def list_(
    run: Run, state: Annotated[str | None, typer.Option(help="Only those who are active, left, …")] = None
) -> None:
    """Everybody, with the roles they hold now."""
    with run.opened() as session:
        rows = plain(session.see("access.people", {} if state is None else {"state": state}))
    run.out.rows(
        rows,
        {"id": "ID", "name": "Name", "email": "E-mail", "roles": "Roles", "state": "State"},
        empty="nobody is here in that state; bailee people invite takes somebody in",
    )


@verb(app, "invite")
def invite(
    run: Run,
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    email: Annotated[str | None, typer.Option(help="Their e-mail address at work.")] = None,
    role: Roles = [],  # noqa: B006 - Typer copies it
    manager: Annotated[str | None, typer.Option(help="Who they report to: id or e-mail address.")] = None,
    days: Days = 90,
    new_key_file: NewKey = None,
) -> None:
    """Take somebody in, with the roles of their job and a personal key in a file."""
    name = name or run.ask("Their name", instead="--name")
    email = email or run.ask("Their e-mail address", instead="--email")
    if not role and run.interactive:
        role = [word.strip() for word in run.ask("Roles (bailee roles list)", instead="--role").split(",") if word]
    with run.opened() as session, PrivateFile(new_key_file or _place(email)) as file:
        given = {"name": name, "email": email, "roles": tuple(role), "days": days}
        if manager is not None:
            given["manager"] = id_of(session, manager)
        done = session.do("access.invite", given)
        file.write(f"{done.value.key.reveal()}\n")
    data = {"person": done.value.person, "key_file": str(file.path), "entry": str(done.entry)}
    run.out.one(data, main="person")
    run.out.say(f"Give them the key file by hand, and delete it here: {file.path}")


@verb(app, "move")
def move(run: Run, person: Person, role: Roles, days: Days = 90) -> None:
    """Give somebody another job: every old role ends in the same instant."""
    with run.opened() as session:
        who = id_of(session, person)
        done = session.do("access.move", {"person": who, "roles": tuple(role), "days": days})
    run.out.one({"person": who, "roles": list(role), "entry": str(done.entry)}, main="person")


@verb(app, "leave")
def leave(run: Run, person: Person) -> None:
    """Let somebody go: their roles, grants and keys end at once."""
    with run.opened() as session:
        who = id_of(session, person)
        done = session.do("access.leave", {"person": who})
    run.out.one({"person": who, "entry": str(done.entry)}, main="person")
    run.out.say("Their key works no more.")


@verb(app, "key")
def key(run: Run, person: Person, new_key_file: NewKey = None) -> None:
    """Give somebody a new personal key, in a file; their old ones stop."""
    with run.opened() as session:
        who = id_of(session, person)
        with PrivateFile(new_key_file or Path(f"{who}.key")) as file:
            done = session.do("access.make_key", {"person": who})
            file.write(f"{done.value.reveal()}\n")
    run.out.one({"person": who, "key_file": str(file.path), "entry": str(done.entry)}, main="person")
    run.out.say(f"Give them the key file by hand, and delete it here: {file.path}")


def _place(email: str) -> Path:
    """A file in this folder, named after somebody; an address can hold signs that would lead elsewhere."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", email.partition("@")[0]).strip("-")
    return Path(f"{name or 'new'}.key")
