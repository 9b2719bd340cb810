"""What goes wrong is named by table, row, column and reason, stays out, and shows no value anywhere."""

import io
import json
import secrets
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bailee.access.words import Level
from bailee.datamap.outside import Kind, schema_digest
from bailee.discovery import imports, plans, problems, sources
from bailee.discovery.imports import Counts
from bailee.discovery.plans import About, Plan, PlanInvalid, PlanSource, Route, TablePlan
from bailee.discovery.tables import ImportRow
from bailee.kernel.errors import Conflict, Denied, HouseError, Invalid
from bailee.ledger.tables import Entry
from bailee.vault import erasure
from bailee.vault.words import Ask

from .shops import Closed, Shop, copied, counts, customers, empty, opened

PEOPLE = {
    "id": Route(ignore="the key"),
    "mail": Route(to="contact.email"),
    "phone": Route(to="contact.phone"),
    "street": Route(to="contact.address.street"),
    "city": Route(to="contact.address.city"),
}
BILLS = {
    "no": Route(to="billing.invoice_no"),
    "person": Route(ignore="whose"),
    "day": Route(to="billing.invoiced"),
    "total": Route(to="billing.total"),
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return empty(tmp_path_factory.mktemp("imports"), "chinook")


@pytest.fixture
def shop(closed: Closed, tmp_path: Path) -> Iterator[Shop]:
    with opened(closed, copied(closed, tmp_path)) as made:
        yield made


def base(folder: Path, people: list[tuple[Any, ...]], bills: list[tuple[Any, ...]] | None = None) -> Path:
    path = folder / "source.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE people (id, mail, phone, street, city)")
        made.execute("CREATE TABLE bills (no, person, day, total)")
        made.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", people)
        made.executemany("INSERT INTO bills VALUES (?, ?, ?, ?)", bills or [])
        made.commit()
    return path


def plan(where: Path) -> Plan:
    source, _ = sources.looked_at(str(where))
    people = TablePlan(name="people", about=About.CUSTOMER, key=("id",), columns=PEOPLE)
    bills = TablePlan(name="bills", about=About.BELONGS, key=("no",), subject="person", of="people", columns=BILLS)
    return Plan(source=source, tables=(bills, people))


def said(shop: Shop) -> list[tuple[str, int, str, str]]:
    return [(one.table, one.row, one.column, one.kind.key) for one in shop.said]


BAD: list[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[str, int, str, str]]]] = [
    ([(1, "no address", None, "x", "y")], [], [("people", 1, "mail", "email-invalid")]),
    ([(1, b"\xff\xfe", None, "x", "y")], [], [("people", 1, "mail", "email-invalid")]),
    ([(1, "a@example.org", None, b"\xff", "y")], [], [("people", 1, "street", "address-invalid")]),
    ([(None, "a@example.org", None, "x", "y")], [], [("people", 1, "id", "key-missing")]),
    ([("  ", "a@example.org", None, "x", "y")], [], [("people", 2, "id", "key-missing")]),
    (
        [(1, "a@example.org", None, "x", "y"), (1, "b@example.org", None, "x", "y")],
        [],
        [("people", 2, "id", "key-twice")],
    ),
    ([(1, None, None, None, None)], [], [("people", 1, "", "row-empty")]),
    ([], [("B1", 7, "2026-01-01", 5)], [("bills", 1, "person", "customer-unknown")]),
    ([], [("B1", None, "2026-01-01", 5)], [("bills", 1, "person", "customer-missing")]),
    (
        [(1, "no address", None, "x", "y")],
        [("B1", 1, "2026-01-01", 5)],
        [("people", 1, "mail", "email-invalid"), ("bills", 1, "person", "customer-refused")],
    ),
    (
        [(1, "a@example.org", None, "x", "y")],
        [("B1", 1, "2026-02-30", "much")],
        [("bills", 1, "day", "date-impossible"), ("bills", 1, "total", "money-invalid")],
    ),
]


@pytest.mark.parametrize(("people", "bills", "found"), BAD)
def test_a_bad_row_is_named_and_stays_out(
    shop: Shop,
    tmp_path: Path,
    people: list[tuple[Any, ...]],
    bills: list[tuple[Any, ...]],
    found: list[tuple[str, int, str, str]],
) -> None:
    good = (9, "good@example.org", "+1 503 555 0100", "1 Mill", "Rome")
    where = base(tmp_path, [*people, good], [*bills, ("G1", 9, "2026-01-01", "1.00")])
    checked = shop.check(plan(where), where)
    assert sorted(said(shop)) == sorted(found)
    shop.said.clear()
    done = shop.bring(plan(where), where)
    assert sorted(said(shop)) == sorted(found)
    assert done.counts == checked.counts
    assert done.kinds == checked.kinds
    kept = len(people) - len({row for table, row, _, _ in found if table == "people"})
    assert counts() == (kept + 1, kept + 2)


def test_two_customers_with_one_unique_value_are_told_apart_by_who_came_first(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [(1, "A@Example.org", None, "x", "y"), (2, "a@example.org", None, "x", "y")])
    assert shop.check(plan(where), where).total == Counts(new=1, refused=1)
    assert shop.bring(plan(where), where).total == Counts(new=1, refused=1)
    assert said(shop) == [("people", 2, "mail", "unique-twice"), ("people", 2, "mail", "taken")]


def test_a_bill_of_a_customer_known_from_before_comes_in_though_the_customers_row_is_bad_now(
    shop: Shop, tmp_path: Path
) -> None:
    where = base(tmp_path, [(1, "a@example.org", None, "x", "y")])
    shop.bring(plan(where), where)
    where = base(tmp_path, [(1, "no address", None, "x", "y")], [("B1", 1, "2026-01-01", 5)])
    assert shop.bring(plan(where), where).total == Counts(new=1, refused=1)


def test_a_row_that_was_mended_comes_in_and_its_bills_with_it(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [(1, "no address", None, "x", "y")], [("B1", 1, "2026-01-01", 5)])
    assert shop.bring(plan(where), where).total == Counts(refused=2)
    where = base(tmp_path, [(1, "a@example.org", None, "x", "y")], [("B1", 1, "2026-01-01", 5)])
    assert shop.bring(plan(where), where).total == Counts(new=2)
    assert shop.bring(plan(where), where).total == Counts(same=2)


def test_several_rows_of_a_thing_each_customer_has_once_are_one_and_a_refusal(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [(1, "a@example.org", None, "x", "y")], [("F1", 1, None, None), ("F2", 1, None, None)])
    made = plan(where)
    columns = {**dict.fromkeys(BILLS, Route(ignore="no")), "no": Route(to="contact.fax")}
    made = replace(made, tables=(replace(made.tables[0], columns=columns), made.tables[1]))
    done = shop.bring(made, where)
    assert done.total == Counts(new=2, refused=1)
    assert said(shop) == [("bills", 2, "person", "one-only")]
    assert counts() == (1, 1)


def test_a_plan_that_does_not_fit_is_refused_before_anything_is_written(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [(1, "a@example.org", None, "x", "y")])
    made = plan(where)
    with closing(sqlite3.connect(where)) as changed:
        changed.execute("ALTER TABLE people ADD COLUMN iban")
        changed.commit()
    for act in (shop.check, shop.bring):
        with pytest.raises(PlanInvalid) as refused:
            act(made, where)
        assert "column people.iban is new" in str(refused.value)
    assert counts() == (0, 0)
    assert imports.ImportBegun.tag not in {entry.tag for entry in Entry.objects.all()}


def test_an_unknown_field_is_refused_before_anything_is_written(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [(1, "a@example.org", None, "x", "y")])
    made = plan(where)
    columns = {**PEOPLE, "mail": Route(to="contact.emial")}
    with pytest.raises(PlanInvalid):
        shop.bring(replace(made, tables=(made.tables[0], replace(made.tables[1], columns=columns))), where)
    assert counts() == (0, 0)


@pytest.mark.check("discovery-12")
def test_a_column_of_security_codes_stops_the_import_with_its_reason(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text("Id,Mail,CVC\n1,a@example.org,123\n")
    source, _ = sources.looked_at(str(file))
    columns = {"Id": Route(ignore="key"), "Mail": Route(to="contact.email"), "CVC": Route(to="contact.company")}
    table = TablePlan(name="cards", about=About.CUSTOMER, key=("Id",), columns=columns)
    with pytest.raises(PlanInvalid) as refused:
        shop.bring(Plan(source=source, tables=(table,)), file)
    assert refused.value.code == "cvc-refused"
    assert "never stored (PCI DSS 3.3.1)" in str(refused.value)
    assert counts() == (0, 0)


def from_csv(columns: str = "Id,Mail,City") -> Plan:
    names = columns.split(",")
    to = {"Id": Route(ignore="key"), "Mail": Route(to="contact.email"), "City": Route(to="contact.address.city")}
    table = TablePlan(name="rows", about=About.CUSTOMER, key=("Id",), columns={name: to[name] for name in names})
    return Plan(source=PlanSource(id="csv", kind=Kind.CSV, where="x.csv", schema=""), tables=(table,))


def fitted(made: Plan, where: Path) -> Plan:
    with sources.opened(made.source, "rows", str(where)) as source:
        return replace(made, source=replace(made.source, schema=schema_digest(source.catalogue)))


def test_a_file_comes_in_but_for_its_broken_rows(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(
        'Id;Mail;City\n1;a@example.org;Rome\n2;b@example.org;Oslo;Norway\n3;"c"@example.org;X\n4;d@example.org\n'
    )
    made = fitted(from_csv(), file)
    assert shop.bring(made, file).total == Counts(new=2, refused=2)
    assert said(shop) == [
        ("rows", 3, "", "columns-shifted"),
        ("rows", 4, "", "quote-broken"),
        ("rows", 5, "", "columns-fewer"),
    ]
    moved = file.rename(tmp_path / "renamed.csv")
    assert shop.bring(made, moved).total == Counts(same=2, refused=2)


def test_a_file_that_can_not_be_read_to_its_end_is_refused_whole(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('Id,Mail,City\n1,a@example.org,Rome\n2,"b@example.org,Oslo\n3,c@example.org,X\n')
    made = fitted(from_csv(), file)
    with pytest.raises(Invalid) as refused:
        shop.bring(made, file)
    assert refused.value.code == "quote-open"
    assert "row 3" in str(refused.value)
    assert counts() == (0, 0)


def test_whoever_may_not_import_is_refused_and_it_is_on_record(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [(1, "a@example.org", None, "x", "y")])
    made = plan(where)
    with sources.opened(made.source, "people", str(where)) as source:
        with pytest.raises(Denied):
            imports.check(shop.house, shop.bob, made, source)
        with pytest.raises(Denied):
            imports.run(shop.house, shop.gate, shop.bob, made, source)
    assert counts() == (0, 0)


def test_progress_ends_at_all_rows(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 3)
    where = base(tmp_path, [(at, f"a{at}@example.org", None, "x", "y") for at in range(1, 11)], [("B", 1, None, 5)])
    made, steps = plan(where), []
    with sources.opened(made.source, "people", str(where)) as source:
        imports.run(shop.house, shop.gate, shop.ann, made, source, lambda done, total: steps.append((done, total)))
    assert steps == [(3, 11), (6, 11), (9, 11), (10, 11), (11, 11)]


def test_an_import_that_breaks_in_the_middle_completes_when_run_again(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    where = base(tmp_path, [(at, f"a{at}@example.org", None, "x", "y") for at in range(1, 6)])
    keep = imports._keep
    seen = []

    def failing(*given: Any) -> None:
        keep(*given)
        seen.append(1)
        if len(seen) == 2:
            raise OSError("the machine is on fire")

    monkeypatch.setattr(imports, "_keep", failing)
    with pytest.raises(OSError, match="fire"):
        shop.bring(plan(where), where)
    assert (counts(), ImportRow.objects.count()) == ((2, 2), 2)
    assert shop.bring(plan(where), where).total == Counts(new=3, same=2)
    assert (counts(), ImportRow.objects.count()) == ((5, 5), 5)


def test_two_imports_of_the_same_rows_at_once_make_nobody_twice(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = base(tmp_path, [(1, None, "+1 503 555 0100", "x", "y")])
    shop.bring(plan(where), where)
    monkeypatch.setattr(imports, "_known", lambda _: {})  # as if the other had not committed yet
    with pytest.raises(Conflict):
        shop.bring(plan(where), where)
    assert (counts(), ImportRow.objects.count()) == ((1, 1), 1)


def test_erasing_somebody_takes_what_names_them_here_along(shop: Shop, tmp_path: Path) -> None:
    assert erasure.ERASERS["discovery.imports"] is imports.forget


def test_what_names_an_erased_customer_goes_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    people = [(at, f"a{at}@example.org", None, "x", "y") for at in (1, 2)]
    where = base(tmp_path, people, [("B1", 1, None, 5), ("B2", 2, None, 5)])
    shop.bring(plan(where), where)
    first = customers()[0]
    with shop.house.opened() as tx:
        assert imports.forget(tx, first) == 2
        assert imports.forget(tx, first) == 0
    assert ImportRow.objects.count() == 2
    assert first not in {bytes(row.subject) for row in ImportRow.objects.all()}


def test_no_value_of_a_bad_row_is_seen_anywhere(
    shop: Shop, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    canaries = [secrets.token_hex(16) for _ in range(12)]
    flat = iter(canaries)
    people = [
        (next(flat), f"{next(flat)} at nowhere", next(flat), next(flat), next(flat)),
        (1, f"{next(flat)}@example.org", None, next(flat).encode() + b"\xff", None),
        (2, "ok@example.org", None, "x", "y"),
        (2, f"{next(flat)}@example.org", None, next(flat), None),
    ]
    bills = [(next(flat), 2, next(flat), 5), ("B2", next(flat), None, 5)]
    where = base(tmp_path, people, bills)
    file = tmp_path / "broken.csv"
    file.write_text(f'Id,Mail,City\n1,{canaries[0]},Rome\n2,"{canaries[1]},Oslo\n')
    shown: list[str] = []
    reports = [shop.check(plan(where), where), shop.bring(plan(where), where)]
    made = fitted(from_csv(), file)
    for plan_given, given in ((made, file), (plan(where), file), (made, where)):
        with pytest.raises(HouseError) as refused:
            shop.bring(plan_given, given)
        error = refused.value
        shown += [str(error), error.hint, "".join(traceback.format_exception(error)), repr(error.__context__)]
    out = io.StringIO()
    assert problems.write_csv(shop.said, out) == len(shop.said) > 6
    shown += [repr(reports), repr(shop.said), *map(str, shop.said), *map(problems.json_line, shop.said), out.getvalue()]
    shown += [plans.write(plan(where)), capfd.readouterr().out, capfd.readouterr().err, caplog.text]
    assert not [canary for canary in canaries for text in shown if canary in text]
    home = Path(shop.house.config.path)
    shop.house.close()
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert not [canary for canary in canaries if canary.encode() in stored]


def test_the_list_of_rows_to_fix_is_json_and_csv_that_is_no_formula() -> None:
    one = problems.problem("email-invalid", "people", 7, "=cmd|' /C calc'!A0")
    assert json.loads(problems.json_line(one)) == {
        "table": "people",
        "row": "7",
        "column": "=cmd|' /C calc'!A0",
        "level": "stop",
        "problem": "email-invalid",
        "cause": "that is not an e-mail address",
        "fix": "write it as name@domain, such as ann@example.org",
    }
    out = io.StringIO()
    problems.write_csv([one], out)
    assert ",'=cmd" in out.getvalue()
    assert str(one).startswith("table people, row 7, column ")


def test_every_kind_has_a_cause_and_a_fix() -> None:
    assert all(kind.cause and kind.fix and key == kind.key for key, kind in problems.KINDS.items())


def test_values_come_in_as_the_map_wants_them_whatever_the_database_calls_them(shop: Shop, tmp_path: Path) -> None:
    where = base(tmp_path, [("1 ", "a@example.org", 15035550100, "x", None)], [(7.0, 1, "2026-01-01 10:00:00", 1.98)])
    assert shop.bring(plan(where), where).total == Counts(new=2)
    [subject] = customers()
    wanted = ("contact.phone", "contact.address", "billing.invoice_no", "billing.invoiced", "billing.total")
    answer = shop.gate.read(Ask(actor=shop.bob, purpose="billing", subjects=(subject,), fields=(), clear=wanted))
    values = {key: one.value for view in answer.items[0].records for key, one in view.values.items()}
    assert values == {
        "contact.phone": "15035550100",
        "contact.address": {"street": "x"},
        "billing.invoice_no": "7",
        "billing.invoiced": "2026-01-01",
        "billing.total": "1.98",
    }
    assert all(one.level is Level.CLEAR for view in answer.items[0].records for one in view.values.values())
