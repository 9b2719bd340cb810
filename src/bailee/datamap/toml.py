"""The map as a text that people edit: read with every problem at once, written in one canonical form.

`write(read(text))` is `text` itself wherever the text is in canonical form, byte for byte; the design's example is.
"""

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from bailee.datamap.categories import THE_PERSON, Category, Records, Sensitivity
from bailee.datamap.fides import USES, known_use
from bailee.datamap.fields import Field, Returns, readable
from bailee.datamap.maps import (
    BUILT_IN_PURPOSES,
    FORMAT,
    LAST4,
    DataMap,
    Lines,
    MapInvalid,
    Problem,
    Step,
    nearest,
)
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
from bailee.datamap.retention import FIELD, LAST_USE, RELATION_END, Keep, Retention, Then
from bailee.datamap.types import TYPES
from bailee.kernel.errors import Invalid

W = TypeVar("W", bound=StrEnum)
V = TypeVar("V")

SIZE: Final = 1024 * 1024
DEEP: Final = 10

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PURPOSE_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_PLACE: Final = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def read(text: str) -> DataMap:
    """Read a map; what it says is checked for form here, and for sense by `lint`.

    Args:
        text: TOML 1.0, at most 1 MiB.

    Raises:
        MapInvalid: with every problem found, by line.

    """
    if len(text.encode(errors="replace")) > SIZE:
        raise MapInvalid((Problem("toml", None, "the map is larger than 1 MiB", "leave values out: a map has none"),))
    try:
        raw = tomllib.loads(text)
        deep = _depth(raw) > DEEP
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MapInvalid((_not_toml(error),)) from error
    if deep:
        raise MapInvalid((Problem("toml", None, "tables are nested too deeply", "follow the sample maps"),))
    reading = _Reading(positions(text))
    made = _map(_Table(reading, (), raw))
    _references(reading, made)
    if reading.problems:
        raise MapInvalid(tuple(sorted(reading.problems, key=lambda problem: problem.line or 0)))
    return made


def _not_toml(error: Exception) -> Problem:
    found = re.search(r"\(at line ([0-9]+), column [0-9]+\)", str(error))
    says = (
        str(error).split(" (at ", maxsplit=1)[0] if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply"
    )
    return Problem("toml", int(found[1]) if found else None, f"this is not TOML: {says}", "see toml.io for the syntax")


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(part) for part in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(part) for part in value), default=0)
    return 0


class _Reading:
    """What has been found so far."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.problems: list[Problem] = []

    def report(self, code: str, path: tuple[Step, ...], says: str, fix: str) -> None:
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        self.problems.append(Problem(code, line, says, fix))


class _Table:
    """A table of the text: gives its keys out once each, and reports those that nobody asked for."""

    def __init__(self, reading: _Reading, path: tuple[Step, ...], raw: Mapping[str, Any]) -> None:
        self.reading, self.path, self.raw = reading, path, raw
        self.known: set[str] = set()

    @property
    def name(self) -> str:
        return ".".join(str(step + 1 if isinstance(step, int) else step) for step in self.path) or "the map"

    def wrong(self, key: str, says: str, fix: str, code: str = "value-wrong") -> None:
        self.reading.report(code, (*self.path, key), f"{self.name}: {key} {says}", fix)

    def get(self, key: str, kind: type[V], says: str, *, needed: bool = False) -> V | None:
        self.known.add(key)
        value = self.raw.get(key)
        if value is None:
            if needed:
                self.reading.report("key-missing", self.path, f"{self.name} has no {key}", f"add {key} = …")
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.wrong(key, f"is not {says}", f"write {says}")
            return None
        return value

    def text(
        self, key: str, *, needed: bool = False, shape: re.Pattern[str] | None = None, like: str = ""
    ) -> str | None:
        value = self.get(key, str, "a text", needed=needed)
        if value is None:
            return None
        if not value.strip() or len(value) > 1000:
            self.wrong(key, "is empty or longer than 1,000 signs", "write a short text")
            return None
        if shape and not shape.fullmatch(value):
            self.wrong(key, f"does not look like {like}", f"write it like {like}")
            return None
        return value

    def texts(self, key: str, *, shape: re.Pattern[str] | None = None, like: str = "") -> tuple[str, ...] | None:
        values = self.get(key, list, "a list of texts")
        if values is None:
            return None
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.wrong(key, "is not a list of texts", 'write it like ["one", "two"]')
            return None
        if shape and not all(shape.fullmatch(value) for value in values):
            self.wrong(key, f"holds something that does not look like {like}", f"write each like {like}")
            return None
        if len(set(values)) < len(values):
            self.wrong(key, "says something twice", "say it once", "twice")
        return tuple(dict.fromkeys(values))

    def word(self, key: str, kind: type[W], *, needed: bool = False) -> W | None:
        value = self.text(key, needed=needed)
        if value is None:
            return None
        if value in {str(word) for word in kind}:
            return kind(value)
        self._unknown(key, value, kind)
        return None

    def one_of(self, key: str, words: Iterable[str], *, needed: bool = False) -> str | None:
        value = self.text(key, needed=needed)
        if value is None or value in words:
            return value
        self._unknown(key, value, words)
        return None

    def _unknown(self, key: str, value: str, words: Iterable[str]) -> None:
        known = [str(word) for word in words]
        meant = nearest(value, known)
        fix = f'did you mean "{meant}"?' if meant else f"one of: {', '.join(known[:12])}"
        self.wrong(key, f'knows no "{value}"', fix, "word-unknown")

    def yes(self, key: str) -> bool:
        return bool(self.get(key, bool, "true or false"))

    def number(self, key: str, low: int, high: int) -> int | None:
        value = self.get(key, int, "a whole number")
        if value is not None and not low <= value <= high:
            self.wrong(key, f"is not between {low:,} and {high:,}", "check the number")
            return None
        return value

    def day(self, key: str) -> date | None:
        value = self.get(key, date, "a date without quotes, such as 2026-02-01")
        if isinstance(value, datetime):
            self.wrong(key, "is a time, not a date", "write it like 2026-02-01")
            return None
        return value

    def table(self, key: str, *, needed: bool = False) -> "_Table | None":
        value = self.get(key, dict, "a table", needed=needed)
        return None if value is None else _Table(self.reading, (*self.path, key), value)

    def tables(self, key: str) -> list["_Table"]:
        """The tables of a list."""
        values = self.get(key, list, "a list of tables") or []
        if not all(isinstance(value, dict) for value in values):
            self.wrong(key, "is not a list of tables", "write it like [{ … }, { … }]")
            return []
        return [_Table(self.reading, (*self.path, key, place), value) for place, value in enumerate(values)]

    def named(self, key: str, shape: re.Pattern[str] | None) -> list[tuple[str, "_Table"]]:
        """The tables below a key, by their own keys."""
        inside = self.table(key)
        found = [(name, inside.table(name)) for name in inside.raw] if inside else []
        for name, _ in found:
            if inside and shape and not shape.fullmatch(name):
                inside.wrong(name, "is not a key", "small letters, digits and _, beginning with a letter", "key-shape")
        return [(name, table) for name, table in found if table]

    def done(self) -> None:
        """Report what nobody asked for: a misspelt key must not pass for a setting."""
        for key in self.raw:
            if key not in self.known:
                meant = nearest(key, self.known)
                fix = f"did you mean {meant}?" if meant else f"known here: {', '.join(sorted(self.known))}"
                self.reading.report("key-unknown", (*self.path, key), f"{self.name} knows no key {key}", fix)


def _map(top: _Table) -> DataMap:
    top.one_of("format", (FORMAT,), needed=True)
    retention = tuple(rule for table in top.tables("retention") if (rule := _retention(table)))
    recipients = tuple(other for table in top.tables("recipients") if (other := _recipient(table)))
    systems = tuple(system for table in top.tables("systems") if (system := _system(table)))
    organisation = top.table("organisation", needed=True)
    extras = top.table("extras")
    made = DataMap(
        organisation=_organisation(organisation)
        if organisation
        else Organisation(name="", contact="", establishments=()),
        purposes=tuple(_purpose(key, table) for key, table in top.named("purposes", _PURPOSE_KEY)),
        categories=tuple(_category(key, table) for key, table in top.named("categories", _KEY)),
        retention=retention,
        recipients=recipients,
        systems=systems,
        extras=tuple((key, extras.text(key) or "") for key in extras.raw) if extras else (),
        lines=MappingProxyType(top.reading.lines),
    )
    top.done()
    return made


def _organisation(table: _Table) -> Organisation:
    made = Organisation(
        name=table.text("name", needed=True) or "",
        address=table.text("address"),
        contact=table.text("contact", needed=True) or "",
        dpo=table.text("dpo"),
        representative=table.text("representative"),
        establishments=table.texts("establishments", shape=_PLACE, like="US-OR or IE") or (),
        time_zone=table.text("time_zone", shape=re.compile(r"[A-Za-z0-9_+/-]{1,64}"), like="Europe/Dublin"),
        staff=table.number("staff", 0, 10_000_000),
        revenue_usd=table.number("revenue_usd", 0, 10**15),
        sale_revenue_pct=table.number("sale_revenue_pct", 0, 100),
        hipaa=table.word("hipaa", Hipaa) or Hipaa.NONE,
        acts_for=table.texts("acts_for") or (),
    )
    if not table.raw.get("establishments"):
        table.reading.report(
            "key-missing",
            table.path,
            "organisation has no establishments",
            'say where it sits: establishments = ["US-OR"]',
        )
    table.done()
    return made


def _purpose(key: str, table: _Table) -> Purpose:
    if key in BUILT_IN_PURPOSES:
        table.reading.report("key-taken", table.path, f"purpose {key} is built in", "choose another key")
    made = Purpose(
        key=key,
        title=table.text("title", needed=True) or "",
        use=table.text("use", needed=True) or "",
        basis=table.word("basis", Basis),
        special=table.word("special", Special),
        text=table.text("text"),
        balance=table.text("balance"),
        law=table.text("law"),
        survives_restriction=table.yes("survives_restriction"),
    )
    if made.use and not known_use(made.use):
        meant = nearest(made.use, USES)
        table.wrong(
            "use",
            f'knows no "{made.use}"',
            f'did you mean "{meant}"?' if meant else "take a data use of the taxonomy",
            "word-unknown",
        )
    table.done()
    return made


def _category(key: str, table: _Table) -> Category:
    made = Category(
        key=key,
        fides=table.text("fides"),
        title=table.text("title") or readable(key),
        sensitivity=table.word("sensitivity", Sensitivity) or Sensitivity.ORDINARY,
        subjects=_or(table.texts("subjects"), ("customer",)),
        purposes=table.texts("purposes") or (),
        source=table.text("source") or THE_PERSON,
        records=table.word("records", Records) or Records.MANY,
        fields=tuple(_field(f"{key}.{name}", inside) for name, inside in table.named("fields", _KEY)),
    )
    if not made.fields:
        table.wrong("fields", "are missing", "say what is held", "key-missing")
    cards = [field for field in made.fields if field.type == "card.number"]
    for field in cards[1:]:
        table.reading.report(
            "value-wrong",
            (*table.path, "fields", field.name),
            f"{key} has two card numbers",
            "one card is one record: keep several records",
        )
    table.done()
    return made


def _or(given: tuple[str, ...] | None, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """An empty list was said on purpose; only silence takes the default."""
    return otherwise if given is None else given


def _field(key: str, table: _Table) -> Field:
    kind = TYPES.get(table.one_of("type", TYPES, needed=True) or "")
    index = (table.raw["index"],) if isinstance(table.raw.get("index"), str) else None
    if index:
        table.known.add("index")
    made = Field(
        key=key,
        type=kind.key if kind else "text",
        title=table.text("title"),
        system=table.text("system"),
        currency=table.text("currency", shape=_CURRENCY, like="USD"),
        choices=table.texts("choices") or (),
        max_mb=table.number("max_mb", 1, 1024),
        fides=table.text("fides"),
        mask=table.text("mask"),
        index=index or table.texts("index") or (),
        expected=table.number("expected", 1, 10**12),
        leak_accepted=table.yes("leak_accepted"),
        locates=table.yes("locates"),
        token=table.yes("token"),
        region=table.text("region", shape=_COUNTRY, like="US"),
        clock=table.yes("clock"),
        returns=table.word("returns", Returns) or Returns.YES,
        may_name_others=table.yes("may_name_others"),
        may_hold=table.texts("may_hold") or (),
    )
    if kind:
        _fits(made, table)
    table.done()
    return made


def _fits(field: Field, table: _Table) -> None:
    """What a type allows: a mask that fits it, an index that can be made of it, the keys that mean something."""
    kind = field.kind
    if field.mask and field.mask not in kind.masks:
        table.wrong(
            "mask", f'"{field.mask}" does not fit {kind.key}', f"one of: {', '.join(kind.masks)}", "word-unknown"
        )
    for word in field.index:
        if word not in kind.indexes:
            fix = f"one of: {', '.join(kind.indexes)}" if kind.indexes else f"{kind.key} is never indexed: drop index"
            table.wrong("index", f'"{word}" does not fit {kind.key}', fix, "word-unknown")
    if {"unique", "exact"} <= set(field.index):
        table.wrong("index", 'holds "unique" and "exact"', '"unique" finds equals too: drop "exact"')
    meant = {
        "currency": ("money",),
        "choices": ("choice",),
        "system": ("code",),
        "max_mb": ("file",),
        "token": ("card.number",),
        "clock": ("date", "date.birth"),
        "region": ("phone", "id.national", "id.tax", "id.passport", "id.driver", "id.health_insurance"),
    }
    for key, types in meant.items():
        if table.raw.get(key) and kind.key not in types:
            table.wrong(key, f"means nothing for {kind.key}", f"drop it, or take the type {types[0]}")


def _retention(table: _Table) -> Retention | None:
    category, then = table.text("category", needed=True), table.word("then", Then, needed=True)
    made = Retention(
        category=category or "",
        purpose=table.text("purpose"),
        after=table.text("after", needed=True) or LAST_USE,
        keep=table.text("keep", needed=True) or "P1Y",
        then=then or Then.REVIEW,
        keep_fields=table.texts("keep_fields") or (),
        because=table.text("because"),
        beats_erasure=table.yes("beats_erasure"),
    )
    if made.field is None and made.after not in {LAST_USE, RELATION_END}:
        fix = f"one of: {LAST_USE}, {RELATION_END}, {FIELD}name of a date"
        table.wrong("after", f'knows no "{made.after}"', fix, "word-unknown")
    try:
        Keep.parse(made.keep)
    except Invalid as error:
        table.wrong("keep", "is no length of time", error.hint)
    if made.keep_fields and then not in {Then.ANONYMISE, None}:
        table.wrong("keep_fields", "is for anonymise only", 'drop it, or write then = "anonymise"')
    table.done()
    return made if category else None


def _recipient(table: _Table) -> Recipient | None:
    id_, role = table.text("id", needed=True, shape=_KEY, like="parcel"), table.word("role", Part, needed=True)
    made = Recipient(
        id=id_ or "",
        name=table.text("name", needed=True) or "",
        role=role or Part.PROCESSOR,
        country=table.text("country", needed=True, shape=_COUNTRY, like="US") or "",
        categories=table.texts("categories") or (),
        purposes=table.texts("purposes") or (),
        contract=_contract(inside) if (inside := table.table("contract")) else None,
        transfer=table.word("transfer", Transfer),
        sub_processors=table.texts("sub_processors") or (),
    )
    table.done()
    return made if id_ else None


def _contract(table: _Table) -> Contract:
    made = Contract(kind=table.text("kind", needed=True) or "", signed=table.day("signed"), file=table.text("file"))
    table.done()
    return made


def _system(table: _Table) -> System | None:
    id_, kind = table.text("id", needed=True, shape=_KEY, like="oldshop"), table.word("kind", Reach, needed=True)
    made = System(
        id=id_ or "",
        kind=kind or Reach.TASK,
        secret=table.text("secret"),
        country=table.text("country", shape=_COUNTRY, like="US"),
        tables=tuple(_system_table(name, inside) for name, inside in table.named("tables", None)),
    )
    table.done()
    return made if id_ else None


def _system_table(name: str, table: _Table) -> SystemTable:
    columns = table.table("fields")
    made = SystemTable(
        name=name,
        subject=table.text("subject", needed=True) or "",
        fields=tuple((column, columns.text(column) or "") for column in columns.raw) if columns else (),
        ignore=table.texts("ignore") or (),
    )
    table.done()
    return made


def _references(reading: _Reading, made: DataMap) -> None:
    """Every key that is named must exist, and every key that names something must be the only one."""
    purposes = {purpose.key for purpose in made.purposes}
    categories = {category.key: category for category in made.categories}
    fields = {field.key: field for field in made.fields}

    def must(words: Iterable[str], known: Iterable[str], what: str, *path: Step) -> None:
        for word in words:
            if word and word not in known:
                meant = nearest(word, known)
                fix = f"did you mean {meant}?" if meant else f"declare {what} {word}, or drop it"
                reading.report("reference-unknown", path, f"there is no {what} {word}", fix)

    def once(keys: list[object], where: str, what: str) -> None:
        for place, key in enumerate(keys):
            if key in keys[:place]:
                reading.report("twice", (where, place), f"{what} is declared twice", "keep one of them")

    for category in made.categories:
        path = ("categories", category.key)
        must(category.purposes, purposes, "purpose", *path, "purposes")
        for field in category.fields:
            must(field.may_hold, categories, "category", *path, "fields", field.name, "may_hold")
        source = category.key.removesuffix(LAST4)
        if source != category.key and source in categories:
            number = next((field for field in categories[source].fields if field.type == "card.number"), None)
            if number:
                says = f"{category.key} is the place of the last digits of {number.key}"
                reading.report("key-taken", path, says, "choose another key")
    for place, rule in enumerate(made.retention):
        must((rule.category,), categories, "category", "retention", place, "category")
        must((rule.purpose,) if rule.purpose else (), purposes, "purpose", "retention", place, "purpose")
        if rule.category in categories:
            names = {field.name for field in categories[rule.category].fields}
            must(rule.keep_fields, names, f"field of {rule.category} called", "retention", place, "keep_fields")
    for place, recipient in enumerate(made.recipients):
        must(recipient.categories, categories, "category", "recipients", place, "categories")
        must(recipient.purposes, purposes, "purpose", "recipients", place, "purposes")
    parts = {f"{key}.{part}" for key, field in fields.items() for part in field.kind.parts}
    for place, system in enumerate(made.systems):
        for table in system.tables:
            for column, key in table.fields:
                must((key,), fields.keys() | parts, "field", "systems", place, "tables", table.name, "fields", column)
    once(
        [(rule.category, rule.purpose) for rule in made.retention], "retention", "a rule for this category and purpose"
    )
    once([recipient.id for recipient in made.recipients], "recipients", "this recipient")
    once([system.id for system in made.systems], "systems", "this system")


# -- where things stand


def positions(text: str) -> dict[tuple[Step, ...], int]:
    """Find the line of every key and list item of a TOML text that `tomllib` accepts."""
    return _Places(text).lines


_SPACE: Final = re.compile(r"[ \t]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:\\.|[^"\\])*"' + r"|'[^']*'", re.DOTALL
)
_PLAIN: Final = re.compile(r"[^,\]}\n#]*")


class _Places:
    """Walks the text once; lenient, because the parser has already refused what is not TOML."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[tuple[Step, ...], int] = {}
        self._ends = [place for place, sign in enumerate(text) if sign == "\n"]
        self._items: dict[tuple[Step, ...], int] = {}
        inside: tuple[Step, ...] = ()
        self._skip(_GAP)
        while self.at < len(text):
            if text[self.at] == "[":
                inside = self._header()
            else:
                self._pair(inside)
            self._skip(_GAP)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def _note(self, path: tuple[Step, ...], at: int) -> None:
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], self._line(at))

    def _line(self, at: int) -> int:
        return bisect_right(self._ends, at - 1) + 1

    def _name(self) -> list[str]:
        """A key with its dots."""
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = self.text[self.at] in "\"'"
            raw = self._skip(_STRING if quoted else _BARE)
            names.append(tomllib.loads(f"key = {raw}")["key"] if quoted else raw)
            self._skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return names
            self.at += 1

    def _header(self) -> tuple[Step, ...]:
        begun, many = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        names = self._name()
        self.at += 2 if many else 1
        path: tuple[Step, ...] = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self._items:
                path = (*path, self._items[path])
        path = (*path, names[-1])
        if many:
            self._items[path] = self._items.get(path, -1) + 1
            self._note(path, begun)
            path = (*path, self._items[path])
        self._note(path, begun)
        self.lines[path] = self._line(begun)  # beats the line where a table inside it came first
        return path

    def _pair(self, inside: tuple[Step, ...]) -> None:
        begun = self.at
        path = (*inside, *self._name())
        self._note(path, begun)
        self.at += 1
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: tuple[Step, ...]) -> None:
        match self.text[self.at]:
            case "[":
                self.at += 1
                place = 0
                while self._more("]"):
                    self._note((*path, place), self.at)
                    self._value((*path, place))
                    place += 1
            case "{":
                self.at += 1
                while self._more("}"):
                    self._pair(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_PLAIN)

    def _more(self, end: str) -> bool:
        """Step to the next item, or over the end."""
        self._skip(_GAP)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(_GAP)
        if self.text[self.at] == end:
            self.at += 1
            return False
        return True


# -- writing


def write(made: DataMap) -> str:
    """Write a map in its canonical form: keys in one order, what equals its default left out, no blank lines."""
    lines = [f"format = {_literal(FORMAT)}"]
    lines += _list("retention", [_retention_pairs(rule) for rule in made.retention])
    lines += _list("recipients", [_recipient_pairs(recipient) for recipient in made.recipients])
    lines += _list("systems", [_system_pairs(system) for system in made.systems])
    lines += ["[organisation]", *_pairs(_organisation_pairs(made.organisation))]
    if made.purposes:
        lines += [
            "[purposes]",
            *(f"{_key(purpose.key)} = {_inline(_purpose_pairs(purpose))}" for purpose in made.purposes),
        ]
    for category in made.categories:
        lines += [f"[categories.{_key(category.key)}]", *_pairs(_category_pairs(category))]
        lines += [f"[categories.{_key(category.key)}.fields]"] if category.fields else []
        lines += [f"{_key(field.name)} = {_inline(_field_pairs(field))}" for field in category.fields]
    if made.extras:
        lines += ["[extras]", *_pairs(dict(made.extras))]
    return "\n".join(lines) + "\n"


_Pairs = Mapping[str, Any]


def _organisation_pairs(made: Organisation) -> _Pairs:
    return {
        "name": made.name,
        "address": made.address,
        "contact": made.contact,
        "dpo": made.dpo,
        "representative": made.representative,
        "establishments": made.establishments,
        "time_zone": made.time_zone,
        "staff": made.staff,
        "revenue_usd": made.revenue_usd,
        "sale_revenue_pct": made.sale_revenue_pct,
        "hipaa": made.hipaa if made.hipaa is not Hipaa.NONE else None,
        "acts_for": made.acts_for or None,
    }


def _purpose_pairs(made: Purpose) -> _Pairs:
    return {
        "title": made.title,
        "use": made.use,
        "basis": made.basis,
        "special": made.special,
        "text": made.text,
        "balance": made.balance,
        "law": made.law,
        "survives_restriction": made.survives_restriction or None,
    }


def _category_pairs(made: Category) -> _Pairs:
    return {
        "fides": made.fides,
        "title": made.title,
        "sensitivity": made.sensitivity if made.sensitivity is not Sensitivity.ORDINARY else None,
        "subjects": made.subjects if made.subjects != ("customer",) else None,
        "purposes": made.purposes or None,
        "source": made.source if made.source != THE_PERSON else None,
        "records": made.records if made.records is not Records.MANY else None,
    }


def _field_pairs(made: Field) -> _Pairs:
    return {
        "type": made.type,
        "title": made.title,
        "system": made.system,
        "currency": made.currency,
        "choices": made.choices or None,
        "max_mb": made.max_mb,
        "fides": made.fides,
        "mask": made.mask,
        "index": (made.index[0] if len(made.index) == 1 else made.index) or None if made.index else None,
        "expected": made.expected,
        "leak_accepted": made.leak_accepted or None,
        "locates": made.locates or None,
        "token": made.token or None,
        "region": made.region,
        "clock": made.clock or None,
        "returns": made.returns if made.returns is not Returns.YES else None,
        "may_name_others": made.may_name_others or None,
        "may_hold": made.may_hold or None,
    }


def _retention_pairs(made: Retention) -> _Pairs:
    return {
        "category": made.category,
        "purpose": made.purpose,
        "after": made.after,
        "keep": made.keep,
        "then": made.then,
        "keep_fields": made.keep_fields or None,
        "because": made.because,
        "beats_erasure": made.beats_erasure or None,
    }


def _recipient_pairs(made: Recipient) -> _Pairs:
    contract = made.contract
    return {
        "id": made.id,
        "name": made.name,
        "role": made.role,
        "country": made.country,
        "categories": made.categories or None,
        "purposes": made.purposes or None,
        "contract": {"kind": contract.kind, "signed": contract.signed, "file": contract.file} if contract else None,
        "transfer": made.transfer,
        "sub_processors": made.sub_processors or None,
    }


def _system_pairs(made: System) -> _Pairs:
    tables = {
        table.name: {"subject": table.subject, "fields": dict(table.fields) or None, "ignore": table.ignore or None}
        for table in made.tables
    }
    return {
        "id": made.id, "kind": made.kind, "secret": made.secret, "country": made.country, "tables": tables or None
    }  # fmt: skip


def _pairs(pairs: _Pairs) -> list[str]:
    return [f"{_key(key)} = {_literal(value)}" for key, value in pairs.items() if value is not None]


def _list(key: str, items: list[_Pairs]) -> list[str]:
    """One item on the line of its key, several on a line each."""
    if len(items) > 1:
        return [f"{key} = [", *(f"  {_inline(item)}," for item in items), "]"]
    return [f"{key} = [{_inline(item)}]" for item in items]


def _inline(pairs: _Pairs) -> str:
    inside = ", ".join(_pairs(pairs))
    return f"{{ {inside} }}" if inside else "{}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _literal(key)


def _literal(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:_}" if abs(value) >= 10_000 else str(value)
        case date():
            return value.isoformat()
        case dict():
            return _inline(value)
        case tuple():
            return f"[{', '.join(_literal(item) for item in value)}]"
        case _:
            # TOML's basic string is JSON's, but for U+007F.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
