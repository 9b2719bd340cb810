"""How cost grows: the slope of log time on log size, and whether a path keeps its shape."""

from collections.abc import Sequence
from math import log
from typing import Any, Final

from bench.words import Measure, Ran, Shape

_MOST: Final = {Shape.FLAT: 0.10, Shape.LOG: 0.20, Shape.LINEAR: 1.10}


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line through (size, time), both as logarithms, by least squares."""
    xs, ys = [log(size) for size, _ in points], [log(time) for _, time in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / across


def grown(measures: Sequence[Measure], shapes: dict[str, Shape]) -> list[dict[str, Any]]:
    """One line for each path of ours that was measured at two sizes or more."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for one in measures:
        if one.ran is Ran.OK and one.who.startswith("bailee"):
            time = one.median if one.unit == "us/op" else 1e6 / one.median
            points.setdefault((one.path, one.who), []).append((one.size, time))
    return [
        {
            "path": f"{path}, {who}",
            "slope": round(found := slope(seen), 4),
            "shape": str(shapes[path]),
            "holds": found <= _MOST[shapes[path]],
        }
        for (path, who), seen in points.items()
        if len({size for size, _ in seen}) > 1
    ]
