"""Rounds: everybody once, then everybody once in reverse order; medians with their spread, beside a canary."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import ceil
from statistics import median
from time import perf_counter
from typing import Final

from bench.words import Absent, Candidate, Measure, Ran, Table, Turn

ROUNDS: Final = 7
LEAST: Final = 0.05
_OFF: Final = 0.15
REPEATS: Final = 3
_CANARY: Final = 20_000


@dataclass(slots=True)
class Noise:
    """The canary's times in seconds, and how many rounds stayed noisy after three repetitions."""

    canary: list[float] = field(default_factory=list)
    noisy: int = 0
    repeated: int = 0
    patience: int = 1_000
    """How many rounds the whole run may repeat: on a machine that is never quiet it must end all the same."""

    def sing(self) -> bool:
        """Do the fixed work; True if the machine was as fast as it usually is."""
        begun = perf_counter()
        block = b"canary" * 12
        for _ in range(_CANARY):
            block = sha256(block).digest()
        self.canary.append(perf_counter() - begun)
        usual = median(self.canary)
        return abs(self.canary[-1] - usual) <= _OFF * usual


def measure(
    table: Table, noise: Noise, *, rounds: int = ROUNDS, least: float = LEAST, repeats: int = REPEATS
) -> list[Measure]:
    """Measure one table, or say why not; a wrong answer takes the times of the whole table away."""
    if wrong := table.agree():
        return [_wrong(table, one, wrong) for one in table.candidates]
    here = [one for one in table.candidates if not isinstance(one, Absent)]
    counts = {one.who: one.calibrated(least) for one in here}
    turns: dict[str, list[Turn]] = {one.who: [] for one in here}
    for number in range(rounds):
        order = here[::-1] if number % 2 else here
        quiet, made = _round(order, counts, noise)
        for _ in range(repeats):
            if quiet or noise.repeated >= noise.patience:
                break
            noise.repeated += 1
            quiet, made = _round(order, counts, noise)
        noise.noisy += not quiet
        for who, turn in made.items():
            turns[who].append(turn)
    if wrong := table.settle():
        return [_wrong(table, one, wrong) for one in table.candidates]
    return [
        _not_run(table, one) if isinstance(one, Absent) else _told(table, one, turns[one.who])
        for one in table.candidates
    ]


def percentile(sample: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of all samples do not exceed; never a mean of percentiles."""
    ordered = sorted(sample)
    return ordered[max(0, ceil(part * len(ordered)) - 1)]


def _round(order: Sequence[Candidate], counts: dict[str, int], noise: Noise) -> tuple[bool, dict[str, Turn]]:
    before = noise.sing()
    made = {}
    for one in order:
        gc.collect()
        gc.disable()
        try:
            made[one.who] = one.turn(counts[one.who])
        finally:
            gc.enable()
    return noise.sing() and before, made


def _told(table: Table, one: Candidate, turns: list[Turn]) -> Measure:
    each = [turn.seconds / turn.count for turn in turns]
    values = [1e6 * cost if table.unit == "us/op" else 1 / cost for cost in each]
    waits = [1e6 * wait for turn in turns for wait in turn.waits]
    return Measure(
        path=table.path,
        who=one.who,
        unit=table.unit,
        size=table.size,
        concurrency=table.concurrency,
        median=median(values),
        low=min(values),
        high=max(values),
        p50_us=percentile(waits, 0.5) if waits else None,
        p99_us=percentile(waits, 0.99) if len(waits) >= 100 else None,
        p999_us=percentile(waits, 0.999) if len(waits) >= 1000 else None,
        rounds=len(turns),
        wrong=0,
        ran=Ran.OK,
        why=one.why,
    )


def _wrong(table: Table, one: Candidate, wrong: list[str]) -> Measure:
    return _empty(table, one.who, Ran.WRONG, wrong[0], len(wrong))


def _not_run(table: Table, one: Absent) -> Measure:
    return _empty(table, one.who, Ran.NOT_RUN, one.why, 0)


def _empty(table: Table, who: str, ran: Ran, why: str, wrong: int) -> Measure:
    return Measure(
        path=table.path,
        who=who,
        unit=table.unit,
        size=table.size,
        concurrency=table.concurrency,
        median=0,
        low=0,
        high=0,
        p50_us=None,
        p99_us=None,
        p999_us=None,
        rounds=0,
        wrong=wrong,
        ran=ran,
        why=why,
    )
