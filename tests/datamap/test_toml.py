"""Reading says everything that is wrong at once and where; writing has one form."""

import pickle
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailee.datamap import toml
from bailee.datamap.categories import Category, Records, Sensitivity
from bailee.datamap.fides import CATEGORIES, USES
from bailee.datamap.fields import Field, Returns
from bailee.datamap.lint import lint
from bailee.datamap.maps import DataMap, MapInvalid, Problem
from bailee.datamap.purposes import Basis, Purpose, Special
from bailee.datamap.recipients import (
    Contract,
    Hipaa,
    Organisation,
    Part,
    Reach,
    Recipient,
    System,
    SystemTable,
    Transfer,
)
from bailee.datamap.retention import Retention, Then
from bailee.datamap.types import TYPES
from bailee.kernel.errors import Invalid

from .places import INTACT, SHARED, beside, changed, intact, line_of, shipped


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(MapInvalid) as caught:
        toml.read(text)
    return caught.value.problems


def only(text: str) -> tuple[str, int | None]:
    found = problems(text)
    assert len(found) == 1, found
    assert found[0].fix
    return found[0].code, found[0].line


@pytest.mark.check("privacy-1")
@pytest.mark.parametrize("text", [shipped("clinic"), shipped("shop"), beside("chinook"), beside("northwind")])
def test_a_map_in_canonical_form_is_written_back_byte_for_byte(text: str) -> None:
    assert toml.write(toml.read(text)) == text


@pytest.mark.check("privacy-1")
@pytest.mark.parametrize("text", [shipped("clinic"), shipped("shop"), beside("chinook"), beside("northwind"), INTACT])
def test_a_sample_is_lint_clean(text: str) -> None:
    assert lint(toml.read(text), consent_texts={"consent/newsletter.md"}) == ()


@pytest.mark.check("privacy-1")
def test_the_example_of_the_design_is_the_clinic_that_is_shipped() -> None:
    design = SHARED / "design" / "privacy.md"
    if not design.exists():
        pytest.skip("the design does not stand beside this checkout")
    example = design.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    assert toml.read(example) == toml.read(shipped("clinic"))


def test_the_clinic_reads_as_it_says() -> None:
    clinic = toml.read(shipped("clinic"))
    assert clinic.organisation.countries == {"US", "IE"}
    assert clinic.organisation.revenue_usd == 4_200_000
    assert clinic.organisation.hipaa is Hipaa.COVERED_ENTITY
    assert [category.key for category in clinic.categories] == [
        "contact",
        "billing",
        "card",
        "health",
        "orders",
        "support",
    ]
    assert clinic.field("contact.email") == Field(
        key="contact.email",
        type="email",
        fides="user.contact.email",
        mask="email",
        index=("unique", "domain"),
        locates=True,
    )
    assert clinic.retention[4].keep_fields == ("ordered", "items")
    assert clinic.recipients[0].contract == Contract(kind="DPA", signed=date(2026, 2, 1), file="dpa.pdf")
    assert clinic.systems[0].tables[0].fields == (
        ("FirstName", "contact.given_name"),
        ("Email", "contact.email"),
    )


def test_what_is_left_out_takes_its_default() -> None:
    orders = toml.read(shipped("clinic")).category("orders")
    assert orders
    assert (orders.subjects, orders.sensitivity, orders.source, orders.records) == (
        ("customer",),
        Sensitivity.ORDINARY,
        "the person",
        Records.MANY,
    )
    items = orders.field("items")
    assert items
    assert (items.shown, items.label, orders.fides_of(items)) == ("hidden", "Items", "user.behavior.purchase_history")


def test_what_equals_its_default_is_not_written() -> None:
    text = changed('records = "one"\n', 'records = "one"\nsubjects = ["customer"]\nsource = "the person"\n')
    assert toml.read(text) == intact()
    assert toml.write(toml.read(text)) == toml.write(intact())


def test_a_map_remembers_its_lines() -> None:
    made = intact()
    assert made.line("categories", "contact", "fields", "email", "index") == line_of("email = {", INTACT)
    assert made.line("categories", "contact", "nothing") == line_of("[categories.contact]", INTACT)
    assert made.line("retention", 1, "keep") == line_of('category = "billing"', INTACT)
    assert made.line("nothing") is None


def test_lines_survive_every_kind_of_text() -> None:
    text = '''# a comment with [brackets] and "quotes"
"quoted.key" = "a # in text \\" and a quote" # tail
list = [ # one
  "two", 'three', # "four"
  { inner = [5, 1979-05-27 07:32:00, 0x1F], deep.er = """six
seven\\""" """ },
]
[a . b] # header
'c' = \'\'\'
ten
\'\'\'
d = true
[[many]]
x = 1
[[many]]
x = 2
[many.below]
y = 3
[a]
z = 4
'''
    assert toml.positions(text) == {
        ("quoted.key",): 2,
        ("list",): 3,
        ("list", 0): 4,
        ("list", 1): 4,
        ("list", 2): 5,
        ("list", 2, "inner"): 5,
        ("list", 2, "inner", 0): 5,
        ("list", 2, "inner", 1): 5,
        ("list", 2, "inner", 2): 5,
        ("list", 2, "deep"): 5,
        ("list", 2, "deep", "er"): 5,
        ("a",): 19,
        ("a", "b"): 8,
        ("a", "b", "c"): 9,
        ("a", "b", "d"): 12,
        ("many",): 13,
        ("many", 0): 13,
        ("many", 0, "x"): 14,
        ("many", 1): 15,
        ("many", 1, "x"): 16,
        ("many", 1, "below"): 17,
        ("many", 1, "below", "y"): 18,
        ("a", "z"): 20,
    }


AGAIN = '{ category = "card", after = "last_use", keep = "P1Y", then = "review" },'
HEALTH = "[categories.health]\n"
X = 'fields.x.type = "text"\n'

BROKEN = [
    ("key-unknown", 'name = "Meadow', 'nmae = "x"\nname = "Meadow', "nmae"),
    ("key-unknown", "currency =", "curency =", "total ="),
    ("key-unknown", "[organisation]\n", "[organization]\n[organisation]\n", "[organization]"),
    ("key-missing", 'contact = "privacy@meadow.example"\n', "", "[organisation]"),
    ("key-missing", 'establishments = ["US-OR", "IE"]\n', "", "[organisation]"),
    ("key-missing", 'title = "Treat you", ', "", "care ="),
    ("key-missing", 'paid = { type = "date" }', 'paid = { fides = "user.payment" }', "paid ="),
    ("word-unknown", 'format = "bailee-map-1"', 'format = "bailee-map-9"', "format"),
    ("word-unknown", 'paid = { type = "date" }', 'paid = { type = "dat" }', "paid ="),
    ("word-unknown", 'sensitivity = "pci"', 'sensitivity = "pcy"', '"pcy"'),
    ("word-unknown", 'basis = "contract", special = "care"', 'basis = "contrakt", special = "care"', "care ="),
    ("word-unknown", "essential.fraud_detection", "essential.curiosity", "fraud ="),
    ("word-unknown", 'after = "last_use"', 'after = "some_day"', 'category = "card"'),
    ("word-unknown", 'paid = { type = "date" }', 'paid = { type = "date", mask = "last4" }', "paid ="),
    ("word-unknown", 'paid = { type = "date" }', 'paid = { type = "date", index = "domain" }', "paid ="),
    ("word-unknown", 'notes = { type = "text"', 'notes = { type = "secret", index = "exact"', "notes ="),
    ("value-wrong", 'index = "exact", region = "US"', 'index = ["unique", "exact"], region = "US"', "phone ="),
    ("value-wrong", 'index = "exact", region = "US"', 'index = "exact", region = "us"', "phone ="),
    ("value-wrong", 'keep = "P13M"', 'keep = "13 months"', 'category = "card"'),
    ("value-wrong", 'keep = "P13M"', 'keep_fields = ["number"], keep = "P13M"', 'category = "card"'),
    ("value-wrong", 'paid = { type = "date" }', 'paid = { type = "text", clock = true }', "paid ="),
    ("value-wrong", 'paid = { type = "date" }', 'paid = { type = "date", clock = "yes" }', "paid ="),
    ("value-wrong", "signed = 2026-02-01", "signed = 2026-02-01T00:00:00", 'id = "parcel"'),
    ("value-wrong", "signed = 2026-02-01", 'signed = "2026-02-01"', 'id = "parcel"'),
    ("value-wrong", 'title = "Payment cards"', 'title = ""', 'title = ""'),
    ("value-wrong", 'ignore = ["SupportRepId"]', "ignore = [1]", 'id = "oldshop"'),
    ("value-wrong", "number = {", 'second = { type = "card.number" }\nnumber = {', "number ="),
    ("twice", 'purposes = ["care", "billing"]', 'purposes = ["care", "billing", "care"]', '"billing", "care"'),
    ("twice", '  { category = "card", after', "  " + AGAIN + '\n  { category = "card", after', 'keep = "P13M"'),
    (
        "key-shape",
        "[categories.health.fields]\n",
        '[categories.health.fields]\nFirst-Name = { type = "text" }\n',
        "First-Name",
    ),
    ("key-shape", HEALTH, f"[categories._own]\n{X}{HEALTH}", "[categories._own]"),
    (
        "key-taken",
        "[purposes]\n",
        '[purposes]\nsecurity = { title = "x", use = "essential", basis = "contract" }\n',
        "security =",
    ),
    ("key-taken", HEALTH, f"[categories.card_last4]\n{X}{HEALTH}", "[categories.card_last4]"),
    ("reference-unknown", 'purposes = ["care", "billing"]', 'purposes = ["care", "biling"]', '"biling"'),
    ("reference-unknown", '{ category = "card", after', '{ category = "cart", after', '"cart"'),
    ("reference-unknown", 'Email = "contact.email"', 'Email = "contact.e_mail"', 'id = "oldshop"'),
    ("reference-unknown", 'Email = "contact.email"', 'Email = "contact.email.city"', 'id = "oldshop"'),
    ("reference-unknown", 'categories = ["contact"]', 'categories = ["contacts"]', 'id = "parcel"'),
    ("reference-unknown", "may_name_others = true", 'may_hold = ["wealth"]', "notes ="),
    ("toml", 'format = "bailee-map-1"', "format = ", "format"),
    ("toml", "[purposes]", "[organisation]", ""),
]


@pytest.mark.parametrize(("code", "before", "after", "mark"), BROKEN)
def test_a_slip_is_found_on_its_line(code: str, before: str, after: str, mark: str) -> None:
    text = changed(before, after)
    line = line_of(mark, text) if mark else len(INTACT.split("[purposes]", maxsplit=1)[0].splitlines()) + 1
    assert only(text) == (code, line)


def test_a_slip_names_what_was_probably_meant() -> None:
    found = problems(changed('total = { type = "money", currency', 'total = { type = "money", curency'))
    assert "did you mean currency?" in found[0].fix


def test_every_slip_is_found_at_once_in_order_of_lines() -> None:
    text = changed("[purposes]", "colour = 1\n[purposes]").replace('"contract"', '"kontrakt"')
    found = problems(text)
    assert [problem.code for problem in found] == ["key-unknown", "word-unknown", "word-unknown"]
    assert [problem.line for problem in found] == sorted(problem.line or 0 for problem in found)


def test_an_empty_map_says_what_it_lacks() -> None:
    assert {problem.code for problem in problems("")} == {"key-missing"}


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 50_000, "a" + ".a" * 5_000 + " = 1", "x = " + "{a = " * 40 + "1" + "}" * 40]
)
def test_a_map_that_is_nested_like_a_trap_is_refused(text: str) -> None:
    assert problems(text)[0].code == "toml"


def test_a_map_of_more_than_a_mebibyte_is_refused() -> None:
    assert problems("#" * (2**20 + 1))[0].code == "toml"


def test_the_error_is_an_invalid_ask_that_survives_pickling() -> None:
    with pytest.raises(Invalid) as caught:
        toml.read("colour = 1")
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - made one line above
    assert isinstance(error, MapInvalid)
    assert (error.code, error.status, len(error.problems)) == ("map-invalid", 422, 3)
    assert str(error) == str(caught.value)


# -- any map at all


keys = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda key: not key.endswith("_last4"))
words = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()) and "\r" not in text)
maybe = st.none() | words
countries = st.sampled_from(["US", "IE", "NO", "CH"])


def some(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, max_size=3, unique=True).map(tuple)


@st.composite
def fields(draw: st.DrawFn, key: str) -> Field:
    kind = TYPES[draw(st.sampled_from([name for name in sorted(TYPES) if name != "card.number"]))]
    index = draw(some(st.sampled_from(kind.indexes))) if kind.indexes else ()
    return Field(
        key=key,
        type=kind.key,
        title=draw(maybe),
        currency=draw(st.sampled_from([None, "USD"])) if kind.key == "money" else None,
        choices=draw(some(words)) if kind.key == "choice" else (),
        max_mb=draw(st.none() | st.integers(1, 1024)) if kind.key == "file" else None,
        fides=draw(st.none() | st.sampled_from(CATEGORIES)),
        mask=draw(st.none() | st.sampled_from(kind.masks)),
        index=index if not {"unique", "exact"} <= set(index) else ("unique",),
        expected=draw(st.none() | st.integers(1, 10**9)),
        leak_accepted=draw(st.booleans()),
        locates=draw(st.booleans()),
        region=draw(st.none() | countries) if kind.key == "phone" else None,
        clock=draw(st.booleans()) if kind.key == "date" else False,
        returns=draw(st.sampled_from(Returns)),
        may_name_others=draw(st.booleans()),
    )


@st.composite
def maps(draw: st.DrawFn) -> DataMap:
    purpose_keys = [key for key in draw(some(keys)) if key not in {"security", "requests"}]
    purposes = tuple(
        Purpose(
            key=key,
            title=draw(words),
            use=draw(st.sampled_from(USES)),
            basis=draw(st.none() | st.sampled_from(Basis)),
            special=draw(st.none() | st.sampled_from(Special)),
            text=draw(maybe),
            balance=draw(maybe),
            law=draw(maybe),
            survives_restriction=draw(st.booleans()),
        )
        for key in purpose_keys
    )
    listed = some(st.sampled_from(purpose_keys)) if purpose_keys else st.just(())
    categories = tuple(
        Category(
            key=key,
            title=draw(words),
            fides=draw(st.none() | st.sampled_from(CATEGORIES)),
            sensitivity=draw(st.sampled_from(Sensitivity)),
            subjects=draw(some(words)),
            purposes=draw(listed),
            source=draw(words),
            records=draw(st.sampled_from(Records)),
            fields=tuple(
                draw(fields(f"{key}.{name}")) for name in draw(st.lists(keys, min_size=1, max_size=3, unique=True))
            ),
        )
        for key in draw(some(keys))
    )
    return DataMap(
        organisation=Organisation(
            name=draw(words),
            contact=draw(words),
            establishments=tuple(draw(st.lists(countries, min_size=1, max_size=3, unique=True))),
            address=draw(maybe),
            staff=draw(st.none() | st.integers(0, 10**6)),
            revenue_usd=draw(st.none() | st.integers(0, 10**12)),
            hipaa=draw(st.sampled_from(Hipaa)),
            acts_for=draw(some(words)),
        ),
        purposes=purposes,
        categories=categories,
        retention=tuple(
            Retention(
                category=category.key,
                after=draw(st.sampled_from(["last_use", "relation_end", "field:x"])),
                keep=draw(st.sampled_from(["P1Y", "P18M", "P2W3D"])),
                then=Then.ANONYMISE,
                keep_fields=draw(some(st.sampled_from([field.name for field in category.fields]))),
                because=draw(maybe),
                beats_erasure=draw(st.booleans()),
            )
            for category in categories
        ),
        recipients=tuple(
            Recipient(
                id=key,
                name=draw(words),
                role=draw(st.sampled_from(Part)),
                country=draw(countries),
                purposes=draw(listed),
                contract=draw(st.none() | st.builds(Contract, kind=words, signed=st.none() | st.dates(), file=maybe)),
                transfer=draw(st.none() | st.sampled_from(Transfer)),
                sub_processors=draw(some(words)),
            )
            for key in draw(some(keys))
        ),
        systems=tuple(
            System(
                id=key,
                kind=draw(st.sampled_from(Reach)),
                secret=draw(maybe),
                country=draw(st.none() | countries),
                tables=tuple(
                    SystemTable(name=name, subject=draw(words), ignore=draw(some(words))) for name in draw(some(words))
                ),
            )
            for key in draw(some(keys))
        ),
        extras=tuple((key, draw(words)) for key in draw(some(words))),
    )


@given(maps())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_any_map_is_read_back_as_it_was_written(made: DataMap) -> None:
    text = toml.write(made)
    assert toml.read(text) == made
    assert toml.write(toml.read(text)) == text


@given(st.text(max_size=200) | st.lists(st.sampled_from(INTACT.splitlines()), max_size=30).map("\n".join))
@settings(deadline=None)
def test_any_text_is_a_map_or_a_list_of_problems(text: str) -> None:
    try:
        toml.read(text)
    except MapInvalid as error:
        found = error.problems
    else:
        found = ()
    assert all(problem.says and problem.fix for problem in found)
