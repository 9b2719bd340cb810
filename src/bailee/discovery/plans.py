"""The plan of an import, `bailee-plan-1`: which column goes where and which stays out, and why. No value is in it."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import tomlkit
from tomlkit.items import InlineTable

from bailee.datamap.categories import Records
from bailee.datamap.compile import CompiledField, CompiledMap
from bailee.datamap.maps import nearest
from bailee.datamap.outside import Catalogue, Kind, schema_digest
from bailee.discovery.headers import is_security_code
from bailee.kernel.errors import HouseError, Invalid

FORMAT: Final = "bailee-plan-1"
LONGEST: Final = 1 << 20

# -- words


class About(StrEnum):
    """Whom the rows of a table are about: a customer each, or something that belongs to one."""

    CUSTOMER = "customer"
    BELONGS = "belongs"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSource:
    """What a plan was made for.

    `id` is part of every row's identity: a source that moves keeps it. `schema` pins tables, columns and types.
    """

    id: str
    kind: Kind
    where: str
    schema: str
    encoding: str | None = None
    separator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one column goes: `to` a field or a part of one, or nowhere, which `ignore` says why.

    `join` is the text between columns that go to one field together. `ask` is a question nobody has answered yet.
    """

    to: str | None = None
    join: str | None = None
    ignore: str | None = None
    ask: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """A table that is brought in. `subject` is the column that holds the key of the row of `of` it belongs to."""

    name: str
    about: About
    key: tuple[str, ...]
    subject: str | None = None
    of: str | None = None
    columns: Mapping[str, Route]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole plan; `ignored` gives a reason for each table that stays out."""

    source: PlanSource
    tables: tuple[TablePlan, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> TablePlan | None:
        return next((one for one in self.tables if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a plan: where, what, and how to put it right."""

    where: str
    says: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


class PlanInvalid(Invalid):
    """A plan can't be carried out; it carries every flaw, not only the first."""

    slug = "plan-mismatch"

    def __init__(self, flaws: tuple[Flaw, ...], code: str | None = None) -> None:
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        super().__init__(f"{flaws[0]}{more}", hint=flaws[0].fix, code=code)
        self.flaws = flaws

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.flaws, self.code))


@dataclass(frozen=True, slots=True)
class Target:
    """The field that a column fills, or the part of it."""

    field: CompiledField
    part: str | None = None


# -- rules


def digest(plan: Plan) -> bytes:
    """Pin a plan by its own text, as `write` writes it."""
    return sha256(write(plan).encode()).digest()


def target(to: str, compiled: CompiledMap) -> Target:
    """Find the field or part that a plan names, such as `contact.email` or `contact.address.city`.

    Raises:
        Invalid: `field-unknown`, or another refusal of the map.

    """
    whole, _, part = to.rpartition(".")
    found = compiled.fields.get(whole)
    if found is not None and part in found.type.parts:
        return Target(found, part)
    return Target(compiled.resolve(to))


def fits(plan: Plan, catalogue: Catalogue) -> tuple[str, ...]:
    """Every difference between what a plan was made for and what is there; empty if it fits."""
    said: list[str] = []
    if plan.source.kind is not catalogue.kind:
        said.append(f"the plan is for {plan.source.kind}, this is {catalogue.kind}")
    there = {table.name: table for table in catalogue.tables}
    planned = {table.name for table in plan.tables} | plan.ignored.keys()
    said += [
        f"table {name} may not be read" if name in catalogue.unseen else f"table {name} is gone"
        for name in sorted(planned - there.keys())
    ]
    said += [f"table {name} is new" for name in sorted(there.keys() - planned)]
    for table in plan.tables:
        if (real := there.get(table.name)) is not None:
            columns = {column.name for column in real.columns}
            said += [f"column {table.name}.{name} is gone" for name in sorted(table.columns.keys() - columns)]
            said += [f"column {table.name}.{name} is new" for name in sorted(columns - table.columns.keys())]
    if not said and plan.source.schema != schema_digest(catalogue):
        said.append("a type of a column, or a column of a table that stays out, has changed")
    return tuple(said)


def must_fit(plan: Plan, catalogue: Catalogue) -> None:
    """Refuse a source that the plan was not made for.

    Raises:
        PlanInvalid: `plan-mismatch`, with every difference.

    """
    found = fits(plan, catalogue)
    if found:
        raise PlanInvalid(
            tuple(Flaw("the source", one, "make the plan anew, or put it right by hand") for one in found)
        )


def lint(plan: Plan, compiled: CompiledMap, catalogue: Catalogue | None = None) -> tuple[Flaw, ...]:
    """Everything that keeps a plan from being carried out under a data map, and over a source if that is at hand."""
    found: list[Flaw] = []
    if not any(table.about is About.CUSTOMER for table in plan.tables):
        found.append(Flaw("tables", "no table is about customers", 'give one about = "customer"'))
    for table in plan.tables:
        found += _lint_table(plan, table, compiled)
    if catalogue is not None:
        fix = "write it into the plan, or make the plan anew"
        found += [Flaw("the source", one, fix) for one in fits(plan, catalogue)]
    return tuple(found)


def must_stand(plan: Plan, compiled: CompiledMap) -> None:
    """Refuse a plan that `lint` finds a flaw in.

    Raises:
        PlanInvalid: `cvc-refused` if a card's security code would go anywhere, else `plan-mismatch`.

    """
    found = lint(plan, compiled)
    if found:
        refused = any(flaw.says.startswith(_NEVER) for flaw in found)
        raise PlanInvalid(found, code="cvc-refused" if refused else None)


_NEVER: Final = "a card's security code is never stored"


def _lint_table(plan: Plan, table: TablePlan, compiled: CompiledMap) -> Iterator[Flaw]:
    where = table.name
    if table.name in plan.ignored:
        yield Flaw(where, "is both brought in and ignored", "take it out of [ignore_tables]")
    if not table.key:
        yield Flaw(where, "has no key", "name the column or columns that tell its rows apart")
    for one in (*table.key, *filter(None, [table.subject])):
        if one not in table.columns:
            near = nearest(one, table.columns)
            yield Flaw(where, f"has no column {one}", f"did you mean {near}?" if near else "name one of its columns")
    yield from _lint_link(plan, table)
    targets: dict[str, list[str]] = {}
    fields: dict[str, set[str | None]] = {}
    for name, column in table.columns.items():
        place = f"{where}.{name}"
        if sum(one is not None for one in (column.to, column.ignore, column.ask)) != 1:
            yield Flaw(place, "says not exactly one of to, ignore, ask", 'write to = "…" or ignore = "why"')
        elif column.ask is not None:
            yield Flaw(place, "is not decided", 'write to = "…" or ignore = "why" in place of ask')
        elif column.ignore is not None and not column.ignore.strip():
            yield Flaw(place, "is ignored without a reason", "say why")
        if column.to is None:
            continue
        if is_security_code(name):
            yield Flaw(place, f"{_NEVER} (PCI DSS 3.3.1)", 'write ignore = "never stored", and delete it there too')
        try:
            found = target(column.to, compiled)
        except HouseError as error:
            yield Flaw(place, f"goes to no field of the data map: {error}", error.hint)
            continue
        yield from _lint_target(place, found, compiled)
        targets.setdefault(column.to, []).append(name)
        fields.setdefault(found.field.key, set()).add(found.part)
    if not fields:
        yield Flaw(where, "brings nothing in", "move it to [ignore_tables] with the reason")
    for to, names in targets.items():
        if len(names) > 1 and any(table.columns[name].join is None for name in names):
            yield Flaw(where, f"{' and '.join(names)} go to {to} both", 'give each of them join = " ", or ignore one')
    for key, parts in fields.items():
        if None in parts and len(parts) > 1:
            yield Flaw(where, f"{key} is filled both whole and in parts", "choose one")


def _lint_link(plan: Plan, table: TablePlan) -> Iterator[Flaw]:
    if table.about is About.CUSTOMER:
        if table.subject is not None or table.of is not None:
            yield Flaw(table.name, "is about customers and belongs to one", "leave out subject and of")
        return
    other = plan.table(table.of or "")
    if table.subject is None or other is None or other.about is not About.CUSTOMER:
        names = [one.name for one in plan.tables if one.about is About.CUSTOMER]
        fix = f'write subject = "column" and of = "{names[0] if names else "table"}"'
        yield Flaw(table.name, "does not say which customer its rows belong to", fix)
    elif len(other.key) != 1:
        yield Flaw(table.name, f"refers to {other.name}, whose key is more than one column", "name a key of one column")


def _lint_target(place: str, found: Target, compiled: CompiledMap) -> Iterator[Flaw]:
    category = compiled.categories[found.field.category]
    if found.field.type.key == "card.cvc":
        yield Flaw(place, f"{_NEVER} (PCI DSS 3.3.1)", 'write ignore = "never stored", and delete it there too')
    elif found.field.type.refused:
        yield Flaw(place, f"{found.field.key} takes no value of a table", "ignore it, and upload files one by one")
    if category.built_in or category.derived_from is not None:
        yield Flaw(place, f"{found.field.key} is filled by the house itself", "choose another field")


def repeated(table: TablePlan, compiled: CompiledMap) -> bool:
    """Tell whether a table of things that belong to customers fills a category of which each has one record only."""
    return table.about is About.BELONGS and any(
        compiled.categories[target(column.to, compiled).field.category].records is Records.ONE
        for column in table.columns.values()
        if column.to is not None
    )


# -- the file


def read(text: str) -> Plan:
    """Read a plan; strict about what it doesn't know.

    Raises:
        PlanInvalid: `plan-invalid`, with every flaw found.

    """
    raw = None
    try:
        raw = tomllib.loads(text) if len(text) <= LONGEST else None
    except (tomllib.TOMLDecodeError, RecursionError):
        raw = None
    if raw is None:
        raise PlanInvalid((Flaw("the plan", "is not TOML, or larger than 1 MiB", "see the example"),), _UNREADABLE)
    reading = _Reading()
    plan = reading.plan(raw)
    if reading.flaws or plan is None:
        raise PlanInvalid(tuple(reading.flaws), _UNREADABLE)
    return plan


_UNREADABLE: Final = "plan-invalid"


class _Reading:
    """Collects what is wrong while it reads."""

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []

    def plan(self, raw: Mapping[str, Any]) -> Plan | None:
        if raw.get("format") != FORMAT:
            self.flaws.append(Flaw("format", "is missing or another", f'write format = "{FORMAT}" first'))
            return None
        self._known(raw, "the plan", {"format", "source", "tables", "ignore_tables"})
        source = self._source(self._part(raw, "source", "the plan"))
        tables = [self._table(name, one) for name, one in self._part(raw, "tables", "the plan").items()]
        ignored = {
            name: self._text(self._part(raw, "ignore_tables", "the plan"), name, "ignore_tables") or ""
            for name in self._part(raw, "ignore_tables", "the plan")
        }
        self.flaws += [
            Flaw(f"ignore_tables.{name}", "has no reason", "say why")
            for name, why in ignored.items()
            if not why.strip()
        ]
        if source is None or not all(tables):
            return None
        return Plan(source=source, tables=tuple(filter(None, tables)), ignored=MappingProxyType(ignored))

    def _source(self, raw: Mapping[str, Any]) -> PlanSource | None:
        where = "source"
        self._known(raw, where, {"id", "kind", "where", "schema", "encoding", "separator"})
        texts = {name: self._text(raw, name, where, needed=True) for name in ("id", "kind", "where", "schema")}
        if any(not text for text in texts.values()):
            return None
        if texts["kind"] not in set(Kind):
            self.flaws.append(Flaw("source.kind", "is unknown", f"one of {', '.join(Kind)}"))
            return None
        encoding, separator = (self._text(raw, name, where) for name in ("encoding", "separator"))
        if separator is not None and len(separator) != 1:
            self.flaws.append(Flaw("source.separator", "is not one character", 'such as ";"'))
        return PlanSource(
            id=texts["id"] or "",
            kind=Kind(texts["kind"] or ""),
            where=texts["where"] or "",
            schema=texts["schema"] or "",
            encoding=encoding,
            separator=separator,
        )

    def _table(self, name: str, raw: object) -> TablePlan | None:
        where = f"tables.{name}"
        if not isinstance(raw, dict):
            self.flaws.append(Flaw(where, "is no table", f"write [{where}]"))
            return None
        self._known(raw, where, {"about", "key", "subject", "of", "columns"})
        about = self._text(raw, "about", where, needed=True)
        if about not in set(About):
            self.flaws.append(Flaw(f"{where}.about", "is unknown", f"one of {', '.join(About)}"))
            return None
        key = raw.get("key", [])
        key = [key] if isinstance(key, str) else key
        if not isinstance(key, list) or not all(isinstance(one, str) for one in key):
            self.flaws.append(Flaw(f"{where}.key", "is no column and no list of columns", 'such as key = "CustomerId"'))
            return None
        columns = {
            column: self._column(f"{where}.columns.{column}", one)
            for column, one in self._part(raw, "columns", where).items()
        }
        return TablePlan(
            name=name,
            about=About(about),
            key=tuple(key),
            subject=self._text(raw, "subject", where),
            of=self._text(raw, "of", where),
            columns=MappingProxyType(columns),
        )

    def _column(self, where: str, raw: object) -> Route:
        if not isinstance(raw, dict):
            self.flaws.append(Flaw(where, "is no table", 'write { to = "…" } or { ignore = "why" }'))
            return Route(ignore="-")
        self._known(raw, where, {"to", "join", "ignore", "ask"})
        to, join, ignore, ask = (self._text(raw, name, where) for name in ("to", "join", "ignore", "ask"))
        return Route(to=to, join=join, ignore=ignore, ask=ask)

    def _part(self, raw: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
        found = raw.get(name, {})
        if isinstance(found, dict):
            return found
        self.flaws.append(Flaw(f"{where}: {name}", "is no table", f"write [{name}]"))
        return {}

    def _text(self, raw: Mapping[str, Any], name: str, where: str, *, needed: bool = False) -> str | None:
        found = raw.get(name)
        if isinstance(found, str) and (found or not needed):
            return found
        if found is not None or needed:
            self.flaws.append(Flaw(f"{where}.{name}", "is no text", f'write {name} = "…"'))
        return None

    def _known(self, raw: Mapping[str, Any], where: str, names: Iterable[str]) -> None:
        self.flaws += [
            Flaw(f"{where}.{name}", "is unknown", f"one of {', '.join(sorted(names))}")
            for name in sorted(raw.keys() - set(names))
        ]


def write(plan: Plan, remarks: Mapping[tuple[str, str], str] | None = None) -> str:
    """Write a plan, the same text for the same plan.

    Args:
        plan: the plan.
        remarks: comments beside columns, by table and column.

    """
    remarks = remarks or {}
    made = tomlkit.document()
    made["format"] = FORMAT
    source = tomlkit.table()
    for name in ("id", "kind", "where", "schema", "encoding", "separator"):
        if (value := getattr(plan.source, name)) is not None:
            source[name] = str(value)
    made["source"] = source
    if plan.ignored:
        ignored = tomlkit.table()
        for name, why in sorted(plan.ignored.items()):
            ignored[name] = why
        made["ignore_tables"] = ignored
    tables = tomlkit.table(is_super_table=True)
    for table in plan.tables:
        tables[table.name] = _written(table, remarks)
    made["tables"] = tables
    return tomlkit.dumps(made)


def _written(table: TablePlan, remarks: Mapping[tuple[str, str], str]) -> tomlkit.items.Table:
    made = tomlkit.table()
    made["about"] = str(table.about)
    made["key"] = table.key[0] if len(table.key) == 1 else list(table.key)
    if table.subject is not None:
        made["subject"] = table.subject
    if table.of is not None:
        made["of"] = table.of
    columns = tomlkit.table()
    for name, column in table.columns.items():
        columns[name] = _inline(column)
        if (remark := remarks.get((table.name, name))) is not None:
            columns[name].comment(remark)
    made["columns"] = columns
    return made


def _inline(column: Route) -> InlineTable:
    made = tomlkit.inline_table()
    for name in ("to", "join", "ignore", "ask"):
        if (value := getattr(column, name)) is not None:
            made[name] = value
    return made
