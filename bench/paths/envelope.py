"""P1 and P2: opening and sealing of one category blob of 8 fields, with its customer's key."""

import hmac
import os
from collections.abc import Iterator
from itertools import cycle
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailee.crypto import envelope
from bailee.crypto.context import Place
from bailee.crypto.envelope import pack, seal, unpack, unseal
from bailee.crypto.keys import EpochKey, new_key
from bench.peers import crypto_peers
from bench.words import FLOOR, Loop, Table

FIELDS: Final[dict[int, envelope.Value]] = {
    1: "Dora",
    2: "Kundin",
    3: "dora@customer.example",
    4: "+15035550100",
    5: "INV-20260817-1",
    6: "2026-08-17",
    7: 1980,
    8: "The parcel never came.",
}
_MANY: Final = 256
_HOUSE: Final = bytes(range(16))
_CATEGORY: Final = 2


def tables(peers: bool) -> Iterator[Table]:
    """Open, seal, wrap."""
    epoch = EpochKey(new_key(), _HOUSE, _CATEGORY, 1)
    clear = pack(FIELDS)
    made = []
    for _ in range(_MANY):
        subject, record, dek = os.urandom(16), os.urandom(16), new_key()
        place = _place(subject, record)
        made.append((subject, record, epoch.wrap(dek, subject, 1), seal(dek, _HOUSE, 1, place, clear)))

    def open_one(subject: bytes, record: bytes, wrapped: bytes, blob: bytes) -> dict[int, envelope.Value]:
        dek = epoch.unwrap(wrapped, subject, 1)
        return unpack(unseal(dek, _HOUSE, _place(subject, record), blob))

    turns = cycle(made)
    key, aad = AESGCM(os.urandom(32)), bytes(88)
    bare = [_bare(key, clear, aad) for _ in range(_MANY)]
    bare_turns = cycle(bare)

    def open_bare() -> bytes:
        wrapped, derive, nonce, body = next(bare_turns)
        dek = key.decrypt(wrapped[:12], wrapped[12:], aad[:64])
        return AESGCM(hmac.digest(dek, derive, "sha512")[:32]).decrypt(nonce, body, aad)

    def agree_open() -> list[str]:
        wrong = [f"{one[0].hex()} opens to other fields" for one in made if open_one(*one) != FIELDS]
        return wrong + ["the floor opens to another text" for _ in bare if open_bare() != clear]

    open_peers, seal_peers = crypto_peers(FIELDS) if peers else ([], [])
    yield Table(
        "open",
        "open a category blob of 8 fields: unwrap the customer's key, derive, open, unpack",
        "us/op",
        [
            Loop("bailee", lambda: open_one(*next(turns))),
            Loop(f"{FLOOR}AES-256-GCM twice, HMAC-SHA-512 once, bare `cryptography`", open_bare),
            *open_peers,
        ],
        agree_open,
        target=6.0,
    )

    dek, place = new_key(), _place(made[0][0], made[0][1])
    raw = os.urandom(32)

    def seal_bare() -> bytes:
        nonce = os.urandom(12)
        derived = hmac.digest(raw, aad, "sha512")
        return derived[32:] + nonce + AESGCM(derived[:32]).encrypt(nonce, clear, aad)

    def agree_seal() -> list[str]:
        again = seal(dek, _HOUSE, 1, place, pack(FIELDS))
        wrong = [] if unpack(unseal(dek, _HOUSE, place, again)) == FIELDS else ["what was sealed opens to other fields"]
        return wrong + (["two seals are equal"] if again == seal(dek, _HOUSE, 1, place, pack(FIELDS)) else [])

    yield Table(
        "seal",
        "seal a category blob of 8 fields: pack, derive, fresh nonce, seal",
        "us/op",
        [
            Loop("bailee", lambda: seal(dek, _HOUSE, 1, place, pack(FIELDS))),
            Loop(f"{FLOOR}nonce, AES-256-GCM, HMAC-SHA-512, bare `cryptography`", seal_bare),
            *seal_peers,
        ],
        agree_seal,
        target=6.0,
    )

    def wrap_bare() -> bytes:
        nonce = os.urandom(12)
        return nonce + key.encrypt(nonce, dek, aad[:64])

    def agree_wrap() -> list[str]:
        subject = made[0][0]
        return [] if epoch.unwrap(epoch.wrap(dek, subject, 1), subject, 1) == dek else ["another key comes out"]

    yield Table(
        "wrap",
        "wrap a customer's key under the key of its epoch",
        "us/op",
        [
            Loop("bailee", lambda: epoch.wrap(dek, made[0][0], 1)),
            Loop(f"{FLOOR}nonce, AES-256-GCM, bare `cryptography`", wrap_bare),
        ],
        agree_wrap,
    )


def _place(subject: bytes, record: bytes) -> Place:
    return Place(collection=1, subject=subject, record=record, category=_CATEGORY, schema=1, record_version=1)


def _bare(key: AESGCM, clear: bytes, aad: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    nonce, dek, derive = os.urandom(12), os.urandom(32), os.urandom(80)
    body = AESGCM(hmac.digest(dek, derive, "sha512")[:32]).encrypt(nonce, clear, aad)
    return nonce + key.encrypt(nonce, dek, aad[:64]), derive, nonce, body
