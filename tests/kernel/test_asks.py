"""The one reader of what comes in: strict, and silent about what it was given."""

import json
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.kernel.asks import BODY_MAX, DEPTH_MAX, Count, Id, Instant, Key, Line, Word, parse, read
from bailee.kernel.errors import Invalid

SECRET = "8f2d0c6a41b97e53"


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    word: Word
    count: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    key: Key
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    colour: Colour = Colour.RED
    id: Id | None = None
    line: Line = ""
    at: Instant = 0


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'[{"a":1,"\\u0061":2}]',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xff"}',
        b'{"a":1}'.decode().encode("utf-16"),
        b'{"a":1',
        b'{"a":1} x',
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":"\n"}',
        b'{"a":1,}',
        b"",
        b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
        b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1),
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parse(body)
    assert refused.value.code == "body-malformed"


def test_a_body_ends_at_one_mebibyte() -> None:
    fits = b'"' + b"x" * (BODY_MAX - 2) + b'"'
    assert len(parse(fits)) == BODY_MAX - 2
    with pytest.raises(Invalid) as refused:
        parse(fits + b" ")
    assert refused.value.code == "too-large"


def test_eight_levels_are_enough() -> None:
    assert parse(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX) == json.loads("[" * DEPTH_MAX + "]" * DEPTH_MAX)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_strict_json_is_read_as_it_was_meant(value: object) -> None:
    body = json.dumps(value).encode()
    if '"\\ud' not in body.decode():
        assert value == parse(body)


@pytest.mark.parametrize(
    "ask",
    [
        {},
        {"key": "a", "extra": SECRET},
        {"key": "a", SECRET: 1},
        {"key": "a", "inner": {"word": "x", SECRET: 1}},
        {"key": "a", "many": [{"word": "x", SECRET: 1}]},
        {"key": SECRET.upper()},
        {"key": ""},
        {"key": "a" * 101},
        {"key": 1},
        {"key": None},
        {"key": ["a"]},
        {"key": "a", "inner": SECRET},
        {"key": "a", "inner": {"word": SECRET + "\x00"}},
        {"key": "a", "inner": {"word": SECRET + "\n"}},
        {"key": "a", "inner": {"word": "x", "count": -1}},
        {"key": "a", "inner": {"word": "x", "count": 2**53}},
        {"key": "a", "inner": {"word": "x", "count": 1.5}},
        {"key": "a", "inner": {"word": "x", "count": True}},
        {"key": "a", "inner": {"word": "x", "count": SECRET}},
        {"key": "a", "many": SECRET},
        {"key": "a", "many": {"0": {"word": "x"}}},
        {"key": "a", "colour": SECRET},
        {"key": "a", "id": SECRET},
        {"key": "a", "id": "0192F0C1-7F3A-7C11-9A52-5D0C3F6B1E77"},
        {"key": "a", "line": SECRET + "\r\n"},
        {"key": "a", "line": SECRET * 40},
        {"key": "a", "at": "2026-01-01"},
        [],
        SECRET,
        7,
        None,
    ],
)
def test_a_wrong_ask_is_refused_without_an_echo(ask: object) -> None:
    with pytest.raises(Invalid) as refused:
        read(ask, Outer)
    said = f"{refused.value} {refused.value.hint}"
    assert SECRET.lower() not in said.lower()
    assert refused.value.code == "rule-broken"


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(Invalid, match=r"`many\[1\]\.count`"):
        read({"key": "a", "many": [{"word": "x"}, {"word": "x", "count": -1}]}, Outer)


def test_texts_of_a_query_or_a_command_line_become_the_same_ask() -> None:
    strict = read({"key": "a", "at": 5, "inner": {"word": "x", "count": 2}}, Outer)
    assert strict == read({"key": "a", "at": "5", "inner": {"word": "x", "count": "2"}}, Outer, strict=False)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_invalid(body: bytes) -> None:
    with suppress(Invalid):
        read(parse(body), Outer)
