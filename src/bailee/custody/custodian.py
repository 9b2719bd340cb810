"""What custody needs from a keeper of root keys."""

from dataclasses import dataclass
from typing import Protocol

from bailee.kernel.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a custodian answers, and what it says of itself."""

    well: bool
    says: str


class Custodian(Protocol):
    """Holds a root key; called per epoch and at start, never per record."""

    @property
    def provider(self) -> int:
        """First byte of its blobs."""
        ...

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """When this returns, the wrapped key opens again after a power cut."""
        ...

    def unwrap(self, blob: bytes, context: bytes) -> bytes: ...

    def probe(self) -> Health: ...

    def describe(self) -> str: ...

    def destroy_root(self) -> None: ...


VERSION = 1
"""Second byte of a custody blob: provider ‖ version ‖ the provider's own bytes."""


def standing(root: bytearray) -> bytes:
    """The bytes of a root that is still there.

    Raises:
        Unavailable: it was destroyed; what would be wrapped now, everybody could open.

    """
    if not any(root):
        raise Unavailable("the root key was destroyed", hint="open the home with its root key again")
    return bytes(root)
