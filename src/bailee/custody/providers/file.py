"""A root key in a file of its own, outside the home, that only the running user may read."""

import hmac
import os
import stat
from pathlib import Path
from typing import Final

from bailee.crypto.rootwrap import ROOT_LENGTH, unwrap_under, wrap_under
from bailee.custody import durable
from bailee.custody.custodian import VERSION, Health, standing
from bailee.kernel.errors import Invalid, Unavailable, Unreadable


class FileCustodian:
    """Keeps the root as 64 hex digits, mode 0600.

    Args:
        path: the key file.
        home: the home directory; a key inside it would be copied with the data, so that is refused.

    Raises:
        Invalid: the file is readable by others, belongs to somebody else, lies in the home or holds no key.
        Unavailable: the file is not there.

    """

    provider: Final = 1

    def __init__(self, path: Path, home: Path) -> None:
        self._path = path
        _refuse_inside(path, home)
        self._root = bytearray(_read(path))

    @classmethod
    def make(cls, path: Path, home: Path) -> "FileCustodian":
        """Draw a new root key; an existing file is never overwritten, and none is made where it must not lie."""
        _refuse_inside(path, home)
        if path.exists() or path.is_symlink():
            raise Invalid("there is a key file already", hint="name another, or keep using it")
        durable.private_folder(path.parent)
        durable.write(path, os.urandom(ROOT_LENGTH).hex().encode() + b"\n")
        return cls(path, home)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        return bytes((self.provider, VERSION)) + wrap_under(standing(self._root), key, context)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        if blob[:2] != bytes((self.provider, VERSION)):
            raise Unreadable("this key is wrapped by another custodian", hint="compare [custody] in bailee.toml")
        return unwrap_under(standing(self._root), blob[2:], context)

    def probe(self) -> Health:
        try:
            well = hmac.compare_digest(_read(self._path), bytes(self._root))
        except (Invalid, Unavailable) as error:
            return Health(well=False, says=str(error))
        return Health(well=well, says="key file in place" if well else "the key file holds another key now")

    def describe(self) -> str:
        return "key file"

    def destroy_root(self) -> None:
        """Overwrite, sync, unlink; a solid-state disk may keep old blocks, so the epoch's death is what counts."""
        durable.overwrite(self._path, os.urandom(2 * ROOT_LENGTH))
        self._root[:] = bytes(len(self._root))


def _refuse_inside(path: Path, home: Path) -> None:
    if path.resolve().is_relative_to(home.resolve()):
        raise Invalid(
            "bailee.E013 the root key lies inside the home", hint="move it out: a copy of the home must open nothing"
        )


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        written = path.read_text("ascii").strip()
    except FileNotFoundError as error:
        raise Unavailable(
            "bailee.E010 the root key file is not there",
            hint="put it back, or set [custody] key_file",
            code="custody-unreachable",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            "bailee.E011 the root key file can't be read", hint="check its rights", code="custody-unreachable"
        ) from error
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Invalid("bailee.E012 the root key file is open to other users", hint=f"chmod 600 {path.name}")
    if found.st_uid != os.geteuid():
        raise Invalid(
            "bailee.E014 the root key file belongs to another user", hint="run as its owner, or change the owner"
        )
    try:
        root = bytes.fromhex(written)
    except ValueError as error:
        raise Invalid(
            "bailee.E015 the root key file holds no key", hint="it is 64 hex digits; put the right file back"
        ) from error
    if len(root) != ROOT_LENGTH:
        raise Invalid("bailee.E015 the root key file holds no key", hint="it is 64 hex digits; put the right file back")
    return root
