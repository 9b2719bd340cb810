"""Lets a test name the checks it proves, refuses a check that doesn't exist, and can run one area's tests only."""

from pathlib import Path

import pytest
from tests.acceptance import checks


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("acceptance")
    group.addoption("--check-file", type=Path, default=checks.CHECKS, help="the list of checks")
    group.addoption("--check-only", action="store_true", help="run only tests that name a check")
    group.addoption("--check-area", action="append", default=[], help="run only tests that name a check of this area")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "check(id): an acceptance check of the design that this test proves")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    known = checks.read(config.option.check_file)
    named = {item: _named(item) for item in items}
    if unknown := sorted(f"{name} ({item.nodeid})" for item in items for name in named[item] - known.keys()):
        raise pytest.UsageError(f"no such check in {config.option.check_file.name}: {', '.join(unknown)}")
    for item in items:
        item.user_properties += [("check", name) for name in sorted(named[item])]
    if config.option.check_only or config.option.check_area:
        areas = set(config.option.check_area) or {check.area for check in known.values()}
        wanted = [item for item in items if any(known[name].area in areas for name in named[item])]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(wanted)])
        items[:] = wanted


def _named(item: pytest.Item) -> frozenset[str]:
    """Collect the ids of its marks; one mark may name several."""
    names = [name for mark in item.iter_markers("check") for name in (mark.args or ("(a mark without an id)",))]
    return frozenset(map(str, names))
