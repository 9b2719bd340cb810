"""Opening what a plan was made for: a database or a CSV file, behind the same three questions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from bailee.datamap import outside
from bailee.datamap.outside import Catalogue, Kind, Row, schema_digest
from bailee.discovery.plans import PlanSource
from bailee.discovery.problems import Problem
from bailee.discovery.readers.delimited import Delimited
from bailee.kernel import canon


class Rows(Protocol):
    """What an import reads from."""

    def catalogue(self) -> Catalogue: ...

    def count(self, table: str) -> int: ...

    def rows(self, table: str, columns: Sequence[str], key: Sequence[str] = ()) -> Iterator[Row]:
        """Stream rows; the same rows in the same order as long as the source is open."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """An open source. `digest` pins a file's bytes; of a database, which goes on living, its schema only."""

    rows: Rows
    catalogue: Catalogue
    digest: bytes
    problems: tuple[Problem, ...] = ()


@contextmanager
def opened(plan: PlanSource, table: str, where: str | None = None) -> Iterator[Source]:
    """Open what a plan is about.

    Args:
        plan: what the plan says of its source.
        table: what the plan calls the rows of a file.
        where: another place than the plan's: a copy, a moved database.

    Raises:
        NotFound, Invalid, Unavailable: it can't be opened.

    """
    place = where or plan.where
    if outside.kind_of(place) is Kind.CSV:
        file = Delimited(outside.path_of(place), table, encoding=plan.encoding, separator=plan.separator)
        yield Source(file, file.catalogue(), bytes.fromhex(file.digest), tuple(file.problems))
        return
    with outside.opened(place) as base:
        catalogue = base.catalogue()
        yield Source(base, catalogue, sha256(canon.parts([b"schema", schema_digest(catalogue).encode()])).digest())


def looked_at(where: str) -> tuple[PlanSource, Catalogue]:
    """What a first plan is made of: words for a source, and what it holds.

    Raises:
        NotFound, Invalid, Unavailable: it can't be opened.

    """
    name = outside.name_of(where)
    kind = outside.kind_of(where)
    if kind is Kind.CSV:
        file = Delimited(outside.path_of(where), name)
        catalogue = file.catalogue()
        shape = file.shape
        source = PlanSource(
            id=name,
            kind=kind,
            where=where,
            schema=schema_digest(catalogue),
            encoding=shape.encoding,
            separator=shape.separator,
        )
        return source, catalogue
    with outside.opened(where) as base:
        catalogue = base.catalogue()
    return PlanSource(id=name, kind=kind, where=where, schema=schema_digest(catalogue)), catalogue
