"""What can be wrong with a row or a file: each kind with its cause and its fix, and never with a value."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TextIO

from bailee.datamap import types


class Level(StrEnum):
    """A stop keeps a row out; a note lets it in and is listed."""

    STOP = "stop"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem: why it comes, and what to do."""

    key: str
    level: Level
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, by its place: table, row, column; empty or 0 where it concerns all of them."""

    table: str
    row: int
    column: str
    kind: ProblemKind

    def __str__(self) -> str:
        places = ((self.table, "table "), (self.row, "row "), (self.column, "column "))
        where = ", ".join(f"{word}{place}" for place, word in places if place)
        return f"{where}: {self.kind.cause}" if where else self.kind.cause


def _stop(key: str, cause: str, fix: str) -> ProblemKind:
    return ProblemKind(key, Level.STOP, cause, fix)


def _note(key: str, cause: str, fix: str) -> ProblemKind:
    return ProblemKind(key, Level.NOTE, cause, fix)


_OWN: Final = (
    _note("encoding-guessed", "the file does not say its encoding; it was guessed", "look at names with accents first"),
    _note(
        "columns-fewer", "the row ends early; the cells it lacks count as empty", "see that nothing moved to the left"
    ),
    _note("phone-invalid", "this number is in no numbering plan; it is kept as given", "check it with the customer"),
    _stop(
        "columns-shifted",
        "the row has more cells than there are columns",
        "put the cell that holds a separator in quotes",
    ),
    _stop("quote-broken", "text follows a closing quote", "write a quote inside a quoted cell twice"),
    _stop("quote-open", "a quote is opened here and never closed; nothing after it can be read", "close the quote"),
    _stop("header-missing", "the first row holds no names of columns", "write one name above each column"),
    _stop("file-empty", "the file holds no rows", "see that it is the right one"),
    _stop("key-missing", "the row has no key, so a second import could not know it", "fill the key"),
    _stop("key-twice", "an earlier row has the same key", "remove one of them, or name a better key in the plan"),
    _stop(
        "unique-twice", "an earlier row has this value, which may stand once only", "see whether both are one customer"
    ),
    _stop("taken", "another customer of the vault has this value, which may stand once only", "see who it is first"),
    _stop("row-empty", "nothing in this row goes into the vault", "leave the row out"),
    _stop("customer-missing", "the row does not say whose it is", "fill the column that names the customer"),
    _stop("customer-unknown", "the import found no customer that this row belongs to", "bring the customer in first"),
    _stop("customer-refused", "the row belongs to a customer who was refused", "mend the customer's row first"),
    _stop("one-only", "another row of this table fills the same single record of this customer", "keep one of them"),
    _stop("erased", "this customer was erased from the vault", "delete them from the source too"),
    _stop("conflict", "this customer is suspended, or has too many records of this kind", "look at the customer"),
    _stop("too-large", "the record would be larger than 256 KiB", "keep large things as files"),
    _stop("not-written", "the vault did not take the row", "run the import again"),
)

KINDS: Final[Mapping[str, ProblemKind]] = MappingProxyType(
    {key: _stop(key, what, fix) for key, (what, fix) in types.PROBLEMS.items()} | {one.key: one for one in _OWN}
)
"""Every kind by its key, with those of the field types."""


def problem(key: str, table: str = "", row: int = 0, column: str = "") -> Problem:
    """A problem of a known kind; one nobody described is `not-written`."""
    return Problem(table, row, column, KINDS.get(key) or KINDS["not-written"])


# -- the list of rows to fix

COLUMNS: Final = ("table", "row", "column", "level", "problem", "cause", "fix")


def cells(one: Problem) -> tuple[str, ...]:
    """A problem as texts, in the order of `COLUMNS`."""
    row = str(one.row) if one.row else ""
    return (one.table, row, one.column, one.kind.level, one.kind.key, one.kind.cause, one.kind.fix)


def json_line(one: Problem) -> str:
    """A problem as one line of JSON."""
    return json.dumps(dict(zip(COLUMNS, cells(one), strict=True)), ensure_ascii=False)


def csv_line(texts: Iterable[str]) -> str:
    """One line of CSV that a spreadsheet opens, such as `csv_line(COLUMNS)` first and `csv_line(cells(one))` after.

    The name of a column comes from outside and may begin like a formula: it gets an apostrophe then.
    """
    out = io.StringIO(newline="")
    csv.writer(out).writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in texts])
    return out.getvalue()


def write_csv(found: Iterable[Problem], out: TextIO) -> int:
    """Write problems as CSV, with a header; answers how many."""
    out.write(csv_line(COLUMNS))
    count = 0
    for one in found:
        out.write(csv_line(cells(one)))
        count += 1
    return count


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
