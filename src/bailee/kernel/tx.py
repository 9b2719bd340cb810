"""The transaction that acts are handed; only `house` can make one."""

from dataclasses import dataclass, field
from typing import Protocol

from bailee.kernel.clock import Micros
from bailee.kernel.grip import GRIP, Grip
from bailee.kernel.ids import HouseId, RequestId


class Secrets(Protocol):
    """The house's own keys by purpose (`app/<purpose>`), for MACs and small sealed values; never a customer's."""

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA-256 under the newest version of the purpose's key."""
        ...


@dataclass(frozen=True, slots=True)
class Tx:
    """Proof that a transaction is open and will be recorded; it has no commit and no connection."""

    grip: Grip = field(repr=False)
    alias: str
    now: Micros
    house: HouseId
    request: RequestId
    secrets: Secrets = field(repr=False)
    sealed: list[int] = field(default_factory=list, repr=False)
    """Policy epochs sealed in this transaction: the fence lets these pass."""

    def __post_init__(self) -> None:
        if self.grip is not GRIP:
            raise TypeError("only house.opened makes a transaction")


@dataclass(frozen=True, slots=True)
class View:
    """What a look may use: the moment it is asked at; nothing it could change."""

    now: Micros
