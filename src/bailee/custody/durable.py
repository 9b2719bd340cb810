"""Small files that survive a power cut: written beside, synced, renamed, folder synced."""

import os
from pathlib import Path

from bailee.kernel.errors import Unavailable


def write(path: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Put a file in place, whole or not at all.

    Raises:
        Unavailable: the disk is full or read-only; the old file is still there.

    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            os.write(handle, body)
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(
            f"{path.name} can't be written: {error.strerror}", hint="free space, or mend the disk"
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
