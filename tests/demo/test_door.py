"""`bailee demo` as somebody types it, in a process of its own."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

CHINOOK = Path(__file__).parents[3] / "shared" / "data" / "chinook.sqlite"


def _demo(folder: Path, *words: str, width: int = 80) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BAILEE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "bailee", "demo", *words],
        cwd=folder,
        env={**kept, "COLUMNS": str(width), "TMPDIR": str(folder), "BAILEE_DATABASE__URL": "postgresql:///nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _table(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_every_step_holds_and_nothing_but_the_report_is_left(tmp_path: Path) -> None:
    done = _demo(tmp_path, "--check", "--customers", "20")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "build" / "demo.json").read_text()
    report = json.loads(written)
    names = ["shop", "init", "import", "theft", "roles", "find", "ledger", "tamper", "erase", "summary"]
    assert [one["name"] for one in report["steps"] if one["held"]] == names
    assert (report["schema"], report["held"]) == (1, True)
    for one in report["steps"]:
        assert one.keys() == {"name", "held", "seconds", "figures", "proves"}
        assert all(isinstance(figure, int | float | str) for figure in one["figures"].values())
    figures = {one["name"]: one["figures"] for one in report["steps"]}
    assert figures["theft"]["found"] == 0
    assert figures["theft"]["found_in_the_old_shop"] == figures["theft"]["values"] > 100
    assert figures["erase"]["keys"] > 0
    assert _left(tmp_path) == ["build"]
    assert str(tmp_path) not in written


@pytest.mark.skipif(not CHINOOK.exists(), reason="the shared data does not stand beside this checkout")
def test_it_plays_on_a_file_of_ones_own_and_shows_no_value(tmp_path: Path) -> None:
    before = sha256(CHINOOK.read_bytes()).digest()
    done = _demo(tmp_path, "--on", str(CHINOOK))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("held: ") == 6
    assert "0 of 59" in done.stdout
    base = sqlite3.connect(f"file:{CHINOOK}?mode=ro", uri=True)
    rows = base.execute("SELECT Email, Phone, Fax, Address, FirstName, LastName FROM Customer").fetchall()
    base.close()
    flat = " ".join(done.stdout.split())
    assert [value for row in rows for value in row if value and len(value) > 5 and value in flat] == []
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert sha256(CHINOOK.read_bytes()).digest() == before
    assert _left(tmp_path) == []


def test_it_plays_on_a_csv_file_without_addresses(tmp_path: Path) -> None:
    rows = [["Client no", "Surname", "Phone", "Shoe size"]]
    rows += [[str(at), f"Kettleworth{chr(97 + at)}", f"+1 503 555 01{at:02}", "42"] for at in range(20)]
    source = _table(tmp_path / "clients.csv", rows)
    done = _demo(tmp_path, "--check", "--on", str(source), "--out", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert [one["name"] for one in report["steps"]] == ["look", "import", "theft", "roles", "find", "erase"]
    assert report["steps"][0]["figures"]["left_out"] == 1


@pytest.mark.parametrize(
    ("name", "rows", "says"),
    [
        ("parts.csv", [["Part", "Colour"], ["7", "red"]], "is understood"),
        ("empty.csv", [], "error: "),
    ],
)
def test_what_it_cant_do_it_refuses_in_words(tmp_path: Path, name: str, rows: list[list[str]], says: str) -> None:
    done = _demo(tmp_path, "--on", str(_table(tmp_path / name, rows)))
    assert done.returncode in {1, 2}, done.stderr
    assert says in done.stderr
    assert "try: " in done.stderr
    assert "Traceback" not in done.stderr
    assert _left(tmp_path) == [name]


def test_a_folder_to_keep_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "letter.txt").write_text("mine")
    done = _demo(tmp_path, "--keep", "kept")
    assert done.returncode == 6
    assert _left(tmp_path / "kept") == ["letter.txt"]
