"""The type checker refuses what `tests/typing/api.py` does wrong on purpose."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
API = ROOT / "tests" / "typing" / "api.py"
MISTAKES = 13


def mypy(config: pytest.Config, path: Path) -> tuple[int, str]:
    folder = config.rootpath / ".mypy_cache" / "typing"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--cache-dir",
            folder,
            path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.check("ledger-1")
def test_every_expected_mistake_is_refused_and_nothing_else(pytestconfig: pytest.Config) -> None:
    status, said = mypy(pytestconfig, API)
    assert "tests/typing/api.py" not in said, said
    assert (status, API.read_text().count("# type: ignore[")) == (0, MISTAKES)


@pytest.mark.check("ledger-1")
def test_without_its_ignore_each_mistake_is_an_error(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    bare = tmp_path / "bare_api.py"
    bare.write_text("\n".join(line.partition("  # type: ignore[")[0] for line in API.read_text().splitlines()) + "\n")
    _, said = mypy(pytestconfig, bare)
    wanted = {at for at, line in enumerate(API.read_text().splitlines(), 1) if "# type: ignore[" in line}
    found = {int(line.split(":")[1]) for line in said.splitlines() if "bare_api.py:" in line and ": error:" in line}
    assert wanted == found
