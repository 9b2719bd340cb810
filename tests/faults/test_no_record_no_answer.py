"""Where nothing can be recorded nothing is shown: whatever breaks under the ledger, no door lets a value out."""

import secrets
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.utils import InterfaceError, OperationalError
from tests.homes import World

from bailee.access import keys
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.errors import HouseError, Unavailable
from bailee.kernel.ids import SubjectId
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.ledger import lanes, tables
from bailee.vault.gate import Gate
from bailee.vault.words import Ask, Find, Write


@dataclass
class Shop:
    """A world with one customer whose every value is a random word of 128 bits."""

    world: World
    subject: SubjectId
    canaries: tuple[str, ...]

    @property
    def gate(self) -> Gate:
        return self.world.gate

    @property
    def house(self) -> House:
        return self.world.house

    @property
    def bob(self) -> Actor:
        return self.world.bob

    def ask(self) -> Ask:
        fields = ("billing.invoice_no", "contact.email", "contact.surname")
        return Ask(
            actor=self.bob, purpose="billing", subjects=(self.subject,), fields=fields, clear=("billing.invoice_no",)
        )


@pytest.fixture
def shop(world: World) -> Shop:
    return _shop(world)


# -- the doors: each tries to get at the customer and answers whatever it got; new doors join this list


def read(shop: Shop) -> object:
    return shop.gate.read(shop.ask())


def answer(shop: Shop) -> object:
    return shop.gate.answer([shop.ask(), shop.ask()])


def find(shop: Shop) -> object:
    mail = f"{shop.canaries[1]}@example.org"
    return shop.gate.find(
        Find(
            actor=shop.bob, purpose="billing", field="contact.email", how="is", value=mail, fields=("contact.surname",)
        )
    )


def write(shop: Shop) -> object:
    return shop.gate.write(shop.bob, "billing", [Write(subject=shop.subject, fields={"billing.total": "1.00"})])


def bring_in(shop: Shop) -> object:
    owner = replace(shop.house.system(), may=OPEN_TO_ALL | {Permission.IMPORT})
    return shop.gate.bring_in(owner, [Write(fields={"contact.surname": shop.canaries[2]})])


def line(shop: Shop) -> object:
    """The thread that answers doors in batches."""
    gate = Gate(shop.house)
    gate.start()
    try:
        return gate.ask(shop.ask()).result(timeout=20)
    finally:
        gate.stop()


def act(shop: Shop) -> object:
    return shop.house.do(shop.world.ann, keys.make_key, keys.MakeKey(person=shop.world.cat.id))


DOORS: dict[str, Callable[[Shop], object]] = {
    one.__name__: one for one in (read, answer, find, write, bring_in, line, act)
}


# -- what breaks


@contextmanager
def refusing(error: Callable[[], BaseException], verb: str, shop: Shop) -> Iterator[None]:
    """The data database fails at a statement of the ledger, as its driver reports it."""

    def fail(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(verb) and "ledger_" in sql:
            raise error()
        return execute(sql, params, many, context)

    with connections["default"].execute_wrapper(fail):
        yield


@contextmanager
def at_commit(error: Callable[[], BaseException], shop: Shop) -> Iterator[None]:
    """The commit itself fails; its outcome is unknown."""
    with pytest.MonkeyPatch.context() as patch:
        connection: Any = connections["default"]

        def commit() -> None:
            connection._rollback()
            raise error()

        patch.setattr(connection, "_commit", commit)
        yield


def _full() -> BaseException:
    return OperationalError("database or disk is full")


def _broken() -> BaseException:
    return OperationalError("disk I/O error")


def _gone() -> BaseException:
    return InterfaceError("connection already closed")


def _read_only() -> BaseException:
    return OperationalError("attempt to write a readonly database")


@contextmanager
def fence_up(shop: Shop) -> Iterator[None]:
    """No lane is open."""
    with shop.house.opened() as tx:
        lanes.close_lane(tx, 0, lanes.CLOSED)
    yield
    with shop.house.opened() as tx:
        lanes.close_lane(tx, 0, lanes.OPEN)


FAULTS: dict[str, Callable[[Shop], Any]] = {
    "full at insert": partial(refusing, _full, "INSERT"),
    "I/O error at insert": partial(refusing, _broken, "INSERT"),
    "I/O error at the head": partial(refusing, _broken, "UPDATE"),
    "read-only": partial(refusing, _read_only, "INSERT"),
    "connection lost": partial(refusing, _gone, "SELECT"),
    "full at commit": partial(at_commit, _full),
    "I/O error at commit": partial(at_commit, _broken),
    "lost at commit": partial(at_commit, _gone),
    "no open lane": fence_up,
}
THREAD = {"line"}
"""Doors with a thread of their own have their own connection, which these faults don't reach."""


def leaks(shop: Shop, said: object) -> list[str]:
    """Which canaries are in an answer or an error, however it is shown."""
    shown = repr(said)
    if isinstance(said, BaseException):
        shown += "".join(traceback.format_exception(said)) + str(said) + str(getattr(said, "hint", ""))
        cause: BaseException | None = said
        while cause is not None:
            shown += repr(cause.args)
            cause = cause.__cause__ or cause.__context__
    return [word for word in shop.canaries if word in shown]


def attempt(shop: Shop, door: str) -> object:
    try:
        return DOORS[door](shop)
    except HouseError as error:
        return error


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("door", sorted(DOORS.keys() - THREAD))
def test_what_cannot_be_recorded_is_not_shown(shop: Shop, door: str, fault: str) -> None:
    size = tables.Entry.objects.count()
    with FAULTS[fault](shop):
        said = attempt(shop, door)
    assert isinstance(said, Unavailable), said
    assert (said.code, said.status) == ("ledger-closed", 503)
    assert leaks(shop, said) == []
    assert size == tables.Entry.objects.count()


@pytest.mark.parametrize("door", sorted(DOORS))
def test_the_same_doors_open_when_all_is_well(shop: Shop, door: str) -> None:
    assert not isinstance(attempt(shop, door), HouseError)


def test_these_doors_would_show_the_customer_if_nothing_stopped_them(shop: Shop) -> None:
    """The control: a canary that no door could show would prove nothing."""
    assert shop.canaries[0] in str(
        [
            [shown.text for record in item.records for shown in record.values.values()]
            for item in shop.gate.read(shop.ask()).items
        ]
    )


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_full_disk_shows_nothing_and_is_over_when_there_is_room(sqlite_world: World, door: str) -> None:
    """SQLite itself says that it is full: the database may not grow by one page."""
    shop = _shop(sqlite_world)
    path = sqlite_world.house.config.path / "data.db"
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for alias in ("default",):
        connections[alias].close()
    with pytest.MonkeyPatch.context() as patch:
        options = connections["default"].settings_dict["OPTIONS"]
        patch.setitem(options, "init_command", options["init_command"] + " PRAGMA max_page_count = 1;")
        _fill_pages(path)
        said = [attempt(shop, door) for _ in range(40)]
    refused = [one for one in said if isinstance(one, HouseError)]
    assert refused, "the disk never filled"
    assert {"ledger-closed"} == {one.code for one in refused}
    assert [leak for one in refused for leak in leaks(shop, one)] == []
    connections["default"].close()
    assert not isinstance(attempt(shop, door), HouseError)


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_database_held_by_another_program_shows_nothing(sqlite_world: World, door: str) -> None:
    shop = _shop(sqlite_world)
    connections["default"].close()
    options = connections["default"].settings_dict["OPTIONS"]
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(sqlite3.connect(sqlite_world.house.config.path / "data.db")) as thief,
    ):
        patch.setitem(options, "timeout", 0.05)
        patch.setitem(
            options, "init_command", str(options["init_command"]).replace("busy_timeout=5000", "busy_timeout=50")
        )
        thief.execute("BEGIN IMMEDIATE")
        said = attempt(shop, door)
        thief.rollback()
    connections["default"].close()
    assert isinstance(said, HouseError)
    assert said.code == "ledger-closed"
    assert leaks(shop, said) == []
    assert not isinstance(attempt(shop, door), HouseError)


def _shop(world: World) -> Shop:
    word, mail, name = (secrets.token_hex(16) for _ in range(3))
    owner = replace(world.house.system(), may=OPEN_TO_ALL | {Permission.IMPORT})
    values = {"billing.invoice_no": word, "contact.email": f"{mail}@example.org", "contact.surname": name}
    [made] = world.gate.bring_in(owner, [Write(fields=values)])
    assert not isinstance(made, HouseError), made
    return Shop(world, made.subject, (word, mail, name))


def _fill_pages(path: Path) -> None:
    """Nothing to free: every page of the file is in use."""
    with closing(sqlite3.connect(path)) as store:
        store.execute("VACUUM")
