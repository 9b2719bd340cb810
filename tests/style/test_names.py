"""Files are named by what they are about, so that a feature is found by its noun."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = {"utils", "util", "helpers", "helper", "services", "service", "managers", "manager", "common", "misc"}
PLACES = ("src", "sdk", "tests", "bench")


@pytest.mark.check("style-H8")
def test_no_file_and_no_folder_is_named_by_its_kind() -> None:
    named = [path for place in PLACES for path in (ROOT / place).rglob("*") if _ours(path)]
    by_kind = [path for path in named if path.stem.removeprefix("test_").strip("_") in KINDS]
    assert [str(path.relative_to(ROOT)) for path in by_kind] == []


def _ours(path: Path) -> bool:
    """A folder or module of the project; a hidden folder holds somebody else's."""
    hidden = any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    return not hidden and (path.is_dir() or path.suffix == ".py")
