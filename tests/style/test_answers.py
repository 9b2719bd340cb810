"""Nothing public hands out a query set: with one, a door could delete rows with no permission and no entry."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDLES = ("QuerySet", "RawQuerySet", "BaseManager", "Manager")


def public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def hands_out_rows(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if function.returns is None:
        return False
    named = (getattr(node, "id", None) or getattr(node, "attr", None) or "" for node in ast.walk(function.returns))
    quoted = (str(node.value) for node in ast.walk(function.returns) if isinstance(node, ast.Constant))
    return any(word.partition("[")[0].rpartition(".")[2] in HANDLES for word in (*named, *quoted))


@pytest.mark.check("style-H7")
def test_no_public_function_answers_with_a_query_set() -> None:
    files = sorted((ROOT / "src" / "bailee").rglob("*.py"))
    handing = [
        f"{file.relative_to(ROOT)}:{function.lineno}: {function.name}"
        for file in files
        for function in public_functions(ast.parse(file.read_text(encoding="utf-8")).body)
        if hands_out_rows(function)
    ]
    assert handing == []


@pytest.mark.check("style-H7")
@pytest.mark.parametrize(
    "answer", ["QuerySet[Grant]", "models.QuerySet[Grant, Grant]", "QuerySet[Grant] | None", "'QuerySet[Grant]'"]
)
def test_a_query_set_is_noticed_however_it_is_written(answer: str) -> None:
    written = f"class Grants:\n    def live(self) -> {answer}: ..."
    assert [hands_out_rows(function) for function in public_functions(ast.parse(written).body)] == [True]
