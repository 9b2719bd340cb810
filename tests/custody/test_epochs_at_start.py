"""What custody refuses to open a home with: lost, swapped, foreign or older blobs and heads."""

import shutil
from pathlib import Path

import pytest
from tests import homes
from tests.homes import Template, World
from tests.vault.hands import outside

from bailee import config as configuration
from bailee import house as houses
from bailee.config import Config
from bailee.crypto.context import custody_context
from bailee.custody.epochs import Ring
from bailee.custody.heads import Heads, KeysHead
from bailee.custody.providers.file import FileCustodian
from bailee.custody.providers.memory import MemoryCustodian
from bailee.kernel.errors import HouseError, Invalid, Unavailable, Unreadable


@pytest.fixture
def home(template_base: Path, tmp_path: Path) -> Config:
    """A closed home, ready to be tampered with."""
    path = homes.copy(homes.template(template_base, "sqlite"), tmp_path)
    config = configuration.load(path)
    homes.point(config)
    return config


def _open(config: Config) -> None:
    houses.open_house(config, FileCustodian(config.key_file, config.path)).abandon()


def _blobs(config: Config, category: int) -> list[Path]:
    return sorted((config.custody_folder / "epochs").glob(f"{category}-*.key"))


def test_a_home_as_it_was_opens(home: Config) -> None:
    _open(home)


def test_a_missing_blob_is_named_and_the_home_stays_shut(home: Config) -> None:
    [blob] = _blobs(home, 3)
    blob.unlink()
    with pytest.raises(Unavailable, match="category 3, epoch 1") as refused:
        _open(home)
    assert refused.value.code == "custody-unreachable"


def test_the_blob_of_another_category_does_not_open(home: Config) -> None:
    [one], [other] = _blobs(home, 3), _blobs(home, 1)
    shutil.copy(other, one)
    with pytest.raises(Unreadable):
        _open(home)


def test_a_flipped_bit_in_a_blob_does_not_open(home: Config) -> None:
    [blob] = _blobs(home, 3)
    body = bytearray(blob.read_bytes())
    body[-1] ^= 1
    blob.write_bytes(bytes(body))
    with pytest.raises(Unreadable):
        _open(home)


def test_a_key_other_than_the_key_store_knows_is_refused(home: Config) -> None:
    """Wrapped under the right root for the right place, and yet not the key of these customers."""
    [blob] = _blobs(home, 3)
    custodian = FileCustodian(home.key_file, home.path)
    identity = configuration.house_id(home.path)
    blob.write_bytes(custodian.wrap(bytes(32), custody_context(identity, 3, 1, "epoch")))
    with pytest.raises(Unreadable, match="another key than the key store knows"):
        _open(home)


def test_the_root_of_another_home_stops_the_start(home: Config, tmp_path: Path) -> None:
    home.key_file.unlink()
    FileCustodian.make(home.key_file, home.path)
    with pytest.raises(Unreadable, match="does not open under this root key"):
        _open(home)


def test_a_root_in_memory_opens_no_home_that_is_there(home: Config) -> None:
    with pytest.raises(Unreadable):
        houses.open_house(home, MemoryCustodian())


def test_a_world_readable_key_file_stops_the_start_of_a_home(home: Config) -> None:
    home.key_file.chmod(0o644)
    with pytest.raises(Invalid, match=r"bailee\.E012"):
        _open(home)


def test_a_refused_start_lets_the_next_one_in(home: Config) -> None:
    [blob] = _blobs(home, 3)
    kept = blob.read_bytes()
    blob.unlink()
    with pytest.raises(HouseError):
        _open(home)
    blob.write_bytes(kept)
    _open(home)


@pytest.mark.parametrize("head", ["keys.head", "ledger.head"])
@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "{}", '{"generation": "1"}', '{"lane": 0, "size": 1, "root": 5}']
)
def test_a_damaged_head_is_refused_in_words(home: Config, head: str, body: str) -> None:
    (home.custody_folder / head).write_text(body)
    with pytest.raises(Invalid, match=f"{head} is damaged"):
        _open(home)


def test_a_key_store_behind_its_head_is_refused(home: Config) -> None:
    Heads(home.custody_folder).put_keys(KeysHead(1, 1))
    with pytest.raises(Unavailable, match="put back to an older state"):
        _open(home)


def test_a_missing_head_of_the_key_store_is_refused(home: Config) -> None:
    (home.custody_folder / "keys.head").unlink()
    with pytest.raises(HouseError):
        _open(home)


def test_a_slow_process_does_not_make_an_older_key_store_good_again(tmp_path: Path) -> None:
    heads = Heads(tmp_path)
    heads.put_keys(KeysHead(6, 6))
    heads.put_keys(KeysHead(5, 5))
    assert heads.keys() == KeysHead(6, 6)


def test_a_sealed_category_stays_shut_and_the_house_opens(template: Template, tmp_path: Path) -> None:
    with homes.opened(template, tmp_path) as world:
        config = world.house.config
        _seal(world, 3)
        world.house.close()
    homes.point(config)
    house = houses.open_house(config, FileCustodian(config.key_file, config.path))
    try:
        with pytest.raises(Unavailable) as refused:
            house.ring[3, 1]
        assert refused.value.code == "sealed"
        with pytest.raises(Unavailable) as refused:
            house.ring.current(3)
        assert refused.value.code == "sealed"
        assert house.ring.current(1).category == 1
    finally:
        house.abandon()


def test_one_sealed_row_seals_every_epoch_of_its_category(world: World) -> None:
    outside(
        world,
        "keys",
        "INSERT INTO epoch (category, number, state, kcv, opened, sealed) VALUES (3, 99, 3, %s, 0, %s)",
        bytes(16),
        True,
    )
    ring = Ring(world.house.id, world.house.custodian, world.house.config.custody_folder)
    with pytest.raises(Unavailable):
        ring.current(3)


def _seal(world: World, category: int) -> None:
    outside(world, "keys", "UPDATE epoch SET sealed = %s WHERE category = %s", True, category)


def test_a_wiped_ring_opens_nothing_from_memory(world: World) -> None:
    key = world.house.ring.current(3)
    world.house.ring.wipe()
    with pytest.raises(Unavailable):
        key.wrap(bytes(32), bytes(16), 1)


def test_an_epoch_is_made_once_and_its_blob_is_there_before_its_row(world: World) -> None:
    with world.house.opened("keys") as tx:
        assert world.house.ring.make(tx, 3) == 0
        number = world.house.ring.make(tx, 77)
    assert number == 1
    assert len(list((world.house.config.custody_folder / "epochs").glob("77-1-*.key"))) == 1
    assert world.house.ring.current(77).number == 1
