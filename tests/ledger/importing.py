"""Whoever brings customers in, for tests that need some."""

from dataclasses import replace

from tests.homes import World

from bailee.kernel.actors import Actor
from bailee.kernel.permissions import OPEN_TO_ALL, Permission


def owner(world: World) -> Actor:
    return replace(world.house.system(), may=OPEN_TO_ALL | {Permission.IMPORT})
