"""AES-256-GCM with 96-bit nonces (NIST SP 800-38D): the one seam to the library that all wrappers go through."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailee.kernel.errors import Unreadable

NONCE: Final = 12
TAG: Final = 16
KEY: Final = 32


def cipher(key: bytes) -> AESGCM:
    """Schedule a 256-bit key; AES-128 and AES-192 are no part of any format here."""
    if len(key) != KEY:
        raise ValueError("a key is 32 bytes")
    return AESGCM(key)


def opened(gcm: AESGCM, nonce: bytes, body: bytes, aad: bytes | None) -> bytes:
    """Open a ciphertext with its tag, or nothing of it.

    Args:
        gcm: as made by `cipher`.
        nonce: 12 bytes.
        body: ciphertext, then the tag of 16 bytes.
        aad: what it is bound to.

    Raises:
        Unreadable: `tampered`: ciphertext, tag, nonce, key or additional data is not what was sealed.

    """
    try:
        return gcm.decrypt(nonce, body, aad)
    except InvalidTag as error:
        raise Unreadable(
            "the seal is broken", hint="compare with a backup; somebody or something changed it"
        ) from error
