"""Import every module of the house, so that its registries are whole."""

import importlib
import pkgutil
from functools import cache
from typing import Any

import bailee
from bailee.kernel.acts import ACTS, LOOKS, Act, Look
from bailee.kernel.events import KINDS, Event

_STARTERS = ("bailee.__main__", "bailee.asgi", "bailee.migrations", "bailee.keys.migrations")


@cache
def load() -> None:
    for module in pkgutil.walk_packages(bailee.__path__, "bailee."):
        if not module.name.startswith(_STARTERS):
            importlib.import_module(module.name)


def acts() -> dict[str, Act[Any, Any]]:
    load()
    return {name: what for name, what in ACTS.items() if what.run.__module__.startswith("bailee.")}


def looks() -> dict[str, Look[Any, Any]]:
    load()
    return {name: what for name, what in LOOKS.items() if what.run.__module__.startswith("bailee.")}


def events() -> dict[int, type[Event]]:
    load()
    return {tag: kind for tag, kind in KINDS.items() if kind.__module__.startswith("bailee.")}
