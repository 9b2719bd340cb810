"""No test asserts on a clock: what must be fast is measured by the benchmark, what must happen is waited for."""

import ast
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLOCKS = {
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
    "time.process_time", "time.process_time_ns", "timeit.timeit", "timeit.default_timer", "stopwatch",
    "clock.stopwatch", "datetime.now", "datetime.utcnow", "datetime.datetime.now", "datetime.datetime.utcnow",
    "timezone.now",
}  # fmt: skip
SHORT = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "time_ns", "timeit"}
KEEPING = {"abs", "float", "int", "len", "max", "min", "round", "sorted", "statistics.mean", "statistics.median", "sum"}
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Times:
    """Follows what a clock said through the assignments of one function."""

    def __init__(self, clocks: set[str]) -> None:
        self.clocks = clocks
        self.names: set[str] = set()

    def told(self, node: ast.expr | None) -> bool:
        """Tell whether a value was made from a clock's."""
        match node:
            case ast.Call(func=called) if ast.unparse(called) in self.clocks | self.names:
                return True
            case ast.Call(func=called, args=handed) if ast.unparse(called) in KEEPING:
                return any(map(self.told, handed))
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                return self.told(inner)
            case ast.Name(id=name):
                return name in self.names
            case ast.BinOp(left=left, right=right):
                return self.told(left) or self.told(right)
            case ast.UnaryOp(operand=inner) | ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                return self.told(inner)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
                return any(map(self.told, parts))
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                return self.told(inner)
            case ast.IfExp(body=one, orelse=other):
                return self.told(one) or self.told(other)
        return False

    def follow(self, function: ast.AST) -> None:
        for _ in range(3):  # later lines may feed earlier ones in a loop
            for node in ast.walk(function):
                match node:
                    case ast.Assign(targets=targets, value=value) if self.told(value):
                        self.names |= {part.id for at in targets for part in ast.walk(at) if isinstance(part, ast.Name)}
                    case (
                        ast.AnnAssign(target=ast.Name(id=name), value=value)
                        | ast.AugAssign(target=ast.Name(id=name), value=value)
                        | ast.NamedExpr(target=ast.Name(id=name), value=value)
                    ) if self.told(value):
                        self.names.add(name)
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]) if (
                        self.told(value)
                    ):
                        self.names.add(name)

    def judged(self, function: ast.AST) -> list[int]:
        """Find the lines of assertions that put such a value in order."""
        lines = []
        for node in ast.walk(function):
            if isinstance(node, ast.Assert):
                compared = [part for part in ast.walk(node.test) if isinstance(part, ast.Compare)]
                if any(
                    any(isinstance(sign, ORDER) for sign in part.ops)
                    and any(map(self.told, [part.left, *part.comparators]))
                    for part in compared
                ):
                    lines.append(node.lineno)
        return lines


def timed_assertions(source: str) -> list[int]:
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "timeit"}
        for name in node.names
        if name.name in SHORT | {"time"}
    }
    clocks = CLOCKS | imported
    answers_time = set()
    for function in functions:
        times = Times(clocks)
        times.follow(function)
        if any(times.told(node.value) for node in ast.walk(function) if isinstance(node, ast.Return)):
            answers_time.add(function.name)
    found: set[int] = set()
    for function in functions:
        times = Times(clocks | answers_time)
        times.follow(function)
        found |= set(times.judged(function))
    return sorted(found)


@pytest.mark.check("bench-B9")
def test_no_test_asserts_on_a_clock() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    timed = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line in timed_assertions(file.read_text(encoding="utf-8"))
    ]
    assert timed == []


@pytest.mark.check("bench-B9")
@pytest.mark.parametrize(
    "body",
    [
        "begun = time.monotonic(); work(); assert time.monotonic() - begun < 2",
        "begun = perf_counter(); work(); took = perf_counter() - begun; assert took <= 0.5, took",
        "took = elapsed(); assert 1 > took",
        "runs = []; runs.append(elapsed()); assert sorted(runs)[5] < 0.1",
        "begun = datetime.now(UTC); work(); assert (datetime.now(UTC) - begun).total_seconds() < 1",
        "watch = stopwatch(); work(); assert watch() < 1",
        "assert max(elapsed() for _ in range(3)) < 1",
    ],
)
def test_a_timed_assertion_is_noticed(body: str) -> None:
    assert timed_assertions(village(body)) == [8]


@pytest.mark.check("bench-B9")
@pytest.mark.parametrize(
    "body",
    [
        "until = time.monotonic() + 5\n    while time.monotonic() < until: work()\n    assert done()",
        "now = datetime.now(UTC); assert issue(now) == now",
        "now = time.time(); assert token(now).size > 16",
        "assert count() < 5",
    ],
)
def test_waiting_and_handing_over_an_instant_are_no_timed_assertions(body: str) -> None:
    assert timed_assertions(village(body)) == []


def village(body: str) -> str:
    opening = """\
        import time
        from datetime import UTC, datetime
        from time import perf_counter
        def elapsed():
            begun = perf_counter(); work()
            return perf_counter() - begun
        def test_it():
        """
    return textwrap.dedent(opening) + f"    {body}\n"
