"""P9: find one customer by a unique e-mail address; every candidate is opened and compared."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Final

from django.db import connections

from bailee.vault.words import Answer, Find
from bench.company import Company
from bench.words import FLOOR, Batches, Shape, Table

_MANY: Final = 200


def tables(company: Company) -> Iterator[Table]:
    """Find, one at a time."""
    known = company.random.sample(company.customers, min(_MANY, len(company.customers)))
    addresses = [_address(key) for key in known]
    ours, others = cycle(addresses), cycle(addresses)

    def find(address: str) -> Answer:
        return company.gate.find(
            Find(
                actor=company.clerk,
                purpose="billing",
                field="contact.email",
                how="is",
                value=address,
                fields=("contact.given_name",),
            )
        )

    def agree() -> list[str]:
        wrong = [
            f"customer {key.hex()} is not who is found"
            for key, address in zip(known, addresses, strict=True)
            if [item.subject for item in find(address.upper()).items] != [key]
        ]
        return wrong + ([] if not find("nobody@nowhere.example").items else ["somebody is found who is not there"])

    def prepared(work: Callable[[str], object], turns: Iterator[str]) -> Callable[[int], list[Callable[[], object]]]:
        return lambda count: [partial(work, next(turns)) for _ in range(count)]

    def bare(address: str) -> None:
        with company.house.opened() as tx, connections[tx.alias].cursor() as cursor:
            cursor.execute("SELECT id, given_name FROM bench_plain WHERE email = %s", [address])
            cursor.fetchone()
            cursor.execute("INSERT INTO bench_log (body) VALUES (%s)", [b"e" * 300])

    yield Table(
        "find",
        "find one customer by unique e-mail address, verified, masked, recorded",
        "us/op",
        [
            Batches("bailee", prepared(find, ours), alone=True),
            Batches(
                f"{FLOOR}SELECT by an indexed plain column, one INSERT, one commit", prepared(bare, others), alone=True
            ),
        ],
        agree,
        size=len(company.customers),
        durable="WAL, synchronous FULL; ours: the entry is on disk before the answer",
        shape=Shape.LOG,
    )


def _address(key: bytes) -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT email FROM bench_plain WHERE id = %s", [key])
        found: str = cursor.fetchone()[0]
    return found
