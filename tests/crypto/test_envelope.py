"""Envelopes: exact bytes, one place each, one spelling each, and nothing of a changed one."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from tests.crypto import independent, make_envelope_vectors

from bailee.crypto import envelope
from bailee.crypto.context import Place, record_aad
from bailee.crypto.envelope import Value, pack, seal, unpack, unseal
from bailee.crypto.keys import EpochKey
from bailee.crypto.padding import pad, padded_length, unpad
from bailee.kernel.errors import Invalid, Unreadable

HOUSE, SUBJECT, RECORD, DEK = (bytes(range(*span)) for span in ((0, 16), (16, 32), (32, 48), (0x40, 0x60)))
PLACE = Place(collection=1, subject=SUBJECT, record=RECORD, category=3, schema=5, record_version=1)
PRINTED = bytes.fromhex(
    "42010001a1a17d3fb7b53e469bfdd079cd42dea428bff3d707d49fb25e244c89694c57ec000000000000000000000000"
    "0b81357a8e6b980c79738120eab6be1d065fac50869fcc5440b311a298da3db207adbf996a9245bfa0ffc40b69a12c30"
)
VECTORS: list[dict[str, Any]] = json.loads(make_envelope_vectors.FILE.read_text(encoding="utf-8"))["vectors"]
GOOD = [one for one in VECTORS if one["expect"] == "opens"]
BAD = [one for one in VECTORS if one["expect"] != "opens"]
BYTES = ("house", "subject", "record", "epoch_key", "kcv", "wrapped", "dek", "sealed")

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=40) | st.binary(max_size=40)
values = st.recursive(scalars, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4))
records = st.dictionaries(st.integers(0, 2**32 - 1), values, max_size=8)


def told(given: Any) -> Any:
    """Read a value as `make_envelope_vectors.shown` writes it."""
    if isinstance(given, list):
        return [told(part) for part in given]
    if isinstance(given, dict):
        return bytes.fromhex(given["bytes"]) if "bytes" in given else {k: told(v) for k, v in given["map"].items()}
    return given


def parsed(vector: dict[str, Any]) -> dict[str, Any]:
    return {key: bytes.fromhex(value) if key in BYTES else value for key, value in vector.items()}


def place_of(at: dict[str, Any]) -> Place:
    return Place(**{name: at[name] for name in Place.__dataclass_fields__})


def refusal(make: Callable[[], object]) -> str:
    """Give the code of the refusal, or what came out instead."""
    try:
        return f"opened: {make()!r}"
    except Unreadable as error:
        return error.code


# -- exact bytes


@pytest.mark.check("vault-1")
def test_the_printed_envelope_is_made_byte_for_byte() -> None:
    assert envelope._seal(DEK, HOUSE, 1, PLACE, pack({1: "a@b.c"}), bytes(12)) == PRINTED


@pytest.mark.check("vault-1")
def test_the_printed_envelope_opens_here_and_in_the_independent_decoder() -> None:
    at = {"house": HOUSE, "subject": SUBJECT, "record": RECORD, "collection": 1, "category": 3, "schema": 5}
    at["record_version"] = 1
    assert unpack(unseal(DEK, HOUSE, PLACE, PRINTED)) == {1: "a@b.c"}
    assert independent.open_blob(DEK, PRINTED, at) == {1: "a@b.c"}


def test_an_envelope_tells_its_key_version_and_commitment_without_a_key() -> None:
    sealed = seal(DEK, HOUSE, 65_535, PLACE, pack({}))
    assert (envelope.key_version(PRINTED), envelope.key_version(sealed)) == (1, 65_535)
    assert (PRINTED[4:36], 32) == (envelope.commitment(PRINTED), len(envelope.commitment(sealed)))


@pytest.mark.check("vault-1")
def test_the_independent_decoder_has_at_most_a_hundred_lines_and_none_of_ours() -> None:
    source = Path(independent.__file__).read_text(encoding="utf-8")
    assert (len(source.splitlines()) <= 100, "bailee." in source) == (True, False)


@pytest.mark.check("vault-1")
def test_there_are_a_hundred_good_vectors_and_each_class_of_failure() -> None:
    assert (True, {"opens", "tampered", "context-mismatch"}) == (len(GOOD) > 100, {one["expect"] for one in VECTORS})


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("vector", GOOD, ids=[one["name"] for one in GOOD])
def test_the_independent_decoder_opens_what_we_sealed(vector: dict[str, Any]) -> None:
    at = parsed(vector)
    dek = independent.unwrap(at["epoch_key"], at["wrapped"], at)
    expected = {int(field): told(value) for field, value in vector["fields"].items()}
    assert (at["dek"], expected) == (dek, independent.open_blob(dek, at["sealed"], at))


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("vector", GOOD, ids=[one["name"] for one in GOOD])
def test_we_open_and_reseal_the_kept_vectors_byte_for_byte(vector: dict[str, Any]) -> None:
    at = parsed(vector)
    epoch = EpochKey(at["epoch_key"], at["house"], at["category"], at["epoch"])
    dek = epoch.unwrap(at["wrapped"], at["subject"], at["key_version"])
    clear = unseal(dek, at["house"], place_of(at), at["sealed"])
    again = envelope._seal(dek, at["house"], at["key_version"], place_of(at), clear, at["sealed"][36:48])
    expected = {int(field): told(value) for field, value in vector["fields"].items()}
    assert (at["kcv"], at["dek"], expected) == (epoch.kcv, dek, unpack(clear))
    assert (at["sealed"], clear) == (again, pack(expected))


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("vector", BAD, ids=[one["name"] for one in BAD])
def test_we_and_the_independent_decoder_refuse_a_bad_vector_for_the_same_reason(vector: dict[str, Any]) -> None:
    at = parsed(vector)
    with pytest.raises(independent.Refused) as refused:
        independent.open_blob(at["dek"], at["sealed"], at)
    ours = refusal(lambda: unpack(unseal(at["dek"], at["house"], place_of(at), at["sealed"])))
    assert (vector["expect"], vector["expect"]) == (ours, refused.value.args[0])


def test_the_kept_vectors_are_what_their_command_writes() -> None:
    assert make_envelope_vectors.FILE.read_text(encoding="utf-8") == make_envelope_vectors.made()


@given(records)
def test_whatever_is_sealed_opens_here_and_in_the_independent_decoder(fields: dict[int, Value]) -> None:
    sealed = seal(DEK, HOUSE, 7, PLACE, pack(fields))
    at = {"house": HOUSE, **{name: getattr(PLACE, name) for name in Place.__dataclass_fields__}}
    assert fields == unpack(unseal(DEK, HOUSE, PLACE, sealed))
    assert fields == independent.open_blob(DEK, sealed, at)


@pytest.mark.parametrize("value", ["y" * 65_535, "y" * 65_536, b"z" * 65_535, b"z" * 65_536, [None] * 65_536])
def test_the_longest_forms_open_in_the_independent_decoder_too(value: Value) -> None:
    sealed = seal(DEK, HOUSE, 7, PLACE, pack({1: value}))
    at = {"house": HOUSE, **{name: getattr(PLACE, name) for name in Place.__dataclass_fields__}}
    assert {1: value} == independent.open_blob(DEK, sealed, at)


@given(st.binary(max_size=70))
def test_the_overhead_is_64_bytes_and_each_sealing_differs(value: bytes) -> None:
    clear = pack({1: value})
    one, other = seal(DEK, HOUSE, 1, PLACE, clear), seal(DEK, HOUSE, 1, PLACE, clear)
    assert (len(clear) + 64, True) == (len(one), one[36:] != other[36:])


# -- misuse


def misuses(count: int, seed: int) -> list[tuple[str, str, str]]:
    """Change one thing in each of `count` blobs; give those that were not refused with the right code."""
    chosen = random.Random(seed)
    draw, wrong = chosen.randbytes, []
    for number in range(count):
        house, subject, record, dek = draw(16), draw(16), draw(16), draw(32)
        place = Place(
            collection=chosen.getrandbits(32),
            subject=subject,
            record=record,
            category=chosen.getrandbits(32),
            schema=chosen.getrandbits(32),
            record_version=chosen.getrandbits(64),
        )
        sealed = bytearray(seal(dek, house, chosen.getrandbits(16), place, pack({chosen.getrandbits(9): draw(9)})))
        changed = KINDS[number % len(KINDS)]
        expected = "tampered"
        if changed in {"collection", "schema", "category"}:
            place = replace(place, **{changed: getattr(place, changed) ^ 1 << chosen.randrange(32)})
        elif changed == "record_version":
            place = replace(place, record_version=place.record_version ^ 1 << chosen.randrange(64))
        elif changed in {"subject", "record"}:
            swapped: dict[str, Any] = {changed: flipped(getattr(place, changed), chosen)}
            place = replace(place, **swapped)
        elif changed == "house":
            house = flipped(house, chosen)
        elif changed == "dek":
            dek = flipped(dek, chosen)
        elif changed == "cut":
            del sealed[chosen.randrange(len(sealed)) :]
            expected = "tampered"
        elif changed == "lengthened":
            sealed += draw(chosen.randrange(1, 40))
        else:
            begin, end = PARTS[changed]
            at = chosen.randrange(begin, end or len(sealed))
            sealed[at] ^= 1 << chosen.randrange(8)
        if changed in {"subject", "category", "house", "dek", "version", "commitment"}:
            expected = "context-mismatch"
        found = refusal(lambda: unseal(dek, house, place, bytes(sealed)))  # noqa: B023 - called at once
        if found != expected:
            wrong.append((changed, expected, found))
    return wrong


PARTS = {"magic": (0, 2), "version": (2, 4), "commitment": (4, 36), "nonce": (36, 48), "body": (48, 0)}
PLACES = ("collection", "subject", "record", "category", "schema", "record_version")
KINDS = (*PLACES, "house", "dek", "cut", "lengthened", *PARTS)


def flipped(raw: bytes, chosen: random.Random) -> bytes:
    changed = bytearray(raw)
    changed[chosen.randrange(len(raw))] ^= 1 << chosen.randrange(8)
    return bytes(changed)


@pytest.mark.check("vault-2")
def test_twenty_thousand_misuses_are_refused_with_the_right_code() -> None:
    assert misuses(20_000, seed=2) == []


@pytest.mark.long
@pytest.mark.check("vault-2")
def test_a_million_misuses_are_refused_with_the_right_code() -> None:
    assert misuses(1_000_000, seed=3) == []


places = st.builds(
    Place,
    collection=st.integers(0, 2**32 - 1),
    subject=st.binary(min_size=16, max_size=16),
    record=st.binary(min_size=16, max_size=16),
    category=st.integers(0, 2**32 - 1),
    schema=st.integers(0, 2**32 - 1),
    record_version=st.integers(0, 2**64 - 1),
)


@given(places, places)
def test_a_blob_opens_only_in_its_place(home: Place, other: Place) -> None:
    sealed = seal(DEK, HOUSE, 1, home, pack({1: "x"}))
    assert unpack(unseal(DEK, HOUSE, home, sealed)) == {1: "x"}
    if other != home:
        same_key = (home.subject, home.category) == (other.subject, other.category)
        assert ("tampered" if same_key else "context-mismatch") == refusal(lambda: unseal(DEK, HOUSE, other, sealed))


@pytest.mark.check("vault-2")
def test_every_flipped_bit_of_an_envelope_is_refused_with_the_right_code() -> None:
    for bit in range(8 * len(PRINTED)):
        changed = bytearray(PRINTED)
        changed[bit // 8] ^= 1 << bit % 8
        expected = "context-mismatch" if 2 <= bit // 8 < 36 else "tampered"
        assert (bit, expected) == (bit, refusal(lambda: unseal(DEK, HOUSE, PLACE, bytes(changed))))  # noqa: B023 - at once


@pytest.mark.check("vault-2")
@pytest.mark.parametrize("length", range(len(PRINTED)))
def test_an_envelope_cut_anywhere_is_tampered(length: int) -> None:
    assert refusal(lambda: unseal(DEK, HOUSE, PLACE, PRINTED[:length])) == "tampered"


def test_reading_the_commitment_of_something_else_is_refused() -> None:
    assert refusal(lambda: envelope.commitment(b"\x42\x02" + PRINTED[2:])) == "tampered"


def test_a_refusal_holds_no_byte_of_the_blob() -> None:
    with pytest.raises(Unreadable) as refused:
        unseal(DEK, HOUSE, PLACE, PRINTED[:-1] + b"\0")
    assert (str(refused.value), refused.value.code) == ("the seal is broken", "tampered")


@pytest.mark.parametrize("clear", [b"", b"x", bytes(31), bytes(33)])
def test_unpadded_fields_are_not_sealed(clear: bytes) -> None:
    with pytest.raises(ValueError, match="padded"):
        seal(DEK, HOUSE, 1, PLACE, clear)


@pytest.mark.parametrize(
    ("dek", "house", "version"),
    [(DEK[1:], HOUSE, 1), (DEK + b"\0", HOUSE, 1), (DEK, HOUSE[1:], 1), (DEK, HOUSE, -1), (DEK, HOUSE, 65_536)],
)
def test_a_key_house_or_version_out_of_format_is_refused(dek: bytes, house: bytes, version: int) -> None:
    with pytest.raises(ValueError, match=r"16|32"):
        seal(dek, house, version, PLACE, pack({}))


# -- two keys, one ciphertext


def multiply(one: int, other: int) -> int:
    """Multiply in GF(2^128) with the bit order of GCM (SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
    return product


def power(base: int, exponent: int) -> int:
    product = 1 << 127  # the one of this field
    while exponent:
        if exponent & 1:
            product = multiply(product, base)
        base, exponent = multiply(base, base), exponent >> 1
    return product


def block(key: bytes, raw: bytes) -> int:
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305 - one block of GCM's inside
    return int.from_bytes(encryptor.update(raw) + encryptor.finalize(), "big")


def ghash(hash_key: int, aad: bytes, body: bytes) -> int:
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, body))
    padded += (8 * len(aad)).to_bytes(8, "big") + (8 * len(body)).to_bytes(8, "big")
    total = 0
    for at in range(0, len(padded), 16):
        total = multiply(total ^ int.from_bytes(padded[at : at + 16], "big"), hash_key)
    return total


def collision(keys: tuple[bytes, bytes], nonce: bytes, aad: bytes, body: bytes) -> bytes:
    """Choose the last block of a ciphertext so that one tag is right under both keys (Dodis and others 2018)."""
    body = body[:-16] + bytes(16)
    hash_keys = [block(key, bytes(16)) for key in keys]
    masks = [block(key, nonce + b"\0\0\0\x01") for key in keys]
    tags = [ghash(hash_key, aad, body) ^ mask for hash_key, mask in zip(hash_keys, masks, strict=True)]
    # The last block is multiplied twice by each hash key, so both tags meet where x * (h1^2 + h2^2) = t1 + t2.
    slope = power(hash_keys[0], 2) ^ power(hash_keys[1], 2)
    body = body[:-16] + multiply(tags[0] ^ tags[1], power(slope, 2**128 - 2)).to_bytes(16, "big")
    return body + (ghash(hash_keys[0], aad, body) ^ masks[0]).to_bytes(16, "big")


@pytest.mark.check("vault-3")
def test_one_ciphertext_that_gcm_opens_under_two_keys_is_refused_by_its_commitment() -> None:
    deks = bytes(range(32)), bytes(range(100, 132))
    derived = [envelope._keys(dek, HOUSE, PLACE, 1) for dek in deks]
    nonce, aad = bytes(12), record_aad(HOUSE, 1, PLACE)
    crafted = collision((derived[0][:32], derived[1][:32]), nonce, aad, bytes(range(64)))
    clears = [AESGCM(keys[:32]).decrypt(nonce, crafted, aad) for keys in derived]  # GCM alone is content with both
    sealed = [b"\x42\x01\x00\x01" + keys[32:] + nonce + crafted for keys in derived]
    assert (clears[0], clears[1]) == (
        unseal(deks[0], HOUSE, PLACE, sealed[0]),
        unseal(deks[1], HOUSE, PLACE, sealed[1]),
    )
    assert refusal(lambda: unseal(deks[1], HOUSE, PLACE, sealed[0])) == "context-mismatch"
    assert refusal(lambda: unseal(deks[0], HOUSE, PLACE, sealed[1])) == "context-mismatch"


# -- one spelling


def test_the_order_in_which_fields_are_given_makes_no_difference() -> None:
    one: dict[int, Value] = {1: {"b": 1, "a": [{"d": 1, "c": 2}]}, 300: None, 70: "x"}
    other: dict[int, Value] = {300: None, 70: "x", 1: {"a": [{"c": 2, "d": 1}], "b": 1}}
    assert pack(one) == pack(other)


def test_nil_empty_and_absent_are_three_things() -> None:
    assert [unpack(pack(fields)) for fields in ({1: None}, {1: ""}, {})] == [{1: None}, {1: ""}, {}]


def test_true_and_one_are_two_things() -> None:
    assert [bool, int] == [type(unpack(pack({1: value}))[1]) for value in (True, 1)]


FORMS = {
    "keys descending": b"\x82\x02\xc0\x01\xc0",
    "the same key twice": b"\x82\x01\xc0\x01\xc0",
    "a longer integer": b"\x81\x01\xcc\x05",
    "a longer key": b"\x81\xcc\x01\xc0",
    "a signed form of a positive integer": b"\x81\x01\xd1\x01\x00",
    "a longer text": b"\x81\x01\xd9\x01a",
    "longer bytes": b"\x81\x01\xc5\x00\x01a",
    "a longer list": b"\x81\x01\xdc\x00\x01\xc0",
    "a longer map": b"\xde\x00\x01\x01\xc0",
    "a longer inner map": b"\x81\x01\xde\x00\x01\xa1a\xc0",
    "inner keys descending": b"\x81\x01\x82\xa1b\xc0\xa1a\xc0",
    "an inner key twice": b"\x81\x01\x82\xa1a\xc0\xa1a\xc0",
    "an inner key that is a number": b"\x81\x01\x81\x01\xc0",
    "an inner key that is bytes": b"\x81\x01\x81\xc4\x01a\xc0",
    "a float": b"\x81\x01\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00",
    "a short float": b"\x81\x01\xca\x3f\x80\x00\x00",
    "a float as key": b"\x81\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0",
    "a float in a list": b"\x81\x01\x91\xca\x3f\x80\x00\x00",
    "a float in a map": b"\x81\x01\x81\xa1a\xca\x3f\x80\x00\x00",
    "a time": b"\x81\x01\xd6\xff\x00\x00\x00\x00",
    "an extension": b"\x81\x01\xd4\x05a",
    "an unused code": b"\x81\x01\xc1",
    "text that is no Unicode": b"\x81\x01\xa1\xff",
    "a negative key": b"\x81\xff\xc0",
    "a key beyond 32 bits": b"\x81\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xc0",
    "a key that is text": b"\x81\xa11\xc0",
    "a key that is true": b"\x81\xc3\xc0",
    "no map": b"\x90",
    "nothing": b"",
    "a value missing": b"\x81\x01",
    "something behind": b"\x80\xc0",
    "too deep": b"\x81\x01" + b"\x91" * 5000 + b"\xc0",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_another_spelling_of_fields_is_tampered(form: bytes) -> None:
    assert refusal(lambda: unpack(pad(form))) == "tampered"


@given(st.binary(max_size=60))
def test_whatever_unpacks_packs_to_the_same_bytes(raw: bytes) -> None:
    padded = pad(raw)
    try:
        fields = unpack(padded)
    except Unreadable:
        return
    assert padded == pack(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"1": "x"},
        {True: "x"},
        {-1: "x"},
        {2**32: "x"},
        {1: 1.0},
        {1: (1,)},
        {1: {1: "x"}},
        {1: {"a": 1.0}},
        {1: [b"", {1}]},
    ],
)
def test_a_type_without_a_canonical_form_is_not_packed(fields: Any) -> None:
    with pytest.raises(TypeError, match=r"canonical|integer|text"):
        pack(fields)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", {"\ud800": 1}, [2**64]])
def test_a_value_without_bytes_is_invalid_and_not_named(value: Value) -> None:
    with pytest.raises(Invalid, match="64 bits") as refused:
        pack({1: value})
    assert refused.value.code == "rule-broken"


# -- padding


@pytest.mark.parametrize(
    ("length", "padded"),
    [(0, 32), (31, 32), (32, 64), (255, 256), (256, 384), (4095, 4096), (4096, 5120), (5119, 5120), (5120, 6144)],
)
def test_lengths_are_hidden_in_steps(length: int, padded: int) -> None:
    assert (padded, padded) == (padded_length(length), len(pad(bytes(length))))


@given(st.binary(max_size=5200))
def test_padding_comes_off_again(clear: bytes) -> None:
    assert clear == unpad(pad(clear))


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(32),
        b"\x81".ljust(32, b"\0"),
        b"\x80".ljust(64, b"\0"),
        b"\x80",
        b"x" * 32,
        pad(b"x")[:-1],
        pad(b"x") + b"\0",
    ],
)
def test_another_padding_is_tampered(padded: bytes) -> None:
    assert refusal(lambda: unpad(padded)) == "tampered"
