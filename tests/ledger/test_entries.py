"""An entry has one spelling: RFC 8785, byte for byte, and nothing else parses."""

import json
import random
import string
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from bailee.kernel.errors import Unreadable
from bailee.kernel.events import Alias
from bailee.ledger.entries import BODY_MAX, Draft, SubjectSet, encode, opened, parse
from bailee.ledger.facts import ActFailed, LaneOpened
from bailee.vault.facts import DataRead

LEAF = b'{"a":"ann","d":{"role":"clerk"},"h":1,"k":3,"n":0,"t":1795000000000,"v":1}'
SIGNS = string.printable[:94] + " äöüß€\u2028\u00a0\U0001f511漢"


def draft(chance: random.Random) -> Draft:
    """An entry with any of its parts there or not."""

    def perhaps(value: Any) -> Any:
        return value if chance.random() < 0.5 else None

    def text(most: int) -> str:
        made = "".join(chance.choices(SIGNS, k=chance.randint(1, most)))
        return "".join(sign for sign in made if sign.isprintable()) or "x"

    def numbers() -> tuple[int, ...]:
        return tuple(sorted(chance.sample(range(2**20), chance.randint(0, 6))))

    fact = chance.choice(
        [ActFailed(text(60), text(60)), DataRead(text(9), text(9), chance.randbytes(16), None, chance.randrange(2**53))]
    )
    return Draft(
        event=fact,
        actor=perhaps(text(36)),
        session=perhaps(text(20)),
        alias=perhaps(Alias(chance.randbytes(16))),
        people=perhaps(SubjectSet(chance.randbytes(32), chance.randint(1, 50_000))),
        categories=numbers(),
        clear=numbers(),
        masked=numbers(),
        purpose=perhaps(text(20)),
        epoch=perhaps(chance.randrange(2**53)),
        request=perhaps(chance.randbytes(6).hex()),
    )


def equal_to_rfc8785(count: int) -> None:
    chance = random.Random(count)
    for number in range(count):
        prior = chance.randbytes(32) if number % 50 else None
        body = encode(
            draft(chance),
            lane=chance.randrange(9),
            index=chance.randrange(1, 2**53) if prior else 0,
            at=chance.randrange(2**53),
            prior=prior,
            behind=chance.choice([0, 0, 5000]),
        )
        made = json.loads(body)
        assert rfc8785.dumps(made) == body
        assert made == parse(body)


def test_20_000_random_entries_are_canonical_byte_for_byte() -> None:
    equal_to_rfc8785(20_000)


@pytest.mark.long
def test_100_000_random_entries_are_canonical_byte_for_byte() -> None:
    equal_to_rfc8785(100_000)


def test_the_leaf_of_the_design_document_hashes_so_and_does_not_parse() -> None:
    assert sha256(b"\0" + LEAF).hexdigest() == "37a8b13b7d3fec0156c87bf8e7675438d28d8e4ce5d5abdbcceb41270fb3af19"
    with pytest.raises(Unreadable):
        parse(LEAF)


def test_what_was_stated_is_read_back() -> None:
    chance = random.Random(3)
    for _ in range(500):
        one = draft(chance)
        back = opened(encode(one, lane=0, index=1, at=5, prior=bytes(32), behind=9), bytes(32))
        kept = (back.actor, back.session, back.alias, back.people, back.categories, back.clear, back.masked)
        assert kept == (one.actor, one.session, one.alias, one.people, one.categories, one.clear, one.masked)
        assert (back.purpose, back.epoch, back.request) == (one.purpose, one.epoch, one.request)
        assert (back.lane, back.index, back.at, back.tag, back.behind) == (0, 1, 5, one.event.tag, 9)


GOOD = b'{"d":{"origin":"o","reason":"r"},"h":0,"i":0,"k":101,"t":5,"v":1}'


@pytest.mark.parametrize(
    "odd",
    [
        GOOD + b" ",
        b" " + GOOD,
        GOOD.replace(b'"h"', b' "h"'),
        GOOD.replace(b'"h":0,"i":0', b'"i":0,"h":0'),
        GOOD.replace(b'"t":5', b'"t":5.0'),
        GOOD.replace(b'"t":5', b'"t":5e0'),
        GOOD.replace(b'"t":5', b'"t":-0'),
        GOOD.replace(b'"t":5', b'"t":null'),
        GOOD.replace(b'"t":5', b'"t":true'),
        GOOD.replace(b'"t":5', b'"t":"5"'),
        GOOD.replace(b'"t":5', b'"t":5,"t":5'),
        GOOD.replace(b'"t":5', b'"t":9007199254740992'),
        GOOD.replace(b'"t":5,', b""),
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"v":1', b'"v":1,"x":1'),
        GOOD.replace(b'"o"', b'"\\u006f"'),
        GOOD.replace(b'"o"', b'"\\/"'),
        GOOD.replace(b'"o"', b'"\\ud800"'),
        GOOD.replace(b'"o"', b'"\xed\xa0\x80"'),
        GOOD.replace(b'"o"', b"null"),
        GOOD.replace(b'"o"', b"1.5"),
        GOOD.replace(b'"i":0', b'"i":1'),
        GOOD.replace(b'"k":101', b'"k":101,"p":"' + b"A" * 43 + b'"'),
        GOOD.replace(b'{"origin":"o","reason":"r"}', b"[]"),
        b"[" + GOOD + b"]",
        b"null",
        b"",
        b"[" * 5000,
    ],
)
def test_no_other_spelling_parses(odd: bytes) -> None:
    parse(GOOD)
    with pytest.raises(Unreadable):
        parse(odd)


def test_an_entry_that_is_too_long_is_never_written() -> None:
    long = tuple(range(2**50, 2**50 + 256))
    with pytest.raises(TypeError, match=str(BODY_MAX)):
        encode(Draft(event=LaneOpened("o", "r"), categories=long), lane=0, index=0, at=5, prior=None)
