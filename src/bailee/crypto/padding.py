"""Padding that hides lengths: ISO/IEC 7816-4 to coarser and coarser steps."""

from bailee.kernel.errors import Unreadable


def padded_length(length: int) -> int:
    """Give the padded size of a plaintext in bytes: a multiple of 32, beyond 256 of 128, beyond 4,096 of 1,024."""
    need = length + 1
    step = 32 if need <= 256 else 128 if need <= 4096 else 1024
    return -(-need // step) * step


def pad(clear: bytes) -> bytes:
    """Append 80, then 00 up to the next step."""
    return (clear + b"\x80").ljust(padded_length(len(clear)), b"\0")


def unpad(padded: bytes) -> bytes:
    """Take the padding off; only the one canonical length is taken.

    Raises:
        Unreadable: `tampered`: no 80 mark, or another length than `pad` makes.

    """
    clear = padded.rstrip(b"\0")
    if clear[-1:] != b"\x80" or padded_length(len(clear) - 1) != len(padded):
        raise Unreadable("the padding is not ours")
    return clear[:-1]
