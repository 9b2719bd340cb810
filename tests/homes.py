"""Homes for tests: made once, copied for each test, on SQLite or PostgreSQL; four people always live in them.

Ann is the owner, Bob a clerk, Cat a stranger to every grant, Dora a customer.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from django.db import connections
from tests import postgres

from bailee import config as configuration
from bailee import house as houses
from bailee.access import keys, people, roles
from bailee.config import Config
from bailee.custody.providers.file import FileCustodian
from bailee.datamap import versions
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.clock import Clock
from bailee.kernel.ids import SubjectId
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.kernel.secret import Secret
from bailee.settings import _SQLITE_OPTIONS
from bailee.vault.gate import Gate
from bailee.vault.words import Write

MAPS: Final = Path(versions.__file__).parent / "maps"
_NUMBERS = count()


@dataclass
class World:
    """An open house with its gate and people."""

    house: House
    gate: Gate
    ann: Actor
    bob: Actor
    cat: Actor
    dora: SubjectId


@dataclass(frozen=True)
class Template:
    """A closed home to copy, and what its people need to act."""

    folder: Path
    ann: Secret[str]
    bob: Secret[str]
    cat: Secret[str]
    dora: SubjectId
    databases: tuple[str, str] | None


def point(config: Config) -> None:
    """Let Django's connections of this process lead to another home."""
    made = {
        alias: (
            configuration.database(url)
            if url
            else {**connections.settings[alias], "ENGINE": "django.db.backends.sqlite3", "NAME": config.path / name}
        )
        for alias, url, name in (
            ("default", config.database.url, "data.db"),
            ("keys", config.database.keys_url, "keys.db"),
        )
    }
    for alias, one in made.items():
        connections[alias].close()
        del connections[alias]
        if one["ENGINE"].endswith("sqlite3"):
            one["OPTIONS"] = dict(_SQLITE_OPTIONS)
    connections.__dict__["settings"] = connections.configure_settings(made)


@contextmanager
def opened(template: Template, folder: Path, clock: Clock | None = None) -> Iterator[World]:
    """Copy a template into a folder and open it; closed cleanly at the end if nobody did before."""
    home = copy(template, folder)
    world = open_world(template, home, clock)
    try:
        yield world
    finally:
        world.gate.stop()
        if world.house._lock is not None or world.house.config.database.url:
            world.house.abandon()


def copy(template: Template, folder: Path) -> Path:
    """Copy home and custody; on PostgreSQL, clone the databases too."""
    home = folder / "home"
    shutil.copytree(template.folder / "home", home)
    shutil.copytree(template.folder / "home.custody", folder / "home.custody")
    if template.databases is not None:
        number = next(_NUMBERS)
        urls = []
        for name in template.databases:
            clone = f"{name}_{number}"
            postgres.server().sql(f'CREATE DATABASE "{clone}" TEMPLATE "{name}"')
            urls.append(postgres.server().url(clone))
        _write_config(home, urls)
    return home


def open_world(template: Template, home: Path, clock: Clock | None = None) -> World:
    config = configuration.load(home)
    point(config)
    house = houses.open_house(config, FileCustodian(config.key_file, home), clock=clock)
    gate = Gate(house)
    gate.prepare()
    ann, bob, cat = (
        keys.actor_of(house.policy, house.keys, key, house.clock.now())
        for key in (template.ann, template.bob, template.cat)
    )
    return World(house, gate, ann, bob, cat, template.dora)


@cache
def template(base: Path, store: str) -> Template:
    """Make the home that tests copy: the sample map of a shop, four people, one customer."""
    folder = base / f"template-{store}"
    home = folder / "home"
    home.mkdir(parents=True)
    databases = None
    if store == "postgres":
        databases = (f"t{next(_NUMBERS)}_data", f"t{next(_NUMBERS)}_keys")
        for name in databases:
            postgres.server().sql(f'CREATE DATABASE "{name}"')
        _write_config(home, [postgres.server().url(name) for name in databases])
    else:
        _write_config(home, [])
    config = configuration.load(home)
    point(config)
    house = houses.init(config, lambda: FileCustodian.make(config.key_file, home))
    founder = replace(house.system(), may=frozenset(Permission))
    map_text = (MAPS / "shop.toml").read_text()
    house.do(founder, versions.adopt, versions.Adopt(toml=map_text, base_version=0))
    gate = Gate(house)
    gate.prepare()
    ann_key = house.do(founder, people.found, people.Found(name="Ann Owner", email="ann@shop.example")).value.key
    ann = keys.actor_of(house.policy, house.keys, ann_key, house.clock.now())
    house.do(ann, roles.add_roles, roles.AddRoles(roles=("clerk", "marketing", "support", "security", "auditor")))
    bob = house.do(ann, people.invite, people.Invite(name="Bob Clerk", email="bob@shop.example", roles=("clerk",)))
    cat = house.do(ann, people.invite, people.Invite(name="Cat Stranger", email="cat@shop.example"))
    founder = replace(house.system(), may=OPEN_TO_ALL | {Permission.IMPORT})
    dora = gate.bring_in(founder, [Write(fields=DORA)])[0]
    assert not isinstance(dora, Exception), dora
    house.close()
    for alias in ("default", "keys"):
        connections[alias].close()
    return Template(folder, ann_key, bob.value.key, cat.value.key, dora.subject, databases)


DORA: Final = {
    "contact.given_name": "Dora",
    "contact.surname": "Kundin",
    "contact.email": "dora@customer.example",
    "contact.phone": "+1 503 555 0100",
    "billing.invoice_no": "INV-1",
    "billing.total": "19.80",
    "support.message": "The parcel never came.",
}


def _write_config(home: Path, urls: list[str]) -> None:
    lines = ["[home]", "reserve_mb = 0"]
    if urls:
        lines += ["[database]", f'url = "{urls[0]}"', f'keys_url = "{urls[1]}"']
    (home / "bailee.toml").write_text("\n".join(lines) + "\n")
