"""P3: from an e-mail address to what is stored of it in an index."""

import hmac
import os
from collections.abc import Iterator
from itertools import cycle
from struct import pack
from typing import Final

from bailee.crypto.blind import NORMALISERS, IndexKey, unique
from bench.peers import index_peers
from bench.words import FLOOR, Loop, Table

_MANY: Final = 256


def tables(peers: bool) -> Iterator[Table]:
    """Normalise and digest."""
    raw, house = os.urandom(32), os.urandom(16)
    key, spell = IndexKey(raw, house, 3, 1, 1), NORMALISERS["email.1"]
    typed = [f" Customer.{number}@Mail{number % 7}.example" for number in range(_MANY)]
    ready = [one.strip().lower().encode() for one in typed]
    one, other = cycle(typed), cycle(ready)
    head = pack(">16s16sIHH", b"bailee/v1/index", house, 3, 1, 1)

    def agree() -> list[str]:
        return [
            f"another digest of address {number}"
            for number, (given, clean) in enumerate(zip(typed, ready, strict=True))
            if key.digest(spell(given).encode()) != hmac.digest(raw, head + clean, "sha256")
        ]

    yield Table(
        "blind index",
        "blind index of an e-mail address: normalise, digest, cut",
        "us/op",
        [
            Loop("bailee", lambda: unique(key.digest(spell(next(one)).encode()))),
            Loop(f"{FLOOR}HMAC-SHA-256 in one call", lambda: hmac.digest(raw, head + next(other), "sha256")),
            *(index_peers() if peers else ()),
        ],
        agree,
        target=3.0,
    )
