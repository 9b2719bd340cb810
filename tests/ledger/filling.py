"""Entries of every shape, for tests about their bytes: people, sets, refusals, other scripts, a clock that lags."""

import random
from pathlib import Path
from typing import Any

from bailee.house import House
from bailee.kernel.events import Alias
from bailee.kernel.tx import Tx
from bailee.ledger import lanes, sets
from bailee.ledger.entries import Draft
from bailee.ledger.facts import ActDenied, ActFailed, LedgerVerified
from bailee.vault.facts import DataFound, DataRead, DataWritten


def fill(house: House, count: int, seed: int = 1) -> None:
    """Append entries as gate and acts would, in batches of up to 9."""
    chance = random.Random(seed)
    left = count
    while left:
        size = min(left, chance.randint(1, 9))
        with house.opened() as tx:
            lanes.append(tx, [_draft(tx, chance) for _ in range(size)])
        left -= size


def _draft(tx: Tx, chance: random.Random) -> Draft:
    common: dict[str, Any] = {
        "actor": f"actor-{chance.randint(1, 5)}",
        "session": f"session-{chance.randint(1, 9)}" if chance.random() < 0.5 else None,
        "request": chance.randbytes(6).hex(),
        "epoch": chance.randint(1, 30),
    }
    kind = chance.randint(0, 5)
    if kind == 0:
        return Draft(event=ActDenied("access.grant", "grant_access", chance.randint(1, 50)), **common)
    if kind == 1:
        return Draft(
            event=ActFailed("vault.erase", chance.choice(["KeyError", "Größenfehler", 'a "quoted" \\ name'])), **common
        )
    if kind == 2:
        people = sets.keep(tx, [chance.randbytes(16) for _ in range(chance.randint(2, 20))])
        return Draft(event=DataRead("export", export="e1"), people=people, clear=(3,), masked=(1, 2), **common)
    if kind == 3:
        return Draft(event=LedgerVerified(0, chance.randint(1, 1 << 40), "ok"))
    fact = DataFound(4, "exact", 2, 1) if kind == 4 else DataWritten("write", (1, 2, 30), 1, 0)
    return Draft(
        event=fact if chance.random() < 0.3 else DataRead(case=chance.randbytes(16)),
        alias=Alias(chance.randbytes(16)),
        categories=(2, 5),
        clear=(12,),
        masked=(13, 40),
        purpose="support",
        **common,
    )


def database(house: House) -> Path:
    return house.config.path / "data.db"
