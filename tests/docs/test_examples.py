"""Every example in README and docs is run, document by document, in order."""

from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser
from tests.docs.console import ConsoleBlocks

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_examples_of_a_document_run(path: Path) -> None:
    sybil = Sybil(parsers=[PythonCodeBlockParser(), ConsoleBlocks()])
    for example in sybil.parse(path).examples():
        example.evaluate()
