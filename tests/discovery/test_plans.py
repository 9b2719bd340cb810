"""The plan file: written and read, complete, without values, and refused where it does not fit."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.datamap.places import beside

from bailee.datamap import toml
from bailee.datamap.compile import CompiledMap, assign, compile_map
from bailee.datamap.outside import Catalogue, Column, Kind, Link, Table, schema_digest
from bailee.discovery import plans, sources
from bailee.discovery.plans import About, Flaw, Plan, PlanInvalid, PlanSource, Route, TablePlan
from bailee.discovery.proposals import propose

from .shops import CHINOOK, HERE

TEXT = (HERE / "chinook-plan.toml").read_text(encoding="utf-8")


def compiled(name: str) -> CompiledMap:
    made = toml.read(beside(name))
    return compile_map(made, assign(made, {}), 1)


def changed(before: str, after: str) -> Plan:
    assert TEXT.count(before) == 1, before
    return plans.read(TEXT.replace(before, after))


@pytest.mark.parametrize("name", ["chinook", "northwind"])
def test_the_ready_plans_stand_under_their_maps(name: str) -> None:
    plan = plans.read((HERE / f"{name}-plan.toml").read_text(encoding="utf-8"))
    assert plans.lint(plan, compiled(name)) == ()


@pytest.mark.skipif(not CHINOOK.exists(), reason="the public databases do not stand beside this checkout")
def test_the_ready_plan_fits_its_source() -> None:
    plan = plans.read(TEXT)
    with sources.opened(plan.source, "Customer", str(CHINOOK)) as source:
        assert plans.fits(plan, source.catalogue) == ()


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
routes = st.one_of(
    st.builds(Route, to=words, join=st.none() | words), st.builds(Route, ignore=words), st.builds(Route, ask=words)
)
tables = st.builds(
    TablePlan,
    name=words,
    about=st.sampled_from(About),
    key=st.lists(words, max_size=3).map(tuple),
    subject=st.none() | words,
    of=st.none() | words,
    columns=st.dictionaries(words, routes, max_size=5),
)
made_plans = st.builds(
    Plan,
    source=st.builds(PlanSource, id=words, kind=st.sampled_from(Kind), where=words, schema=words, encoding=words),
    tables=st.lists(tables, max_size=3, unique_by=lambda one: one.name).map(tuple),
    ignored=st.dictionaries(words.filter(str.strip), words.filter(str.strip), max_size=3),
)


@given(made_plans)
def test_a_plan_reads_back_as_it_was_written(plan: Plan) -> None:
    text = plans.write(plan)
    assert plans.read(text) == plan
    assert plans.write(plans.read(text)) == text


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_is_refused(text: str) -> None:
    with pytest.raises(PlanInvalid):
        plans.read(text)


def flaws(plan: Plan) -> list[str]:
    return [str(flaw) for flaw in plans.lint(plan, compiled("chinook"))]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('Fax = { to = "contact.fax" }', 'Fax = { ask = "what?" }', "Customer.Fax: is not decided"),
        ('Fax = { to = "contact.fax" }', 'Fax = { ignore = " " }', "Customer.Fax: is ignored without a reason"),
        ('Fax = { to = "contact.fax" }', "Fax = {}", "Customer.Fax: says not exactly one of to, ignore, ask"),
        (
            'Fax = { to = "contact.fax" }',
            'Fax = { to = "contact.fex" }',
            "Customer.Fax: goes to no field of the data map: the data map has no such field",
        ),
        (
            'Fax = { to = "contact.fax" }',
            'Fax = { to = "contact.phone" }',
            "Customer: Phone and Fax go to contact.phone both",
        ),
        (
            'Fax = { to = "contact.fax" }',
            'Fax = { to = "contact.address" }',
            "Customer: contact.address is filled both whole and in parts",
        ),
        (
            'Fax = { to = "contact.fax" }',
            'Fax = { to = "_self.remark" }',
            "Customer.Fax: _self.remark is filled by the house itself",
        ),
        ('key = "CustomerId"', 'key = "CustId"', "Customer: has no column CustId"),
        ('of = "Customer"', 'of = "Employee"', "Invoice: does not say which customer its rows belong to"),
        ('about = "customer"', 'about = "belongs"', "tables: no table is about customers"),
        ("[ignore_tables]", '[ignore_tables]\nInvoice = "no"', "Invoice: is both brought in and ignored"),
    ],
)
def test_a_flaw_is_named_where_it_stands(before: str, after: str, says: str) -> None:
    assert says in flaws(changed(before, after))


def test_two_columns_may_be_joined_into_one_field() -> None:
    text = TEXT.replace(
        'FirstName = { to = "contact.given_name" }', 'FirstName = { to = "contact.surname", join = " " }'
    )
    text = text.replace('LastName = { to = "contact.surname" }', 'LastName = { to = "contact.surname", join = " " }')
    assert flaws(plans.read(text)) == []


@pytest.mark.check("discovery-12")
@pytest.mark.parametrize("name", ["CVC", "cvv", "Card_CVC2", "SecurityCode", "card security code"])
def test_a_security_code_of_a_card_goes_nowhere_whatever_field_it_is_sent_to(name: str) -> None:
    plan = changed("Fax = { to", f'"{name}" = {{ to')
    with pytest.raises(PlanInvalid) as refused:
        plans.must_stand(plan, compiled("chinook"))
    assert refused.value.code == "cvc-refused"
    assert "PCI DSS" in str(refused.value)


def test_a_column_with_such_letters_inside_a_word_is_no_security_code() -> None:
    assert flaws(changed("Fax = { to", "Cvcountry = { to")) == []


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ('format = "bailee-plan-1"', 'format = "bailee-plan-2"', "format: is missing or another"),
        ("[source]", "[source]\npassword = 'x'", "source.password: is unknown"),
        ('kind = "sqlite"', 'kind = "oracle"', "source.kind: is unknown"),
        ('about = "customer"', 'about = "staff"', "tables.Customer.about: is unknown"),
        ('Album = "a catalogue of music; no personal data"', 'Album = ""', "ignore_tables.Album: has no reason"),
        ('Fax = { to = "contact.fax" }', 'Fax = "contact.fax"', "tables.Customer.columns.Fax: is no table"),
        ('key = "CustomerId"', "key = 7", "tables.Customer.key: is no column and no list of columns"),
    ],
)
def test_a_plan_that_can_not_be_read_says_why(before: str, after: str, code: str) -> None:
    with pytest.raises(PlanInvalid) as refused:
        changed(before, after)
    assert code in [str(flaw) for flaw in refused.value.flaws]


PEOPLE = Table("people", (Column("id", "int"), Column("mail", "text"), Column("first_name", "text")), ("id",))
PETS = Table(
    "pets",
    (Column("id", "int"), Column("owner", "int"), Column("name", "text")),
    ("id",),
    (Link(("owner",), "people"),),
)


def catalogue(*tables: Table) -> Catalogue:
    return Catalogue(Kind.SQLITE, tables)


def a_plan() -> Plan:
    source = PlanSource(id="s", kind=Kind.SQLITE, where="s.sqlite", schema=schema_digest(catalogue(PEOPLE, PETS)))
    columns = {
        "id": Route(ignore="key"),
        "mail": Route(to="contact.email"),
        "first_name": Route(to="contact.given_name"),
    }
    people = TablePlan(name="people", about=About.CUSTOMER, key=("id",), columns=columns)
    return Plan(source=source, tables=(people,), ignored={"pets": "animals"})


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (catalogue(PEOPLE), "table pets is gone"),
        (catalogue(PEOPLE, PETS, Table("new", ())), "table new is new"),
        (catalogue(replace(PEOPLE, columns=PEOPLE.columns[:2]), PETS), "column people.first_name is gone"),
        (
            catalogue(replace(PEOPLE, columns=(*PEOPLE.columns, Column("iban", "text"))), PETS),
            "column people.iban is new",
        ),
        (
            catalogue(PEOPLE, replace(PETS, columns=PETS.columns[:2])),
            "a type of a column, or a column of a table that stays out, has changed",
        ),
        (replace(catalogue(PETS), unseen=("people",)), "table people may not be read"),
        (Catalogue(Kind.POSTGRESQL, (PEOPLE, PETS)), "the plan is for sqlite, this is postgresql"),
    ],
)
def test_a_source_that_changed_is_refused_with_the_difference(there: Catalogue, says: str) -> None:
    plan = a_plan()
    assert says in plans.fits(plan, there)
    with pytest.raises(PlanInvalid) as refused:
        plans.must_fit(plan, there)
    assert refused.value.code == "plan-mismatch"
    assert Flaw("the source", says, refused.value.flaws[0].fix) in refused.value.flaws


def test_the_order_of_tables_and_columns_does_not_matter() -> None:
    turned = replace(PEOPLE, columns=PEOPLE.columns[::-1])
    assert plans.fits(a_plan(), catalogue(PETS, turned)) == ()


@pytest.mark.skipif(not CHINOOK.exists(), reason="the public databases do not stand beside this checkout")
def test_a_proposal_finds_what_names_say_and_asks_for_the_rest() -> None:
    source, there = sources.looked_at(str(CHINOOK))
    made = propose(there, compiled("chinook"), source)
    ready = plans.read(TEXT)
    customer, invoice = made.plan.tables
    assert customer.name == "Customer"
    assert {name: route.to for name, route in customer.columns.items()} == {
        name: route.to for name, route in (ready.table("Customer") or customer).columns.items()
    }
    assert (invoice.subject, invoice.of, invoice.key) == ("CustomerId", "Customer", ("InvoiceId",))
    assert invoice.columns["InvoiceDate"].ask is not None
    assert made.plan.ignored.keys() == ready.ignored.keys()
    assert all("proposed" in why for why in made.plan.ignored.values())
    assert "check" in plans.write(made.plan, made.remarks)
    assert any("not decided" in str(flaw) for flaw in plans.lint(made.plan, compiled("chinook"), there))


def test_a_proposal_for_a_file_asks_for_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text("Vorname,Nachname,Tel.,E-Mail,CVV,Hat size\nAnn,Lee,1,a@example.org,123,7\n")
    source, there = sources.looked_at(str(tmp_path / "clients.csv"))
    made = propose(there, compiled("chinook"), source)
    columns = made.plan.tables[0].columns
    assert {name: route.to for name, route in columns.items() if route.to} == {
        "Vorname": "contact.given_name",
        "Nachname": "contact.surname",
        "Tel.": "contact.phone",
        "E-Mail": "contact.email",
    }
    assert columns["CVV"].ignore is not None
    assert columns["Hat size"].ask is not None
    assert (source.id, source.encoding, source.separator) == ("clients", "utf-8", ",")
    assert "clients: has no key" in [str(flaw) for flaw in plans.lint(made.plan, compiled("chinook"))]
