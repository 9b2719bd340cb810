"""Listens to a run of pytest: which test names which checks, and how it ended."""

from typing import Final

import pytest

_WORSE: Final = {"passed": 0, "skipped": 1, "failed": 2}


class Proofs:
    """What a run told us; also right under xdist, where only reports reach us."""

    def __init__(self) -> None:
        self.tests: dict[str, frozenset[str]] = {}
        self.ended: dict[str, str] = {}
        self.unclear: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.tests[item.nodeid] = _checks(item.user_properties)
            self.ended.setdefault(item.nodeid, "skipped")  # until a report says more: not run proves nothing

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.unclear.append(f"{report.nodeid} could not be collected")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        names = _checks(report.user_properties)
        self.tests[report.nodeid] = self.tests.get(report.nodeid, frozenset()) | names
        if report.failed and not self.tests[report.nodeid]:
            self.unclear.append(f"{report.nodeid} failed and names no check")
        if report.when == "setup" and report.passed:
            return  # it has begun, no more
        before = self.ended.get(report.nodeid, "passed") if report.when == "teardown" else "passed"
        now = "skipped" if hasattr(report, "wasxfail") and not report.failed else str(report.outcome)
        self.ended[report.nodeid] = max(before, now, key=_WORSE.__getitem__)


def _checks(properties: list[tuple[str, object]]) -> frozenset[str]:
    return frozenset(str(value) for name, value in properties if name == "check")
