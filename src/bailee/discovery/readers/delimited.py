"""CSV files: whatever the encoding, the separator and the state they are in; read as a stream, named where broken."""

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE, getincrementaldecoder, lookup
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

from bailee.datamap.outside import Catalogue, Column, Kind, Row, Table
from bailee.discovery.problems import KINDS, Problem, problem
from bailee.kernel.errors import Conflict, Invalid, NotFound

SAMPLE: Final = 256 * 1024
CHUNK: Final = 1 << 20
LOOKED_AT: Final = 100
HEADER_WITHIN: Final = 20
SEPARATORS: Final = (",", ";", "\t", "|")
_BOMS: Final = (
    (BOM_UTF32_LE, "utf-32"), (BOM_UTF32_BE, "utf-32"), (BOM_UTF8, "utf-8-sig"), (BOM_UTF16_LE, "utf-16"),
    (BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_OTHERS: Final = ((b"PK\x03\x04", "a workbook"), (b"\xd0\xcf\x11\xe0", "an old workbook"), (b"%PDF", "a PDF"))
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_LIKELY: Final = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac_roman", "cp850", "shift_jis", "gb18030", "big5",
    "euc_kr",
)  # fmt: skip
"""What spreadsheets and old programs write; a guess among all encodings there are would often be a strange one."""


# -- words


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a file is read: encoding, separator, where its header stands and the names of its columns."""

    encoding: str
    separator: str
    header: int
    columns: tuple[str, ...]


# -- rules


def separator_of(text: str) -> str:
    """The separator that gives header and most first lines the same number of cells; a comma if none does."""
    best = (0.0, 0, ",")
    for mark in SEPARATORS:
        widths = _widths(text, mark)
        if not widths:
            continue
        common, times = Counter(widths).most_common(1)[0]
        if common > 1 and widths[0] in {1, common}:
            best = max(best, (times / len(widths), common, mark), key=lambda one: one[:2])
    return best[2]


def _widths(text: str, mark: str) -> list[int]:
    """Cells per line of the first lines; the last line is left out, the sample may have cut it."""
    widths = []
    lines = io.StringIO(text, newline="")
    try:
        widths = [len(cells) for cells in islice(csv.reader(lines, delimiter=mark), LOOKED_AT) if any(cells)]
    except csv.Error:
        return widths
    return widths[:-1] if len(widths) > 2 and lines.tell() == len(text) else widths


def names_of(header: Sequence[str]) -> tuple[str, ...]:
    """Names for all columns: an empty one is `Column 3`, one that was there already `Phone (2)`."""
    made: list[str] = []
    for place, cell in enumerate(header, 1):
        plain = " ".join(cell.split()) or f"Column {place}"
        name, more = plain, 1
        while name in made:
            more += 1
            name = f"{plain} ({more})"
        made.append(name)
    return tuple(made)


def is_header(cells: Sequence[str]) -> bool:
    """Names of columns are words: none holds the @ of an address, and none is a number."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and not any("@" in cell or _is_number(cell) for cell in filled)


def _is_number(cell: str) -> bool:
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))


def _marked(sample: bytes) -> str | None:
    """The encoding that a file says itself, whatever anybody else said of it."""
    return next((name for mark, name in _BOMS if sample.startswith(mark)), None)


def _guess(sample: bytes) -> str:
    found = from_bytes(sample, cp_isolation=list(_LIKELY), preemptive_behaviour=False).best()
    if found is None or "cp1252" in {found.encoding, *found.could_be_from_charset}:
        return "cp1252"
    return found.encoding


# -- reading


class Delimited:
    """One CSV file, looked through once: its hash, its shape, its number of rows, and whether it reads to its end.

    Args:
        path: the file.
        table: what its rows are called; the plan's word, so that a file under another name is still the same table.
        encoding: said by the plan, or found out.
        separator: said by the plan, or found out.

    Raises:
        NotFound: no such file; Invalid: it is no table of text, or has no header.

    """

    kind: Final = Kind.CSV

    def __init__(self, path: Path, table: str, *, encoding: str | None = None, separator: str | None = None) -> None:
        self.path = path
        self.table = table
        self.problems: list[Problem] = []
        try:
            self._stamp = self._state()
            self.digest, utf8 = _whole(path)
        except OSError as error:
            raise NotFound("this file can't be read", hint="check its path and who may read it") from error
        with path.open("rb") as file:
            sample = file.read(SAMPLE)
        encoding = _marked(sample) or encoding or self._encoding(sample, utf8=utf8)
        self.shape = self._shape(sample, encoding, separator)
        self._count = self._look_through()

    def catalogue(self) -> Catalogue:
        """The file as the one table it is."""
        columns = tuple(Column(name, "text") for name in self.shape.columns)
        return Catalogue(self.kind, (Table(self.table, columns),))

    def count(self, table: str) -> int:
        """How many rows the file has, broken ones included."""
        self._own(table)
        return self._count

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        key: Sequence[str] = (),  # noqa: ARG002 - a file is read in the order it has
    ) -> Iterator[Row]:
        """Stream the rows in the order of the file; `number` is the line on which a row begins.

        Raises:
            Conflict: the file was changed since it was looked through.

        """
        self._own(table)
        places = [self.shape.columns.index(name) for name in columns]
        width = len(self.shape.columns)
        for number, cells, fault in self._records():
            if cells is None:
                yield Row(number, (), fault)
                continue
            if len(cells) > width and any(cells[width:]):
                yield Row(number, (), "columns-shifted")
                continue
            fewer = "columns-fewer" if len(cells) < width else None
            yield Row(number, tuple((cells[at] or None) if at < len(cells) else None for at in places), fewer)
        if self._state() != self._stamp:
            raise Conflict("the file was changed while it was read", hint="close it elsewhere and run again")

    def _records(self) -> Iterator[tuple[int, list[str] | None, str | None]]:
        """Every record below the header but blank ones: its first line, and its cells or what is wrong with it."""
        with self.path.open(encoding=self.shape.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.shape.separator, strict=True)
            _pass(reader, self.shape.header)
            while True:
                begins = reader.line_num + 1
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    # The reader's own words are fixed and quote nothing of the file.
                    if "expected after" not in str(error):
                        yield begins, None, "quote-open"
                        return
                    yield begins, None, "quote-broken"
                    continue
                if cells is None:
                    return
                if any(cells):
                    yield begins, cells, None

    def _own(self, table: str) -> None:
        if table != self.table:
            raise NotFound(f"a file is one table, and this one is called {self.table}", hint="see the plan")

    def _look_through(self) -> int:
        """Count the rows and find a quote that is never closed: such a file is refused before its first row is used."""
        count = 0
        broken = None
        try:
            for number, _, fault in self._records():
                count += 1
                if fault == "quote-open":
                    self.problems.append(problem(fault, self.table, number))
        except (UnicodeError, LookupError):
            broken = self.shape.encoding
        if broken:
            raise Invalid(
                "the file is not written in the encoding that it was said to be",
                hint='name another one in the plan, such as encoding = "cp1252"',
                code="encoding-wrong",
            )
        return count

    def _encoding(self, sample: bytes, *, utf8: bool) -> str:
        if other := next((what for magic, what in _OTHERS if sample.startswith(magic)), None):
            raise Invalid(f"this file is {other}, not CSV", hint="save it as CSV (UTF-8)", code="not-a-table")
        if b"\0" in sample:
            wide = sample[:CHUNK]
            even, odd = wide[::2].count(0), wide[1::2].count(0)
            if max(even, odd) * 4 < len(wide):
                raise Invalid("this file is not text", hint="save it as CSV (UTF-8)", code="not-a-table")
            return "utf-16-be" if even > odd else "utf-16-le"
        if utf8:
            return "utf-8"
        self.problems.append(problem("encoding-guessed", self.table))
        # A guess that doesn't carry through the whole file is worth nothing; cp1252 nearly always does.
        guess = _guess(sample)
        return guess if _decodes(self.path, guess) else "cp1252"

    def _shape(self, sample: bytes, encoding: str, separator: str | None) -> Shape:
        text = None
        with suppress(UnicodeError, LookupError):
            text = getincrementaldecoder(lookup(encoding).name)().decode(sample)
        if text is None:
            raise Invalid("the file is not in the encoding that was named", hint="leave it out: it is found out then")
        strange = len(_CONTROL.findall(text))
        if "\0" in text or strange * 10 > len(text):
            raise Invalid("this file is not text", hint="save it as CSV (UTF-8)", code="not-a-table")
        separator = separator or separator_of(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        first: list[list[str]] = []
        begun: list[int] = []
        with suppress(csv.Error):
            while len(first) < HEADER_WITHIN and (cells := next(reader, None)) is not None:
                first.append(cells)
                begun.append(reader.line_num)
        if not any(any(cells) for cells in first):
            raise Invalid("the file holds no rows", hint=KINDS["file-empty"].fix, code="file-empty")
        width = Counter(len(cells) for cells in first if any(cells)).most_common(1)[0][0]
        for at, cells in enumerate(first):
            if len(cells) >= width and sum(map(bool, cells)) * 10 >= width * 6:
                if not is_header(cells):
                    break
                return Shape(encoding=encoding, separator=separator, header=begun[at], columns=names_of(cells))
        raise Invalid(KINDS["header-missing"].cause, hint=KINDS["header-missing"].fix, code="header-missing")

    def _state(self) -> tuple[int, int, int]:
        now = self.path.stat()
        return now.st_ino, now.st_size, now.st_mtime_ns


def _pass(reader: Iterator[list[str]], lines: int) -> None:
    """Read on until the header is behind us; what stands above it may be anything."""
    while getattr(reader, "line_num", lines) < lines:
        try:
            next(reader)
        except csv.Error:
            continue


def _whole(path: Path) -> tuple[str, bool]:
    """SHA-256 of a file, in hex, and whether all of it is UTF-8."""
    made, decoder, utf8 = sha256(), getincrementaldecoder("utf-8")(), True
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            made.update(chunk)
            try:
                if utf8:
                    decoder.decode(chunk)
            except UnicodeDecodeError:
                utf8 = False
    try:
        decoder.decode(b"", final=utf8)
    except UnicodeDecodeError:
        utf8 = False
    return made.hexdigest(), utf8


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(CHUNK):
                pass
    except (UnicodeError, LookupError):
        return False
    return True
