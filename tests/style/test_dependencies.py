"""No dependency without a line of reason."""

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_has_its_reason_in_the_documentation_and_no_other_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(line for lines in project["project"]["optional-dependencies"].values() for line in lines),
        *(line for lines in project["dependency-groups"].values() for line in lines),
    ]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([a-z0-9-]+) \| \S.* \|$", page, re.MULTILINE)
    names = Counter(re.split(r"[^A-Za-z0-9-]", line)[0] for line in wanted if isinstance(line, str))
    assert Counter(name for name in listed if name != "package") == names
