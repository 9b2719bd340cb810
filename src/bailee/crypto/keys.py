"""Epoch keys and what hangs on them: wrapped subject and system keys, look-up tags, aliases."""

import os
from typing import Final, NoReturn

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailee.crypto.aead import KEY, NONCE, TAG, cipher, opened
from bailee.crypto.context import demand, expand, info, key_aad, system_aad
from bailee.kernel.errors import Unavailable, Unreadable

WRAPPED: Final = NONCE + KEY + TAG


def new_key() -> bytes:
    """Draw 32 bytes from the operating system."""
    return os.urandom(KEY)


def alias(self_key: bytes, house: bytes) -> bytes:
    """Derive a customer's pseudonym of the ledger (16 bytes) from their own random key; it dies with that key.

    Args:
        self_key: the customer's key of category `_self`, 32 bytes.
        house: house id, 16 bytes.

    """
    demand("self_key", self_key, KEY)
    demand("house", house, 16)
    return expand(self_key, info("bailee/v1/alias", house), 16)


def code_alias(self_key: bytes, house: bytes, code: str) -> bytes:
    """Turn a case or ticket code into 16 bytes that only this customer's key links back to it.

    Args:
        self_key: the customer's key of category `_self`, 32 bytes.
        house: house id, 16 bytes.
        code: the case or ticket code as typed, UTF-8.

    """
    demand("self_key", self_key, KEY)
    demand("house", house, 16)
    return expand(self_key, info("bailee/v1/code", house, code.encode()), 16)


class EpochKey:
    """The key of one category and epoch: wraps every key below it, and is destroyed when the next epoch is complete.

    Args:
        raw: 32 random bytes.
        house: house id, 16 bytes.
        category: number of the data map, 32 bits.
        number: number of the epoch, 64 bits.

    `kcv` (16 bytes) tells two keys apart without telling anything else.

    """

    __slots__ = ("_cipher", "_raw", "category", "house", "kcv", "number")

    def __init__(self, raw: bytes, house: bytes, category: int, number: int) -> None:
        demand("epoch key", raw, KEY)
        demand("house", house, 16)
        made = expand(raw, info("bailee/v1/wrap", house, category.to_bytes(4, "big") + number.to_bytes(8, "big")), 64)
        self._raw = bytearray(raw)
        # Kept for the life of the key: scheduling AES costs more than a whole unwrap.
        self._cipher: AESGCM | None = cipher(made[:32])
        self.kcv = made[32:48]
        self.house = house
        self.category = category
        self.number = number

    @property
    def raw(self) -> bytes:
        """Give the key out, for custody and slots; the call site is the confession."""
        if self._cipher is None:
            raise _sealed()
        return bytes(self._raw)

    def wrap(self, dek: bytes, subject: bytes, version: int) -> bytes:
        """Wrap a subject key (32 bytes) for its subject (16 bytes) and version: 60 bytes, nonce first.

        Safe: the nonce is random, and one epoch key wraps at most 2^31 keys (SP 800-38D, 8.3 allows 2^32).
        """
        return self._wrap(dek, key_aad(self.house, subject, self.category, version, self.number))

    def unwrap(self, wrapped: bytes, subject: bytes, version: int) -> bytes:
        """Open a wrapped subject key.

        Args:
            wrapped: 60 bytes, as made by `wrap`.
            subject: id, 16 bytes.
            version: version of the key, 32 bits.

        Raises:
            Unreadable: `tampered`: changed, or wrapped for another subject, version, category, epoch or house.
            Unavailable: `sealed`: this key was wiped.

        """
        return self._unwrap(wrapped, key_aad(self.house, subject, self.category, version, self.number))

    def wrap_system(self, key: bytes, name: str, version: int) -> bytes:
        """Wrap a system key (32 bytes) under its name, such as `index/17/1`: 60 bytes."""
        return self._wrap(key, system_aad(self.house, name, self.category, version, self.number))

    def unwrap_system(self, wrapped: bytes, name: str, version: int) -> bytes:
        """Open a wrapped system key; raises as `unwrap` does."""
        return self._unwrap(wrapped, system_aad(self.house, name, self.category, version, self.number))

    def find_tag(self, alias: bytes) -> bytes:
        """Derive the look-up tag (16 bytes) of an alias (16 bytes): the way back to a customer, as long as this lives.

        Meant for an epoch key of `_self`.
        """
        demand("alias", alias, 16)
        return expand(self.raw, info("bailee/v1/find", self.house, alias), 16)

    def wipe(self) -> None:
        """Overwrite the key and let go of its cipher; from now on it answers `sealed`.

        Python cannot promise that no copy stays in memory.
        """
        self._cipher = None
        self._raw[:] = bytes(len(self._raw))

    def _wrap(self, key: bytes, aad: bytes) -> bytes:
        if self._cipher is None:
            raise _sealed()
        demand("key", key, KEY)
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, key, aad)

    def _unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        if self._cipher is None:
            raise _sealed()
        if len(wrapped) != WRAPPED:
            raise Unreadable("a wrapped key is 60 bytes")
        return opened(self._cipher, wrapped[:NONCE], wrapped[NONCE:], aad)

    def __repr__(self) -> str:
        return f"<EpochKey category={self.category} number={self.number}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied")


def _sealed() -> Unavailable:
    return Unavailable("this category is sealed", hint="an owner unseals it", code="sealed")
