"""Roles."""
from collections.abc import Iterable
from bailee.kernel.tx import Tx
def create(tx: Tx, keys: Iterable[str], *, owner: str) -> None: ...
