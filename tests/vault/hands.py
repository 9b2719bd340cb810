"""What tests do with their hands: bring customers in, invite people, read the ledger, reach past the house."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from django.db import connections
from tests import homes
from tests.homes import World

from bailee import config as configuration
from bailee.access import keys, people
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.ids import SubjectId
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.ledger import tables as ledger
from bailee.ledger.entries import Entry, opened
from bailee.vault import erasure
from bailee.vault.erasure import Basis, Erase, Erasure
from bailee.vault.words import Answer, Ask, Item, Write, Written

STORES = {"default": "data.db", "keys": "keys.db"}


def importer(world: World) -> Actor:
    """Somebody who may bring data in and see none of it."""
    return replace(world.house.system(), may=OPEN_TO_ALL | {Permission.IMPORT})


def bring(world: World, *customers: dict[str, Any]) -> list[SubjectId]:
    """Bring customers in and answer their ids; every one must be taken."""
    made = world.gate.bring_in(importer(world), [Write(fields=fields) for fields in customers])
    refused = [one for one in made if not isinstance(one, Written)]
    assert refused == []
    return [one.subject for one in made if isinstance(one, Written)]


def add(world: World, subject: SubjectId, **fields: Any) -> Written:
    """Write more of a customer; `billing__total` stands for `billing.total`."""
    [made] = world.gate.bring_in(
        importer(world),
        [Write(subject=subject, fields={name.replace("__", "."): value for name, value in fields.items()})],
    )
    assert isinstance(made, Written)
    return made


def clear(world: World, actor: Actor, purpose: str, *fields: str, of: Sequence[SubjectId], **more: Any) -> Answer:
    """Read fields in the clear."""
    return world.gate.read(Ask(actor=actor, purpose=purpose, subjects=tuple(of), fields=(), clear=fields, **more))


def shown(item: Item) -> dict[str, str]:
    """What one customer of an answer shows: field → text; a category that keeps many shows its last record."""
    return {name: one.text for record in item.records for name, one in record.values.items()}


def hire(world: World, name: str, *roles: str) -> Actor:
    """Invite somebody with roles, and act as them."""
    ask = people.Invite(name=name, email=f"{name.lower()}@shop.example", roles=roles)
    issued = world.house.do(world.ann, people.invite, ask).value
    return keys.actor_of(world.house.policy, world.house.keys, issued.key, world.house.clock.now())


def erase(world: World, subject: SubjectId, *categories: str) -> Erasure:
    """Erase a customer, or some categories of theirs."""
    return erasure.erase(world.house, world.ann, erase_ask(subject, *categories))


def erase_ask(subject: SubjectId, *categories: str) -> Erase:
    return Erase(subject=ids.text(subject), basis=Basis.REQUEST, categories=categories)


def entries(world: World, *tags: int) -> list[Entry]:
    """The ledger's entries with one of these tags, oldest first."""
    homes_point(world)
    rows = ledger.Entry.objects.filter(tag__in=tags).order_by("idx")
    return [opened(bytes(row.body or b""), bytes(row.leaf)) for row in rows]


def facts(world: World, tag: int) -> list[dict[str, Any]]:
    """The payloads of the entries of one tag, oldest first."""
    return [entry.facts for entry in entries(world, tag)]


def outside(world: World, store: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement as an intruder would: on a connection that the house does not know and nothing guards."""
    config = world.house.config
    if url := (config.database.url if store == "default" else config.database.keys_url):
        with psycopg.connect(url, autocommit=True) as link:
            cursor = link.execute(sql, values)
            return cursor.fetchall() if cursor.description else []
    file = sqlite3.connect(config.path / STORES[store], timeout=10, isolation_level=None)
    try:
        return file.execute(sql.replace("%s", "?"), values).fetchall()
    finally:
        file.close()


def homes_point(world: World) -> None:
    """Let this process's connections lead to a world, if they do not yet."""
    config = world.house.config
    wanted = database_name(config.database.url) if config.database.url else str(config.path / "data.db")
    if str(connections.settings["default"]["NAME"]) != wanted:
        homes.point(config)


def database_name(url: str) -> str:
    return str(configuration.database(url)["NAME"])
