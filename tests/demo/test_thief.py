import os
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto.keys import EpochKey
from bailee.demo import thief

PLANTED = {
    "e-mail addresses": ("dora@customer.example", "emil@customer.example"),
    "card numbers": ("4000 0012 3456 7899",),
    "messages": ("The parcel never came, and I have been waiting for a month.",),
}


@pytest.mark.parametrize(
    "spelled",
    [
        b"DORA@CUSTOMER.EXAMPLE",
        "dora@customer.example".encode("utf-16-le"),
        b"dora@customer.example".hex().encode(),
        b"4000001234567899",
        b"and I have been waiting for a mo",
    ],
)
def test_a_value_is_found_in_every_spelling_and_at_every_place(tmp_path: Path, spelled: bytes) -> None:
    for before in range(5):
        (tmp_path / "file").write_bytes(os.urandom(before) + spelled + os.urandom(9))
        assert thief.search(tmp_path, PLANTED).hits == 1


@given(st.binary(max_size=200))
def test_what_is_not_there_is_not_found(data: bytes) -> None:
    folder = Path(os.environ["BAILEE_HOME"])
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(data)
    assert thief.search(folder / "file", PLANTED).hits == 0


def test_a_short_file_and_an_empty_folder_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"ab")
    assert thief.search(tmp_path, PLANTED).hits == 0
    assert thief.search(tmp_path, PLANTED).values == 4


def test_what_was_found_is_counted_by_kind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("emil@customer.example and dora@customer.example")
    haul = thief.search(tmp_path, PLANTED)
    assert haul.found == {"e-mail addresses": 2, "card numbers": 0, "messages": 0}
    assert "emil" not in repr(haul)


def test_a_key_that_lies_in_the_store_is_found(tmp_path: Path) -> None:
    house, key = os.urandom(16), os.urandom(32)
    path = tmp_path / "keys.db"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE epoch (category INTEGER, number INTEGER, kcv BLOB, note BLOB)")
    base.execute("INSERT INTO epoch VALUES (?, ?, ?, ?)", [3, 1, EpochKey(key, house, 3, 1).kcv, os.urandom(50)])
    base.commit()
    assert thief.fits(thief.strings(path), path, house, 3)[1] == 0
    base.execute("UPDATE epoch SET note = ?", [os.urandom(5) + key + os.urandom(5)])
    base.commit()
    base.close()
    assert thief.fits(thief.strings(path), path, house, 3)[1] == 1


def test_a_careless_index_is_recognised() -> None:
    assert sha256(b"dora@customer.example").digest()[:16] in thief.digests("Dora@customer.example")
