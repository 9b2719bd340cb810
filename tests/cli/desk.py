"""A desk to work at: a home made by `bailee init`, copied for each test, and the command line in this process."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from tests import homes

from bailee import config as configuration
from bailee.cli import app, opening

DORA: Final = {"billing": {"invoice_no": "INV-1", "total": "19.80"}}
CANARY: Final = "dora.canary@customer.example"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        [line] = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> Any:
        """The object on stderr."""
        return json.loads(self.err.splitlines()[-1])


class Desk:
    """One copy of the home, its people's key files, and the way to call commands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)
        monkeypatch.setenv("BAILEE_HOME", str(self.home))
        monkeypatch.delenv("BAILEE_KEY_FILE", raising=False)
        monkeypatch.setattr(opening, "set_up", lambda home: homes.point(configuration.load(home)))
        monkeypatch.setattr(app, "_gentle_end", lambda: None)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def run(self, *words: str, stdin: str = "", who: str | None = None) -> Said:
        """Call a command in this process; stdin and stdout are no terminals."""
        given = list(words) if who is None else ["--key-file", str(self.key(who)), *words]
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        mask = os.umask(0o077)
        try:
            self._capsys.readouterr()
            status = app.main(given)
        finally:
            os.umask(mask)
        said = self._capsys.readouterr()
        return Said(status, said.out, said.err)

    def customer(self, who: str = "bob") -> str:
        """The id of the customer who is in each home."""
        said = self.run(
            "-q", "customer", "find", "--by", "invoice_no", "--purpose", "billing", "-", stdin="INV-1", who=who
        )
        return said.out.strip()


def process(folder: Path, *words: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Said:
    """Call a command as a process of its own; stdin stays open and empty unless it is given."""
    made = {name: value for name, value in os.environ.items() if not name.startswith("BAILEE_")}
    made.update({"BAILEE_HOME": str(folder / "home"), **(env or {})})
    command = [sys.executable, "-m", "bailee", *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=made
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            if stdin is None:
                running.wait(timeout=60)
                out, err = running.stdout.read(), running.stderr.read()
            else:
                out, err = running.communicate(stdin.encode(), timeout=60)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
    return Said(running.returncode, out.decode(), err.decode())


def copy(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder / "desk")
    return folder / "desk"
