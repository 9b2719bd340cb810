"""Every command speaks JSON; none is left out, because the list is checked against the tree."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from tests.cli.desk import Desk

from bailee.cli import generated, nouns
from bailee.kernel.acts import ACTS, LOOKS, Doors

OBJECT: Final = "one object"
LINES: Final = "a line each"
FROM_BOB: Final = "bob"
FROM_AUD: Final = "aud"

Words = Callable[[Desk], tuple[str, ...]]
ASKED: Final[dict[str, tuple[Words, str, str | None, int]]] = {
    "init": (
        lambda d: (
            "--home", f"{d.folder}/new", "--name", "Zoe", "--email", "z@x.example", "--map", "clinic",
            "--reserve-mb", "0",
        ),
        OBJECT, None, 0,
    ),
    "status": (lambda _: (), OBJECT, None, 0),
    "doctor": (lambda _: (), LINES, None, 0),
    "version": (lambda _: (), OBJECT, None, 0),
    "help": (lambda _: (), LINES, None, 0),
    "completion": (lambda _: ("bash",), OBJECT, None, 0),
    "verify": (lambda d: (proof(d),), OBJECT, None, 0),
    "customer find": (lambda _: ("--by", "invoice_no", "--purpose", "billing", "-"), LINES, FROM_BOB, 0),
    "customer show": (lambda d: (d.customer(), "--purpose", "billing"), OBJECT, FROM_BOB, 0),
    "customer reveal": (
        lambda d: (d.customer(), "--purpose", "billing", "--fields", "total", "--allow-pipe"), OBJECT, FROM_BOB, 0,
    ),
    "customer add": (lambda d: ("--purpose", "billing", "--from", given(d, "INV-2")), OBJECT, FROM_BOB, 0),
    "customer change": (
        lambda d: (d.customer(), "--purpose", "billing", "--from", given(d, "INV-3")), OBJECT, FROM_BOB, 0,
    ),
    "customer erase": (
        lambda d: ((one := d.customer()), "--basis", "request", "--yes", "--confirm", one[-4:]), OBJECT, None, 0,
    ),
    "customer history": (lambda d: (d.customer(),), LINES, None, 0),
    "customer export": (lambda d: (d.customer(), "--purpose", "billing", "--allow-pipe"), OBJECT, FROM_BOB, 0),
    "map show": (lambda _: (), LINES, None, 0),
    "map lint": (lambda d: (the_map(d),), LINES, None, 0),
    "map diff": (lambda d: (the_map(d, "# changed\n"),), OBJECT, None, 1),
    "map adopt": (lambda d: (the_map(d, "# changed\n"),), OBJECT, None, 0),
    "map export": (lambda _: (), OBJECT, None, 0),
    "people list": (lambda _: (), LINES, None, 0),
    "people invite": (lambda _: ("--name", "Eve", "--email", "eve@shop.example", "--role", "support"), OBJECT, None, 0),
    "people move": (lambda _: ("bob@shop.example", "--role", "support"), OBJECT, None, 0),
    "people leave": (lambda _: ("bob@shop.example",), OBJECT, None, 0),
    "people key": (lambda _: ("aud@shop.example",), OBJECT, None, 0),
    "roles list": (lambda _: (), LINES, None, 0),
    "roles add": (lambda _: ("developer",), OBJECT, None, 0),
    "access who": (lambda _: ("billing.total",), LINES, None, 0),
    "access what": (lambda _: ("bob@shop.example",), LINES, None, 0),
    "access why": (lambda _: ("bob@shop.example", "support.message", "--purpose", "support"), OBJECT, None, 0),
    "access grants": (lambda _: ("--role", "clerk"), LINES, None, 0),
    "access grant": (
        lambda _: ("billing", "--role", "clerk", "--purpose", "books", "--until", "30d"), OBJECT, None, 0,
    ),
    "access revoke": (lambda _: ("5",), OBJECT, None, 0),
    "access forbid": (lambda _: ("billing.total", "--role", "clerk"), OBJECT, None, 0),
    "access assign": (lambda _: ("aud@shop.example", "--role", "support", "--until", "2w"), OBJECT, None, 0),
    "ledger tail": (lambda _: ("-n", "5"), LINES, None, 0),
    "ledger show": (lambda _: ("2",), OBJECT, None, 0),
    "ledger proof": (lambda _: ("0/2",), OBJECT, None, 0),
    "ledger verify": (lambda _: (), OBJECT, FROM_AUD, 0),
    "ledger export": (lambda _: ("all.ledger",), OBJECT, FROM_AUD, 0),
    "ledger replay": (lambda _: ("ledger.mentions",), OBJECT, None, 0),
    "import plan": (lambda d: (source(d),), OBJECT, None, 0),
    "import check": (lambda d: (plan(d),), OBJECT, None, 8),
    "import run": (lambda d: (plan(d), "--rejects", "rejects.csv"), OBJECT, None, 8),
    "import list": (lambda _: (), LINES, None, 0),
    "do access.grant": (
        lambda _: ("--category", "billing", "--role", "clerk", "--purpose", "books", "--until", "60d"), OBJECT, None, 0,
    ),
    "do access.make_key": (
        lambda d: ("--person", person(d, "bob"), "--secret-file", "new.key"), OBJECT, None, 0,
    ),
    "do access.add_roles": (lambda _: ("--roles", "developer,privacy"), OBJECT, None, 0),
    "do datamap.adopt": (lambda d: ("--toml-file", the_map(d, "# changed\n"), "--base-version", "1"), OBJECT, None, 0),
    "do vault.unlock_bulk": (
        lambda _: ("--purpose", "billing", "--most", "100", "--reason", "stock-taking"), OBJECT, None, 0,
    ),
    "do vault.unlock_more": (
        lambda d: (
            "--purpose", "billing", "--most", "20000", "--reason", "stock", "--second-key-file", str(d.key("bob")),
        ),
        OBJECT, None, 3,
    ),
    "see vault.census": (lambda _: (), OBJECT, None, 0),
    "see access.people": (lambda _: (), LINES, None, 0),
    "see access.roles": (lambda _: (), LINES, None, 0),
    "see access.grants": (lambda _: (), LINES, None, 0),
    "see access.who": (lambda _: ("--target", "billing"), LINES, None, 0),
    "see access.what": (lambda d: ("--person", person(d, "bob")), LINES, None, 0),
    "see access.why": (
        lambda d: ("--person", person(d, "bob"), "--field", "billing.total", "--purpose", "billing"), OBJECT, None, 0,
    ),
    "see datamap.map": (lambda _: (), OBJECT, None, 0),
    "see discovery.imports": (lambda _: (), LINES, None, 0),
    "see ledger.entries": (lambda _: (), LINES, None, 0),
    "see ledger.entry": (lambda _: ("--index", "1"), OBJECT, None, 0),
    "see ledger.state": (lambda _: (), OBJECT, None, 0),
}  # fmt: skip


def proof(desk: Desk) -> str:
    assert desk.run("ledger", "proof", "2", "--out", "entry.tlog-proof").status == 0
    return "entry.tlog-proof"


def given(desk: Desk, invoice: str) -> str:
    path = desk.folder / "fields.toml"
    path.write_text(f'[billing]\ninvoice_no = "{invoice}"\ntotal = 19.80\n')
    return str(path)


def the_map(desk: Desk, more: str = "") -> str:
    made = desk.run("map", "export").out
    (desk.folder / "map.toml").write_text(more + made)
    return "map.toml"


def person(desk: Desk, name: str) -> str:
    return next(str(one["id"]) for one in desk.run("people", "list", "--json").lines if one["name"] == name)


def source(desk: Desk) -> str:
    (desk.folder / "c.csv").write_text("id,first name,email\n1,Jan,jan@example.org\n2,Eve,nobody\n")
    return "c.csv"


def plan(desk: Desk) -> str:
    assert desk.run("import", "plan", source(desk), "--out", "c.plan").status == 0
    return "c.plan"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that is written by hand: its words, and what Typer made of it."""
    root: Any = typer.main.get_command(nouns.app)
    context = typer.Context(root)
    for name in root.list_commands(context):
        if name in {"do", "see"}:
            continue
        command = root.get_command(context, name)
        verbs = getattr(command, "commands", None)
        if verbs is None:
            yield name, command
        else:
            for verb, one in verbs.items():
                yield f"{name} {verb}", one


def registered() -> Iterator[tuple[str, Any]]:
    """Every generated command."""
    for group in (generated.doing(), generated.seeing()):
        context = typer.Context(group)
        for name in group.list_commands(context):  # type: ignore[attr-defined]  # as above
            yield f"{group.name} {name}", group.get_command(context, name)  # type: ignore[attr-defined]  # as above


@pytest.mark.check("api-13")
@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_command_answers_in_json_without_colour(desk: Desk, name: str) -> None:
    words, kind, who, status = ASKED[name]
    said = desk.run(*name.split(), *words(desk), "--json", "--no-input", stdin="INV-1", who=who)
    assert (status, "") == (said.status, said.err if status == 0 else "")
    for line in said.out.splitlines():
        assert isinstance(json.loads(line), dict)
    if kind == OBJECT and status != 3:
        assert len(said.out.splitlines()) == 1
    assert "\x1b" not in said.out + said.err


@pytest.mark.check("api-13")
def test_no_command_is_left_out_of_the_list() -> None:
    told_elsewhere = {"demo"}  # plays for minutes, in tests of its own
    assert {name for name, _ in commands()} - told_elsewhere <= set(ASKED)


@pytest.mark.check("api-13")
def test_no_look_is_left_out_of_the_list() -> None:
    assert {f"see {name}" for name, one in LOOKS.items() if Doors.CLI in one.doors} <= set(ASKED)


def test_every_act_of_this_door_has_a_verb() -> None:
    reachable = {name.removeprefix("do ") for name, _ in registered()} | set(generated.SPOKEN_FOR)
    assert {name for name, one in ACTS.items() if Doors.CLI in one.doors} == reachable & set(ACTS)


def test_what_is_part_of_a_longer_command_names_one_that_exists() -> None:
    assert set(generated.SPOKEN_FOR.values()) <= {name for name, _ in commands()}


@pytest.mark.check("api-14")
def test_no_option_takes_a_secret() -> None:
    """A secret is typed, or read from a file; an option about one is a file name or a flag."""
    about_secrets = ("key", "secret", "pass", "token", "pin", "credential", "value", "code")
    taking = [
        (name, flag)
        for name, command in [*commands(), *registered()]
        for param in command.params
        for flag in (*param.opts, *param.secondary_opts)
        if any(word in flag.strip("-").replace("passphrase", "pass").split("-") for word in about_secrets)
        and not flag.endswith("-file")
        and not getattr(param, "is_flag", False)
    ]
    assert taking == []


@pytest.mark.check("api-14")
def test_no_command_about_customers_takes_a_value() -> None:
    """What stands on its command lines are ids, names of fields and purposes, files and numbers."""
    known = {
        "customer", "purpose", "case", "fields", "field", "by", "how", "source", "value_file", "after", "limit",
        "record", "if_version", "basis", "category", "plan", "yes", "confirm", "receipt", "out_file", "allow_pipe",
        "as_json", "quiet", "no_input", "home", "key_file", "help",
    }  # fmt: skip
    asked = {param.name for name, one in commands() if name.startswith("customer ") for param in one.params}
    assert set() == asked - known


def test_every_command_says_what_it_is_for() -> None:
    assert [name for name, one in [*commands(), *registered()] if not (one.help or "").strip()] == []


def test_the_verbs_of_a_second_person_take_their_key(desk: Desk) -> None:
    words = ("do", "vault.unlock_more", "--purpose", "billing", "--most", "20000", "--reason", "stock-taking")
    assert desk.run(*words).status == 3
    invited = desk.run("people", "invite", "--name", "Olga", "--email", "olga@shop.example", "--role", "owner")
    assert invited.status == 0, invited.err
    assert desk.run(*words, "--second-key-file", str(Path("olga.key"))).status == 0
