"""Keepers of root keys: one suite for all, and what each refuses to start with."""

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from bailee.crypto.context import custody_context
from bailee.custody import durable
from bailee.custody.custodian import Custodian
from bailee.custody.providers.file import FileCustodian
from bailee.custody.providers.memory import MemoryCustodian
from bailee.custody.providers.passphrase import PassphraseCustodian
from bailee.kernel.errors import Denied, HouseError, Invalid, Unavailable, Unreadable
from bailee.kernel.secret import Secret

HOUSE: Final = bytes(range(16))
KEY: Final = bytes(range(32, 64))
CONTEXT: Final = custody_context(HOUSE, 3, 7, "epoch")
PHRASE: Final = Secret("seven random words would do very well")
Make = Callable[[Path], Custodian]


def _file(folder: Path) -> Custodian:
    return FileCustodian.make(folder / "keys" / "root.key", folder / "home")


def _passphrase(folder: Path) -> Custodian:
    return PassphraseCustodian.make(folder / "keys" / "root.json", PHRASE, memory_mib=8)


def _memory(_: Path) -> Custodian:
    return MemoryCustodian()


KEEPERS: Final[dict[str, tuple[Make, int]]] = {
    "file": (_file, 1),
    "passphrase": (_passphrase, 2),
    "memory": (_memory, 6),
}


@pytest.fixture(params=KEEPERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def keeper(name: str, tmp_path: Path) -> Custodian:
    return KEEPERS[name][0](tmp_path)


# -- the suite that every keeper passes; those of other makers join the list


def test_what_was_wrapped_is_unwrapped(keeper: Custodian) -> None:
    assert keeper.unwrap(keeper.wrap(KEY, CONTEXT), CONTEXT) == KEY


def test_a_blob_names_its_keeper_and_version_and_hides_the_key(keeper: Custodian, name: str) -> None:
    blob = keeper.wrap(KEY, CONTEXT)
    assert (blob[0], blob[1]) == (KEEPERS[name][1], 1)
    assert keeper.provider == KEEPERS[name][1]
    assert KEY not in blob


def test_no_two_blobs_of_one_key_are_alike(keeper: Custodian) -> None:
    assert len({keeper.wrap(KEY, CONTEXT) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "context",
    [
        custody_context(HOUSE, 4, 7, "epoch"),
        custody_context(HOUSE, 3, 8, "epoch"),
        custody_context(bytes(16), 3, 7, "epoch"),
        custody_context(HOUSE, 3, 7, "slot"),
        b"",
    ],
)
def test_a_wrong_context_fails(keeper: Custodian, context: bytes) -> None:
    with pytest.raises(Unreadable):
        keeper.unwrap(keeper.wrap(KEY, CONTEXT), context)


def test_every_flipped_bit_fails(keeper: Custodian) -> None:
    blob = keeper.wrap(KEY, CONTEXT)
    for at in range(len(blob)):
        for bit in range(8):
            with pytest.raises(Unreadable):
                keeper.unwrap(blob[:at] + bytes((blob[at] ^ 1 << bit,)) + blob[at + 1 :], CONTEXT)


def test_every_shorter_or_longer_blob_fails(keeper: Custodian) -> None:
    blob = keeper.wrap(KEY, CONTEXT)
    for wrong in (*(blob[:length] for length in range(len(blob))), blob + b"\0"):
        with pytest.raises(Unreadable):
            keeper.unwrap(wrong, CONTEXT)


def test_a_blob_of_another_root_or_keeper_fails(keeper: Custodian, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for make, _ in KEEPERS.values():
        other = make(tmp_path / "other")
        with pytest.raises(Unreadable):
            keeper.unwrap(other.wrap(KEY, CONTEXT), CONTEXT)


def test_it_is_well_and_says_what_it_is_without_a_secret(keeper: Custodian) -> None:
    health = keeper.probe()
    assert health.well
    assert keeper.describe()
    told = f"{health.says} {keeper.describe()} {keeper!r}"
    assert KEY.hex() not in told
    assert PHRASE.reveal() not in told


def test_a_destroyed_root_opens_nothing_and_wraps_nothing(keeper: Custodian) -> None:
    """A root of zeros would wrap what everybody can open."""
    blob = keeper.wrap(KEY, CONTEXT)
    keeper.destroy_root()
    with pytest.raises(HouseError):
        keeper.unwrap(blob, CONTEXT)
    with pytest.raises(Unavailable):
        keeper.wrap(KEY, CONTEXT)


def test_a_destroyed_root_is_no_longer_in_its_folder(name: str, tmp_path: Path) -> None:
    if name == "memory":
        return
    keeper = KEEPERS[name][0](tmp_path)
    [kept] = (tmp_path / "keys").iterdir()
    before = kept.read_bytes()
    link = tmp_path / "second name"
    os.link(kept, link)
    keeper.destroy_root()
    assert not kept.exists()
    assert link.read_bytes()[: len(before)] != before  # overwritten where it lay, not only unnamed


# -- the file


def _key_file(folder: Path) -> Path:
    FileCustodian.make(folder / "keys" / "root.key", folder / "home")
    return folder / "keys" / "root.key"


def test_a_missing_root_stops_the_start_by_name(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^bailee\.E010 "):
        FileCustodian(tmp_path / "root.key", tmp_path / "home")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o602, 0o660, 0o601, 0o777])
def test_a_key_file_open_to_others_stops_the_start_by_name(tmp_path: Path, mode: int) -> None:
    path = _key_file(tmp_path)
    path.chmod(mode)
    with pytest.raises(Invalid, match=r"^bailee\.E012 .*open to other users"):
        FileCustodian(path, tmp_path / "home")


def test_a_key_file_of_another_user_stops_the_start_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _key_file(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(Invalid, match=r"^bailee\.E014 "):
        FileCustodian(path, tmp_path / "home")


@pytest.mark.parametrize("written", ["", "00", "zz" * 32, "00" * 31, "00" * 33, "not a key"])
def test_a_file_that_holds_no_key_stops_the_start_by_name_and_is_not_quoted(tmp_path: Path, written: str) -> None:
    path = _key_file(tmp_path)
    path.write_text(written)
    with pytest.raises(Invalid, match=r"^bailee\.E015 ") as refused:
        FileCustodian(path, tmp_path / "home")
    assert written == "" or written not in str(refused.value)


@pytest.mark.parametrize("where", ["root.key", "deep/down/root.key", "../home/root.key"])
def test_a_key_inside_the_home_is_refused_and_never_made(tmp_path: Path, where: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(Invalid, match=r"^bailee\.E013 "):
        FileCustodian.make(home / where, home)
    assert list(home.iterdir()) == []


def test_a_link_into_the_home_is_inside_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "root.key").write_text("00" * 32)
    (tmp_path / "outside.key").symlink_to(home / "root.key")
    with pytest.raises(Invalid, match=r"^bailee\.E013 "):
        FileCustodian(tmp_path / "outside.key", home)


def test_a_key_file_is_made_for_its_owner_only_and_never_over_another(tmp_path: Path) -> None:
    path = _key_file(tmp_path)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    before = path.read_bytes()
    with pytest.raises(Invalid, match="already"):
        FileCustodian.make(path, tmp_path / "home")
    assert path.read_bytes() == before


def test_a_key_file_that_was_exchanged_is_not_well(tmp_path: Path) -> None:
    path = _key_file(tmp_path)
    keeper = FileCustodian(path, tmp_path / "home")
    path.write_text("00" * 32)
    assert not keeper.probe().well
    path.unlink()
    assert not keeper.probe().well


# -- the passphrase


def test_a_wrong_passphrase_is_denied_and_a_right_one_opens(tmp_path: Path) -> None:
    blob = _passphrase(tmp_path).wrap(KEY, CONTEXT)
    path = tmp_path / "keys" / "root.json"
    with pytest.raises(Denied):
        PassphraseCustodian(path, lambda: Secret("another phrase of many signs"))
    assert PassphraseCustodian(path, lambda: PHRASE).unwrap(blob, CONTEXT) == KEY


def test_a_passphrase_is_one_text_however_its_letters_were_typed(tmp_path: Path) -> None:
    PassphraseCustodian.make(tmp_path / "root.json", Secret("caf\u00e9 caf\u00e9 caf\u00e9 caf\u00e9"), memory_mib=8)
    PassphraseCustodian(tmp_path / "root.json", lambda: Secret("cafe\u0301 cafe\u0301 cafe\u0301 cafe\u0301"))


def test_a_short_passphrase_is_refused_and_nothing_made(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        PassphraseCustodian.make(tmp_path / "root.json", Secret("fifteen signs!!"), memory_mib=8)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("salt", None),
        ("salt", 5),
        ("root", "%%%"),
        ("cost", None),
        ("cost", {}),
        ("cost", {"mib": 8}),
        ("cost", {"mib": 2**40, "t": 4, "p": 4}),  # would take all memory at start
        ("cost", {"mib": 8, "t": 0, "p": 4}),
        ("cost", {"mib": "8", "t": 4, "p": 4}),
        ("cost", {"mib": 8, "t": 10**9, "p": 4}),
        ("cost", {"mib": True, "t": 4, "p": 4}),
    ],
)
def test_a_damaged_sealed_root_is_refused_before_anything_is_stretched(
    tmp_path: Path, place: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    _passphrase(tmp_path)
    path = tmp_path / "keys" / "root.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {place: value}))
    monkeypatch.setattr("bailee.custody.providers.passphrase.stretch", lambda *_, **__: pytest.fail("stretched"))
    with pytest.raises(Invalid):
        PassphraseCustodian(path, lambda: PHRASE)


# -- small files that must not be lost


def test_a_file_is_whole_even_if_each_call_writes_one_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, body: real(handle, bytes(body[:1])))
    durable.write(tmp_path / "head", b"all of this")
    assert (tmp_path / "head").read_bytes() == b"all of this"


def test_what_can_t_be_written_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable.write(tmp_path / "head", b"old")

    def full(handle: int, body: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Unavailable):
        durable.write(tmp_path / "head", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["head"]
    assert (tmp_path / "head").read_bytes() == b"old"


def test_threads_that_write_one_file_at_once_all_succeed(tmp_path: Path) -> None:
    bodies = [bytes((number,)) * 1_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            list(pool.map(lambda body: durable.write(tmp_path / "head", body), bodies))
            assert (tmp_path / "head").read_bytes() in bodies
    assert [path.name for path in tmp_path.iterdir()] == ["head"]
