"""Where the maps of these tests lie."""

from importlib.resources import files
from pathlib import Path

from bailee.datamap import toml
from bailee.datamap.maps import DataMap

HERE = Path(__file__).parent
BROKEN = sorted((HERE / "broken").glob("M*.toml"))
INTACT = (HERE / "intact.toml").read_text(encoding="utf-8")
SHARED = HERE.parents[2] / "shared"


def shipped(name: str) -> str:
    return (files("bailee.datamap") / "maps" / f"{name}.toml").read_text(encoding="utf-8")


def beside(name: str) -> str:
    return (HERE / f"{name}-map.toml").read_text(encoding="utf-8")


def changed(before: str, after: str, text: str = INTACT) -> str:
    """The intact map with one thing changed; a change that finds nothing, or two places, is a broken test."""
    assert text.count(before) == 1, before
    return text.replace(before, after)


def line_of(mark: str, text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if mark in line)


def intact() -> DataMap:
    return toml.read(INTACT)
