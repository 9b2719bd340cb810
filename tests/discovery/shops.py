"""Houses with the map of a real shop, empty: Ann brings customers in, Bob may read all of them for one purpose."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests import homes, postgres
from tests.datamap.places import SHARED, beside

from bailee import config as configuration
from bailee import house as houses
from bailee.access import grants, people
from bailee.access.grants import Grant
from bailee.access.keys import actor_of
from bailee.custody.providers.file import FileCustodian
from bailee.datamap import versions
from bailee.discovery import imports, plans, sources
from bailee.discovery.imports import Report
from bailee.discovery.plans import Plan
from bailee.discovery.problems import Problem
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.clock import DAY
from bailee.kernel.ids import SubjectId
from bailee.kernel.permissions import Permission
from bailee.kernel.secret import Secret
from bailee.vault import tables
from bailee.vault.gate import Gate
from bailee.vault.words import Find

CHINOOK: Final = SHARED / "data" / "chinook.sqlite"
NORTHWIND: Final = SHARED / "data" / "northwind.sql"
HERE: Final = Path(__file__).parent
PURPOSES: Final = {"chinook": "billing", "northwind": "sales"}
_NUMBERS = count()


@dataclass
class Shop:
    """An open house, its owner, and what was said about its imports."""

    house: House
    gate: Gate
    ann: Actor
    bob: Actor
    purpose: str
    said: list[Problem]

    def bring(self, plan: Plan, where: str | Path) -> Report:
        with sources.opened(plan.source, plan.tables[0].name, str(where)) as source:
            return imports.run(self.house, self.gate, self.ann, plan, source, tell=self.said.append)

    def check(self, plan: Plan, where: str | Path) -> Report:
        with sources.opened(plan.source, plan.tables[0].name, str(where)) as source:
            return imports.check(self.house, self.ann, plan, source, tell=self.said.append)


@dataclass(frozen=True)
class Closed:
    """A closed house to copy, and the keys of its owner, who imports, and of the one who reads."""

    folder: Path
    ann: Secret[str]
    bob: Secret[str]
    purpose: str


def plan_of(name: str) -> Plan:
    return plans.read((HERE / f"{name}-plan.toml").read_text(encoding="utf-8"))


@cache
def empty(base: Path, name: str, store: str = "sqlite", text: str | None = None) -> Closed:
    """Make a house with a shop's map, an owner, and a reader with grants on every category, all by acts."""
    folder = base / f"shop-{next(_NUMBERS)}"
    home = folder / "home"
    home.mkdir(parents=True)
    urls = []
    if store == "postgres":
        for what in ("data", "keys"):
            database = f"shop{next(_NUMBERS)}_{what}"
            postgres.server().sql(f'CREATE DATABASE "{database}"')
            urls.append(postgres.server().url(database))
    homes._write_config(home, urls)
    config = configuration.load(home)
    homes.point(config)
    house = houses.init(config, lambda: FileCustodian.make(config.key_file, home))
    founder = replace(house.system(), may=frozenset(Permission))
    house.do(founder, versions.adopt, versions.Adopt(toml=text or beside(name), base_version=0))
    Gate(house).prepare()
    key = house.do(founder, people.found, people.Found(name="Ann Owner", email="ann@shop.example")).value.key
    ann = actor_of(house.policy, house.keys, key, house.clock.now())
    asked = people.Invite(name="Bob Reader", email="bob@shop.example")
    bob_key = house.do(ann, people.invite, asked).value.key
    bob = actor_of(house.policy, house.keys, bob_key, house.clock.now())
    compiled = versions.current()
    purpose = PURPOSES.get(name, "billing")
    until = house.clock.now() + 30 * DAY
    for category in compiled.categories.values():
        if purpose in category.purposes:
            for operation in ("read", "search"):
                house.do(
                    founder,
                    grants.grant,
                    Grant(
                        category=category.key,
                        purpose=purpose,
                        until=until,
                        person=bob.id,
                        operation=operation,
                        level="clear",
                    ),
                )
    house.close()
    return Closed(folder, key, bob_key, purpose)


def copied(closed: Closed, folder: Path) -> Path:
    shutil.copytree(closed.folder / "home", folder / "home")
    shutil.copytree(closed.folder / "home.custody", folder / "home.custody")
    return folder / "home"


def open_at(home: Path, ann: Secret[str], bob: Secret[str], purpose: str) -> Shop:
    config = configuration.load(home)
    homes.point(config)
    house = houses.open_house(config, FileCustodian(config.key_file, home))
    gate = Gate(house)
    gate.prepare()
    importer = actor_of(house.policy, house.keys, ann, house.clock.now())
    reader = actor_of(house.policy, house.keys, bob, house.clock.now())
    return Shop(house, gate, importer, reader, purpose, [])


@contextmanager
def opened(closed: Closed, home: Path) -> Iterator[Shop]:
    shop = open_at(home, closed.ann, closed.bob, closed.purpose)
    try:
        yield shop
    finally:
        with suppress(Exception):
            shop.house.abandon()


def customers() -> list[SubjectId]:
    return [SubjectId(bytes(key)) for key in tables.Subject.objects.values_list("id", flat=True)]


def counts() -> tuple[int, int]:
    """Customers and records that are there."""
    return tables.Subject.objects.count(), tables.Record.objects.count()


def find(shop: Shop, field: str, how: str, value: str) -> int:
    """How many customers a search finds; each with a gate of its own, as nobody searches 60 times a minute."""
    asked = Find(actor=shop.bob, purpose=shop.purpose, field=field, how=how, value=value, limit=100)
    return len(Gate(shop.house).find(asked).items)


def present(values: dict[str, Any]) -> dict[str, Any]:
    """What of a source's row is to be found in the vault: no absent cell, no space around a text."""
    return {key: one.strip() if isinstance(one, str) else one for key, one in values.items() if one is not None}


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """An exported record without its id and without what is absent."""
    return {key: value for key, value in record.items() if key != "record" and value is not None}
