"""`bailee map`: what is held, why, for how long; a text that people edit."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bailee.cli import secrets
from bailee.cli.opening import Run
from bailee.cli.output import Out, plain
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import noun, verb
from bailee.datamap import toml
from bailee.datamap.lint import lint as problems_of
from bailee.datamap.maps import MapInvalid, Problem, Severity
from bailee.kernel.errors import Invalid

app = noun("The data map: what is held, why, for how long.")

MapFile = Annotated[str, typer.Argument(metavar="FILE", help="A map as TOML; - reads from stdin.")]


@verb(app, "show")
def show(run: Run) -> None:
    """The fields of the map in force, with what they are searched by."""
    with run.opened() as session:
        compiled = session.map
    rows = [
        {
            "field": one.key,
            "title": one.title,
            "type": one.type.key,
            "search": [f"{spec.transform}" for spec in one.indexes],
            "purposes": [
                key for key in compiled.categories[one.category].purposes if not compiled.purposes[key].built_in
            ],
            "sensitivity": str(compiled.categories[one.category].sensitivity),
        }
        for one in compiled.fields.values()
        if not compiled.categories[one.category].built_in
    ]
    run.out.rows(
        rows,
        {"field": "Field", "type": "Type", "search": "Found by", "purposes": "For"},
        empty="the map names no fields; bailee map adopt FILE",
    )


@verb(app, "lint")
def lint(run: Run, file: MapFile) -> int:
    """Find what is wrong with a map, with the line and the way out; needs no home. Exit 1 if it can't be adopted."""
    found = _problems(secrets.text_from(file))
    _list(run.out, found)
    wrong = any(one.severity is Severity.ERROR for one in found)
    if not wrong:
        run.out.say("this map can be adopted: bailee map adopt FILE")
    return 1 if wrong else 0


@verb(app, "diff")
def diff(run: Run, file: MapFile) -> int:
    """What a map would change in the one in force. Exit 1 if there is a difference."""
    proposed = secrets.text_from(file)
    with run.opened() as session:
        before = session.see("datamap.map")
        changed = session.differences(before.toml, proposed)
    if run.out.as_json:
        run.out.json({"version": before.version, "changed": bool(changed), "diff": changed})
    elif changed:
        run.out.text(changed)
    else:
        run.out.say(f"no difference to version {before.version}")
    return 1 if changed else 0


@verb(app, "adopt")
def adopt(
    run: Run,
    file: MapFile,
    base_version: Annotated[
        int | None, typer.Option(help="The version your map was edited from; refused if another came meanwhile.")
    ] = None,
) -> None:
    """Put a map in force."""
    text = secrets.text_from(file)
    found = _problems(text)
    if any(one.severity is Severity.ERROR for one in found):
        _list(run.out, found)
        raise Invalid(
            "this map can't be adopted", hint="mend what is listed; bailee map lint shows it again", code="rule-broken"
        )
    with run.opened() as session:
        base = session.map_version if base_version is None else base_version
        done = session.do("datamap.adopt", {"toml": text, "base_version": base})
        session.gate.prepare()
    run.out.one({"version": done.value, "entry": str(done.entry)}, main="version")


@verb(app, "export")
def export(
    run: Run,
    out_file: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file; else stdout.")] = None,
) -> None:
    """The map in force as TOML, to edit and adopt again."""
    with run.opened() as session:
        made = session.see("datamap.map")
    if out_file is not None:
        with PrivateFile(out_file) as handle:
            handle.write(made.toml)
        run.out.one({"version": made.version, "digest": made.digest, "file": str(out_file)}, main="file")
        return
    if run.out.as_json:
        run.out.json(plain(made))
    else:
        run.out.text(made.toml)


def _problems(text: str) -> tuple[Problem, ...]:
    try:
        return problems_of(toml.read(text))
    except MapInvalid as error:
        return error.problems


def _list(out: Out, found: tuple[Problem, ...]) -> None:
    rows: list[dict[str, Any]] = [plain(one) for one in found]
    out.rows(
        rows,
        {"code": "Rule", "line": "Line", "severity": "Weight", "says": "What", "fix": "What to do"},
        right=("line",),
        empty="nothing is wrong with this map",
    )
