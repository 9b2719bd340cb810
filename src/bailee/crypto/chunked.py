"""Files in chunks: Cobblestone-256 of C2SP chunked-encryption (SHA-512, AES-256-GCM), streamed or read in the middle.

A body is salt (24 bytes), commitment (32), then chunks of 16 KiB with a tag of 16 bytes each; the last chunk is always
shorter, and that is how an end is told from a cut. The layout is that of c2sp.org/chunked-encryption.
"""

import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeAlias, runtime_checkable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailee.crypto.aead import KEY, NONCE, TAG, cipher, opened
from bailee.crypto.context import demand, expand
from bailee.kernel.errors import Invalid, Unreadable

CHUNK: Final = 16_384
SALT: Final = 24
COMMITMENT: Final = 32
HEAD: Final = SALT + COMMITMENT
_SEALED: Final = CHUNK + TAG
_CHUNKS: Final = 2**38
_LABEL: Final = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"


@runtime_checkable
class Readable(Protocol):
    """An open binary file, or whatever reads like one."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes; none at the end."""
        ...


Source: TypeAlias = Iterable[bytes] | Readable


def seal_stream(key: bytes, context: bytes, source: Source) -> Iterator[bytes]:
    """Seal a file while reading it; at most a few chunks are in memory.

    Args:
        key: 32 random bytes.
        context: what the file is bound to, as made by `context.file_context`.
        source: an open binary file, or pieces of any length.

    Yields:
        Head (56 bytes), then sealed chunks; their concatenation is the body.

    """
    return _seal_stream(key, context, source, os.urandom(SALT))


def open_stream(key: bytes, context: bytes, source: Source) -> Iterator[bytes]:
    """Open a file while reading it; each yielded piece is authentic, but only the end proves that nothing is missing.

    Args:
        key: 32 bytes.
        context: what the file is bound to.
        source: an open binary file, or pieces of any length.

    Yields:
        The plaintext in order, 16 KiB at a time.

    Raises:
        Unreadable: `context-mismatch`: another key or context; `tampered`: changed, cut, lengthened or reordered.

    """
    pieces = _cut(source, HEAD, _SEALED)
    gcm, base = _opening(key, context, next(pieces))
    for number, piece in enumerate(pieces):
        clear = _open_chunk(gcm, base, number, piece)
        if clear:
            yield clear
        if len(piece) < _SEALED:
            return
    raise _cut_short()


def open_range(
    key: bytes, context: bytes, read_at: Callable[[int, int], bytes], start: int, length: int
) -> Iterator[bytes]:
    """Open a part of a file, reading only the chunks it lies in.

    A range that reaches beyond the end is shortened, once the last chunk has proved the end. One that begins in a
    chunk that isn't there can't be told from a cut file, so clip it to the known length before.

    Args:
        key: 32 bytes.
        context: what the file is bound to.
        read_at: gives up to so many bytes (second) of the sealed body from an offset (first).
        start: first byte of the plaintext, from 0.
        length: bytes wanted.

    Yields:
        The plaintext of the range in order, at most 16 KiB at a time.

    Raises:
        Invalid: `start` or `length` is negative.
        Unreadable: as `open_stream`; a cut behind the range goes unseen.

    """
    if start < 0 or length < 0:
        raise Invalid("a range begins at 0 or later and has no negative length")
    gcm, base = _opening(key, context, _read_fully(read_at, 0, HEAD))
    number, skip = divmod(start, CHUNK)
    while length > 0:
        piece = _read_fully(read_at, HEAD + number * _SEALED, _SEALED)
        if not piece:
            raise _cut_short()
        part = _open_chunk(gcm, base, number, piece)[skip : skip + length]
        if part:
            yield part
        if len(piece) < _SEALED:
            return
        length -= len(part)
        number, skip = number + 1, 0


def _seal_stream(key: bytes, context: bytes, source: Source, salt: bytes) -> Iterator[bytes]:
    gcm, base, commitment = _derived(key, context, salt)
    yield salt + commitment
    number = 0
    pieces = _cut(source, CHUNK, CHUNK)
    while True:
        piece = next(pieces, b"")
        yield gcm.encrypt(_nonce(base, number), piece, None)
        number += 1
        if len(piece) < CHUNK:  # the end is a shorter chunk, if need be an empty one
            return


def _derived(key: bytes, context: bytes, salt: bytes) -> tuple[AESGCM, int, bytes]:
    demand("file key", key, KEY)
    made = expand(key, _LABEL + salt + context, KEY + NONCE + COMMITMENT)
    return cipher(made[:KEY]), int.from_bytes(made[KEY : KEY + NONCE], "big"), made[KEY + NONCE :]


def _opening(key: bytes, context: bytes, head: bytes) -> tuple[AESGCM, int]:
    if len(head) != HEAD:
        raise _cut_short()
    gcm, base, commitment = _derived(key, context, head[:SALT])
    if not hmac.compare_digest(commitment, head[SALT:]):
        raise Unreadable(
            "this file belongs to another key or place",
            hint="compare with a backup; files may have been exchanged",
            code="context-mismatch",
        )
    return gcm, base


def _open_chunk(gcm: AESGCM, base: int, number: int, piece: bytes) -> bytes:
    return opened(gcm, _nonce(base, number), piece, None)


def _nonce(base: int, number: int) -> bytes:
    # Safe: key and base nonce are fresh with each salt, and a counter below 2^38 gives each chunk its own nonce.
    if number >= _CHUNKS:
        raise Invalid("a file has at most 4 PiB")
    return (base ^ number).to_bytes(NONCE, "big")


def _cut(source: Source, head: int, size: int) -> Iterator[bytes]:
    """Cut a source into a head, which always comes, and pieces of `size`; the last is short and never empty."""
    held = bytearray()
    pieces = _pieces(source)
    while len(held) < head and (piece := next(pieces, b"")):
        held += piece
    yield bytes(held[:head])
    del held[:head]
    for piece in pieces:
        held += piece
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    while held:
        yield bytes(held[:size])
        del held[:size]


def _pieces(source: Source) -> Iterator[bytes]:
    if isinstance(source, Readable):
        while piece := source.read(4 * _SEALED):
            yield piece
    else:
        yield from source


def _read_fully(read_at: Callable[[int, int], bytes], offset: int, size: int) -> bytes:
    # One short answer is no end of file yet: a pipe or an object store may give less than asked for.
    found = read_at(offset, size)
    while found and len(found) < size:
        more = read_at(offset + len(found), size - len(found))
        if not more:
            break
        found += more
    return found


def _cut_short() -> Unreadable:
    return Unreadable("the file ends too early", hint="fetch it again from a backup")
