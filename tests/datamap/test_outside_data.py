"""The maps of two public databases fit the data that others wrote into them."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import pytest

from bailee.datamap import toml
from bailee.datamap.compile import assign, compile_map
from bailee.datamap.countries import iso_country
from bailee.datamap.maps import DataMap
from bailee.datamap.retention import Keep

from .places import SHARED, beside

CHINOOK = SHARED / "data" / "chinook.sqlite"
NORTHWIND = SHARED / "data" / "northwind.sql"

pytestmark = pytest.mark.skipif(not CHINOOK.exists(), reason="the public databases do not stand beside this checkout")


def rows(query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{CHINOOK}?mode=ro&immutable=1", uri=True)) as base:
        cursor = base.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def inserted(table: str) -> Iterator[list[str | None]]:
    text = NORTHWIND.read_text(encoding="utf-8")
    for line in re.findall(rf"^INSERT INTO {table} VALUES \((.*)\);$", text, re.MULTILINE):
        cells = re.findall(r"'((?:[^']|'')*)'|([^,\s][^,]*)", line)
        yield [None if plain == "NULL" else (quoted.replace("''", "'") or plain) for quoted, plain in cells]


def fill(made: DataMap, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Values of one row by field, address parts together, as an import would hand them in."""
    mapped = next(known for known in made.systems[0].tables if known.name == table)
    values: dict[str, Any] = {}
    for column, key in mapped.fields:
        if made.field(key):
            values[key] = row[column]
        else:
            field, _, part = key.rpartition(".")
            values.setdefault(field, {})[part] = row[column]
    return values


@pytest.mark.parametrize(("table", "count"), [("Customer", 59), ("Invoice", 412)])
def test_every_row_of_chinook_fits_its_map(table: str, count: int) -> None:
    made = toml.read(beside("chinook"))
    ready = compile_map(made, assign(made, {}), 1)
    seen = 0
    for row in rows(f"SELECT * FROM {table}"):
        for key, value in fill(made, table, row).items():
            clean = ready.fields[key].parse(value)
            if isinstance(value, str) and key != "billing.invoiced":
                assert clean == value.strip()
        seen += 1
    assert seen == count


def test_chinook_has_customers_in_24_countries() -> None:
    assert len({iso_country(row["Country"]) for row in rows("SELECT Country FROM Customer")} - {None}) == 24


def test_the_amounts_of_chinook_keep_their_digits() -> None:
    made = toml.read(beside("chinook"))
    total = compile_map(made, assign(made, {}), 1).resolve("total")
    assert {total.parse(row["Total"]) for row in rows("SELECT Total FROM Invoice WHERE InvoiceId < 4")} == {
        "1.98",
        "3.96",
        "5.94",
    }


@pytest.mark.parametrize(
    ("today", "due"), [(date(2023, 12, 31), 0), (date(2026, 11, 23), 240), (date(2026, 11, 24), 241)]
)
def test_three_years_after_its_date_an_invoice_of_chinook_is_due(today: date, due: int) -> None:
    starts = [date.fromisoformat(row["InvoiceDate"][:10]) for row in rows("SELECT InvoiceDate FROM Invoice")]
    assert sum(Keep.parse("P3Y").due(start, today) for start in starts) == due


NAMES = {
    "customers": (
        "customer_id company_name contact_name contact_title address city region postal_code country phone fax"
    ),
    "orders": (
        "order_id customer_id employee_id order_date required_date shipped_date ship_via freight "
        "ship_name ship_address ship_city ship_region ship_postal_code ship_country"
    ),
}


@pytest.mark.parametrize(("table", "count"), [("customers", 91), ("orders", 830)])
def test_every_row_of_northwind_fits_its_map(table: str, count: int) -> None:
    made = toml.read(beside("northwind"))
    ready = compile_map(made, assign(made, {}), 1)
    seen = 0
    for cells in inserted(table):
        row = dict(zip(NAMES[table].split(), cells, strict=True))
        for key, value in fill(made, table, row).items():
            ready.fields[key].parse(value)
        seen += 1
    assert seen == count
