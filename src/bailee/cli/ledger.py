"""`bailee ledger`: what happened, and the proof that it did."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bailee.cli import secrets
from bailee.cli.opening import Run
from bailee.cli.output import plain
from bailee.cli.refusals import PARTLY
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import noun, verb
from bailee.cli.verify import checked
from bailee.kernel.errors import Invalid
from bailee.kernel.permissions import Permission

if TYPE_CHECKING:
    from bailee.cli.session import Session
    from bailee.ledger.log import Line

app = noun("What happened: tail, show, prove, verify.")

EntryNumber = Annotated[str, typer.Argument(metavar="ENTRY", help="An entry: its number, or lane/number.")]


@verb(app, "tail")
def tail(
    run: Run,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1000, help="How many.")] = 20,
    before: Annotated[int | None, typer.Option(help="Older than this entry.")] = None,
    event: Annotated[str | None, typer.Option(help="Only this kind, such as data.read.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only of this person (id).")] = None,
) -> None:
    """The newest entries, oldest of them first."""
    given = {"limit": limit, "before": before, "event": event, "actor": actor}
    with run.opened() as session:
        made = session.see("ledger.entries", {name: value for name, value in given.items() if value is not None})
        rows, cells = named(session, made)
    run.out.rows(
        list(reversed(rows)),
        {"index": "Entry", "at": "When", "actor": "Who", "says": "What", "purpose": "For"},
        right=("index",),
        cells=list(reversed(cells)),
        empty="nothing has happened yet",
    )


@verb(app, "show")
def show(run: Run, entry: EntryNumber) -> None:
    """One entry."""
    lane, index = _place(entry)
    with run.opened() as session:
        rows, cells = named(session, [session.see("ledger.entry", {"lane": lane, "index": index})])
    run.out.one(rows[0] if run.out.as_json else {key: value for key, value in cells[0].items() if value}, main="says")


@verb(app, "proof")
def proof(
    run: Run,
    entry: EntryNumber,
    out_file: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file; else stdout.")] = None,
) -> None:
    """The proof that an entry is in the signed ledger, for somebody who does not trust this machine."""
    lane, index = _place(entry)
    with run.opened() as session:
        text = session.prove(lane, index)
    if out_file is not None:
        with PrivateFile(out_file) as file:
            file.write(text)
        run.out.one({"entry": f"{lane}/{index}", "file": str(out_file)}, main="file")
    elif run.out.as_json:
        run.out.json({"entry": f"{lane}/{index}", "proof": text})
    else:
        run.out.text(text)


@verb(app, "export")
def export(run: Run, file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """The whole signed ledger as one file, to keep or verify elsewhere: bailee verify FILE."""
    with run.opened() as session:
        size = session.export_ledger(file)
    run.out.one({"file": str(file), "entries": size}, main="file")


@verb(app, "verify")
def verify(
    run: Run,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A signed checkpoint kept elsewhere: only it shows a ledger put back."),
    ] = None,
) -> None:
    """Check every entry, every signature and every set of people, from the first on."""
    with run.opened() as session:
        session.house.require(session.actor, "ledger.verify", Permission.VERIFY_LEDGER)
        session.house.sign()
        if session.house.config.database.url:
            raise Invalid(
                "a ledger on PostgreSQL is verified from an export",
                hint="bailee ledger export FILE; bailee verify FILE",
            )
        kept = secrets.text_from(str(checkpoint)) if checkpoint is not None else ""
        run.out.say("checking every entry …")
        said = checked(session.house.config.path / "data.db", session.house.signer.vkey, kept)
        state = session.see_as_house("ledger.state")
    run.out.one({"holds": True, "origin": state.origin, "size": state.size, "says": said}, main="says")


@verb(app, "replay")
def replay(run: Run, name: Annotated[str, typer.Argument(help="A projection, such as ledger.mentions.")]) -> int:
    """Empty a table that is derived from entries, and derive it again."""
    with run.opened() as session:
        session.replay(name)
        state = session.see_as_house("ledger.state")
    row = next(one for one in state.projections if one.name == name)
    run.out.one({"name": name, "entries": row.next, "behind": row.behind, "stopped": row.stopped or None}, main="name")
    return PARTLY if row.stopped else 0


def _place(written: str) -> tuple[int, int]:
    lane, slash, index = written.rpartition("/")
    if not index.isdigit() or (slash and not lane.isdigit()):
        raise Invalid("that is no entry", hint="a number such as 12, or lane/number such as 0/12")
    return int(lane or 0), int(index)


def named(session: "Session", made: "Iterable[Line]") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries as they are, and as a person reads them: names for ids, keys for numbers."""
    names = {"system": "the house", **session.names()}
    keys = {number: one.key for number, one in session.map.category_by_id.items()} if session.has_map else {}
    fields = {number: one.key for number, one in session.map.field_by_id.items()} if session.has_map else {}
    rows: list[dict[str, Any]] = [plain(one) for one in made]
    cells = []
    for row in rows:
        says = row["says"]
        for person, name in names.items():
            says = says.replace(person, name) if len(person) > len("system") else says
        of = [str(keys.get(one, one)) for one in row["categories"]]
        cells.append(
            {
                **row,
                "at": row["at"].replace("T", " ").removesuffix("Z"),
                "actor": names.get(row["actor"], row["actor"]),
                "says": f"{says}: {', '.join(of)}" if of else says,
                "categories": of,
                "clear": [fields.get(one, one) for one in row["clear"]],
                "masked": [fields.get(one, one) for one in row["masked"]],
            }
        )
    return rows, cells
