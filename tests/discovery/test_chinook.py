"""The music shop, as others made it: in, found, out again as it came; twice, edited, and killed on the way."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bailee.discovery import imports
from bailee.ledger import lanes
from bailee.vault.export import export_customer

from .shops import CHINOOK, Closed, Shop, copied, counts, customers, empty, find, opened, plain, plan_of, present

pytestmark = pytest.mark.skipif(not CHINOOK.exists(), reason="the public databases do not stand beside this checkout")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return empty(tmp_path_factory.mktemp("chinook"), "chinook")


@pytest.fixture
def shop(closed: Closed, tmp_path: Path) -> Iterator[Shop]:
    with opened(closed, copied(closed, tmp_path)) as made:
        yield made


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copyfile(CHINOOK, tmp_path / "copy.sqlite")
    (tmp_path / "copy.sqlite").chmod(0o600)
    return tmp_path / "copy.sqlite"


def rows(query: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(f"file:{CHINOOK}?mode=ro&immutable=1", uri=True)) as base:
        base.row_factory = sqlite3.Row
        return base.execute(query).fetchall()


def expected() -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every customer of the source by e-mail address, with their invoices, written as an export writes them."""
    invoices: dict[int, list[dict[str, Any]]] = {}
    for row in rows("SELECT * FROM Invoice"):
        address = present(
            {
                "street": row["BillingAddress"],
                "city": row["BillingCity"],
                "region": row["BillingState"],
                "postcode": row["BillingPostalCode"],
                "country": row["BillingCountry"],
            }
        )
        invoices.setdefault(row["CustomerId"], []).append(
            present(
                {
                    "billing.invoice_no": str(row["InvoiceId"]),
                    "billing.invoiced": row["InvoiceDate"][:10],
                    "billing.bill_to": address,
                    "billing.total": str(row["Total"]),
                }
            )
        )
    found = {}
    for row in rows("SELECT * FROM Customer"):
        address = present(
            {
                "street": row["Address"],
                "city": row["City"],
                "region": row["State"],
                "postcode": row["PostalCode"],
                "country": row["Country"],
            }
        )
        contact = present(
            {
                "contact.given_name": row["FirstName"],
                "contact.surname": row["LastName"],
                "contact.company": row["Company"],
                "contact.address": address,
                "contact.phone": row["Phone"],
                "contact.fax": row["Fax"],
                "contact.email": row["Email"],
            }
        )
        found[row["Email"]] = contact, invoices[row["CustomerId"]]
    return found


@pytest.mark.check("vault-14")
@pytest.mark.check("discovery-4")
def test_the_shop_comes_in_is_found_and_goes_out_as_it_came(shop: Shop) -> None:
    report = shop.bring(plan_of("chinook"), CHINOOK)
    assert {name: (one.new, one.refused) for name, one in report.counts.items()} == {
        "Customer": (59, 0),
        "Invoice": (412, 0),
    }
    assert counts() == (59, 59 + 412)
    source = expected()
    for email, (contact, _) in source.items():
        assert find(shop, "contact.email", "is", email) == 1
        assert find(shop, "contact.surname", "word", contact["contact.surname"].split()[-1]) >= 1
    assert find(shop, "contact.email", "domain", "gmail.com") == sum(email.endswith("@gmail.com") for email in source)
    assert find(shop, "contact.company", "word", "google") == 1
    assert find(shop, "contact.email", "is", "stanisław.wójcik@wp.pl") == 1
    seen = set()
    for subject in customers():
        made = export_customer(shop.gate, shop.bob, shop.purpose, subject, shop.house.clock.now())
        [contact] = made.categories["contact"]
        email = contact["contact.email"]
        assert source[email][0] == plain(contact)
        by_number = sorted(
            (plain(one) for one in made.categories["billing"]), key=lambda one: one["billing.invoice_no"]
        )
        assert sorted(source[email][1], key=lambda one: one["billing.invoice_no"]) == by_number
        seen.add(email)
    assert seen == source.keys()


def test_every_phone_comes_in_and_the_odd_ones_are_noted_by_row(shop: Shop) -> None:
    report = shop.check(plan_of("chinook"), CHINOOK)
    odd = [(one.table, one.row, one.column) for one in report.problems if one.column == "Phone"]
    assert len(odd) == 3
    assert {one.kind.key for one in report.problems} == {"phone-invalid"}
    assert (report.total.new, report.total.refused, report.stops) == (471, 0, 0)
    assert counts() == (0, 0)


@pytest.mark.check("discovery-9")
def test_a_second_import_writes_nothing(shop: Shop) -> None:
    shop.bring(plan_of("chinook"), CHINOOK)
    before = lanes.head()
    report = shop.bring(plan_of("chinook"), CHINOOK)
    after = lanes.head()
    assert (report.counts["Customer"].same, report.counts["Invoice"].same) == (59, 412)
    assert (report.total.new, report.total.changed, report.total.refused) == (0, 0, 0)
    assert before is not None
    assert after is not None
    # Begun and done are all that is written.
    assert after.size - before.size == 2


@pytest.mark.check("discovery-9")
def test_an_edited_row_is_one_change(shop: Shop, copy: Path) -> None:
    shop.bring(plan_of("chinook"), copy)
    with closing(sqlite3.connect(copy)) as base:
        base.execute("UPDATE Customer SET Email = 'someone.else@example.org', Fax = NULL WHERE CustomerId = 1")
        base.commit()
    report = shop.bring(plan_of("chinook"), copy)
    assert (
        report.counts["Customer"].same,
        report.counts["Customer"].changed,
        report.counts["Invoice"].same,
    ) == (58, 1, 412)
    assert find(shop, "contact.email", "is", "someone.else@example.org") == 1
    assert find(shop, "contact.email", "is", "luisg@embraer.com.br") == 0
    assert counts() == (59, 471)
    changed = next(
        contact
        for subject in customers()
        for contact in export_customer(shop.gate, shop.bob, shop.purpose, subject, shop.house.clock.now()).categories[
            "contact"
        ]
        if contact["contact.email"] == "someone.else@example.org"
    )
    assert "contact.fax" not in plain(changed)


def test_an_edited_invoice_stays_one_invoice(shop: Shop, copy: Path) -> None:
    shop.bring(plan_of("chinook"), copy)
    with closing(sqlite3.connect(copy)) as base:
        base.execute("UPDATE Invoice SET Total = 2.98 WHERE InvoiceId = 1")
        base.commit()
    report = shop.bring(plan_of("chinook"), copy)
    assert (report.total.new, report.total.changed) == (0, 1)
    assert counts() == (59, 471)


def test_rows_that_left_the_source_are_counted_and_nobody_is_deleted(shop: Shop, copy: Path) -> None:
    shop.bring(plan_of("chinook"), copy)
    with closing(sqlite3.connect(copy)) as base:
        base.execute("DELETE FROM Invoice WHERE InvoiceId > 400")
        base.commit()
    assert shop.bring(plan_of("chinook"), copy).counts["Invoice"].gone == 12
    assert counts() == (59, 471)


@pytest.mark.check("discovery-9")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("batch", [1, 2, 9])
def test_an_import_killed_at_any_batch_completes_when_run_again(
    closed: Closed, tmp_path: Path, when: str, batch: int
) -> None:
    home = copied(closed, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tests.discovery.killed_run", str(home), closed.purpose, str(CHINOOK), when, str(batch)],
        input=f"{closed.ann.reveal()} {closed.bob.reveal()}",
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "BAILEE_HOME": str(home)},
    )
    assert done.returncode == 9, done.stderr
    with opened(closed, home) as shop:
        begun = batch - (when == "before")
        customers_in, records_in = counts()
        assert records_in == min(begun, 3) * 20 - (begun >= 3) + max(0, begun - 3) * 20
        report = shop.bring(plan_of("chinook"), CHINOOK)
        assert report.total.same == records_in
        assert report.total.new == 471 - records_in
        assert report.counts["Customer"].same == customers_in
        assert counts() == (59, 471)
        assert shop.bring(plan_of("chinook"), CHINOOK).total.same == 471
        states = [
            (one.state, json.loads(one.counts or "{}"))
            for one in shop.house.see(shop.ann, imports.runs, imports.Runs())
        ]
        assert [state for state, _ in states] == ["done", "done", "broken off"]
