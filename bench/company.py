"""A made-up company to measure with: one home, customers from a seed, one clerk who reads; it only ever grows."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from django.db import connections

from bailee import config as configuration
from bailee import house as houses
from bailee.access import keys, people, roles
from bailee.custody.providers.file import FileCustodian
from bailee.datamap import versions
from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.clock import Micros
from bailee.kernel.guard import GUARD
from bailee.kernel.ids import SubjectId
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.vault.budget import Budget
from bailee.vault.gate import Gate
from bailee.vault.words import Ask, Write, Written

SEED: Final = 20260817
AT_ONCE: Final = 500
PLAIN: Final = "bench_plain"
_GIVEN: Final = ("Ada", "Bela", "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana", "Ivo", "Jamila", "Kofi", "Lena")
_DOMAINS: Final = 40


class FreeBudget(Budget):
    """Counts as the product does, but one clerk may read everybody: a benchmark is one long bulk read."""

    def __init__(self) -> None:
        super().__init__(1 << 40)

    def try_search(self, actor: str, kind: str, most: int, now: Micros) -> bool:
        super().try_search(actor, kind, most, now)
        return True


@dataclass(slots=True)
class Company:
    """One open house with its customers; `plain` is a table of the same values without any protection."""

    folder: Path
    house: House
    gate: Gate
    clerk: Actor
    founder: Actor
    owner: Actor
    customers: list[SubjectId] = field(default_factory=list)
    next: int = 0
    random: Random = field(default_factory=lambda: Random(SEED))

    def grow(self, size: int) -> None:
        """Take customers in until there are so many."""
        while len(self.customers) < size:
            self.take_in(min(AT_ONCE, size - len(self.customers)))

    def take_in(self, count: int) -> None:
        """Take in new customers, into the vault and into the plain table."""
        rows = self.rows(count)
        made = self.gate.bring_in(self.founder, [Write(fields=row) for row in rows])
        ids = [one.subject for one in made if isinstance(one, Written)]
        if len(ids) != count:
            raise RuntimeError(f"only {len(ids)} of {count} customers came in: {made[-1]}")
        self.customers += ids
        with GUARD.asleep(), self.house.opened(), connections["default"].cursor() as cursor:
            cursor.executemany(PLAIN_INSERT, [plain(key, row) for key, row in zip(ids, rows, strict=True)])

    def rows(self, count: int) -> list[dict[str, Any]]:
        """Make the values of new customers: 12 fields in 4 categories."""
        first, self.next = self.next, self.next + count
        return [values(number) for number in range(first, first + count)]

    def asks(self, count: int) -> list[Ask]:
        """Make reads of one customer each: one field masked, one clear; a few customers are read much more often."""
        return [
            Ask(
                actor=self.clerk,
                purpose="billing",
                subjects=(self.popular(),),
                fields=("contact.given_name",),
                clear=("billing.total",),
            )
            for _ in range(count)
        ]

    def popular(self) -> SubjectId:
        """Draw a customer, after Zipf: rank r comes with a weight of about 1/r."""
        many = len(self.customers)
        return self.customers[int(many ** self.random.random()) - 1]


def values(number: int) -> dict[str, Any]:
    """The values of one customer by number."""
    return {
        "contact.given_name": _GIVEN[number % len(_GIVEN)],
        "contact.surname": f"Family{number % 4999}",
        "contact.email": f"customer.{number}@mail{number % _DOMAINS}.example",
        "contact.phone": f"+1 503 555 {number % 10_000:04}",
        "billing.invoice_no": f"INV-{number}",
        "billing.invoiced": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "billing.total": f"{number % 500}.80",
        "orders.order_no": f"ORD-{number}",
        "orders.ordered": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "orders.items": f"{number % 7 + 1} books",
        "support.opened": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "support.message": "The parcel never came, and nobody has answered the telephone for two weeks now.",
    }


PLAIN_INSERT: Final = (
    f"INSERT INTO {PLAIN} (id, given_name, surname, email, phone, invoice_no, invoiced, total, order_no, ordered, "
    "items, opened, message) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_PLAIN_TABLES: Final = (
    (
        f"CREATE TABLE {PLAIN} (id BLOB PRIMARY KEY, given_name TEXT, surname TEXT, email TEXT, phone TEXT, "
        "invoice_no TEXT, invoiced TEXT, total TEXT, order_no TEXT, ordered TEXT, items TEXT, opened TEXT, "
        "message TEXT) WITHOUT ROWID"
    ),
    f"CREATE UNIQUE INDEX bench_plain_email ON {PLAIN} (email)",
    f"CREATE INDEX bench_plain_phone ON {PLAIN} (phone)",
    f"CREATE INDEX bench_plain_surname ON {PLAIN} (surname)",
    "CREATE TABLE bench_log (id INTEGER PRIMARY KEY, body BLOB)",
)


def plain(key: bytes, row: dict[str, Any]) -> tuple[Any, ...]:
    """A row of the plain table."""
    return (key, *row.values())


def found(folder: Path) -> Company:
    """Make an empty company in a new folder; Django must be set up for this home already."""
    home = folder / "home"
    config = configuration.load(home)
    house = houses.init(config, lambda: FileCustodian.make(config.key_file, home))
    founder = replace(house.system(), may=frozenset(Permission))
    written = (Path(__file__).parent / "map.toml").read_text("utf-8")
    house.do(founder, versions.adopt, versions.Adopt(toml=written, base_version=0))
    gate = Gate(house, FreeBudget())
    gate.prepare()
    first = house.do(founder, people.found, people.Found(name="Ann Owner", email="ann@shop.example")).value.key
    ann = keys.actor_of(house.policy, house.keys, first, house.clock.now())
    house.do(ann, roles.add_roles, roles.AddRoles(roles=("clerk",)))
    second = people.Invite(name="Bob Clerk", email="bob@shop.example", roles=("clerk",))
    bob = house.do(ann, people.invite, second).value.key
    with GUARD.asleep(), connections["default"].cursor() as cursor:
        for statement in _PLAIN_TABLES:
            cursor.execute(statement)
    with GUARD.asleep(), connections["keys"].cursor() as cursor:
        cursor.execute(f"CREATE TABLE {PLAIN} (id BLOB PRIMARY KEY, wrapped BLOB) WITHOUT ROWID")
    return Company(
        folder,
        house,
        gate,
        keys.actor_of(house.policy, house.keys, bob, house.clock.now()),
        replace(house.system(), may=OPEN_TO_ALL | {Permission.IMPORT}),
        ann,
    )


def close(company: Company) -> None:
    """Stop and forget."""
    company.gate.stop()
    company.house.abandon()
