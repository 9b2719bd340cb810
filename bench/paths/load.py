"""P8: take customers in, 500 at a time: 4 blobs and 3 index rows each."""

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db import connections

from bailee.vault.words import Answer, Ask, Write, Written
from bench.company import AT_ONCE, PLAIN_INSERT, Company, plain
from bench.words import FLOOR, Batches, Shape, Table

_FROM: Final = 50_000_000


def tables(company: Company) -> Iterator[Table]:
    """Bring in; the customers of this table are nobody's afterwards."""
    size = len(company.customers)
    numbers = iter(range(_FROM, 1 << 60))
    brought: list[tuple[dict[str, Any], Written]] = []
    failed: list[str] = []

    def rows(count: int) -> list[dict[str, Any]]:
        from bench.company import values

        return [values(next(numbers)) for _ in range(count)]

    def ours(count: int) -> list[Callable[[], object]]:
        return [_bring(rows(AT_ONCE)) for _ in range(count)]

    def _bring(given: list[dict[str, Any]]) -> Callable[[], object]:
        def call() -> None:
            writes = [Write(fields=row) for row in given]
            for row, made in zip(given, company.gate.bring_in(company.founder, writes), strict=True):
                if isinstance(made, Written):
                    brought.append((row, made))
                else:
                    failed.append(f"not brought in: {made}")

        return call

    def bare(count: int) -> list[Callable[[], object]]:
        return [_insert([plain(os.urandom(16), row) for row in rows(AT_ONCE)]) for _ in range(count)]

    def _insert(given: list[tuple[Any, ...]]) -> Callable[[], object]:
        def call() -> None:
            with company.house.opened() as tx, connections[tx.alias].cursor() as cursor:
                cursor.executemany(PLAIN_INSERT, given)

        return call

    def agree() -> list[str]:
        ours(1)[0]()
        return _differences(company, brought[-3:]) + failed

    def settle() -> list[str]:
        return _differences(company, brought[-20:]) + failed

    yield Table(
        "load",
        f"take customers in, {AT_ONCE} in a batch: 12 fields, 4 blobs, 3 index rows each",
        "op/s",
        [
            Batches("bailee", ours, each=AT_ONCE, fixed=AT_ONCE),
            Batches(f"{FLOOR}the same values into one plain table with 3 indexes", bare, each=AT_ONCE, fixed=AT_ONCE),
        ],
        agree,
        settle,
        size=size,
        target=5_000.0,
        durable=f"WAL, synchronous FULL, one commit per {AT_ONCE} (ours: one per store)",
        shape=Shape.LOG,
    )


def _differences(company: Company, brought: list[tuple[dict[str, Any], Written]]) -> list[str]:
    """Read what was brought in; only the field that the clerk may see clear tells enough."""
    wrong = []
    for row, made in brought:
        ask = Ask(
            actor=company.clerk, purpose="billing", subjects=(made.subject,), fields=(), clear=("billing.invoice_no",)
        )
        answer = company.gate.answer([ask])[0]
        shown = [
            one.text
            for item in (answer.items if isinstance(answer, Answer) else ())
            for record in item.records
            for one in record.values.values()
        ]
        if shown != [row["billing.invoice_no"]]:
            wrong.append(f"customer {made.subject.hex()} holds something else than what was brought in")
    return wrong
