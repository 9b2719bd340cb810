"""Epoch keys: the printed bytes, wrapping for one place, and a key that shows itself to nobody."""

import copy
import pickle
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto.context import key_aad
from bailee.crypto.keys import EpochKey, alias, code_alias, new_key
from bailee.kernel.errors import Unavailable, Unreadable

HOUSE, SUBJECT, DEK, RAW = (bytes(range(*span)) for span in ((0, 16), (16, 32), (0x40, 0x60), (0x60, 0x80)))
SELF = bytes(range(0x80, 0xA0))
WRAPPED = bytes.fromhex(
    "000000000000000000000000fb058f79a4bc0aed06b5a2aacab718096894bc9c7d86c4db7205369d64505986"
    "bb2817c709726b91e3831a7d8dfe8018"
)
ALIAS = bytes.fromhex("17757988bd6103e2161f2c3bae7c30f3")


def epoch(raw: bytes = RAW, house: bytes = HOUSE, category: int = 3, number: int = 7) -> EpochKey:
    return EpochKey(raw, house, category, number)


@pytest.mark.check("vault-1")
def test_the_printed_check_value_and_wrapped_key_come_out() -> None:
    key = epoch()
    assert key._cipher is not None
    made = bytes(12) + key._cipher.encrypt(bytes(12), DEK, key_aad(HOUSE, SUBJECT, 3, 1, 7))
    assert (key.kcv.hex(), made) == ("7e2acc0c57ad77fb819f5246bf47396c", WRAPPED)


@pytest.mark.check("vault-1")
def test_the_printed_wrapped_key_opens() -> None:
    assert epoch().unwrap(WRAPPED, SUBJECT, 1) == DEK


@pytest.mark.check("vault-1")
def test_the_printed_look_up_tag_comes_out() -> None:
    assert epoch().find_tag(ALIAS).hex() == "79e0c5d68bbef36b69091e146d3769f4"


@pytest.mark.check("vault-1")
def test_the_printed_alias_and_code_alias_come_out() -> None:
    assert (alias(SELF, HOUSE), code_alias(SELF, HOUSE, "T-1042").hex()) == (ALIAS, "37290d33c582096931b9c6463b330023")


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1))
def test_a_wrapped_key_of_60_bytes_opens_again(dek: bytes, version: int) -> None:
    wrapped = epoch().wrap(dek, SUBJECT, version)
    assert (60, dek) == (len(wrapped), epoch().unwrap(wrapped, SUBJECT, version))


@given(st.text(), st.integers(0, 2**32 - 1))
def test_a_system_key_opens_under_its_name_and_version_only(name: str, version: int) -> None:
    wrapped = epoch().wrap_system(DEK, name, version)
    assert epoch().unwrap_system(wrapped, name, version) == DEK
    for other, another in ((name + "x", version), (name, version ^ 1)):
        with pytest.raises(Unreadable, match="seal"):
            epoch().unwrap_system(wrapped, other, another)


def test_a_subject_key_is_no_system_key() -> None:
    with pytest.raises(Unreadable, match="seal"):
        epoch().unwrap_system(WRAPPED, "card", 1)


@pytest.mark.check("vault-2")
@pytest.mark.parametrize(
    ("key", "subject", "version"),
    [
        (epoch(number=8), SUBJECT, 1),
        (epoch(category=4), SUBJECT, 1),
        (epoch(house=SUBJECT), SUBJECT, 1),
        (epoch(raw=DEK), SUBJECT, 1),
        (epoch(), HOUSE, 1),
        (epoch(), SUBJECT, 2),
    ],
)
def test_a_wrapped_key_opens_only_in_its_place(key: EpochKey, subject: bytes, version: int) -> None:
    with pytest.raises(Unreadable) as refused:
        key.unwrap(WRAPPED, subject, version)
    assert refused.value.code == "tampered"


@pytest.mark.check("vault-2")
def test_every_flipped_bit_and_every_other_length_of_a_wrapped_key_is_tampered() -> None:
    key, codes = epoch(), set()
    changed = [bytes(b ^ (1 << bit % 8) * (at == bit // 8) for at, b in enumerate(WRAPPED)) for bit in range(480)]
    for wrapped in (*changed, *(WRAPPED[:size] for size in range(60)), WRAPPED + b"\0"):
        with pytest.raises(Unreadable) as refused:
            key.unwrap(wrapped, SUBJECT, 1)
        codes.add(refused.value.code)
    assert {"tampered"} == codes


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 2))
def test_tags_of_one_alias_under_two_epochs_or_houses_have_nothing_in_common(one: bytes, number: int) -> None:
    chosen = random.Random(number)
    later = epoch(raw=chosen.randbytes(32), number=number + 1)
    assert len({epoch(number=number).find_tag(one), later.find_tag(one), epoch(house=SUBJECT).find_tag(one)}) == 3


def test_keys_of_other_lengths_are_refused() -> None:
    makes: tuple[Callable[[], object], ...] = (
        lambda: epoch(raw=RAW[1:]),
        lambda: epoch(house=HOUSE[1:]),
        lambda: epoch().wrap(DEK[1:], SUBJECT, 1),
        lambda: epoch().wrap(DEK, SUBJECT[1:], 1),
        lambda: epoch().find_tag(ALIAS[1:]),
        lambda: alias(SELF[1:], HOUSE),
        lambda: alias(SELF, HOUSE[1:]),
        lambda: code_alias(SELF[1:], HOUSE, "x"),
        lambda: code_alias(SELF, HOUSE[1:], "x"),
    )
    for make in makes:
        with pytest.raises(ValueError, match="bytes"):
            make()


def test_a_key_shows_no_byte_of_itself() -> None:
    shown = f"{epoch()!r} {epoch()} {[epoch()]}"
    assert shown == "<EpochKey category=3 number=7> <EpochKey category=3 number=7> [<EpochKey category=3 number=7>]"


@pytest.mark.parametrize("spread", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_not_pickled_or_copied(spread: object) -> None:
    assert callable(spread)
    with pytest.raises(TypeError, match="not pickled or copied"):
        spread(epoch())


def test_a_wiped_key_does_nothing_any_more() -> None:
    key = epoch()
    held = key._raw
    key.wipe()
    codes = []
    uses: tuple[Callable[[], object], ...] = (
        lambda: key.wrap(DEK, SUBJECT, 1),
        lambda: key.unwrap(WRAPPED, SUBJECT, 1),
        lambda: key.wrap_system(DEK, "card", 1),
        lambda: key.unwrap_system(WRAPPED, "card", 1),
        lambda: key.find_tag(ALIAS),
        lambda: key.raw,
    )
    for use in uses:
        with pytest.raises(Unavailable) as refused:
            use()
        codes.append(refused.value.code)
    assert (["sealed"] * 6, bytearray(32)) == (codes, held)


def test_a_key_gives_its_bytes_out_to_custody() -> None:
    assert epoch().raw == RAW


def test_new_keys_are_32_bytes_and_differ() -> None:
    made = {new_key() for _ in range(100)}
    assert ({32}, 100) == ({len(one) for one in made}, len(made))
