"""The report of acceptance checks, run over a folder of made-up checks and tests."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.acceptance import checks

ROOT = Path(__file__).parents[2]

LIST = """
[tower]
tower-1 = { mark = "M", says = "the clock strikes" }
tower-2 = { mark = "S", says = "the view is free" }
[bridge]
bridge-1 = { mark = "M", says = "two carts may meet" }
bridge-2 = { mark = "M", says = "it opens for ships" }
bridge-3 = { mark = "M", says = "it bears snow" }
"""

TESTS = """
import pytest

@pytest.mark.check("tower-1")
@pytest.mark.check("bridge-1")
def test_one_test_may_name_two_checks(): pass

@pytest.mark.check("tower-1")
def test_skipped_beside_a_passing_one(): pytest.skip("no bell")

@pytest.mark.check("bridge-2")
def test_half_of_it_passes(): pass

@pytest.mark.check("bridge-2")
def test_the_other_half_fails(): assert "open" == "shut"

@pytest.mark.check("bridge-3")
def test_it_is_only_skipped(): pytest.skip("no snow")

@pytest.mark.check("bridge-3")
@pytest.mark.xfail(reason="no snow", strict=True)
def test_it_is_expected_to_fail(): assert False

@pytest.mark.long
@pytest.mark.check("tower-2")
def test_it_takes_long(): pass

def test_it_proves_nothing(): assert False
"""


@pytest.fixture
def village(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    long: takes long\n")
    (tmp_path / "checks.toml").write_text(LIST)
    (tmp_path / "test_village.py").write_text(TESTS)
    return tmp_path


def report(village: Path, *words: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    own = ["-c", str(village / "pytest.ini"), "--rootdir", str(village), "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "tests.acceptance", "--check-file", str(village / "checks.toml"), *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DJANGO"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the village needs none of them
    return subprocess.run(
        [*command, "--", *own, *options, str(village)], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def last_line(run: subprocess.CompletedProcess[str]) -> str:
    return run.stdout.splitlines()[-1]


def test_an_area_whose_due_checks_pass_ends_well(village: Path) -> None:
    run = report(village, "tower")
    assert (last_line(run), run.returncode) == ("tower: 1 of 1 M checks pass", 0)


def test_an_area_with_a_gap_ends_with_one(village: Path) -> None:
    run = report(village, "bridge")
    assert (last_line(run), run.returncode) == ("bridge: 1 of 3 M checks pass", 1)


def test_without_an_area_there_is_a_line_for_each_and_a_total(village: Path) -> None:
    lines = report(village).stdout.splitlines()
    assert lines[-3:] == [
        "tower: 1 of 1 M checks pass",
        "bridge: 1 of 3 M checks pass",
        "all: 2 of 4 M checks pass",
    ]


def test_what_is_missing_is_listed_with_its_reason(village: Path) -> None:
    said = report(village, "bridge", "tower").stdout
    missing = re.findall(r"^(\w+-\d+) +[MSL]  (.+?)   *", said, re.MULTILINE)
    assert missing == [("tower-2", "no test"), ("bridge-2", "failing"), ("bridge-3", "only skipped")]


def test_a_row_counts_checks_tests_and_passing(village: Path) -> None:
    rows = [line.split() for line in report(village).stdout.splitlines()]
    assert ["bridge", "3", "3", "1", "3", "1"] in rows


def test_long_tests_prove_only_when_asked_for(village: Path) -> None:
    assert "tower-2" not in report(village, "tower", "--long").stdout


def test_a_mark_with_an_unknown_id_stops_the_collection_by_name(village: Path) -> None:
    (village / "test_typo.py").write_text(
        "import pytest\n\n@pytest.mark.check('tower-9')\ndef test_that_has_a_slip(): pass\n"
    )
    run = report(village, "bridge")
    assert run.returncode != 0
    assert "no such check in checks.toml: tower-9 (test_typo.py::test_that_has_a_slip)" in run.stdout + run.stderr


def test_a_file_that_does_not_import_is_never_a_success(village: Path) -> None:
    (village / "test_broken.py").write_text("import nothing_of_this_name\n")
    run = report(village, "tower")
    assert "unclear: test_broken.py could not be collected" in run.stdout
    assert (last_line(run), run.returncode) == ("tower: 1 of 1 M checks pass", 1)


def test_several_workers_report_the_same(village: Path) -> None:
    run = report(village, "bridge", options=("-p", "xdist", "-n", "2"))
    assert (last_line(run), run.returncode) == ("bridge: 1 of 3 M checks pass", 1)


def test_the_list_shows_each_check_with_its_tests_and_runs_nothing(village: Path) -> None:
    run = report(village, "tower", "--list")
    assert run.stdout.splitlines()[-5:] == [
        "tower-1  M  the clock strikes",
        "    test_village.py::test_one_test_may_name_two_checks",
        "    test_village.py::test_skipped_beside_a_passing_one",
        "tower-2  S  the view is free",
        "    test_village.py::test_it_takes_long",
    ]
    assert run.returncode == 0


def test_an_unknown_area_is_refused_with_the_known_ones(village: Path) -> None:
    run = report(village, "tunnel")
    assert run.returncode == 2
    assert "no such area: tunnel; there are tower, bridge" in run.stderr


def test_the_checks_of_the_design_are_numbered_without_a_gap() -> None:
    numbers: dict[str, list[int]] = {}
    for check in checks.read().values():
        numbers.setdefault(check.area, []).append(int(check.id.rpartition("-")[2].lstrip("HBR")))
    assert {area: list(range(1, len(found) + 1)) for area, found in numbers.items()} == numbers


def test_no_two_checks_say_the_same() -> None:
    said = Counter(check.says for check in checks.read().values())
    assert [line for line, times in said.items() if times > 1] == []
