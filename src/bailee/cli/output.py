"""How a command speaks: data to stdout as a table, JSON or bare words; everything else to stderr."""

import json
import os
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from bailee.kernel import ids
from bailee.kernel.clock import iso
from bailee.kernel.recorded import EntryRef
from bailee.kernel.secret import Secret

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH: Final = 80
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_TIMES: Final = frozenset({"at", "since", "until", "review_on", "begun", "ended", "opened", "activated_at", "started"})
_ID: Final = 16


def safe(text: str) -> str:
    """Show control signs instead of obeying them: a stored value must not steer the terminal or reverse its text."""
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def plain(value: object, name: str = "") -> Any:  # noqa: ANN401 - JSON
    """Turn a result into what JSON knows: ids in the usual form, times as RFC 3339, secrets never."""
    if isinstance(value, Secret):
        return None
    if isinstance(value, EntryRef):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name), one.name) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return ids.text(value) if len(value) == _ID else urlsafe_b64encode(value).decode().rstrip("=")
    if isinstance(value, Mapping):
        return {str(key): plain(part, str(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(part) for part in value)
    if isinstance(value, int) and name in _TIMES and not isinstance(value, bool):
        return iso(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def words(value: object) -> str:
    """Write one cell of a table."""
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(words(part) for part in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(part)}" for key, part in value.items())
    return safe(str(value))


def day(written: str | None) -> str:
    """Shorten an RFC 3339 time to what a list needs."""
    return (written or "-").replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00")


def encode(data: object) -> str:
    """One line of JSON; signs that steer a terminal are escaped."""
    line = json.dumps(data, ensure_ascii=False, separators=(", ", ": "))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


@dataclass
class Out:
    """One command's mouth."""

    as_json: bool = False
    quiet: bool = False

    @cached_property
    def _data(self) -> "Console":
        return _console(err=False)

    @cached_property
    def words(self) -> "Console":
        """The console on stderr, for words and progress."""
        return _console(err=True)

    def say(self, text: str) -> None:
        """A word to the person in front; silent with --quiet and --json."""
        if not (self.quiet or self.as_json):
            self.words.print(safe(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A word that matters even with --quiet; with --json it is a line of JSON on stderr."""
        if self.as_json:
            sys.stderr.write(encode({"warning": text}) + "\n")
        else:
            self.words.print(f"note: {safe(text)}", soft_wrap=True, style="yellow")

    def line(self, text: str) -> None:
        """One line of data."""
        sys.stdout.write(safe(text) + "\n")

    def mark(self, sign: str, style: str, text: str) -> None:
        """A line of data behind a coloured word."""
        from rich.text import Text  # noqa: PLC0415 - as above

        self._data.print(Text.assemble((sign, style), "  ", safe(text)), soft_wrap=True)

    def text(self, text: str) -> None:
        """Data of several lines as they are: a map, a proof, a receipt."""
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")

    def json(self, data: object) -> None:
        """One JSON object, on one line."""
        sys.stdout.write(encode(data) + "\n")

    def one(self, data: Mapping[str, Any], *, title: str = "", main: str = "") -> None:
        """One thing: label and value under each other; `main` names what --quiet leaves."""
        if self.as_json:
            self.json(data)
        elif self.quiet:
            if main:
                self.line(words(data.get(main)))
        else:
            if title:
                self.heading(title)
            self.pairs([(key.replace("_", " "), words(value)) for key, value in data.items()])

    def heading(self, text: str) -> None:
        self._data.print(safe(text), style="bold", soft_wrap=True)

    def pairs(self, pairs: Sequence[tuple[str, str]], *, indent: int = 0) -> None:
        """Labels and values, aligned; a long value is never cut, so that it can be copied."""
        from rich.text import Text  # noqa: PLC0415 - rich costs 70 ms that --version must not pay

        width = max((len(label) for label, _ in pairs), default=0)
        for label, value in pairs:
            line = Text.assemble(" " * indent, (safe(label).ljust(width), "dim"), "  ", value)
            line.rstrip()
            self._data.print(line, soft_wrap=True)

    def rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Mapping[str, str],
        *,
        empty: str,
        right: Iterable[str] = (),
        cells: Iterable[Mapping[str, Any]] | None = None,
    ) -> None:
        """A list: JSON Lines of whole rows, the first column with --quiet, else a table.

        Args:
            rows: what JSON shows, with stable keys.
            columns: key → heading of what the table shows.
            empty: what to do next if there is nothing.
            right: columns of numbers.
            cells: the rows as a person reads them, where that differs.

        """
        kept = list(rows)
        if self.as_json:
            for row in kept:
                self.json(row)
            return
        first = next(iter(columns))
        if self.quiet:
            for row in kept:
                self.line(words(row.get(first)))
            return
        if not kept:
            self.say(empty)
            return
        from rich.table import Table  # noqa: PLC0415 - rich costs 70 ms that --version must not pay
        from rich.text import Text  # noqa: PLC0415 - as above

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for key, heading in columns.items():
            table.add_column(heading, overflow="fold", justify="right" if key in right else "left")
        for row in cells if cells is not None else kept:
            table.add_row(*(Text(words(row.get(key))) for key in columns))
        self._put(table)

    def _put(self, made: "Table") -> None:
        """Print a table without the blanks that fill its last column."""
        with self._data.capture() as capture:
            self._data.print(made)
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))

    @staticmethod
    def help(text: str) -> None:
        """Help that was not asked for."""
        sys.stderr.write(f"{text}\n")

    def refuse(self, what: str, hint: str, code: str, status: int) -> None:
        """An error: what, and what to do; with --json one object on stderr."""
        if self.as_json:
            sys.stderr.write(encode({"code": code, "detail": what, "hint": hint, "exit": status}) + "\n")
            return
        from rich.text import Text  # noqa: PLC0415 - as above

        line = Text.assemble(("error: ", "bold red"), safe(what))
        self.words.print(line, soft_wrap=True)
        if hint:
            self.words.print(Text.assemble(("  try: ", "dim"), safe(hint)), soft_wrap=True)


def _console(*, err: bool) -> "Console":
    """No colour in pipes or with NO_COLOR; 80 columns without a terminal."""
    from rich.console import Console  # noqa: PLC0415 - as above

    stream = sys.stderr if err else sys.stdout
    terminal = stream.isatty()
    return Console(
        file=stream,
        width=None if terminal else WIDTH,
        color_system="auto" if terminal and not os.environ.get("NO_COLOR") else None,
        force_terminal=terminal,
        highlight=False,
        emoji=False,
        markup=False,
    )
