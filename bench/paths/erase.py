"""P10: erase one customer: keys, index rows, records, entries, receipt."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from django.db import connections

from bailee.kernel.ids import SubjectId, text
from bailee.kernel.permissions import Permission
from bailee.vault import erasure
from bailee.vault.erasure import Basis, Erase
from bailee.vault.words import Answer, Ask, Standing
from bench.company import PLAIN, PLAIN_INSERT, Company, plain, values
from bench.words import FLOOR, Batches, Shape, Table

_EACH: Final = 4


def tables(company: Company) -> Iterator[Table]:
    """Erase, one at a time; who is erased is taken from the newest customers."""
    size = len(company.customers)
    eraser = replace(company.house.system(), may=frozenset(Permission))
    erased: list[SubjectId] = []

    def erase(key: SubjectId) -> None:
        erasure.erase(company.house, eraser, Erase(subject=text(key), basis=Basis.REQUEST))
        erased.append(key)

    def ours(count: int) -> list[Callable[[], object]]:
        company.grow(size + count)
        victims = [company.customers.pop() for _ in range(count)]
        return [partial(erase, key) for key in victims]

    def bare(count: int) -> list[Callable[[], object]]:
        keys = [os.urandom(16) for _ in range(count)]
        with company.house.opened() as tx, connections[tx.alias].cursor() as cursor:
            cursor.executemany(
                PLAIN_INSERT, [plain(key, values(10**9 + int.from_bytes(key[:6], "big"))) for key in keys]
            )
        with company.house.opened("keys") as tx, connections[tx.alias].cursor() as cursor:
            cursor.executemany(f"INSERT INTO {PLAIN} (id, wrapped) VALUES (%s, %s)", [(key, b"w" * 60) for key in keys])
        return [partial(_delete, company, key) for key in keys]

    def agree() -> list[str]:
        for call in ours(2):
            call()
        return settle()

    def settle() -> list[str]:
        left = [key for key in erased[-8:] if _standing(company, key) is not Standing.ERASED]
        return [f"customer {key.hex()} is not erased" for key in left]

    yield Table(
        "erase",
        "erase one customer: two entries, keys destroyed, rows and index rows deleted, receipt signed",
        "us/op",
        [
            Batches("bailee", ours, fixed=_EACH, alone=True),
            Batches(f"{FLOOR}one DELETE and one commit in each store", bare, fixed=_EACH, alone=True),
        ],
        agree,
        settle,
        size=size,
        target=10_000.0,
        durable="WAL, synchronous FULL; ours empties both logs, so that no copy stays in them",
        shape=Shape.FLAT,
    )


def _delete(company: Company, key: bytes) -> None:
    with company.house.opened("keys") as tx, connections[tx.alias].cursor() as cursor:
        cursor.execute(f"DELETE FROM {PLAIN} WHERE id = %s", [key])
    with company.house.opened() as tx, connections[tx.alias].cursor() as cursor:
        cursor.execute(f"DELETE FROM {PLAIN} WHERE id = %s", [key])


def _standing(company: Company, key: SubjectId) -> Standing | None:
    ask = Ask(actor=company.clerk, purpose="billing", subjects=(key,), fields=(), clear=("billing.total",))
    answer = company.gate.answer([ask])[0]
    return answer.items[0].standing if isinstance(answer, Answer) else None
