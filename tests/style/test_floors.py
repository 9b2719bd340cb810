"""The contracts between the folders, tried with planted violations in a copy of the house."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "src" / "bailee"
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}

# Rooms that a contract speaks of: added to the copy where the house doesn't have them yet.
ROOMS = (
    *("house.py", "settings.py", "crypto/envelope.py", "ledger/lanes.py", "vault/gate.py", "cli/__init__.py"),
    *("discovery/__init__.py", "privacy/__init__.py", "web/__init__.py", "laws/__init__.py"),
)

# The name of each violation, the file it is planted in, the planted text, and the contract that must notice.
VIOLATIONS = {
    "upward": ("access/planted.py", "import bailee.vault\n", "floors"),
    "sibling": ("discovery/planted.py", "import bailee.privacy\n", "floors"),
    "upward for the type checker only": (
        "access/planted.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bailee.vault\n",
        "floors",
    ),
    "upward inside a function": ("ledger/planted.py", "def late():\n    import bailee.datamap\n", "floors"),
    "an undeclared folder": ("newcomer/__init__.py", "", "floors"),
    "a door at the tables": ("cli/planted.py", "import bailee.access.tables\n", "doors"),
    "another area's tables": ("vault/planted.py", "from bailee.access import tables\n", "tables_access"),
    "cryptography outside crypto": ("privacy/planted.py", "import cryptography.fernet\n", "primitives"),
    "a framework in the kernel": ("kernel/planted.py", "from django.db import models\n", "core"),
    "a disk in crypto": ("crypto/planted.py", "import sqlite3\n", "core"),
    "an envelope outside the gate": ("vault/planted.py", "import bailee.crypto.envelope\n", "envelope"),
    "an append outside house": ("vault/planted.py", "import bailee.ledger.lanes\n", "lanes"),
    "a transaction outside house": ("vault/planted.py", "from bailee.kernel.grip import GRIP\n", "grip"),
    "the key store from an area without keys": ("access/planted.py", "import bailee.keys.models\n", "keystore"),
    "settings in an area": ("discovery/planted.py", "import bailee.settings\n", "settings"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy every module of the house, and add the rooms that are still missing."""
    source = tmp_path_factory.mktemp("floors") / "bailee"
    shutil.copytree(HOUSE, source, ignore=lambda _, names: [name for name in names if name == "__pycache__"])
    for room in ROOMS:
        place = source / room
        place.parent.mkdir(exist_ok=True)
        place.touch()
        (place.parent / "__init__.py").touch()
    return source


@pytest.fixture(scope="module")
def untouched(copy: Path) -> frozenset[str]:
    return broken(copy)


@pytest.fixture
def plant(copy: Path) -> Iterator[tuple[Path, list[Path]]]:
    planted: list[Path] = []
    yield copy, planted
    for file in planted:
        if file.name == "__init__.py":
            shutil.rmtree(file.parent)
        else:
            file.unlink()


def broken(source: Path) -> frozenset[str]:
    """Run the contracts over a copy and name those that are broken."""
    command = (
        "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(*sys.argv[1:], no_cache=True))"
    )
    run = subprocess.run(
        [sys.executable, "-c", command, str(ROOT / "pyproject.toml")],
        cwd=source.parent,
        env={"COLUMNS": "200", "PYTHONPATH": str(source.parent)},
        capture_output=True,
        text=True,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", run.stdout, re.MULTILINE))
    by_name = {contract["name"]: key for key, contract in CONTRACTS.items()}
    assert by_name.keys() == verdicts.keys(), run.stdout + run.stderr
    return frozenset(by_name[name] for name, verdict in verdicts.items() if verdict == "BROKEN")


@pytest.mark.check("style-H3")
def test_the_house_keeps_every_contract(untouched: frozenset[str]) -> None:
    assert untouched == frozenset()


@pytest.mark.check("style-H3")
@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_planted_violation_breaks_one_or_two_contracts(
    violation: str, plant: tuple[Path, list[Path]], untouched: frozenset[str]
) -> None:
    (source, planted), (place, text, contract) = plant, VIOLATIONS[violation]
    file = source / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    planted.append(file)

    noticed = broken(source) - untouched

    assert contract in noticed
    assert len(noticed) <= 2


def test_every_area_with_tables_keeps_them_to_itself() -> None:
    areas = {file.parent.name for file in HOUSE.glob("*/tables.py")}
    assert {f"tables_{area}" for area in areas} == {name for name in CONTRACTS if name.startswith("tables_")}


def test_every_door_and_every_pure_folder_stands_in_its_contract() -> None:
    present = {f"bailee.{file.parent.name}" for file in HOUSE.glob("*/__init__.py")}
    doors, core = (
        {"bailee.cli", "bailee.web", "bailee.api", "bailee.demo"},
        {"bailee.kernel", "bailee.crypto", "bailee.laws"},
    )
    assert present & doors == set(CONTRACTS["doors"]["source_modules"]) & present
    assert present & core == set(CONTRACTS["core"]["source_modules"]) & present


def test_every_contract_says_why_on_the_line_before_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    starts = [at for at, line in enumerate(lines) if line == "[[tool.importlinter.contracts]]"]
    assert [lines[at + 1] for at in starts if not lines[at - 1].startswith("# ")] == []
