"""Our own lint rules: each has cases of both kinds, and finds in the source tree what its cases say."""

import json
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "lint" / "rules").glob("*.yml"))
TOOL = Path(sysconfig.get_path("scripts")) / "ast-grep"


def identity(file: Path) -> str:
    found = re.search(r"^id: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def cases(file: Path, kind: str) -> list[str]:
    """Read the cases of one kind: items of a list, each on its line or as a block below `- |`."""
    text = file.read_text(encoding="utf-8")
    part = re.search(rf"^{kind}:\n((?:  .*\n|\n)+)", text, re.MULTILINE)
    items = re.split(r"^  - ", part[1], flags=re.MULTILINE)[1:] if part else []
    return ["\n".join(line.removeprefix("    ") for line in item.removeprefix("|\n").splitlines()) for item in items]


@pytest.mark.check("style-H4")
@pytest.mark.parametrize("rule", RULES, ids=lambda file: file.stem)
def test_a_rule_has_valid_and_invalid_cases(rule: Path) -> None:
    tests = ROOT / "lint" / "tests" / rule.name
    assert (identity(rule), identity(tests)) == (rule.stem, rule.stem)
    assert cases(tests, "valid")
    assert cases(tests, "invalid")


@pytest.mark.check("style-H4")
def test_every_file_of_cases_belongs_to_a_rule() -> None:
    assert [file.name for file in sorted((ROOT / "lint" / "tests").glob("*.yml"))] == [file.name for file in RULES]


@pytest.mark.check("style-H4")
def test_each_case_is_judged_as_it_says() -> None:
    run = subprocess.run([TOOL, "test"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.check("style-H4")
@pytest.mark.parametrize("rule", RULES, ids=lambda file: file.stem)
def test_a_rule_finds_its_invalid_cases_in_the_source_tree(rule: Path, tmp_path: Path) -> None:
    """A rule whose list of files is wrong passes its own cases and finds nothing."""
    shutil.copytree(ROOT / "lint", tmp_path / "lint")
    shutil.copy(ROOT / "sgconfig.yml", tmp_path)
    area = tmp_path / "src" / "bailee" / "vault"
    area.mkdir(parents=True)
    wrong = cases(ROOT / "lint" / "tests" / rule.name, "invalid")
    for number, case in enumerate(wrong):
        (area / f"case{number}.py").write_text(case.strip('"') if case[0] == '"' else case, encoding="utf-8")

    run = subprocess.run([TOOL, "scan", "--json"], cwd=tmp_path, capture_output=True, text=True)

    found = {Path(match["file"]).stem for match in json.loads(run.stdout) if match["ruleId"] == rule.stem}
    assert found == {f"case{number}" for number in range(len(wrong))}


def test_the_source_breaks_no_rule() -> None:
    run = subprocess.run([TOOL, "scan"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
