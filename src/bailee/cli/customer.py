"""`bailee customer`: find, show, reveal, add, change, erase, export. No value of a customer is ever an argument."""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bailee.cli import secrets
from bailee.cli.ledger import named
from bailee.cli.opening import Run
from bailee.cli.output import Out, plain, words
from bailee.cli.refusals import PARTLY
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import noun, verb
from bailee.kernel import asks, ids
from bailee.kernel.errors import Conflict, HouseError, Invalid

if TYPE_CHECKING:
    from bailee.cli.session import Session
    from bailee.kernel.recorded import EntryRef
    from bailee.vault.words import Item, Shown

app = noun("Customers: find, show, reveal, add, change, erase, export.")

Customer = Annotated[str, typer.Argument(metavar="ID", help="The customer's id.")]
Purpose = Annotated[str, typer.Option(help="What you need it for: a purpose of the data map. It stands on record.")]
Case = Annotated[str | None, typer.Option(help="The open case it is for.")]
Fields = Annotated[list[str] | None, typer.Option("--fields", help="Fields, by comma; repeat it.", metavar="FIELD,…")]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="FILE", help="Fields as JSON or TOML from a file (- for stdin); else you are asked."
    ),
]
AllowPipe = Annotated[
    bool, typer.Option("--allow-pipe", help="Let clear values leave through a pipe or into a file of the shell.")
]

_CLEAR = "clear"
_PARTIAL = "partial"


@verb(app, "find")
def find(
    run: Run,
    by: Annotated[str, typer.Option(help="The field to search by.")],
    purpose: Purpose,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[-]", help="- reads the value from stdin; else you are asked for it.", show_default=False
        ),
    ] = None,
    how: Annotated[
        str, typer.Option(metavar="is|word|domain|last4|prefix3…6|year", help="How the value is compared.")
    ] = "is",
    value_file: Annotated[str | None, typer.Option(metavar="FILE", help="Read the value from a file.")] = None,
    fields: Fields = None,
    case: Case = None,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this customer.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
) -> None:
    """Find customers by a field that has an index; what is found is shown masked."""
    if source not in {None, secrets.STDIN}:
        raise Invalid(
            "a value on the command line stays in the shell's history",
            hint="leave it out and you are asked for it; or - for stdin, or --value-file FILE",
        )
    if source or value_file:
        value = secrets.value_from(value_file or secrets.STDIN)
    else:
        value = run.ask(f"{by} to look for", instead="- for stdin, or --value-file FILE")
    with run.opened() as session:
        made = session.find(purpose, by, how, value, _split(fields), case, after, limit)
    rows = [_row(item) for item in made.items]
    for at, row in enumerate(rows):
        row["more"] = made.more is not None and at == len(rows) - 1
    seen: dict[str, str] = {}
    cells = []
    for row in rows:
        shown = {name: _text(value) for name, value in row["fields"].items()}
        seen.update(dict.fromkeys(shown, ""))
        cells.append({"id": row["id"], **shown})
    run.out.rows(
        rows,
        {"id": "ID", **{name: name for name in seen}},
        cells=cells,
        empty="nobody found; it looks for the whole value unless --how says otherwise",
    )
    if made.more is not None:
        run.out.say(f"There are more: --after {ids.text(made.more)}")


@verb(app, "show")
def show(run: Run, customer: Customer, purpose: Purpose, fields: Fields = None, case: Case = None) -> None:
    """One customer, masked; nothing is shown in the clear."""
    with run.opened() as session:
        made = session.read(purpose, customer, _split(fields) or session.fields_for(purpose), (), case)
    _print(run.out, made.items[0], made.entries)


@verb(app, "reveal")
def reveal(
    run: Run,
    customer: Customer,
    purpose: Purpose,
    fields: Annotated[
        list[str], typer.Option("--fields", metavar="FIELD,…", help="Which fields, by comma; repeat it.")
    ],
    case: Case = None,
    allow_pipe: AllowPipe = False,
) -> int:
    """Fields of one customer in the clear, as far as you may see them; it stands on record."""
    _no_pipe(allow_pipe=allow_pipe)
    wanted = _split(fields)
    with run.opened() as session:
        made = session.read(purpose, customer, (), wanted, case)
    item = made.items[0]
    _print(run.out, item, made.entries)
    masked = any(one.level.name.lower() != _CLEAR for record in item.records for one in record.values.values())
    return PARTLY if item.withheld or masked else 0


@verb(app, "add")
def add(
    run: Run,
    purpose: Purpose,
    source: From = None,
) -> None:
    """A new customer; fields come from a file, stdin or prompts, never from the command line."""
    given = _given(source)
    with run.opened() as session:
        fields = given if given is not None else _asked(run, session)
        made = session.write(purpose, fields)
    run.out.one({"id": ids.text(made.subject), "records": _records(made.records), "entry": str(made.entry)}, main="id")


@verb(app, "change")
def change(
    run: Run,
    customer: Customer,
    purpose: Purpose,
    source: From = None,
    field: Annotated[list[str] | None, typer.Option(help="Ask for this field only; repeat it.")] = None,
    record: Annotated[
        str | None, typer.Option(metavar="ID", help="Which record, in a category that keeps many.")
    ] = None,
    if_version: Annotated[int | None, typer.Option(help="Only if the customer is still at this version.")] = None,
) -> None:
    """Change fields of a customer; null (or a dash at a prompt) takes a field away."""
    given = _given(source)
    with run.opened() as session:
        fields = given if given is not None else _asked(run, session, only=field, dash=True)
        made = session.write(purpose, fields, customer, record, if_version)
    run.out.one({"id": ids.text(made.subject), "records": _records(made.records), "entry": str(made.entry)}, main="id")


@verb(app, "erase")
def erase(
    run: Run,
    customer: Customer,
    basis: Annotated[
        str, typer.Option(metavar="request|retention|contract_ended|undo", help="Why; it stands on record.")
    ],
    category: Annotated[list[str] | None, typer.Option(help="Only this category; repeat it.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be destroyed, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --confirm.")] = False,
    confirm: Annotated[
        str | None, typer.Option(metavar="LAST4", help="The last four signs of the id, with --yes.")
    ] = None,
    receipt: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the receipt is written.")] = None,
) -> int:
    """Erase a customer for good: keys destroyed, rows deleted, with a signed receipt. There is no way back."""
    out, ask = run.out, {"subject": customer, "basis": basis, "categories": tuple(_split(category))}
    with run.opened() as session:
        doomed = session.erasure_plan(ask)
        if plan:
            out.one(plain(doomed), title="This would be destroyed", main="records")
            return 0
        if doomed.held:
            raise _held()
        out.say("This will be destroyed, and can't be brought back:")
        for label, value in (
            ("categories", ", ".join(doomed.categories) or "none"),
            ("records", doomed.records),
            ("keys", doomed.keys),
            ("index rows", doomed.index_rows),
        ):
            out.say(f"  {label:<11} {value}")
        _sure(run, customer, yes=yes, confirm=confirm)
        with PrivateFile(receipt) if receipt else nullcontext() as file:
            done = session.erase(ask)
            text = done.receipt.file()
            if file is not None:
                file.write(text)
    written = receipt if file is not None else _keep_receipt(done.id, text)
    data = {"erasure": done.id, "entry": str(done.entry), "receipt_file": None if written is None else str(written)}
    if out.as_json:
        out.json({**data, "receipt": text})
    elif written is None:
        out.text(text)
    else:
        out.one(data, main="erasure")
        out.say(f"Send the receipt to the customer; anyone can check it: bailee verify {written}")
    if written is None:
        out.warn("the receipt could not be written to a file; it is printed here")
        return PARTLY
    return 0


@verb(app, "history")
def history(
    run: Run, customer: Customer, limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 200
) -> None:
    """Who did what with one customer's data, newest first."""
    with run.opened() as session:
        rows, cells = named(session, session.history(customer, limit))
    run.out.rows(
        rows,
        {"index": "Entry", "at": "When", "actor": "Who", "says": "What", "purpose": "For"},
        right=("index",),
        cells=cells,
        empty="nothing is on record about this customer",
    )


@verb(app, "export")
def export(
    run: Run,
    customer: Customer,
    purpose: Purpose,
    case: Case = None,
    out_file: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file, mode 0600.")] = None,
    allow_pipe: AllowPipe = False,
) -> None:
    """Everything of one customer that you may see in the clear for a purpose, as JSON."""
    if out_file is None:
        _no_pipe(allow_pipe=allow_pipe)
    with run.opened() as session, PrivateFile(out_file) if out_file else nullcontext() as file:
        made = plain(session.export(purpose, customer, case))
        if file is not None:
            file.write(json.dumps(made, ensure_ascii=False, indent=2) + "\n")
    if out_file is not None:
        run.out.one(
            {"id": made["subject"], "file": str(out_file), "withheld": made["withheld"], "entry": made["entry"]},
            main="file",
        )
    elif run.out.as_json:
        run.out.json(made)
    else:
        run.out.text(json.dumps(made, ensure_ascii=True, indent=2))


# -- what is typed in


def _split(given: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for one in given or () for part in one.split(",") if part.strip()))


def _given(source: str | None) -> dict[str, Any] | None:
    """Fields from a file or stdin; numbers with a fraction stay the text they were."""
    if source is None:
        return None
    text = secrets.text_from(source)
    try:
        if source.endswith(".toml") or not text.lstrip().startswith("{"):
            raw = tomllib.loads(text, parse_float=str)
        else:
            asks.parse(text.encode())
            raw = json.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            "this is neither a JSON object nor TOML", hint='{"contact.email": "…"}; bailee map export lists the fields'
        ) from error
    flat = dict(_flat(raw))
    if not flat:
        raise Invalid("no field is in it", hint='{"contact.email": "…"}; bailee map export lists the fields')
    return flat


def _flat(raw: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """`{"contact": {"email": …}}` says the same as `{"contact.email": …}`; deeper objects are values (an address)."""
    made: list[tuple[str, Any]] = []
    for key, value in raw.items():
        if isinstance(value, Mapping) and not above and "." not in key:
            made += _flat(value, f"{key}.")
        else:
            made.append((f"{above}{key}", value))
    return made


def _asked(run: Run, session: "Session", *, only: list[str] | None = None, dash: bool = False) -> dict[str, Any]:
    """Ask for fields one after the other; a wrong value is asked for again, an empty one is left out."""
    instead = "--from FILE, or --from - for stdin"
    if not run.interactive:
        raise Invalid("the fields are needed, and there is nobody to ask", hint=instead)
    compiled = session.map
    wanted = [compiled.resolve(name).key for name in _split(only)] or [
        key for key in session.all_fields() if compiled.categories[compiled.fields[key].category].derived_from is None
    ]
    run.out.say("Return leaves a field out." + (" A dash takes it away." if dash else ""))
    made: dict[str, Any] = {}
    for key in wanted:
        while given := run.ask(key, instead=instead):
            if dash and given == "-":
                made[key] = None
                break
            try:
                compiled.fields[key].parse(given)
            except HouseError as error:
                run.out.say(f"  {error}: {error.hint}")
                continue
            made[key] = given
            break
    return made


def _no_pipe(*, allow_pipe: bool) -> None:
    if not allow_pipe and not sys.stdout.isatty():
        raise Invalid(
            "clear values would leave through a pipe or file", hint="--allow-pipe if that is meant", code="rule-broken"
        )


def _sure(run: Run, customer: str, *, yes: bool, confirm: str | None) -> None:
    """The last four signs of the id, typed or given: a wrong id in a script erases nobody."""
    if yes != (confirm is not None):
        raise Invalid("--yes and --confirm go together", hint="--yes --confirm and the last four signs of the id")
    instead = "--yes --confirm and the last four signs of the id"
    given = confirm if confirm is not None else run.ask("Type the last four signs of the id", instead=instead)
    if given.casefold() != customer.replace("-", "")[-4:].casefold():
        raise Invalid("that is not the end of this id", hint="nothing was erased")


def _held() -> HouseError:

    return Conflict(
        "a legal hold keeps this customer", hint="bailee do vault.release --hold …, if it may go", code="held"
    )


def _keep_receipt(erasure: str, text: str) -> Path | None:
    """Write the receipt into this folder; the erasure is done, so a failure here must not look like one of it."""
    path = Path(f"bailee-receipt-{erasure[-8:]}.txt")
    try:
        with PrivateFile(path) as file:
            file.write(text)
    except HouseError:
        return None
    return path


# -- what is shown


def _value(shown: "Shown") -> dict[str, Any]:
    level = shown.level.name.lower()
    if level == _CLEAR:
        return {"value": plain(shown.value)}
    return {"masked": shown.text} if level == _PARTIAL else {"present": True}


def _text(value: Mapping[str, Any]) -> str:
    if "value" in value:
        return words(value["value"])
    return str(value["masked"]) if "masked" in value else "(on file)"


def _row(item: "Item") -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for record in item.records:
        fields.update({name: _value(one) for name, one in record.values.items()})
    return {"id": ids.text(item.subject), "fields": fields}


def _records(records: Mapping[str, tuple[bytes, int]]) -> dict[str, Any]:
    return {key: {"record": ids.text(record), "version": version} for key, (record, version) in records.items()}


def _print(out: Out, item: "Item", entries: "Sequence[EntryRef]") -> None:
    """One customer with their records."""
    records: list[dict[str, Any]] = [
        {
            "category": one.category,
            "record": ids.text(one.record),
            "version": one.version,
            "fields": {name: _value(shown) for name, shown in one.values.items()},
        }
        for one in item.records
    ]
    if out.as_json:
        out.json(
            {
                "id": ids.text(item.subject),
                "standing": str(item.standing),
                "records": records,
                "withheld": dict(item.withheld),
                "entries": [str(one) for one in entries],
            }
        )
        return
    if out.quiet:
        for record in records:
            for value in record["fields"].values():
                out.line(_text(value))
        return
    many = {one["category"] for one in records if sum(other["category"] == one["category"] for other in records) > 1}
    for record in records:
        title = record["category"] + (f"  {record['record']}" if record["category"] in many else "")
        out.heading(title)
        out.pairs([(name.rpartition(".")[2], _text(value)) for name, value in record["fields"].items()], indent=2)
    if not records:
        out.say("nothing is on file in these fields")
    for because in sorted(set(item.withheld.values())):
        out.say(f"withheld, {because}:")
        by_category: dict[str, list[str]] = {}
        for name in (name for name, why in item.withheld.items() if why == because):
            category, _, field = name.partition(".")
            by_category.setdefault(category, []).append(field)
        for category, names in by_category.items():
            out.say(f"  {category}: {', '.join(names)}")
    out.say(f"recorded as entry {', '.join(str(one) for one in entries)}")
