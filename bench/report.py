"""The table, made from the result file alone: no figure is ever typed."""

from collections.abc import Iterator
from typing import Any

from bench.machine import SYNC_BELIEVED
from bench.words import FLOOR, OURS, Ran

_DURABLE = ("gate.", "load", "ledger.append", "erase", "find")


def markdown(result: dict[str, Any]) -> str:
    """Write a result as Markdown."""
    return "\n".join([*_head(result), *_tables(result), *_growth(result), *_foot(result)]) + "\n"


def _head(result: dict[str, Any]) -> Iterator[str]:
    machine = result["machine"]
    dirty = ", with changes" if result["dirty"] else ""
    yield f"# Benchmark of {result['at']}, commit {result['commit']}{dirty}"
    yield ""
    if not result["complete"]:
        yield "**This run was interrupted: what stands here is a part.**\n"
    if machine["fsync_us"] < SYNC_BELIEVED:
        yield "**Durability not exercised here: this disk does not sync; what must be durable has no ratio.**\n"
    if result["load_before"] > machine["cores"]:
        yield "**Busy machine: more was running than there are cores.**\n"
    yield f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory']}, kernel {machine['kernel']}"
    yield f"- Disk: {machine['filesystem']}, one fdatasync {machine['fsync_us']} us; {machine['aes']}"
    yield "- Versions: " + ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    canary = sorted(result["canary"])
    spread = f"{1000 * canary[0]:.1f} to {1000 * canary[-1]:.1f} ms" if canary else "not sung"
    yield (
        f"- Load {result['load_before']} before, {result['load_after']} after; canary {spread}; "
        f"rounds repeated {result['repeated']}, noisy all the same {result['noisy']}"
    )
    yield ""


def _tables(result: dict[str, Any]) -> Iterator[str]:
    about = {one["path"]: one for one in result["paths"]}
    grouped: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for one in result["measures"]:
        grouped.setdefault((one["path"], one["size"]), []).append(one)
    for (path, size), lines in grouped.items():
        told = about[path]
        floor = next((one for one in lines if one["who"].startswith(FLOOR)), None)
        known = result["machine"]["fsync_us"] >= SYNC_BELIEVED or not path.startswith(_DURABLE)
        yield f"## {path}: {told['title']}"
        yield ""
        said = [f"{size:,} customers" if size else "", f"{lines[0]['concurrency']} at once", told["durable"]]
        if told["target"] is not None:
            unit = lines[0]["unit"]
            said.append(f"target {'at most' if unit == 'us/op' else 'at least'} {_number(told['target'])} {unit}")
        yield ", ".join(part for part in said if part) + "."
        yield ""
        yield "| who | median | low to high | unit | p50 / p99 / p99.9, us | x floor | rounds | |"
        yield "|---|---:|---:|---|---:|---:|---:|---|"
        ours = True
        for one in lines:
            aim = told["target"] if ours and one["who"].startswith(OURS) else None
            ours = ours and not one["who"].startswith(OURS)
            yield _row(one, floor if known else None, aim)
        yield ""


def _row(one: dict[str, Any], floor: dict[str, Any] | None, aim: float | None) -> str:
    if one["ran"] != Ran.OK:
        count = f" ({one['wrong']})" if one["wrong"] else ""
        return f"| {one['who']} | | | | | | | **{one['ran']}{count}**: {_escaped(one['why'])} |"
    waits = " / ".join("" if one[key] is None else _number(one[key]) for key in ("p50_us", "p99_us", "p999_us"))
    ratio = ""
    if floor is not None and floor is not one and floor["ran"] == Ran.OK:
        cost = one["median"] / floor["median"] if one["unit"] == "us/op" else floor["median"] / one["median"]
        ratio = f"{cost:.2f}"
    notes = [_escaped(one["why"])] if one["why"] else []
    if aim is not None and not (one["median"] <= aim if one["unit"] == "us/op" else one["median"] >= aim):
        notes.append(f"🔴 misses {_number(aim)}")
    return (
        f"| {one['who']} | {_number(one['median'])} | {_number(one['low'])} to {_number(one['high'])} | {one['unit']} "
        f"| {waits.strip(' /')} | {ratio} | {one['rounds']} | {'; '.join(notes)} |"
    )


def _growth(result: dict[str, Any]) -> Iterator[str]:
    if not result["growth"]:
        return
    yield "## How cost grows"
    yield ""
    yield "| path | slope of log time on log size | allowed | |"
    yield "|---|---:|---|---|"
    for one in result["growth"]:
        held = "" if one["holds"] else "🔴 steeper than allowed"
        yield f"| {one['path']} | {one['slope']:.3f} | {one['shape']} | {held} |"
    yield ""


def _foot(result: dict[str, Any]) -> Iterator[str]:
    yield (
        "Median over rounds with the lowest and highest one; every round runs each line once, odd rounds in reverse. "
        "`x floor` is the time of a line over the time of its floor. Percentiles are of single waits, where there "
        "are enough. Cores and disk of a virtual machine are shared with others: ratios hold better than figures."
    )


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
