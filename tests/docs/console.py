"""Runs ```console blocks, command by command in a fresh folder; `…` in the output stands for anything."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sybil import Document, Example, Region

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHELLS: dict[str, Path] = {}


class ConsoleBlocks:
    """A sybil parser: one region per block; blocks of one document share a folder and go in order."""

    def __call__(self, document: Document) -> Iterator[Region]:
        for found in _BLOCK.finditer(document.text):
            yield Region(found.start(), found.end(), found.group(1), _run)


def _run(example: Example) -> str | None:
    folder = _SHELLS.setdefault(example.path, Path(tempfile.mkdtemp(prefix="bailee-docs-")))
    for command, expected in _steps(str(example.parsed)):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            text=True,
            timeout=120,
        )
        said = (done.stdout + done.stderr).strip()
        if not re.fullmatch(_pattern(expected), said, re.DOTALL):
            return f"$ {command}\nexpected:\n{expected}\ngot (exit {done.returncode}):\n{said}"
    return None


def _steps(block: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = command[:-1] + more
        yield command, expected.strip()


def _pattern(expected: str) -> str:
    return ".*".join(re.escape(piece.strip()) + r"\s*" for piece in expected.split("…")) if expected else ".*"


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BAILEE_")}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "NO_COLOR": "1",
        "XDG_DATA_HOME": str(folder / "data"),
        "BAILEE_HOME": str(folder / "home"),
    }
