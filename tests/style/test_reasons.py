"""A checker is silenced by name and with a reason, never wholesale."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("src", "sdk", "tests", "bench")

SILENCING = re.compile(
    r"type: *ignore|noqa|mypy: *(ignore|disable|allow)|pyright: *ignore|ast-grep-ignore|pragma: *no cover",
    re.IGNORECASE,
)
REASONED = (
    re.compile(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\] +# +\S.*"),
    re.compile(r"# (ruff: )?noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* - \S.*"),
    re.compile(r"# pyright: ignore\[\w+(, ?\w+)*\] +# +\S.*"),
    re.compile(r"# mypy: disable-error-code=\"[a-z-]+(, ?[a-z-]+)*\" +# +\S.*"),
    re.compile(r"# ast-grep-ignore: [a-z-]+ - \S.*"),
    re.compile(r"# pragma: no cover - \S.*"),
)


def unreasoned(comment: str) -> bool:
    """Tell whether a comment silences a checker without saying which and why."""
    at = SILENCING.search(comment)
    if not at:
        return False
    return not any(pattern.search(comment) for pattern in REASONED)


def comments(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@pytest.mark.check("style-H9")
def test_whatever_silences_a_checker_names_its_code_and_its_reason() -> None:
    files = [
        file for place in PLACES for file in sorted((ROOT / place).rglob("*.py")) if "migrations" not in file.parts
    ]
    bare = [
        f"{file.relative_to(ROOT)}:{line}: {comment}"
        for file in files
        for line, comment in comments(file)
        if unreasoned(comment)
    ]
    assert bare == []


@pytest.mark.check("style-H9")
@pytest.mark.parametrize(
    "comment",
    [
        "# type: " + "ignore[arg-type]  # the wrong ask is caught",
        "# no" + "qa: BLE001 - a rule that breaks must deny",
        "# no" + "qa: S603, S607 - the program is ours",
        "# ruff: no" + "qa: T201 - it prints its verdict",
        "# ast-grep" + "-ignore: one-clock - it measures itself",
        "# an ordinary remark about ignoring types",
    ],
)
def test_a_code_with_a_reason_is_enough(comment: str) -> None:
    assert not unreasoned(comment)


@pytest.mark.check("style-H9")
@pytest.mark.parametrize(
    "comment",
    [
        "# type: " + "ignore",
        "# type: " + "ignore[arg-type]",
        "# type: " + "ignore  # because",
        "# no" + "qa",
        "# no" + "qa: BLE001",
        "# no" + "qa - because",
        "# ruff: no" + "qa",
        "# mypy: ignore" + "-errors",
        "# ast-grep" + "-ignore",
        "# pragma: " + "no cover",
    ],
)
def test_a_code_or_a_reason_alone_is_not(comment: str) -> None:
    assert unreasoned(comment)
