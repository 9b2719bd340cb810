"""Makes the throw-away home of a demo, as `bailee init` makes a real one."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from bailee import config as configuration
from bailee import house as houses
from bailee.access import keys, people
from bailee.custody.custodian import Custodian
from bailee.custody.providers.file import FileCustodian
from bailee.datamap import versions
from bailee.demo.story import Player
from bailee.house import House
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.vault.gate import Gate

OWNER: Final = ("Ann Owner", "ann@demo.example")


def found(home: Path, map_text: str) -> tuple[House, Gate, Player]:
    """Make a home under a data map, with its first owner; the caller must close it."""
    home.mkdir(mode=0o700)
    (home / configuration.FILE).write_text("[home]\nreserve_mb = 0\n", "utf-8")
    config = configuration.load(home)

    def custodian() -> Custodian:
        return FileCustodian.make(config.key_file, home)

    house = houses.init(config, custodian)
    try:
        first = replace(house.system(), may=OPEN_TO_ALL | {Permission.SHAPE_DATA})
        house.do(first, versions.adopt, versions.Adopt(toml=map_text, base_version=0))
        gate = Gate(house)
        gate.prepare()
        issued = house.do(house.system(), people.found, people.Found(name=OWNER[0], email=OWNER[1])).value
        actor = keys.actor_of(house.policy, house.keys, issued.key, house.clock.now())
    except BaseException:
        house.abandon()
        raise
    return house, gate, Player(OWNER[0], actor, issued.key)
