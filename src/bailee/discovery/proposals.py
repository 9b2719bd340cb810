"""A first plan, made of nothing but names: what it doesn't know it asks, and a person reads all of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bailee.datamap.categories import Records
from bailee.datamap.compile import CompiledCategory, CompiledField, CompiledMap
from bailee.datamap.outside import Catalogue, Column, Table, schema_digest
from bailee.discovery import headers
from bailee.discovery.plans import About, Plan, PlanSource, Route, TablePlan

_KEY: Final = "it is the key of the row, kept as a keyed digest only"
_OWNER: Final = "it says whose row this is"
_LINK: Final = "it points to {table}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan with a remark beside each column that was guessed; `write(plan, remarks)` puts them on their lines."""

    plan: Plan
    remarks: dict[tuple[str, str], str]


def propose(catalogue: Catalogue, compiled: CompiledMap, source: PlanSource) -> Proposal:
    """Make a first plan; it is not lint-clean until somebody has answered what it asks.

    Args:
        catalogue: what the source holds.
        compiled: the data map in force.
        source: what to call it; its schema digest is filled in here.

    """
    source = replace(source, schema=schema_digest(catalogue))
    only = len(catalogue.tables) == 1
    people = {table.name for table in catalogue.tables if only or _is_of_customers(table)}
    made: list[TablePlan] = []
    ignored: dict[str, str] = {}
    remarks: dict[tuple[str, str], str] = {}
    for table in sorted(catalogue.tables, key=lambda one: one.name not in people):
        link = next((one for one in table.links if one.table in people and len(one.columns) == 1), None)
        if table.name in people:
            made.append(_planned(table, compiled, remarks, About.CUSTOMER))
        elif link is not None:
            made.append(_planned(table, compiled, remarks, About.BELONGS, link.columns[0], link.table))
        elif any(headers.singular(word) in headers.STAFF for word in headers.tokens(table.name)):
            ignored[table.name] = "proposed: about staff, who are no customers"
        elif (
            near := next((one.table for one in table.links if _links(catalogue, one.table, people)), None)
        ) is not None:
            ignored[table.name] = f"proposed: part of {near}, which says whose it is; look whether it names anybody"
        else:
            ignored[table.name] = "proposed: nothing links it to a customer; look whether that is so"
    return Proposal(Plan(source=source, tables=tuple(made), ignored=ignored), remarks)


def _links(catalogue: Catalogue, table: str, people: set[str]) -> bool:
    found = catalogue.table(table)
    return found is not None and any(one.table in people for one in found.links)


def _is_of_customers(table: Table) -> bool:
    """The last word of a name says what a row is: `customers`, but not `customer_demographics`."""
    parts = headers.tokens(table.name)
    return bool(parts) and headers.singular(parts[-1]) in headers.CUSTOMERS and bool(table.key)


def _planned(
    table: Table,
    compiled: CompiledMap,
    remarks: dict[tuple[str, str], str],
    about: About,
    subject: str | None = None,
    of: str | None = None,
) -> TablePlan:
    key = table.key or _key_by_name(table)
    among = _categories(table, compiled, about)
    columns: dict[str, Route] = {}
    taken: set[str] = set()
    for column in table.columns:
        link = next((one for one in table.links if column.name in one.columns and column.name != subject), None)
        to = next((one for one in _guesses(column, among, compiled) if one not in taken), None)
        if headers.is_security_code(column.name):
            columns[column.name] = Route(ignore="a card's security code is never stored; delete it in the source too")
        elif column.name == subject:
            columns[column.name] = Route(ignore=_OWNER)
        elif to is not None:
            taken.add(to)
            columns[column.name] = Route(to=to)
            remarks[table.name, column.name] = "guessed from its name: check"
        elif column.name in key:
            columns[column.name] = Route(ignore=_KEY)
        elif link is not None:
            columns[column.name] = Route(ignore=_LINK.format(table=link.table))
        else:
            columns[column.name] = Route(ask="what is it, and where does it go?")
    return TablePlan(name=table.name, about=about, key=key, subject=subject, of=of, columns=columns)


def _key_by_name(table: Table) -> tuple[str, ...]:
    """A file has no declared key: a column named like one, else none, which lint then asks for."""
    named = [column.name for column in table.columns if headers.said(column.name, "id", "no", "number", "nr", "key")]
    return tuple(named[:1])


def _categories(table: Table, compiled: CompiledMap, about: About) -> list[CompiledCategory]:
    """Where the columns of a table may go: for customers what each has once, for their things what is named alike."""
    every = [one for one in compiled.categories.values() if not one.built_in and one.derived_from is None]
    if about is About.CUSTOMER:
        return sorted(every, key=lambda one: one.records is not Records.ONE)
    mine = {headers.singular(word) for word in headers.tokens(table.name)}
    return [
        one
        for one in every
        if mine & {headers.singular(word) for word in (*headers.tokens(one.key), *headers.tokens(one.title))}
    ]


def _guesses(column: Column, among: Iterable[CompiledCategory], compiled: CompiledMap) -> Iterator[str]:
    """Fields that a column's name speaks of, the best first."""
    fields = [compiled.fields[key] for category in among for key in category.fields]
    name = column.name
    mine = headers.tokens(name)
    yield from (
        one.key
        for one in fields
        if not one.type.parts
        and mine in {_own(one), (*headers.tokens(one.category), *_own(one))}
        # `Address` of a table is where somebody lives, even where a field of that name holds an e-mail address.
        and (one.type.key != "email" or headers.said(name, *headers.EMAIL) or headers.address_part(name) is None)
    )
    for phrases, kinds, words in _BY_KIND:
        if headers.said(name, *phrases):
            yield from (one.key for one in fields if one.type.key in kinds and (not words or words & set(_own(one))))
            return
    part = headers.address_part(name)
    if part is not None:
        ahead = set(mine) - {word for _, phrases in headers.PARTS for phrase in phrases for word in phrase.split()}
        yield from (
            f"{one.key}.{part}"
            for one in sorted(fields, key=lambda one: not ahead & set(_own(one)))
            if part in one.type.parts and (not ahead or ahead & set(_own(one)))
        )


def _own(one: CompiledField) -> tuple[str, ...]:
    return headers.tokens(one.key.rpartition(".")[2])


_ANY: Final = frozenset[str]()
_BY_KIND: Final = (
    (headers.EMAIL, {"email"}, _ANY),
    (headers.FAX, {"phone"}, frozenset(headers.FAX)),
    (headers.PHONE, {"phone"}, _ANY),
    (headers.COMPANY, {"text", "name.full"}, frozenset(headers.COMPANY)),
    (headers.GIVEN, {"name.given"}, _ANY),
    (headers.FAMILY, {"name.family"}, _ANY),
    (headers.BIRTH, {"date.birth"}, _ANY),
    (headers.FULL, {"name.full"}, _ANY),
)
"""Phrases of a name, the types of field they speak of, and words of which the field's own name must hold one.

The first line that speaks of a name decides: a company's name is not a person's.
"""
