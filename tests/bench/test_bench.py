import importlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bench.growth import grown, slope
from bench.peers import workers
from bench.rounds import Noise, percentile
from bench.words import FLOOR, Absent, Loop, Measure, Ran, Shape, Table

from bailee.access import decide
from bailee.access.words import Level
from bench import report, rounds

ROOT = Path(__file__).parents[2]
TINY = ("--rounds", "2", "--least", "0.0001", "--repeats", "0")
bench = importlib.import_module("bench.__main__")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """Run everything once, with very few customers, in a process of its own: result and table."""
    out = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "bench", "quick", "--size", "40", "--out", str(out), *TINY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return read(out)


def read(out: Path) -> tuple[dict[str, Any], str]:
    return json.loads((out / "latest.json").read_text()), (out / "latest.md").read_text()


def run(out: Path, *given: str) -> tuple[int, dict[str, Any], str]:
    code = bench.main([*given, "--out", str(out), *TINY])
    return code, *read(out)


@pytest.mark.check("bench-B2")
def test_the_head_names_machine_versions_sync_and_load(quick: tuple[dict[str, Any], str]) -> None:
    result, table = quick
    head = table.partition("##")[0]
    machine = result["machine"]
    told = [machine["cpu"], f"{machine['cores']} cores", machine["kernel"], f"fdatasync {machine['fsync_us']} us"]
    told += [f"{name} {version}" for name, version in result["versions"].items()]
    told += [f"Load {result['load_before']} before, {result['load_after']} after", "canary", result["commit"]]
    assert [one for one in told if one not in head] == []
    assert {"python", "sqlite", "cryptography", "django", "bailee"} <= result["versions"].keys()


@pytest.mark.check("bench-B2")
def test_every_line_has_its_rounds_and_its_spread(quick: tuple[dict[str, Any], str]) -> None:
    result, table = quick
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| who")]
    assert len(lines) == len(result["measures"])
    assert {2} == {one["rounds"] for one in result["measures"]}
    assert all(0 < one["low"] <= one["median"] <= one["high"] for one in result["measures"])
    assert [line for line in lines if " to " not in line] == []


@pytest.mark.check("bench-B4")
def test_every_table_has_its_floor(quick: tuple[dict[str, Any], str]) -> None:
    result, _ = quick
    tables = {(one["path"], one["concurrency"]) for one in result["measures"]}
    floors = {(one["path"], one["concurrency"]) for one in result["measures"] if one["who"].startswith(FLOOR)}
    assert tables == floors
    assert {"open", "seal", "blind index", "decide", "gate.read", "find", "load", "erase", "ledger.append"} <= {
        path for path, _ in tables
    }


def test_the_quick_run_has_no_servers_and_nothing_wrong(quick: tuple[dict[str, Any], str]) -> None:
    result, _ = quick
    assert (True, {"ok"}, {0}) == (
        result["complete"],
        {one["ran"] for one in result["measures"]},
        {one["wrong"] for one in result["measures"]},
    )


@pytest.mark.check("bench-B5")
def test_a_decision_broken_on_purpose_is_a_wrong_answer_and_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = decide._rate

    def wrong(prepared: Any, present: int, partial: int, clear: int) -> tuple[Level, ...]:
        return right(prepared, present, partial, clear | partial)

    monkeypatch.setattr(decide, "_rate", wrong)
    code, result, table = run(tmp_path, "quick", "access")
    assert code == 1
    assert {"wrong answer"} == {one["ran"] for one in result["measures"] if one["path"] == "decide"}
    assert {0} == {one["median"] for one in result["measures"] if one["path"] == "decide"}
    assert "**wrong answer" in table
    assert re.search(r"\d to \d", table) is None


@pytest.mark.check("bench-B6")
def test_peers_that_are_not_installed_are_named_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PYTHON", tmp_path / "nowhere" / "python")
    code, result, table = run(tmp_path, "all", "crypto")
    missing = {one["who"] for one in result["measures"] if one["ran"] == "not run"}
    assert (0, {"pymongocrypt", "tink", "aws-encryption-sdk"}) == (code, missing)
    assert "**not run**: not installed: python -m bench setup" in table
    ours = [one for one in result["measures"] if one["who"] == "bailee"]
    assert all(one["ran"] == "ok" and one["median"] > 0 for one in ours)


@pytest.mark.check("bench-B6")
def test_a_peer_that_breaks_at_its_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PYTHON", Path(sys.executable))
    code, result, _ = run(tmp_path, "all", "crypto")
    why = {one["who"]: one["why"] for one in result["measures"] if one["ran"] == "not run"}
    assert code == 0
    assert "ModuleNotFoundError" in why["tink"]


@pytest.mark.check("bench-B6")
def test_without_cedar_the_decision_is_measured_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cedarpy", "bench.peers.cedar", "tests.access.pure.oracle"):
        monkeypatch.setitem(sys.modules, name, None)
    code, result, _ = run(tmp_path, "quick", "access")
    ran = {one["who"]: one["ran"] for one in result["measures"]}
    assert (code, ran["cedarpy"]) == (0, "not run")
    assert {"ok"} == {how for who, how in ran.items() if who != "cedarpy"}


def test_an_interrupted_run_keeps_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = rounds.measure, list[str]()

    def measured(table: Table, *given: Any, **more: Any) -> list[Measure]:
        if done:
            raise KeyboardInterrupt
        done.append(table.path)
        return real(table, *given, **more)

    monkeypatch.setattr(rounds, "measure", measured)
    code, result, table = run(tmp_path, "quick", "crypto")
    assert (130, False, {"open"}) == (code, result["complete"], {one["path"] for one in result["measures"]})
    assert "interrupted" in table


def test_an_unknown_area_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no area moon"):
        run(tmp_path, "quick", "moon")


# -- rounds


def table(candidates: Sequence[Loop | Absent], **more: Any) -> Table:
    return Table("path", "what is done", "us/op", list(candidates), more.pop("agree", list), **more)


def test_everybody_runs_once_a_round_and_odd_rounds_run_in_reverse() -> None:
    seen: list[str] = []
    three = [Loop(name, lambda name=name: seen.append(name)) for name in "abc"]  # type: ignore[misc]  # a default holds each name
    rounds.measure(table(three), Noise(), rounds=4, least=0, repeats=0)
    assert "".join(seen) == "abc" + "abc" + "cba" + "abc" + "cba"


def test_what_comes_out_wrong_afterwards_takes_the_times_away() -> None:
    made = rounds.measure(
        table([Loop("bailee", int)], settle=lambda: ["2 answers, but 1 entry"]), Noise(), rounds=3, least=0
    )
    assert [(one.ran, one.median, one.why) for one in made] == [(Ran.WRONG, 0, "2 answers, but 1 entry")]


def test_an_absent_candidate_is_a_line_and_is_never_run() -> None:
    made = rounds.measure(table([Loop("bailee", int), Absent("peer", "no such program")]), Noise(), rounds=3, least=0)
    assert [one.ran for one in made] == [Ran.OK, Ran.NOT_RUN]


@pytest.mark.parametrize(("part", "expected"), [(0.5, 50), (0.99, 99), (0.999, 100), (0, 1)])
def test_percentiles_are_samples(part: float, expected: int) -> None:
    assert expected == percentile(list(range(100, 0, -1)), part)


def test_a_slope_is_that_of_the_power() -> None:
    assert pytest.approx(0.5) == slope([(10.0, 3 * 10**0.5), (1000.0, 3 * 1000**0.5), (100.0, 3 * 100**0.5)])


@pytest.mark.parametrize(("power", "holds"), [(0.0, True), (0.5, False)])
def test_a_path_that_grows_beyond_its_shape_is_marked(power: float, holds: bool) -> None:
    told = {"who": "bailee", "unit": "us/op", "concurrency": 1, "low": 1.0, "high": 1.0, "rounds": 3, "wrong": 0}
    told |= {"p50_us": None, "p99_us": None, "p999_us": None, "ran": Ran.OK, "why": ""}
    seen = [Measure(path="open", size=size, median=float(size) ** power, **told) for size in (10, 100, 1000)]  # type: ignore[arg-type]  # one dictionary of many types
    assert [holds] == [one["holds"] for one in grown(seen, {"open": Shape.FLAT})]


def test_a_disk_that_does_not_sync_has_no_ratios(quick: tuple[dict[str, Any], str]) -> None:
    result, _ = quick
    result = result | {"machine": result["machine"] | {"fsync_us": 3.0}, "load_before": 99.0}
    said = report.markdown(result)
    reads = said.partition("## gate.read")[2].partition("##")[0]
    ratios = [line.split("|")[6].strip() for line in reads.splitlines() if line.startswith("| bailee")]
    assert ("Durability not exercised here" in said, "Busy machine" in said, {""}) == (True, True, set(ratios))
