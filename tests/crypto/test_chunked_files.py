"""Chunked files: the published vectors, every length at the borders, ranges, and every way to damage a body."""

import base64
import hashlib
import io
import json
import random
import zlib
from collections.abc import Iterator
from typing import Any

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.crypto import chunked
from bailee.crypto.chunked import CHUNK, HEAD, open_range, open_stream, seal_stream
from bailee.kernel.errors import Invalid, Unreadable

KEY, CONTEXT = bytes(range(32)), b"file of somebody"
STEP = CHUNK + 16
LENGTHS = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5)


def data(length: int) -> bytes:
    return random.Random(length).randbytes(length)


def sealed(length: int) -> bytes:
    return b"".join(seal_stream(KEY, CONTEXT, [data(length)]))


def opened(body: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(open_stream(key, context, [body]))


def ranged(body: bytes, start: int, length: int) -> bytes:
    return b"".join(open_range(KEY, CONTEXT, lambda at, size: body[at : at + size], start, length))


def published() -> list[dict[str, Any]]:
    with cryptography_vectors.open_vector_file("chunked-encryption/vectors.json", "r") as file:
        return [one for one in json.load(file)["vectors"] if one["aead"] == "AEAD_AES_256_GCM"]


def expand_sha256(key: bytes, named: bytes, length: int) -> bytes:
    return HKDFExpand(hashes.SHA256(), length, named).derive(key)


@pytest.mark.parametrize("vector", published(), ids=lambda one: one["name"])
def test_the_published_vectors_open_or_fail_as_they_say_with_the_hash_they_were_made_with(
    vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # C2SP published them for SHA-256; Cobblestone differs in the hash and nothing else.
    monkeypatch.setattr(chunked, "expand", expand_sha256)
    body = base64.b64decode(vector["ciphertext"] or "")
    if vector.get("compressed"):
        body = zlib.decompress(body)
    key, context = bytes.fromhex(vector["key"]), vector["context"].encode()
    if vector["expect"] == "success":
        clear = opened(body, key, context)
        assert vector["payload_sha256"] == hashlib.sha256(clear).hexdigest()
        assert body == b"".join(chunked._seal_stream(key, context, [clear], body[:24]))
    else:
        with pytest.raises((Unreadable, ValueError)):
            opened(body, key, context)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_library_opens_what_we_seal(length: int) -> None:
    library = pytest.importorskip("cryptography.cobblestone", reason="needs cryptography 50 or later")
    theirs = library.Cobblestone256Decryptor(KEY, CONTEXT)
    assert data(length) == theirs.update(sealed(length)) + theirs.finalize()


@pytest.mark.parametrize("length", LENGTHS)
def test_we_open_what_the_library_seals(length: int) -> None:
    library = pytest.importorskip("cryptography.cobblestone", reason="needs cryptography 50 or later")
    theirs = library.Cobblestone256Encryptor(KEY, CONTEXT)
    body = theirs.update(data(length)) + theirs.finalize()
    assert (data(length), body) == (opened(body), b"".join(seal_again(body, length)))


def seal_again(body: bytes, length: int) -> Iterator[bytes]:
    return chunked._seal_stream(KEY, CONTEXT, [data(length)], body[:24])


@pytest.mark.parametrize("length", LENGTHS)
def test_a_file_of_any_length_comes_back_and_has_its_own_size(length: int) -> None:
    body = sealed(length)
    assert (data(length), HEAD + length + 16 * (length // CHUNK + 1)) == (opened(body), len(body))


@settings(max_examples=40)
@given(st.integers(0, 40_000), st.lists(st.integers(1, 20_000), min_size=1, max_size=9))
def test_how_a_stream_is_cut_into_pieces_makes_no_difference(length: int, cuts: list[int]) -> None:
    def pieces(whole: bytes) -> Iterator[bytes]:
        at = turn = 0
        while at < len(whole):
            yield whole[at : at + cuts[turn % len(cuts)]]
            at, turn = at + cuts[turn % len(cuts)], turn + 1

    body = b"".join(chunked._seal_stream(KEY, CONTEXT, pieces(data(length)), bytes(24)))
    assert body == b"".join(chunked._seal_stream(KEY, CONTEXT, io.BytesIO(data(length)), bytes(24)))
    assert data(length) == b"".join(open_stream(KEY, CONTEXT, pieces(body)))
    assert data(length) == b"".join(open_stream(KEY, CONTEXT, io.BytesIO(body)))


def test_a_long_file_is_never_held_whole() -> None:
    def source() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(CHUNK)
            taken.append(1)

    taken: list[int] = []
    sealing = seal_stream(KEY, CONTEXT, source())
    next(sealing)
    next(sealing)
    assert len(taken) <= 2


@settings(max_examples=60)
@given(st.sampled_from(LENGTHS), st.data())
def test_a_range_is_that_part_of_the_file(length: int, drawn: st.DataObject) -> None:
    start = drawn.draw(st.integers(0, length))
    wanted = drawn.draw(st.integers(0, length + 10))
    assert data(length)[start : start + wanted] == ranged(sealed(length), start, wanted)


def test_a_range_reads_only_the_chunks_it_lies_in() -> None:
    body, asked = sealed(5 * CHUNK), []

    def read_at(at: int, size: int) -> bytes:
        asked.append((at, size))
        return body[at : at + size]

    part = b"".join(open_range(KEY, CONTEXT, read_at, 2 * CHUNK + 3, CHUNK))
    assert (data(5 * CHUNK)[2 * CHUNK + 3 : 3 * CHUNK + 3], 3) == (part, len(asked))
    assert asked == [(0, HEAD), (HEAD + 2 * STEP, STEP), (HEAD + 3 * STEP, STEP)]


def test_a_range_is_read_on_when_the_store_answers_in_small_parts() -> None:
    body = sealed(2 * CHUNK)
    found = open_range(KEY, CONTEXT, lambda at, size: body[at : at + min(size, 1000)], 10, CHUNK)
    assert data(2 * CHUNK)[10 : CHUNK + 10] == b"".join(found)


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, -1)])
def test_a_range_before_the_beginning_is_invalid(start: int, length: int) -> None:
    with pytest.raises(Invalid, match="begins at 0"):
        ranged(sealed(10), start, length)


def damaged() -> list[tuple[str, bytes, str]]:
    body = sealed(3 * CHUNK + 5)
    chunks = [body[at : at + STEP] for at in range(HEAD, len(body), STEP)]
    head, other = body[:HEAD], sealed(3 * CHUNK + 5)

    def joined(*parts: bytes) -> bytes:
        return head + b"".join(parts)

    made = [(f"cut to {size}", body[:size], "tampered") for size in (0, 1, 24, 55, 56, 57, 71, HEAD + STEP - 1)]
    made += [(f"cut behind chunk {at}", joined(*chunks[:at]), "tampered") for at in range(4)]
    made += [
        ("the last byte missing", body[:-1], "tampered"),
        ("a byte more", body + b"\0", "tampered"),
        ("two chunks exchanged", joined(chunks[1], chunks[0], *chunks[2:]), "tampered"),
        ("a chunk twice", joined(chunks[0], chunks[0], *chunks[1:]), "tampered"),
        ("a chunk left out", joined(chunks[0], *chunks[2:]), "tampered"),
        ("the end moved forward", joined(chunks[0], chunks[3]), "tampered"),
        ("a chunk behind the end", joined(*chunks, chunks[3]), "tampered"),
        (
            "a chunk of another sealing",
            joined(chunks[0], other[HEAD + STEP : HEAD + 2 * STEP], *chunks[2:]),
            "tampered",
        ),
        ("another salt", bytes(24) + body[24:], "context-mismatch"),
        ("another commitment", body[:24] + bytes(32) + body[56:], "context-mismatch"),
    ]
    return made


@pytest.mark.parametrize(("body", "expected"), [one[1:] for one in damaged()], ids=[one[0] for one in damaged()])
def test_a_damaged_file_is_refused_with_the_right_code(body: bytes, expected: str) -> None:
    with pytest.raises(Unreadable) as refused:
        opened(body)
    assert expected == refused.value.code


def test_a_flipped_bit_anywhere_is_refused() -> None:
    body, chosen = sealed(CHUNK + 40), random.Random(9)
    near = [*range(HEAD + 20), *range(len(body) - 80, len(body))]
    for at in near + [chosen.randrange(len(body)) for _ in range(200)]:
        changed = bytearray(body)
        changed[at] ^= 1 << chosen.randrange(8)
        with pytest.raises(Unreadable) as refused:
            opened(bytes(changed))
        assert ("context-mismatch" if at < HEAD else "tampered") == refused.value.code


def test_another_key_or_context_is_a_context_mismatch() -> None:
    for key, context in ((KEY[::-1], CONTEXT), (KEY, CONTEXT + b"x")):
        with pytest.raises(Unreadable) as refused:
            opened(sealed(10), key, context)
        assert refused.value.code == "context-mismatch"


def test_a_range_in_a_cut_file_is_tampered() -> None:
    body = sealed(3 * CHUNK)[: HEAD + 2 * STEP]
    with pytest.raises(Unreadable) as refused:
        ranged(body, CHUNK, 2 * CHUNK)
    assert refused.value.code == "tampered"


def test_what_comes_before_the_damage_is_authentic_and_nothing_after_it() -> None:
    body = bytearray(sealed(3 * CHUNK))
    body[HEAD + STEP + 5] ^= 1
    stream = open_stream(KEY, CONTEXT, [bytes(body)])
    assert data(3 * CHUNK)[:CHUNK] == next(stream)
    with pytest.raises(Unreadable):
        next(stream)


def test_a_file_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        next(seal_stream(KEY[1:], CONTEXT, []))


def test_a_counter_beyond_the_format_is_refused() -> None:
    with pytest.raises(Invalid, match="4 PiB"):
        chunked._nonce(0, 2**38)
