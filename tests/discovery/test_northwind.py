"""The trading house in PostgreSQL, brought into a house in PostgreSQL: in, found, and out again as it came."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import dict_row
from tests import postgres

from bailee.datamap import outside
from bailee.discovery.plans import About, Route, TablePlan
from bailee.kernel.errors import Unavailable
from bailee.vault.export import export_customer

from .shops import NORTHWIND, Shop, counts, customers, empty, find, opened, plain, plan_of, present

pytestmark = pytest.mark.skipif(not NORTHWIND.exists(), reason="the public databases do not stand beside this checkout")


@cache
def source() -> str:
    """The address of the database, loaded once."""
    server = postgres.server()
    server.sql("CREATE DATABASE northwind")
    server.sql(NORTHWIND.read_text(encoding="utf-8"), "northwind")
    return server.url("northwind")


@pytest.fixture
def where() -> str:
    try:
        return source()
    except postgres.Missing as why:
        pytest.skip(str(why))


@pytest.fixture
def shop(where: str, tmp_path: Path) -> Iterator[Shop]:
    closed = empty(tmp_path, "northwind", "postgres")
    with opened(closed, closed.folder / "home") as made:
        yield made


def rows(where: str, query: LiteralString) -> list[dict[str, Any]]:
    with psycopg.connect(where, row_factory=dict_row) as base:
        return base.execute(query).fetchall()


def day(value: Any) -> str | None:
    return None if value is None else str(value.isoformat())


def expected(where: str) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    orders: dict[str, list[dict[str, Any]]] = {}
    for row in rows(where, "SELECT * FROM orders"):
        address = present(
            {
                "street": row["ship_address"],
                "city": row["ship_city"],
                "region": row["ship_region"],
                "postcode": row["ship_postal_code"],
                "country": row["ship_country"],
            }
        )
        orders.setdefault(row["customer_id"], []).append(
            present(
                {
                    "orders.order_no": str(row["order_id"]),
                    "orders.ordered": day(row["order_date"]),
                    "orders.required": day(row["required_date"]),
                    "orders.shipped": day(row["shipped_date"]),
                    "orders.ship_name": row["ship_name"],
                    "orders.ship_to": address,
                }
            )
            | {"orders.freight": float(row["freight"])}
        )
    found = {}
    for row in rows(where, "SELECT * FROM customers"):
        address = present(
            {
                "street": row["address"],
                "city": row["city"],
                "region": row["region"],
                "postcode": row["postal_code"],
                "country": row["country"],
            }
        )
        contact = present(
            {
                "contact.customer_id": row["customer_id"],
                "contact.company": row["company_name"],
                "contact.contact_name": row["contact_name"],
                "contact.title": row["contact_title"],
                "contact.address": address,
                "contact.phone": row["phone"],
                "contact.fax": row["fax"],
            }
        )
        found[row["customer_id"]] = contact, orders.get(row["customer_id"], [])
    return found


def ordered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=lambda one: str(one["orders.order_no"]))


@pytest.mark.check("vault-14")
def test_the_trading_house_comes_in_is_found_and_goes_out_as_it_came(shop: Shop, where: str) -> None:
    report = shop.bring(plan_of("northwind"), where)
    assert {name: (one.new, one.refused) for name, one in report.counts.items()} == {
        "customers": (91, 0),
        "orders": (830, 0),
    }
    known = expected(where)
    for key, (contact, _) in known.items():
        assert find(shop, "contact.customer_id", "is", key) == 1
        assert find(shop, "contact.phone", "is", contact["contact.phone"]) >= 1
        assert find(shop, "contact.company", "word", contact["contact.company"].split()[0]) >= 1
    seen = set()
    for subject in customers():
        made = export_customer(shop.gate, shop.bob, shop.purpose, subject, shop.house.clock.now())
        [contact] = made.categories["contact"]
        key = contact["contact.customer_id"]
        records = [
            plain(one) | {"orders.freight": float(one["orders.freight"])} for one in made.categories.get("orders", [])
        ]
        assert known[key][0] == plain(contact)
        assert ordered(known[key][1]) == ordered(records)
        seen.add(key)
    assert seen == known.keys()


def addresses(shop: Shop) -> list[dict[str, str]]:
    found = []
    for subject in customers():
        made = export_customer(shop.gate, shop.bob, shop.purpose, subject, shop.house.clock.now())
        found += [contact["contact.address"] for contact in made.categories["contact"]]
    return found


@pytest.mark.check("discovery-6")
def test_abbreviated_countries_and_odd_postcodes_come_in_without_loss(shop: Shop, where: str) -> None:
    shop.bring(plan_of("northwind"), where)
    found = addresses(shop)
    assert {"UK", "USA"} <= {one["country"] for one in found}
    assert "S-958 22" in {one.get("postcode") for one in found}


@pytest.mark.check("discovery-6")
def test_a_literal_backslash_and_n_in_an_address_stay_what_they_are(shop: Shop, where: str) -> None:
    to = {
        "first_name": Route(to="contact.contact_name", join=" "),
        "last_name": Route(to="contact.contact_name", join=" "),
        "address": Route(to="contact.address.street"),
    }
    names = [row["column_name"] for row in rows(where, _COLUMNS)]
    people = TablePlan(
        name="employees",
        about=About.CUSTOMER,
        key=("employee_id",),
        columns={name: to.get(name, Route(ignore="not here")) for name in names},
    )
    plan = plan_of("northwind")
    ignored = {**plan.ignored, "customers": "not here", "orders": "not here"}
    del ignored["employees"]
    report = shop.bring(replace(plan, tables=(people,), ignored=ignored), where)
    assert report.total.new == 9
    streets = {one["street"] for one in addresses(shop)}
    assert {"Coventry House\\nMiner Rd.", "Edgeham Hollow\\nWinchester Way"} <= streets
    assert find(shop, "contact.contact_name", "word", "Suyama") == 1


_COLUMNS: LiteralString = "SELECT column_name FROM information_schema.columns WHERE table_name = 'employees'"


@pytest.mark.check("discovery-9")
def test_a_second_import_writes_nothing_here_either(shop: Shop, where: str) -> None:
    shop.bring(plan_of("northwind"), where)
    before = counts()
    report = shop.bring(plan_of("northwind"), where)
    assert (report.counts["customers"].same, report.counts["orders"].same) == (91, 830)
    assert before == counts()


def test_a_user_who_may_only_read_is_enough_and_what_they_may_not_see_is_said(where: str) -> None:
    postgres.server().sql("""
        DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT SELECT ON customers, orders TO reader;""", "northwind")  # fmt: skip
    with outside.opened(where.replace("bailee@", "reader@")) as base:
        catalogue = base.catalogue()
        assert {"customers", "orders"} == {table.name for table in catalogue.tables}
        assert "employees" in catalogue.unseen
        assert base.count("customers") == 91
        assert len(list(base.rows("orders", ["order_id"], ["order_id"]))) == 830


def test_our_own_code_can_not_write_there(where: str) -> None:
    with outside.opened(where) as base, pytest.raises(Unavailable) as refused:
        outside._told("refused", lambda: base._link.exec_driver_sql("DELETE FROM customers"))
    assert refused.value.__context__ is None
    with outside.opened(where) as base:
        assert base.count("customers") == 91


def test_all_questions_are_answered_from_one_snapshot(where: str) -> None:
    with outside.opened(where) as base:
        before = base.count("region")
        postgres.server().sql("INSERT INTO region VALUES (99, 'Nowhere')", "northwind")
        assert before == base.count("region")
    postgres.server().sql("DELETE FROM region WHERE region_id = 99", "northwind")
