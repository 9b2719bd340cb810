"""What custody needs from a keeper of root keys."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a custodian answers, and what it says of itself."""

    well: bool
    says: str


class Custodian(Protocol):
    """Holds a root key; called per epoch and at start, never per record."""

    provider: int

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """When this returns, the wrapped key opens again after a power cut."""
        ...

    def unwrap(self, blob: bytes, context: bytes) -> bytes: ...

    def probe(self) -> Health: ...

    def describe(self) -> str: ...

    def destroy_root(self) -> None: ...


VERSION = 1
"""Second byte of a custody blob: provider ‖ version ‖ the provider's own bytes."""
