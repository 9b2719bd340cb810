"""What an envelope shows without any key: which version of the key sealed it, and the commitment to that key."""

from typing import Final

from bailee.crypto.context import MAGIC
from bailee.kernel.errors import Unreadable

OVERHEAD: Final = 64  # bytes: header 4, commitment 32, nonce 12, tag 16


def commitment(sealed: bytes) -> bytes:
    """Read the 32 bytes that commit to the key; a receipt of erasure lists them without any key.

    Raises:
        Unreadable: `tampered`: not an envelope.

    """
    key_version(sealed)
    return bytes(sealed[4:36])


def key_version(sealed: bytes) -> int:
    """Read which version of the subject key opens this blob.

    Raises:
        Unreadable: `tampered`: not an envelope of a suite on the allow-list (only `42 01`), or cut short.

    """
    if sealed[:2] != MAGIC or len(sealed) < OVERHEAD:
        raise Unreadable("that is no envelope of a known suite", hint="restore this record from a backup")
    return sealed[2] << 8 | sealed[3]
