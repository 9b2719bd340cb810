"""A random root opened by a passphrase through Argon2id; the passphrase is asked for at start."""

import json
import os
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bailee.crypto.rootwrap import ROOT_LENGTH, stretch, unwrap_under, wrap_under
from bailee.custody import durable
from bailee.custody.custodian import VERSION, Health, standing
from bailee.kernel.errors import Denied, Invalid, Unavailable, Unreadable
from bailee.kernel.secret import Secret

SHORTEST: Final = 16
_FORMAT: Final = "bailee/passphrase/v1"
_CONTEXT: Final = b"bailee/v1/passphrase"
_COSTS: Final = {"mib": 4096, "t": 64, "p": 64}


class PassphraseCustodian:
    """Keeps the root sealed under a stretched passphrase; a change of passphrase re-wraps the root, nothing else.

    Args:
        path: the sealed root (JSON).
        ask: gives the passphrase; called once.

    Raises:
        Denied: the passphrase is wrong.
        Unavailable: the file is not there.

    """

    provider: Final = 2

    def __init__(self, path: Path, ask: Callable[[], Secret[str]]) -> None:
        self._path = path
        try:
            kept = json.loads(path.read_text("ascii"))
            salt, sealed = (b64decode(kept[name], validate=True) for name in ("salt", "root"))
            cost = {name: _bounded(kept["cost"][name], most) for name, most in _COSTS.items()}
        except FileNotFoundError as error:
            raise Unavailable("the sealed root is not there", hint="put it back", code="custody-unreachable") from error
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid("the sealed root is damaged", hint="put it back from a copy") from error
        key = stretch(_typed(ask()), salt, memory_mib=cost["mib"], passes=cost["t"], lanes=cost["p"])
        try:
            self._root = bytearray(unwrap_under(key, sealed, _CONTEXT + salt))
        except Unreadable as error:
            raise Denied("the passphrase is wrong", hint="try again; nothing was changed") from error

    @classmethod
    def make(cls, path: Path, passphrase: Secret[str], *, memory_mib: int = 256) -> "PassphraseCustodian":
        """Draw a root and seal it; at least 16 characters, and an existing file is never overwritten."""
        if len(passphrase.reveal()) < SHORTEST:
            raise Invalid(f"the passphrase is shorter than {SHORTEST} characters", hint="seven random words do well")
        if path.exists():
            raise Invalid("there is a sealed root already", hint="name another, or keep using it")
        salt, root = os.urandom(16), os.urandom(ROOT_LENGTH)
        key = stretch(_typed(passphrase), salt, memory_mib=memory_mib)
        made = {
            "format": _FORMAT,
            "salt": b64encode(salt).decode(),
            "cost": {"mib": memory_mib, "t": 4, "p": 4},
            "root": b64encode(wrap_under(key, root, _CONTEXT + salt)).decode(),
        }
        durable.private_folder(path.parent)
        durable.write(path, json.dumps(made).encode())
        return cls(path, lambda: passphrase)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        return bytes((self.provider, VERSION)) + wrap_under(standing(self._root), key, context)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        if blob[:2] != bytes((self.provider, VERSION)):
            raise Unreadable("this key is wrapped by another custodian", hint="compare [custody] in bailee.toml")
        return unwrap_under(standing(self._root), blob[2:], context)

    def probe(self) -> Health:
        return Health(
            well=self._path.exists(), says="sealed root in place" if self._path.exists() else "sealed root gone"
        )

    def describe(self) -> str:
        return "passphrase"

    def destroy_root(self) -> None:
        """Overwrite, sync, unlink; as with a key file, the epoch's death is what counts."""
        durable.overwrite(self._path, os.urandom(max(self._path.stat().st_size, ROOT_LENGTH)))
        self._root[:] = bytes(len(self._root))


def _typed(passphrase: Secret[str]) -> bytes:
    """One form for one text: keyboards write `é` as one sign or as two."""
    return unicodedata.normalize("NFC", passphrase.reveal()).encode()


def _bounded(given: object, most: int) -> int:
    """A cost somebody could have raised until the start stops the machine."""
    if type(given) is not int or not 1 <= given <= most:
        raise ValueError("a cost out of bounds")
    return given
