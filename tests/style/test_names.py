"""Files are named by what they are about, so that a feature is found by its noun."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {"utils", "util", "helpers", "helper", "services", "service", "managers", "manager", "common", "misc"}
PLACES = ("src", "sdk", "tests", "bench")


@pytest.mark.check("style-H8")
def test_no_file_and_no_folder_is_named_by_its_kind() -> None:
    named = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.is_dir() or path.suffix == ".py"]
    by_kind = [path for path in named if path.stem.removeprefix("test_").strip("_") in KINDS]
    assert [str(path.relative_to(ROOT)) for path in by_kind] == []
