"""What a thief of the files has: ciphertext, and keys wrapped under a key that is elsewhere."""

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests import homes, postgres
from tests.homes import World
from tests.vault.hands import bring, clear, database_name, erase, homes_point, outside, shown

from bailee import config as configuration
from bailee import house as houses
from bailee.custody.providers.file import FileCustodian
from bailee.kernel.errors import Conflict, HouseError, Unavailable, Unreadable
from bailee.kernel.ids import SubjectId

CUSTOMERS: Final = 1_250
MARK: Final = "xq"
_SPELLINGS: Final = (re.compile(rb"xq[0-9a-f]{12}"), re.compile(rb"x\0q\0(?:[0-9a-f]\0){12}"))
FIELDS: Final = {
    "contact.given_name": "{}",
    "contact.surname": "{}",
    "contact.company": "{} Ltd",
    "contact.email": "{}@planted.example",
    "account.username": "{}",
    "loyalty.member_no": "{}",
    "orders.items": "two of {}",
    "support.message": "I am {}.",
}


@dataclass
class Planted:
    """A shop with 10,000 values that no file may show, while it is open."""

    world: World
    begun: float
    values: frozenset[str]
    subjects: list[SubjectId]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def planted_home(
    request: pytest.FixtureRequest, template_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    if request.param == "postgres":
        try:
            postgres.server()
        except postgres.Missing as why:
            pytest.skip(str(why))
    template = homes.template(template_base, request.param)
    with homes.opened(template, tmp_path_factory.mktemp("planted")) as world:
        begun = time.time() - 1
        values, subjects = list[str](), list[SubjectId]()
        for _ in range(CUSTOMERS // 250):
            customers = []
            for _ in range(250):
                drawn = {field: MARK + secrets.token_hex(6) for field in FIELDS}
                values += drawn.values()
                customers.append({field: FIELDS[field].format(value) for field, value in drawn.items()})
            subjects += bring(world, *customers)
        for subject in subjects[:10]:  # freed pages are pages as well
            erase(world, subject)
        yield Planted(world, begun, frozenset(values), subjects)
        homes_point(world)


@pytest.fixture
def planted(planted_home: Planted) -> Planted:
    homes_point(planted_home.world)
    return planted_home


def _shown(body: bytes) -> set[str]:
    """The planted values that can be read in some bytes, in any case, as UTF-8 or UTF-16."""
    body = body.lower()
    return {found.replace(b"\0", b"").decode() for spelling in _SPELLINGS for found in spelling.findall(body)}


def _files(planted: Planted) -> list[Path]:
    """Every file a thief could take, as it lies while the house is open."""
    config = planted.world.house.config
    files = [path for folder in (config.path, config.custody_folder) for path in folder.rglob("*") if path.is_file()]
    if config.database.url:
        server = postgres.server()
        for url in (config.database.url, config.database.keys_url):
            name = database_name(url)
            oid = server.sql("SELECT oid FROM pg_database WHERE datname = current_database()", name)
            files += [path for path in (server.folder / "data" / "base" / oid).iterdir() if path.is_file()]
        # What no checkpoint has written yet is in the log that was written since.
        log = [path for path in (server.folder / "data" / "pg_wal").iterdir() if path.is_file()]
        files += [path for path in log if path.stat().st_mtime >= planted.begun]
        files.append(server.folder / "log")
    return files


@pytest.mark.check("vault-4")
def test_no_file_shows_one_of_10_000_values_in_any_spelling(planted: Planted) -> None:
    assert len(planted.values) == CUSTOMERS * len(FIELDS)
    files = _files(planted)
    leaks = {path.name: len(found) for path in files if (found := _shown(path.read_bytes()) & planted.values)}
    assert leaks == {}


@pytest.mark.check("vault-4")
def test_the_search_would_find_a_value_that_lies_in_a_store(planted: Planted) -> None:
    value = MARK + secrets.token_hex(6)
    outside(planted.world, "default", "UPDATE assignment SET person = person")
    outside(
        planted.world,
        "default",
        "INSERT INTO bulk_unlock (id, actor, purpose, most, until) VALUES (%s, 'x', 'y', 1, 1)",
        value.upper(),
    )
    assert any(value in _shown(path.read_bytes()) for path in _files(planted))


@pytest.mark.check("vault-4")
def test_the_values_are_there_for_who_may_see_them(planted: Planted) -> None:
    subject = planted.subjects[-1]
    [item] = clear(planted.world, planted.world.bob, "billing", "contact.email", of=[subject]).items
    assert shown(item)["contact.email"].partition("@")[0] in planted.values


@pytest.mark.check("vault-4")
@pytest.mark.parametrize("taken", ["nothing of custody", "the blobs without the root", "the blobs with another root"])
def test_all_stores_together_open_nothing_without_the_root(
    template: homes.Template, tmp_path: Path, taken: str
) -> None:
    home = homes.copy(template, tmp_path)
    config = configuration.load(home)
    homes.point(config)
    root = config.key_file.read_bytes()
    config.key_file.unlink()
    if taken == "nothing of custody":
        shutil.rmtree(config.custody_folder)
    if taken == "the blobs with another root":
        FileCustodian.make(config.key_file, home)
        assert config.key_file.read_bytes() != root
    thief: FileCustodian
    refused: HouseError | None = None
    try:
        thief = FileCustodian(config.key_file, home)
        houses.open_house(config, thief)
    except (Unavailable, Unreadable, Conflict) as error:
        refused = error
    assert refused is not None
    if taken == "nothing of custody":  # a root of one's own opens nothing either
        thief = FileCustodian.make(config.key_file, home)
        with pytest.raises(Unavailable, match="not in the custody folder"):
            houses.open_house(config, thief)
