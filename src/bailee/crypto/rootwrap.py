"""Wrapping of epoch keys under a root that this process holds (file, passphrase, memory)."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bailee.kernel.errors import Unreadable

ROOT_LENGTH: Final = 32
_NONCE: Final = 12


def wrap_under(root: bytes, key: bytes, context: bytes) -> bytes:
    """Seal a 32-byte key under a 32-byte root: nonce(12) ‖ AES-256-GCM(key), bound to its context (SP 800-38D)."""
    # Safe: random 96-bit nonce; a root wraps a handful of epoch keys a week, far fewer than 2**32.
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(root).encrypt(nonce, key, context)


def unwrap_under(root: bytes, blob: bytes, context: bytes) -> bytes:
    """Open what `wrap_under` made.

    Raises:
        Unreadable: another root, another context, or a changed byte.

    """
    try:
        return AESGCM(root).decrypt(blob[:_NONCE], blob[_NONCE:], context)
    except (InvalidTag, ValueError) as error:
        raise Unreadable(
            "a key does not open under this root key", hint="is this the root key of this home?"
        ) from error


def stretch(passphrase: bytes, salt: bytes, *, memory_mib: int = 256, passes: int = 4, lanes: int = 4) -> bytes:
    """Derive 32 bytes from a passphrase by Argon2id (RFC 9106); slow on purpose."""
    kdf = Argon2id(salt=salt, length=ROOT_LENGTH, iterations=passes, lanes=lanes, memory_cost=memory_mib * 1024)
    return kdf.derive(passphrase)
