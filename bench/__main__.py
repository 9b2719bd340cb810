"""`python -m bench quick | all | growth [AREA]`: measures, writes JSON and Markdown; also `table FILE` and `setup`."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench import machine, report, rounds
from bench.growth import grown
from bench.paths import AREAS, STORED, alone, growing, stored
from bench.peers import workers
from bench.rounds import Noise
from bench.words import Measure, Ran, Shape, Table

ROOT: Final = Path(__file__).parents[1]
_QUICK: Final = 5_000
_ALL: Final = 100_000
_PATIENCE: Final = 16
_SIZES: Final = (1_000, 10_000, 100_000)


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if somebody answered wrongly."""
    asked = _parser().parse_args(given)
    if asked.mode == "setup":
        return _setup()
    if asked.mode == "table":
        sys.stdout.write(report.markdown(json.loads(Path(asked.area).read_text("utf-8"))))
        return 0
    out = ROOT / "bench" / "results" if asked.save else asked.out
    out.mkdir(parents=True, exist_ok=True)
    result = _begin(asked.mode, out)
    try:
        for measures, told in _measured(asked, result, out):
            result["measures"] += [asdict(one) for one in measures]
            result["paths"] += [told] if told["path"] not in {one["path"] for one in result["paths"]} else []
            _show(measures)
        result["complete"] = True
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what there is is kept\n")
    finally:
        workers.ended()
    result["load_after"] = machine.load()
    _write(result, out)
    wrong = [one for one in result["measures"] if one["ran"] == Ran.WRONG]
    if wrong:
        sys.stderr.write(f"wrong answer: {wrong[0]['path']}: {wrong[0]['why']}\n")
    return 1 if wrong else 0 if result["complete"] else 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").strip())
    parser.add_argument("mode", choices=["quick", "all", "growth", "table", "setup"])
    parser.add_argument("area", nargs="?", default="", help=f"one of {', '.join(AREAS)}; for `table`, a result file")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where latest.json and latest.md go")
    parser.add_argument("--save", action="store_true", help="write to bench/results instead")
    parser.add_argument("--size", type=int, help="customers in the store")
    parser.add_argument("--sizes", type=lambda text: [int(one) for one in text.split(",")], default=list(_SIZES))
    parser.add_argument("--rounds", type=int, default=rounds.ROUNDS)
    parser.add_argument("--least", type=float, default=rounds.LEAST, help="seconds of one turn")
    parser.add_argument("--repeats", type=int, default=rounds.REPEATS, help="how often a noisy round is done again")
    return parser


def _begin(mode: str, out: Path) -> dict[str, Any]:
    from bailee.kernel.clock import SystemClock, iso

    commit, dirty = machine.commit(ROOT)
    return {
        "schema": 1,
        "complete": False,
        "mode": mode,
        "at": iso(SystemClock().now()),
        "commit": commit,
        "dirty": dirty,
        "machine": machine.described(out),
        "versions": machine.versions(),
        "load_before": machine.load(),
        "load_after": 0.0,
        "canary": [],
        "noisy": 0,
        "repeated": 0,
        "paths": [],
        "measures": [],
        "growth": [],
    }


def _measured(
    asked: argparse.Namespace, result: dict[str, Any], out: Path
) -> Iterator[tuple[list[Measure], dict[str, Any]]]:
    areas = [asked.area] if asked.area else list(AREAS)
    if not set(areas) <= set(AREAS):
        raise SystemExit(f"there is no area {asked.area}: {', '.join(AREAS)}")
    noise = Noise(patience=_PATIENCE if asked.mode == "quick" else 1_000)
    measures: list[Measure] = []
    shapes: dict[str, Shape] = {}
    for table in _tables(asked, areas, out):
        made = rounds.measure(table, noise, rounds=asked.rounds, least=asked.least, repeats=asked.repeats)
        measures += made
        shapes[table.path] = table.shape
        result |= {"canary": noise.canary, "noisy": noise.noisy, "repeated": noise.repeated}
        about = {"path": table.path, "title": table.title, "target": table.target, "durable": table.durable}
        yield made, about
    if asked.mode == "growth":
        result["growth"] = grown(measures, shapes)


def _tables(asked: argparse.Namespace, areas: Sequence[str], out: Path) -> Iterator[Table]:
    if asked.mode != "growth":
        for area in areas:
            for make in alone(area):
                yield from make(asked.mode == "all")
    if not STORED.isdisjoint(areas):
        size = asked.size or (_ALL if asked.mode == "all" else _QUICK)
        grows = asked.mode == "growth"
        for company in _grown(out, asked.sizes if grows else [size]):
            for area in areas:
                for table in growing(area) if grows else stored(area):
                    yield from table(company)


def _grown(out: Path, sizes: Sequence[int]) -> Iterator[Any]:
    """One company on the disk that is measured, at each size in turn; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="home-", dir=out))
    os.environ["BAILEE_HOME"] = str(folder / "home")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bailee.settings"
    import django

    django.setup()
    from bench import company as companies

    try:
        company = companies.found(folder)
        company.gate.start()
        for size in sizes:
            sys.stderr.write(f"taking in customers until there are {size:,}\n")
            company.grow(size)
            yield company
        companies.close(company)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(measures: Sequence[Measure]) -> None:
    for one in measures:
        said = f"{one.median:,.2f} {one.unit}" if one.ran is Ran.OK else f"{one.ran}: {one.why}"
        sys.stderr.write(f"{one.path:14} {one.who[:64]:64} {said}\n")


def _write(result: dict[str, Any], out: Path) -> None:
    (out / "latest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (out / "latest.md").write_text(report.markdown(result), "utf-8")
    if "results" in out.parts:
        (out / f"{result['at'][:10]}.json").write_text(json.dumps(result, ensure_ascii=False) + "\n", "utf-8")


def _setup() -> int:
    """Install the peers, exact versions, into a folder of their own."""
    folder = ROOT / "bench" / ".venv"
    venv.create(folder, with_pip=True)
    wanted = ROOT / "bench" / "requirements.txt"
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(wanted)]
    return subprocess.run(pip, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
