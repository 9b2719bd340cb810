"""CSV files in every state: read right, or named where they are broken, and never quoted."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.discovery.problems import KINDS
from bailee.discovery.readers.delimited import SEPARATORS, Delimited, names_of, separator_of
from bailee.kernel.errors import Conflict, HouseError, Invalid

PEOPLE = "Name;City;E-Mail\r\nJörg Müller;Köln;joerg@example.org\r\nÉmile Zola;Besançon;emile@example.org\r\n"


def made(folder: Path, content: bytes, **said: str) -> Delimited:
    file = folder / "people.csv"
    file.write_bytes(content)
    return Delimited(file, "people", **said)


def all_rows(file: Delimited) -> list[tuple[object, ...]]:
    return [row.cells for row in file.rows("people", file.shape.columns)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    file = made(tmp_path, PEOPLE.encode(encoding))
    assert file.shape.columns == ("Name", "City", "E-Mail")
    assert all_rows(file)[0] == ("Jörg Müller", "Köln", "joerg@example.org")
    guessed = [one.kind.key for one in file.problems]
    assert guessed == (["encoding-guessed"] if encoding == "cp1252" else [])


def test_a_mark_of_the_file_itself_beats_what_the_plan_says(tmp_path: Path) -> None:
    assert made(tmp_path, PEOPLE.encode("utf-8-sig"), encoding="utf-8").shape.columns[0] == "Name"


def test_an_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        made(tmp_path, PEOPLE.encode("cp1252"), encoding="utf-8")


signs = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
cell = st.text(signs | st.sampled_from("\n\t"), max_size=20)


@given(
    st.lists(st.tuples(cell.filter(str.strip), cell, cell), min_size=1, max_size=20),
    st.sampled_from(SEPARATORS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], mark: str, encoding: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerow(["First", "Second", "Third"])
    writer.writerows(rows)
    file = made(tmp_path_factory.mktemp("csv"), text.getvalue().encode(encoding), separator=mark)
    assert all_rows(file) == [tuple(one or None for one in row) for row in rows]
    assert file.count("people") == len(rows)


@pytest.mark.parametrize("mark", SEPARATORS)
def test_the_separator_is_found_out(mark: str) -> None:
    lines = [("Name", "Street", "Sum"), ("Lee, Ann", "1|2 Mill; Lane", "1,50"), ("Day, Bo", "3 Hill; Road", "2,50")]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark).writerows(lines)
    assert separator_of(text.getvalue()) == mark


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Name;City\nDoe, John;Paris, FR\nRoe, Jane;Rome, IT\n", ";"),
        ("Name\tNote\nAnn\ta, b; c\nBo\td, e; f\n", "\t"),
        ("Name\nAnn\nBo\n", ","),
        ("", ","),
    ],
)
def test_commas_inside_cells_do_not_mislead(text: str, mark: str) -> None:
    assert separator_of(text) == mark


@given(st.lists(st.sampled_from(["", "Phone", "Phone (2)", " Phone ", "Column 1", "A"]), max_size=12))
def test_every_column_gets_a_name_of_its_own(header: list[str]) -> None:
    names = names_of(header)
    assert len(names) == len(header) == len(set(names))


def test_a_name_that_stands_twice_is_numbered() -> None:
    assert names_of(["Phone", "", "Phone"]) == ("Phone", "Column 2", "Phone (2)")


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    file = made(tmp_path, b"Customers of 2026,,\n,,\nName,City,Phone\nAnn,Rome,1\n")
    assert all_rows(file) == [("Ann", "Rome", "1")]


@pytest.mark.parametrize(
    "content",
    [b"ann@example.org,Rome\nbo@example.org,Oslo\n", b"Ann,12345\nBo,23456\n"],
)
def test_a_file_without_a_header_is_refused_before_a_value_is_taken_for_a_name(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        made(tmp_path, content)
    assert refused.value.code == "header-missing"
    assert "ann" not in str(refused.value).lower()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\n\n\n", "file-empty"),
        (b"PK\x03\x04" + bytes(200), "not-a-table"),
        (b"\x00\x01\x02\x03" * 200, "not-a-table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(HouseError) as refused:
        made(tmp_path, content)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('"Ann,Rome\nBo,Oslo\n', "quote-open"),
        ('"Ann" Lee,Rome\nBo,Oslo\n', "quote-broken"),
        ("Ann,Rome,Italy\nBo,Oslo\n", "columns-shifted"),
        ("Ann\nBo,Oslo\n", "columns-fewer"),
    ],
)
def test_a_broken_row_is_named_by_its_line(tmp_path: Path, row: str, fault: str) -> None:
    file = made(tmp_path, f"Name,City\nCy,Bonn\n{row}".encode())
    broken = [(one.number, one.fault) for one in file.rows("people", ("Name", "City")) if one.fault]
    assert broken == [(3, fault)]
    assert fault in KINDS
    good = [one.cells for one in file.rows("people", ("Name", "City")) if one.fault is None]
    assert good == ([("Cy", "Bonn")] if fault == "quote-open" else [("Cy", "Bonn"), ("Bo", "Oslo")])


def test_leading_zeros_and_spaces_inside_stay(tmp_path: Path) -> None:
    assert all_rows(made(tmp_path, b"Code,Zip\nx,0171\ny,S-958 22\n")) == [("x", "0171"), ("y", "S-958 22")]


def test_the_same_bytes_have_the_same_digest_and_others_do_not(tmp_path: Path) -> None:
    one, two = (made(tmp_path, content).digest for content in (b"A,B\nx,y\n", b"A,B\nx,z\n"))
    assert one != two
    assert one == made(tmp_path, b"A,B\nx,y\n").digest


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    file = made(tmp_path, b"A,B\nx,y\n")
    file.path.write_bytes(b"A,B\nx,y\nz,z\n")
    with pytest.raises(Conflict):
        list(file.rows("people", ("A",)))
