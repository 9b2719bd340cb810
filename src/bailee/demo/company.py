"""An invented company: the same seed gives the same customers, and nothing in it belongs to anybody.

Mail domains end in `.example` (RFC 2606), telephone numbers in 555-0100 to 555-0199 (kept for fiction in the North
American plan), card numbers begin with 400000 (the range in which payment firms give out test cards), people have
names made of syllables.
"""

import random
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

SEED: Final = 20_260_301
CUSTOMERS: Final = 500
FIRST: Final = 2
"""So many customers have something of everything, whatever the seed: the story follows them."""


def _cut(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_STARTS: Final = _cut("Bel Cor Dal Fen Gal Hol Jor Kel Lor Mar Nel Or Per Quil Ros Sel Tar Ul Ver Wil Yor Zel")
_MIDDLES: Final = _cut("a abe ado ani aro e eda eli emo i ida imo o ola ovi u una")
_GIVEN_ENDS: Final = _cut("bra dan dine lan lia lene mara nette ric rin saro thea ton vin")
_SURNAME_ENDS: Final = _cut(
    "berling brook dorrin field garth hollow kettle lander marrow nackle penny quist ridge stow thwaite wick"
)
_DOMAINS: Final = ("letterbox.example", "quillpost.example", "harbourmail.example", "nowhere.example")
_AREAS: Final = (206, 303, 312, 404, 503, 512, 602, 617, 702, 713, 808, 917)
_STREETS: Final = ("Invented Lane", "Fable Road", "Pretend Avenue", "Story Hill", "Made-Up Street", "Fiction Mews")
_TOWNS: Final = (
    ("Elsewhere", "OR", "97000"),
    ("Nonesuch", "WA", "98000"),
    ("Fabledale", "CA", "90000"),
    ("Pretendton", "ID", "83200"),
)
_GOODS: Final = (
    "exercise band",
    "foam roller",
    "wrist brace",
    "heat pad",
    "balance board",
    "ice pack",
    "neck pillow",
    "massage ball",
)
_DIAGNOSES: Final = (
    ("M54.5", "low back pain"),
    ("M25.5", "pain in a joint"),
    ("S93.4", "sprained ankle"),
    ("M75.1", "torn shoulder cuff"),
    ("G56.0", "carpal tunnel syndrome"),
    ("M17.1", "worn knee joint"),
)
_FINDINGS: Final = (
    "worse in the morning",
    "better after rest",
    "since a fall on the stairs",
    "after long hours at a desk",
    "wakes at night",
)
_TROUBLES: Final = (
    "the parcel never came",
    "the size is wrong",
    "it was charged twice",
    "the strap broke on the first day",
    "I can't find my appointment",
)
_GREETINGS: Final = ("Hello,", "Good day,", "Please help:", "I am sorry to write again:")
_TODAY: Final = date(2026, 3, 1)

SLIPS: Final[dict[str, list[tuple[object, ...]]]] = {
    "cards": [(999_999, 1, "4000 0000 0000 0000", "01/29", "Mistyped Card")],
    "tickets": [("T-99999-1", 999_999, "2026-02-01", "A ticket of nobody.")],
}
"""Rows that are wrong on purpose: a card number with a wrong check digit, a ticket of a customer who is not there."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to the practice."""

    day: str
    code: str
    notes: str
    insurance: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One invented customer, with everything the company keeps of them."""

    number: int
    given_name: str
    surname: str
    email: str
    phone: str
    street: str
    town: str
    region: str
    postcode: str
    born: str
    card: str
    expires: str
    invoices: tuple[tuple[str, str, str], ...]
    orders: tuple[tuple[str, str, str], ...]
    visits: tuple[Visit, ...]
    tickets: tuple[tuple[str, str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"


@dataclass(frozen=True, slots=True)
class Company:
    """All customers of the invented company."""

    customers: tuple[Customer, ...]

    def planted(self) -> dict[str, tuple[str, ...]]:
        """What a thief would want, by kind: the values that must not be readable in a stolen copy."""
        people = self.customers
        return {
            "e-mail addresses": tuple(one.email for one in people),
            "card numbers": tuple(one.card for one in people),
            "telephone numbers": tuple(sorted({one.phone for one in people})),
            "names": tuple(
                sorted({name for one in people for name in (one.given_name, one.surname) if len(name) >= 6})
            ),
            "addresses": tuple(sorted({one.street for one in people})),
            "insurance numbers": tuple(sorted({visit.insurance for one in people for visit in one.visits})),
            "health notes": tuple(sorted({visit.notes for one in people for visit in one.visits})),
            "messages": tuple(sorted({text for one in people for _, _, text in one.tickets})),
        }

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """The rows of the company's old database, by table; the last of some are wrong, as in any old database."""
        people = self.customers
        made: dict[str, list[tuple[object, ...]]] = {
            "customers": [
                (one.number, one.given_name, one.surname, one.email, one.phone, one.street, one.town, one.region,
                 one.postcode, one.born) for one in people
            ],
            "invoices": [(number, one.number, day, total) for one in people for number, day, total in one.invoices],
            "cards": [(at, one.number, one.card, one.expires, one.name) for at, one in enumerate(people, 1)],
            "visits": [
                (f"V-{one.number}-{at}", one.number, visit.day, visit.code, visit.notes, visit.insurance)
                for one in people for at, visit in enumerate(one.visits, 1)
            ],
            "orders": [(number, one.number, day, goods) for one in people for number, day, goods in one.orders],
            "tickets": [(number, one.number, day, text) for one in people for number, day, text in one.tickets],
        }  # fmt: skip
        for table, rows in SLIPS.items():
            made[table] += rows
        return made

    def write(self, path: Path) -> None:
        """Write the company's old database, as plain as a small business has it."""
        database = sqlite3.connect(path)
        for table, rows in self.tables().items():
            database.execute(_CREATE[table])
            database.executemany(_INSERT[table], rows)
        database.commit()
        database.close()


def invent(count: int = CUSTOMERS, seed: int = SEED) -> Company:
    """Invent a company with as many customers as asked for."""
    dice = random.Random(seed)  # noqa: S311 - invented people need no secrecy
    return Company(tuple(_customer(dice, number) for number in range(1, count + 1)))


def company_map() -> str:
    """The data map of the invented company, as TOML."""
    return (resources.files(__package__) / "company.toml").read_text("utf-8")


def sample_card(dice: random.Random) -> str:
    """Make a card number of the range that payment firms use for tests: the check digit fits, no bank issued it."""
    body = "400000" + "".join(str(dice.randrange(10)) for _ in range(9))
    total = sum(sum(divmod(int(sign) * (2 - at % 2), 10)) for at, sign in enumerate(body))
    digits = f"{body}{-total % 10}"
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def _customer(dice: random.Random, number: int) -> Customer:
    given = dice.choice(_STARTS) + dice.choice(_MIDDLES) + dice.choice(_GIVEN_ENDS)
    surname = dice.choice(_STARTS) + dice.choice(_MIDDLES) + dice.choice(_SURNAME_ENDS)
    town, region, postcode = dice.choice(_TOWNS)
    first = int(number <= FIRST)
    orders = tuple(
        (
            f"O-{number:05}-{at}",
            _day(dice, 700),
            f"{dice.randrange(1, 4)} x {dice.choice(_GOODS)}, {dice.choice(_GOODS)}",
        )
        for at in range(1, dice.randrange(2, 5))
    )
    return Customer(
        number=number,
        given_name=given,
        surname=surname,
        email=f"{given}.{surname}{number}@{dice.choice(_DOMAINS)}".lower(),
        phone=f"({dice.choice(_AREAS)}) 555-01{dice.randrange(100):02}",
        street=f"{dice.randrange(1, 400)} {dice.choice(_STREETS)}",
        town=town,
        region=region,
        postcode=postcode,
        born=(date(1940, 1, 1) + timedelta(days=dice.randrange(23_000))).isoformat(),
        card=sample_card(dice),
        expires=f"{dice.randrange(1, 13):02}/{dice.randrange(27, 32)}",
        invoices=tuple(
            (f"INV-{number:05}-{at}", day, f"{dice.randrange(900, 24_000) / 100:.2f}")
            for at, (_, day, _) in enumerate(orders, 1)
        ),
        orders=orders,
        visits=tuple(_visit(dice) for _ in range(max(dice.choice((0, 1, 1, 2)), first))),
        tickets=tuple(
            (f"T-{number:05}-{at}", _day(dice, 300), _message(dice, given, orders[-1][0]))
            for at in range(1, 1 + max(dice.choice((0, 0, 1, 2)), first))
        ),
    )  # fmt: skip


def _message(dice: random.Random, name: str, order: str) -> str:
    return f"{dice.choice(_GREETINGS)} {dice.choice(_TROUBLES)}. {name}, order {order}"


def _visit(dice: random.Random) -> Visit:
    code, words = dice.choice(_DIAGNOSES)
    often, weeks = dice.randrange(2, 13), dice.randrange(2, 9)
    return Visit(
        _day(dice, 900),
        code,
        f"{words.capitalize()}, {dice.choice(_FINDINGS)}; {often} sessions, next review in {weeks} weeks.",
        f"{dice.randrange(1, 10)}QX{dice.randrange(10)}-ZZ{dice.randrange(10)}-YY{dice.randrange(1000):03}",
    )


def _day(dice: random.Random, back: int) -> str:
    return (_TODAY - timedelta(days=dice.randrange(1, back))).isoformat()


_CREATE: Final = {
    "customers": "CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE, "
    "phone TEXT, street TEXT, city TEXT, state TEXT, postcode TEXT, birth_date TEXT)",
    "invoices": "CREATE TABLE invoices (invoice_no TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), "
    "invoice_date TEXT, total NUMERIC)",
    "cards": "CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), "
    "card_number TEXT, expires TEXT, holder TEXT)",
    "visits": "CREATE TABLE visits (visit_no TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), "
    "visit_date TEXT, diagnosis TEXT, notes TEXT, insurance_no TEXT)",
    "orders": "CREATE TABLE orders (order_no TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), "
    "order_date TEXT, items TEXT)",
    "tickets": "CREATE TABLE tickets (ticket_no TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), "
    "opened TEXT, message TEXT)",
}
_INSERT: Final = {
    "customers": "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "invoices": "INSERT INTO invoices VALUES (?, ?, ?, ?)",
    "cards": "INSERT INTO cards VALUES (?, ?, ?, ?, ?)",
    "visits": "INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?)",
    "orders": "INSERT INTO orders VALUES (?, ?, ?, ?)",
    "tickets": "INSERT INTO tickets VALUES (?, ?, ?, ?)",
}
