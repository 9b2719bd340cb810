"""One home made by `bailee init`, with Ann the owner, Bob the clerk, Aud the auditor and one customer."""

import json
from pathlib import Path

import pytest
from tests.cli.desk import DORA, Desk, copy


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"folder": tmp_path_factory.mktemp("cli") / "desk"}


@pytest.fixture
def template(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The home that tests copy; made once."""
    folder = made["folder"]
    if not folder.exists():
        folder.mkdir()
        with monkeypatch.context() as patch:
            desk = Desk(folder, patch, capsys)
            owner = ("--name", "Ann Owner", "--email", "ann@shop.example")
            assert desk.run("init", *owner, "--map", "shop", "--reserve-mb", "0", "--no-input").status == 0
            for name, role in (("bob", "clerk"), ("aud", "auditor")):
                invited = desk.run(
                    "people", "invite", "--name", name, "--email", f"{name}@shop.example", "--role", role
                )
                assert invited.status == 0, invited.err
            (folder / "ann.key").write_bytes((folder / "home.key").read_bytes())
            (folder / "ann.key").chmod(0o600)
            added = desk.run(
                "customer", "add", "--purpose", "billing", "--from", "-", stdin=json.dumps(DORA), who="bob"
            )
            assert added.status == 0, added.err
    return folder


@pytest.fixture
def desk(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(copy(template, tmp_path), monkeypatch, capsys)
