"""What is refused, with which exit code, and that nothing typed comes back."""

import fcntl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from tests.cli.desk import CANARY, Desk

from bailee.cli import refusals
from bailee.cli.opening import HALF_MADE
from bailee.cli.session import Session
from bailee.custody.providers.passphrase import PassphraseCustodian
from bailee.kernel.errors import Halted, TooMany, Unavailable

SHOW: Final = ("--purpose", "billing")


def refused(desk: Desk, status: int, code: str, *words: str, who: str | None = None, stdin: str = "") -> Any:
    """Run a command both ways, and compare what it refuses with."""
    said = desk.run(*words, who=who, stdin=stdin)
    assert (status, "") == (said.status, said.out)
    assert said.err.splitlines()[0].startswith("error: ")
    assert len(said.err.splitlines()) <= 2
    answer = desk.run(*words, "--json", who=who, stdin=stdin)
    assert {"code", "detail", "hint", "exit"} == answer.error.keys()
    assert (status, status, code) == (answer.status, answer.error["exit"], answer.error["code"])
    assert CANARY not in said.err + answer.err
    return answer.error


@pytest.mark.check("api-13")
def test_a_mistyped_command_is_a_mistake_of_use(desk: Desk) -> None:
    assert "customer" in refused(desk, 2, "usage", "custmer")["hint"]


@pytest.mark.check("api-13")
@pytest.mark.parametrize(
    "words",
    [
        ("customer", "find", "--by", "email", "--purpose", "billing", CANARY),
        ("customer", "find", "--by", CANARY, "--purpose", "billing", "-"),
        ("customer", "show", CANARY, "--purpose", "billing"),
        ("customer", "find", "--by", "email", "--purpose", "billing", "-", CANARY),
        ("customer", "find", "--by", "email", "--purpose", "billing", "-", "--limit", CANARY),
        ("customer", "show", "--" + CANARY),
        ("do", "access.grant", "--category", CANARY, "--role", "clerk", "--purpose", "books", "--until", "30d"),
        ("do", "access.revoke", "--grant", CANARY),
    ],
)
def test_what_was_typed_is_never_repeated(desk: Desk, words: tuple[str, ...]) -> None:
    for more in ((), ("--json",)):
        said = desk.run(*words, *more, stdin=CANARY)
        assert said.status == 2
        assert CANARY not in said.out + said.err


@pytest.mark.check("api-13")
def test_a_missing_purpose_is_a_mistake_of_use(desk: Desk) -> None:
    assert refused(desk, 2, "usage", "customer", "show", "x")["detail"] == "--purpose is missing"


@pytest.mark.check("api-13")
@pytest.mark.parametrize("words", [("customer", "show", "--purpose", "billing"), ("access", "revoke"), ("map", "lint")])
def test_a_missing_argument_is_a_mistake_of_use(desk: Desk, words: tuple[str, ...]) -> None:
    assert refused(desk, 2, "usage", *words)["detail"].endswith(" is missing")


def test_a_mistake_in_the_words_for_a_mistake_shows_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "usage", _raising(RuntimeError(CANARY)))
    refused(desk, 1, "internal", "stat")


@pytest.mark.check("api-13")
def test_an_unknown_purpose_is_refused(desk: Desk) -> None:
    refused(desk, 2, "purpose-unknown", "customer", "show", desk.customer(), "--purpose", "curiosity", who="bob")


@pytest.mark.check("api-13")
def test_an_unknown_field_is_refused(desk: Desk) -> None:
    words = ("customer", "show", desk.customer(), *SHOW, "--fields", "shoe_size")
    refused(desk, 2, "field-unknown", *words, who="bob")


@pytest.mark.check("api-13")
def test_an_unknown_configuration_key_is_refused_with_the_nearest(desk: Desk) -> None:
    (desk.home / "bailee.toml").write_text("[home]\nreserve_md = 0\n")
    assert "reserve_mb" in refused(desk, 2, "rule-broken", "status")["hint"]


@pytest.mark.check("api-13")
def test_what_is_not_granted_is_denied(desk: Desk) -> None:
    refused(
        desk, 3, "not-granted", "customer", "show", desk.customer(), *SHOW, "--fields", "support.message", who="bob"
    )
    refused(desk, 3, "not-granted", "people", "list", who="bob")


@pytest.mark.check("api-13")
def test_a_missing_key_file_is_denied(desk: Desk) -> None:
    refused(desk, 3, "credential-missing", "people", "list", who="nobody")


@pytest.mark.check("api-13")
def test_a_key_file_open_to_others_is_denied(desk: Desk) -> None:
    desk.key("ann").chmod(0o644)
    said = refused(desk, 3, "credential-invalid", "people", "list", who="ann")
    assert "open to other users" in said["detail"]


@pytest.mark.check("api-13")
def test_the_key_of_another_home_is_denied(desk: Desk) -> None:
    new = ("--home", str(desk.folder / "other"), "--name", "Zoe", "--email", "z@x.example", "--map", "shop")
    assert desk.run("init", *new, "--reserve-mb", "0").status == 0
    refused(desk, 3, "credential-invalid", "--home", str(desk.home), "people", "list", who="other")


@pytest.mark.check("api-13")
def test_a_home_without_its_root_key_stays_shut(desk: Desk) -> None:
    (desk.folder / "home.custody" / "root.key").unlink()
    refused(desk, 4, "custody-unreachable", "people", "list")


@pytest.mark.check("api-13")
def test_no_home_is_not_found(desk: Desk) -> None:
    refused(desk, 5, "not-found", "--home", str(desk.folder / "nowhere"), "status")


@pytest.mark.check("api-13")
def test_an_unknown_customer_is_not_found(desk: Desk) -> None:
    refused(desk, 5, "not-found", "customer", "show", "0192f0c1-7f3a-7c11-9a52-5d0c3f6b1e77", *SHOW, who="bob")


@pytest.mark.check("api-13")
def test_an_erased_customer_is_gone_and_the_receipt_holds(desk: Desk) -> None:
    one = desk.customer()
    erased = desk.run(
        "customer", "erase", one, "--basis", "request", "--yes", "--confirm", one[-4:], "--receipt", "r.txt", "--json"
    )
    assert erased.json["receipt_file"] == "r.txt"
    refused(desk, 5, "erased", "customer", "show", one, *SHOW, who="bob")
    assert desk.run("verify", "r.txt").status == 0
    receipt = desk.folder / "r.txt"
    receipt.write_text(receipt.read_text().replace("keys ", "keys 1"))
    refused(desk, 1, "tampered", "verify", "r.txt")


@pytest.mark.check("api-13")
def test_a_second_process_is_a_conflict(desk: Desk) -> None:
    with (desk.home / "lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused(desk, 6, "conflict", "status")
    assert desk.run("status").status == 0


@pytest.mark.check("api-13")
def test_a_held_customer_is_not_erased(desk: Desk) -> None:
    one = desk.customer()
    assert desk.run("do", "vault.hold", "--subject", one, "--review-on", "30d", "--reason", "court").status == 0
    refused(desk, 6, "held", "customer", "erase", one, "--basis", "request", "--yes", "--confirm", one[-4:])


@pytest.mark.check("api-13")
@pytest.mark.parametrize("confirm", [("--yes",), ("--confirm", "0000"), ("--yes", "--confirm", "zzzz"), ()])
def test_without_the_right_word_nobody_is_erased(desk: Desk, confirm: tuple[str, ...]) -> None:
    one = desk.customer()
    assert desk.run("customer", "erase", one, "--basis", "request", *confirm).status == 2
    assert one == desk.customer()


@pytest.mark.check("api-13")
def test_clear_values_do_not_leave_through_a_pipe_unless_meant(desk: Desk) -> None:
    one = desk.customer()
    words = ("customer", "reveal", one, *SHOW, "--fields", "total")
    refused(desk, 2, "rule-broken", *words, who="bob")
    refused(desk, 2, "rule-broken", "customer", "export", one, *SHOW, who="bob")
    said = desk.run(*words, "--allow-pipe", "--json", who="bob")
    assert said.json["records"][0]["fields"] == {"billing.total": {"value": "19.80"}}


@pytest.mark.check("api-13")
def test_a_reveal_that_withholds_is_partly_done(desk: Desk) -> None:
    words = ("customer", "reveal", desk.customer(), *SHOW, "--fields", "total,support.message", "--allow-pipe")
    said = desk.run(*words, "--json", who="bob")
    assert (said.status, list(said.json["withheld"])) == (8, ["support.message"])


@pytest.mark.check("api-13")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TooMany("enough"), 7),
        (Halted("stopped"), 70),
        (Unavailable("shut", code="ledger-closed"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_other_ends_have_their_codes_and_close_the_home(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    monkeypatch.setattr(Session, "see", _raising(error))
    assert status == desk.run("people", "list").status
    assert not (desk.home / "open").exists()


@pytest.mark.check("api-13")
def test_what_nobody_thought_of_shows_a_reference_and_no_value(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "see", _raising(RuntimeError(f"could not open {CANARY}")))
    first, second = (refused(desk, 1, "internal", "people", "list") for _ in range(2))
    assert first == second
    assert "reference" in first["detail"]


def _raising(error: BaseException) -> Callable[..., Any]:
    def see(*_: object, **__: object) -> Any:
        raise error

    return see


def test_an_interrupted_init_is_told_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    home = desk.folder / "half"
    new = ("init", "--home", str(home), "--name", "Zoe", "--email", "z@x.example", "--map", "shop", "--reserve-mb", "0")
    with monkeypatch.context() as patch:
        patch.setattr("bailee.cli.founding.keys.actor_of", _raising(KeyboardInterrupt()))
        assert desk.run(*new).status == 130
    assert (home / HALF_MADE).exists()
    assert "interrupted" in refused(desk, 6, "conflict", "--home", str(home), "status")["detail"]
    assert "remove" in refused(desk, 6, "conflict", *new)["hint"]


def test_init_overwrites_nothing(desk: Desk) -> None:
    before = {path: path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file()}
    new = ("init", "--name", "Zoe", "--email", "z@x.example", "--map", "shop")
    refused(desk, 6, "conflict", *new)
    (desk.home / "house.json").rename(desk.folder / "house.json")
    assert "put house.json back" in refused(desk, 6, "conflict", *new)["hint"]
    (desk.folder / "house.json").rename(desk.home / "house.json")
    refused(desk, 6, "conflict", *new, "--home", str(desk.folder / "n"), who="ann")
    assert before == {path: path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file()}


def test_init_makes_private_files_and_shows_no_key(desk: Desk) -> None:
    home = desk.folder / "new"
    new = ("init", "--home", str(home), "--name", "Zoe", "--email", "z@x.example", "--map", "shop", "--reserve-mb", "0")
    said = desk.run(*new, "--json")
    key = (desk.folder / "new.key").read_text().strip()
    assert key not in said.out + said.err
    assert said.json["vkey"] == (desk.folder / "new.vkey").read_text().strip()
    open_to_others = [
        str(path)
        for top in (home, desk.folder / "new.custody", desk.folder / "new.key")
        for path in (top, *top.rglob("*"))
        if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_a_passphrase_opens_a_home_and_is_asked_for_otherwise(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = partial(PassphraseCustodian.make, memory_mib=8)
    monkeypatch.setattr(PassphraseCustodian, "make", cheap)
    home, words = desk.folder / "locked", "seven made up words in a row"
    (desk.folder / "words").write_text(words)
    (desk.folder / "words").chmod(0o600)
    new = ("init", "--home", str(home), "--name", "Zoe", "--email", "z@x.example", "--map", "shop", "--reserve-mb", "0")
    made = desk.run(*new, "--custody", "passphrase", "--passphrase-file", "words")
    assert made.status == 0, made.err
    assert "passphrase_file" in refused(desk, 2, "rule-broken", "--home", str(home), "status")["hint"]
    monkeypatch.setenv("BAILEE_CUSTODY__PASSPHRASE_FILE", str(desk.folder / "words"))
    assert desk.run("--home", str(home), "status").status == 0
    (desk.folder / "words").write_text("seven other words in a row")
    refused(desk, 3, "not-granted", "--home", str(home), "status")


def test_the_demo_custodian_is_refused(desk: Desk) -> None:
    (desk.home / "bailee.toml").write_text('[home]\nreserve_mb = 0\n[custody]\nprovider = "memory"\n')
    refused(desk, 2, "rule-broken", "status")


@pytest.mark.check("api-13")
def test_a_file_that_is_there_is_never_overwritten(desk: Desk) -> None:
    for words in (
        ("ledger", "proof", "2", "--out", "there"),
        ("map", "export", "--out", "there"),
        ("people", "key", "bob@shop.example", "--new-key-file", "there"),
    ):
        Path("there").write_text("mine")
        refused(desk, 6, "conflict", *words)
        assert Path("there").read_text() == "mine"
    assert desk.run("customer", "show", desk.customer(), *SHOW, who="bob").status == 0


def test_values_from_json_and_toml_mean_the_same(desk: Desk) -> None:
    texts = ['{"billing": {"total": 20.10}}', "[billing]\ntotal = 20.10\n", '{"billing.total": "20.10"}']
    seen = []
    for text in texts:
        made = desk.run("customer", "add", *SHOW, "--from", "-", "--json", stdin=text, who="bob").json["id"]
        show = ("customer", "reveal", made, *SHOW, "--fields", "total", "--allow-pipe", "-q")
        seen.append(desk.run(*show, who="bob").out)
    assert seen == ["20.10\n"] * 3
