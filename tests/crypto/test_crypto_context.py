"""Derivation and additional data: the exact bytes, and that no two places share them."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto import context
from bailee.crypto.context import Place, expand, info

HOUSE, SUBJECT, RECORD = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
PLACE = Place(collection=1, subject=SUBJECT, record=RECORD, category=3, schema=5, record_version=1)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_one_block_equals_the_standard_library_for_keys_and_messages_of_every_length(key: bytes, named: bytes) -> None:
    assert hmac.digest(key, named + b"\x01", "sha512") == expand(key, named, 64)


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200), st.integers(1, 300))
def test_expand_equals_the_library_for_every_length(key: bytes, named: bytes, length: int) -> None:
    assert HKDFExpand(hashes.SHA512(), length, named).derive(key) == expand(key, named, length)


@pytest.mark.parametrize("length", [0, -1, 255 * 64 + 1])
def test_expand_refuses_a_length_the_standard_has_no_block_for(length: int) -> None:
    with pytest.raises(ValueError, match="255 blocks"):
        expand(bytes(32), b"", length)


def test_expand_gives_the_largest_length_there_is() -> None:
    assert HKDFExpand(hashes.SHA512(), 16_320, b"").derive(bytes(32)) == expand(bytes(32), b"", 16_320)


def test_a_label_and_its_pieces_are_joined_behind_their_lengths() -> None:
    assert info("bailee/v1/x", b"ab", b"", b"c") == b"bailee/v1/x\0\0\0\0\x02ab\0\0\0\0\0\0\0\x01c"


@given(st.lists(st.binary(max_size=9), max_size=5), st.lists(st.binary(max_size=9), max_size=5))
def test_different_pieces_never_join_to_the_same_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (one == other) == (info("x", *one) == info("x", *other))


def test_the_record_layout_is_88_bytes_in_this_order() -> None:
    expected = b"bailee/v1/record\x42\x01\x00\x09" + HOUSE + b"\0\0\0\x01" + SUBJECT + RECORD
    expected += b"\0\0\0\x03\0\0\0\x05\0\0\0\0\0\0\0\x01"
    assert (88, expected) == (len(expected), context.record_aad(HOUSE, 9, PLACE))


def test_the_key_layout_is_64_bytes_in_this_order() -> None:
    expected = b"bailee/v1/key\0\0\0" + HOUSE + SUBJECT + b"\0\0\0\x03\0\0\0\x02\0\0\0\0\0\0\0\x07"
    assert (64, expected) == (len(expected), context.key_aad(HOUSE, SUBJECT, 3, 2, 7))


def test_the_system_layout_holds_half_the_digest_of_the_name() -> None:
    name = hashlib.sha256(b"index/4/1").digest()[:16]
    expected = b"bailee/v1/system" + HOUSE + name + b"\0\0\0\x03\0\0\0\x02\0\0\0\0\0\0\0\x07"
    assert (64, expected) == (len(expected), context.system_aad(HOUSE, "index/4/1", 3, 2, 7))


def test_the_custody_context_names_house_category_epoch_and_purpose() -> None:
    expected = info("bailee/v1/custody", HOUSE, b"\0\0\0\x03", b"\0\0\0\0\0\0\0\x07", b"epoch")
    assert expected == context.custody_context(HOUSE, 3, 7, "epoch")


def test_the_file_context_names_house_customer_category_and_file() -> None:
    expected = info("bailee/v1/file", HOUSE, SUBJECT, b"\0\0\0\x03", RECORD)
    assert expected == context.file_context(HOUSE, SUBJECT, 3, RECORD)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_an_id_of_another_length_is_refused_instead_of_padded_or_cut(size: int) -> None:
    odd = bytes(size)
    elsewhere = Place(collection=1, subject=odd, record=RECORD, category=3, schema=5, record_version=1)
    makes: tuple[Callable[[], object], ...] = (
        lambda: context.record_aad(odd, 1, PLACE),
        lambda: context.record_aad(HOUSE, 1, elsewhere),
        lambda: context.key_aad(HOUSE, odd, 3, 1, 7),
        lambda: context.key_aad(odd, SUBJECT, 3, 1, 7),
        lambda: context.system_aad(odd, "x", 3, 1, 7),
        lambda: context.custody_context(odd, 3, 7, "epoch"),
        lambda: context.file_context(HOUSE, SUBJECT, 3, odd),
    )
    for make in makes:
        with pytest.raises(ValueError, match="16"):
            make()
