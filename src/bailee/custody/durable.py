"""Small files that survive a power cut: written beside, synced, renamed, folder synced."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from bailee.kernel.errors import Unavailable


def write(path: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Put a file in place, whole or not at all.

    The new file is made under a name of its own, so that two threads don't write into one another's, and never through
    a link or over a file that somebody laid there.

    Raises:
        Unavailable: the disk is full or read-only; the old file is still there.

    """
    beside = path.with_name(f".{path.name}.{token_hex(8)}.new")
    try:
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            try:
                left = memoryview(body)
                while left:  # one call may write less than it was given
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(
            f"{path.name} can't be written: {error.strerror}", hint="free space, or mend the disk"
        ) from error


def overwrite(path: Path, body: bytes) -> None:
    """Write over a file where it lies, sync, then take it away: what is to be destroyed must not only be unnamed.

    Raises:
        Unavailable: the file is not there, or the disk refuses.

    """
    try:
        with path.open("r+b") as handle:
            handle.write(body)
            handle.flush()
            os.fsync(handle.fileno())
        path.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(
            f"{path.name} can't be destroyed: {error.strerror}", hint="look whether it is there, and mend the disk"
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
