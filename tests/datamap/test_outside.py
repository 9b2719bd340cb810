"""Other people's databases: opened so that nothing can be written, and quoted by nobody."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bailee.datamap import outside
from bailee.datamap.outside import Catalogue, Column, Kind, Link, Table, kind_of, name_of, schema_digest
from bailee.kernel.errors import HouseError, Invalid, NotFound, Unavailable


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "The Shop.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name NVARCHAR(40), other)")
        made.execute("CREATE TABLE pets (a, b TEXT, owner REFERENCES people, PRIMARY KEY (b, a)) WITHOUT ROWID")
        made.execute('CREATE TABLE "odd name" ("a ""b" TEXT, "100%" TEXT, "select" TEXT, ":x" TEXT)')
        made.executemany("INSERT INTO people VALUES (?, ?, ?)", [(2, "Bo", b"\xff"), (1, "Ann", 1.5), (3, None, "")])
        made.execute("INSERT INTO \"odd name\" VALUES ('1', '2', '3', '4')")
        made.execute("INSERT INTO people VALUES (4, CAST(x'ff41' AS TEXT), NULL)")
        made.commit()
    return path


def test_tables_columns_keys_and_links_are_listed(base: Path) -> None:
    with outside.opened(str(base)) as shop:
        found = shop.catalogue()
    assert found.table("people") == Table(
        "people", (Column("id", "INTEGER"), Column("name", "NVARCHAR(40)"), Column("other", "")), ("id",)
    )
    pets = found.table("pets")
    assert pets is not None
    assert (pets.key, pets.links) == (("b", "a"), (Link(("owner",), "people"),))


def test_rows_come_in_the_order_of_the_key_page_by_page(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "PAGE", 2)
    with outside.opened(str(base)) as shop:
        assert shop.count("people") == 4
        rows = list(shop.rows("people", ("name", "other"), ("id",)))
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert [row.cells for row in rows[:3]] == [("Ann", 1.5), ("Bo", b"\xff"), (None, "")]


def test_a_text_that_is_no_text_is_the_trouble_of_its_own_cell(base: Path) -> None:
    with outside.opened(str(base)) as shop:
        assert list(shop.rows("people", ("name",), ("id",)))[3].cells == (b"\xffA",)


def test_any_name_of_a_table_or_column_can_be_asked_for(base: Path) -> None:
    with outside.opened(str(base)) as shop:
        names = [column.name for column in (shop.catalogue().table("odd name") or Table("", ())).columns]
        assert next(shop.rows("odd name", names, names)).cells == ("1", "2", "3", "4")


@pytest.mark.parametrize("statement", ["DELETE FROM people", "DROP TABLE people", "CREATE TABLE x (y)", "VACUUM"])
def test_nothing_can_be_written(base: Path, statement: str) -> None:
    before = base.read_bytes()
    with outside.opened(str(base)) as shop, pytest.raises(sa.exc.OperationalError):
        shop._link.execute(sa.text(statement))
    assert base.read_bytes() == before
    assert [path.name for path in base.parent.iterdir()] == [base.name]


def test_a_failure_is_told_in_our_own_words_and_chains_none_of_the_drivers(base: Path) -> None:
    with outside.opened(str(base)) as shop:
        with pytest.raises(Unavailable) as failed:
            list(shop.rows("nowhere", ("canary",)))
        assert failed.value.__context__ is None
        assert "canary" not in str(failed.value)


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "file:{}"])
def test_a_file_may_be_named_in_several_ways(base: Path, form: str) -> None:
    assert kind_of(form.format(base)) is Kind.SQLITE
    assert name_of(form.format(base)) == "the_shop"


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("a,b\n")
    assert kind_of(str(tmp_path / "people.csv")) is Kind.CSV
    with pytest.raises(Invalid), outside.opened(str(tmp_path / "people.csv")):
        pass
    with pytest.raises(NotFound):
        kind_of(str(tmp_path / "absent.csv"))
    with pytest.raises(Invalid):
        kind_of("mysql://user@host/base")


@pytest.mark.parametrize(
    "where",
    ["postgresql://ann:{}@host/base", "postgresql://ann@host/base?password={}", "postgres://:{}@host/base"],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(where: str) -> None:
    with pytest.raises(Invalid) as refused:
        kind_of(where.format("s3cret"))
    assert refused.value.code == "password-in-address"
    assert "PGPASSFILE" in refused.value.hint
    assert "s3cret" not in f"{refused.value} {refused.value.hint} {refused.value.__context__!r}"


@pytest.mark.parametrize(
    "where", ["postgresql://h/b?options=-cfoo", "postgresql://h/b?service=x", "postgresql://host:port/base"]
)
def test_an_address_that_says_more_than_where_is_refused(where: str) -> None:
    with pytest.raises(HouseError):
        kind_of(where)


@pytest.mark.parametrize(
    "where",
    [
        "postgresql:///base?host=/run/postgresql",
        "postgresql:///base",
        "postgresql://localhost/base",
        "postgresql://127.0.0.1/base",
        "postgresql://[::1]/base",
    ],
)
def test_this_machine_needs_no_certificate(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    assert outside._transport(outside._url(where)) == {}


@pytest.mark.parametrize(
    "where", ["postgresql://db.example/base", "postgresql:///base?host=/run,db.example", "postgresql://10.0.0.1/base"]
)
def test_every_other_machine_proves_who_it_is(where: str) -> None:
    assert outside._transport(outside._url(where)) == {"sslmode": "verify-full", "sslrootcert": "system"}


def test_a_host_named_in_the_environment_is_another_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    assert outside._transport(outside._url("postgresql:///base"))["sslmode"] == "verify-full"
    assert os.environ["PGHOST"] == "db.example"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_less_than_a_proof_is_refused(mode: str) -> None:
    with pytest.raises(Invalid):
        outside._transport(outside._url(f"postgresql://db.example/base?sslmode={mode}"))


def test_the_digest_pins_names_and_types_and_not_their_order() -> None:
    one, two = Table("a", (Column("x", "int"), Column("y", "text"))), Table("b", (Column("z", ""),))
    whole = schema_digest(Catalogue(Kind.SQLITE, (one, two)))
    assert whole == schema_digest(Catalogue(Kind.SQLITE, (two, Table("a", one.columns[::-1]))))
    others = [
        Catalogue(Kind.SQLITE, (one,)),
        Catalogue(Kind.SQLITE, (one, Table("b", (Column("z", "int"),)))),
        Catalogue(Kind.SQLITE, (one, Table("b", (Column("zz", ""),)))),
        Catalogue(Kind.SQLITE, (Table("ax", (Column("", "int"), Column("y", "text"))), two)),
    ]
    assert len({whole, *map(schema_digest, others)}) == 5
