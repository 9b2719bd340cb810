"""Opens databases that belong to somebody else: read-only, in one snapshot, a page of rows at a time.

Nothing here can write, and nothing here says what it read: a driver's message may quote a value, so it is neither shown
nor chained.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bailee.kernel import canon
from bailee.kernel.errors import Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    import sqlalchemy as sa
else:
    # It takes half a second to load, and most commands never open a foreign database.
    _found = find_spec("sqlalchemy")
    if "sqlalchemy" in sys.modules or _found is None or _found.loader is None:
        import sqlalchemy as sa
    else:
        _found.loader = LazyLoader(_found.loader)
        sa = sys.modules["sqlalchemy"] = module_from_spec(_found)
        _found.loader.exec_module(sa)

T = TypeVar("T")

PAGE: Final = 1_000
ASK_MS: Final = 5_000
STREAM_MS: Final = 600_000
LOCK_MS: Final = 1_000

# -- words


class Kind(StrEnum):
    """What a source is."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the source declares it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key: these columns hold the key of that table."""

    columns: tuple[str, ...]
    table: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `key` is its primary key, empty if it has none."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    def has(self, column: str) -> bool:
        return any(one.name == column for one in self.columns)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a source holds; a table in `unseen` is there and may not be read, which is not the same as clean."""

    kind: Kind
    tables: tuple[Table, ...]
    unseen: tuple[str, ...] = ()

    def table(self, name: str) -> Table | None:
        return next((one for one in self.tables if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands in its source, and its cells; `fault` names what is wrong with the row as a whole."""

    number: int
    cells: tuple[Any, ...]
    fault: str | None = None


# -- rules


def schema_digest(catalogue: Catalogue) -> str:
    """Pin tables, columns and types: SHA-256, in hex, of all of them in order of their names."""
    every = sorted((table.name, column.name, column.type) for table in catalogue.tables for column in table.columns)
    return sha256(canon.parts(piece.encode() for one in every for piece in one)).hexdigest()


def kind_of(where: str) -> Kind:
    """Tell what a place is: a PostgreSQL address, a SQLite file, or any other file, which is read as CSV.

    Raises:
        Invalid: an address of another database, or with a password; NotFound: there is no such file.

    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", where)
    if scheme and scheme[1].lower() in {"postgresql", "postgres"}:
        _url(where)
        return Kind.POSTGRESQL
    if scheme and scheme[1].lower() not in {"sqlite", "file"}:
        raise Invalid("this kind of database can't be opened", hint="PostgreSQL, a SQLite file or a CSV file can")
    try:
        with path_of(where).open("rb") as file:
            return Kind.SQLITE if file.read(16) == _SQLITE_MAGIC else Kind.CSV
    except OSError as error:
        raise NotFound("this file can't be opened", hint="check its path and who may read it") from error


def path_of(where: str) -> Path:
    """The file that `shop.sqlite`, `sqlite:///shop.sqlite` and `file:shop.sqlite` all mean."""
    return Path(re.sub(r"^(sqlite:(//)?/|file:(//)?)", "", where).partition("?")[0])


def name_of(where: str) -> str:
    """A short name for a source, made of its file or database: small letters, digits and _."""
    plain = _url(where).database if kind_of(where) is Kind.POSTGRESQL else path_of(where).stem
    return re.sub(r"[^a-z0-9]+", "_", (plain or "source").lower()).strip("_")[:60] or "source"


_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_MAY_SAY: Final = frozenset(
    {"host", "port", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def _url(where: str) -> sa.URL:
    """Read an address of PostgreSQL, and refuse what would leak or weaken it."""
    try:
        url = sa.make_url(where)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None:
        raise Invalid("that is not an address of a database", hint="postgresql://user@host/database")
    if url.password is not None or "password" in url.query:
        raise Invalid(
            "a password does not belong into an address: it stays in the history of the shell",
            hint="put it into a file of mode 0600 and name that in PGPASSFILE, or add ?passfile=FILE",
            code="password-in-address",
        )
    if unknown := sorted(url.query.keys() - _MAY_SAY):
        raise Invalid(f"the address says {', '.join(unknown)}", hint=f"it may say {', '.join(sorted(_MAY_SAY))}")
    return url


def _transport(url: sa.URL) -> dict[str, str]:
    """Demand a proven server for everything that leaves this machine."""
    said = {key: value for key, value in url.query.items() if isinstance(value, str)}
    hosts = said.get("host") or url.host or os.environ.get("PGHOST", "")
    if all(host.startswith(("/", "@")) or host in _LOOPBACK for host in hosts.split(",") if host):
        return {}
    if said.get("sslmode", "verify-full") != "verify-full":
        raise Invalid(
            "a database on another machine is opened with sslmode=verify-full only",
            hint="name the authority that signed its certificate: ?sslrootcert=FILE",
        )
    return {"sslmode": "verify-full", "sslrootcert": said.get("sslrootcert", "system")}


# -- reading


class Outside:
    """One open database of somebody else; ends with the `with` block of `opened`."""

    def __init__(self, kind: Kind, link: sa.Connection) -> None:
        self.kind = kind
        self._link = link

    def catalogue(self) -> Catalogue:
        """Every table that may be read, and the names of those that may not.

        Raises:
            Unavailable: the database does not answer.

        """
        return _told("its tables can't be listed", self._sqlite if self.kind is Kind.SQLITE else self._postgresql)

    def count(self, table: str) -> int:
        """How many rows a table has in this snapshot."""
        asked = sa.select(sa.func.count()).select_from(sa.table(table))

        def counted() -> int:
            self._patient()
            return int(self._link.execute(asked).scalar_one())

        return _told(f"the rows of {table} can't be counted", counted)

    def rows(self, table: str, columns: Sequence[str], key: Sequence[str] = ()) -> Iterator[Row]:
        """Stream some columns of a table in the order of its key, a page at a time; numbers begin at 1.

        Raises:
            Unavailable: the connection broke, or a cell can't be read at all; says which table.

        """
        asked: sa.Select[*tuple[Any, ...]] = sa.select(*[sa.column(one) for one in columns]).select_from(
            sa.table(table)
        )
        asked = asked.order_by(*[sa.column(one) for one in key])
        trouble = f"the rows of {table} can't be read"

        def begun() -> sa.CursorResult[Any]:
            self._patient()
            return self._link.execute(asked, execution_options={"yield_per": PAGE})

        with closing(_told(trouble, begun)) as found:
            number = 0
            while page := _told(trouble, lambda: found.fetchmany(PAGE)):
                for cells in page:
                    number += 1
                    yield Row(number, tuple(cells))

    def _patient(self) -> None:
        if self.kind is Kind.POSTGRESQL:
            self._link.execute(sa.text("SELECT set_config('statement_timeout', :ms, false)"), {"ms": str(STREAM_MS)})

    def _all(self, statement: str, **values: str) -> list[Any]:
        return list(self._link.execute(sa.text(statement), values).all())

    def _sqlite(self) -> Catalogue:
        tables = []
        for (name,) in self._all(_SQLITE_TABLES):
            columns = self._all("SELECT name, type, pk FROM pragma_table_info(:name) ORDER BY cid", name=name)
            links: dict[int, list[Any]] = {}
            for one in self._all(
                'SELECT id, "from", "table" FROM pragma_foreign_key_list(:name) ORDER BY id, seq', name=name
            ):
                links.setdefault(one[0], []).append(one)
            tables.append(
                Table(
                    name,
                    tuple(Column(column, kind or "") for column, kind, _ in columns),
                    tuple(column for column, _, place in sorted(columns, key=lambda one: one[2]) if place),
                    tuple(Link(tuple(one[1] for one in parts), parts[0][2]) for _, parts in sorted(links.items())),
                )
            )
        return Catalogue(self.kind, tuple(tables))

    def _postgresql(self) -> Catalogue:
        columns: dict[str, list[Column]] = {}
        for table, column, kind in self._all(_PG_COLUMNS):
            columns.setdefault(table, []).append(Column(column, kind))
        keys: dict[str, tuple[str, ...]] = {}
        links: dict[str, list[Link]] = {}
        for table, sort, names, other in self._all(_PG_KEYS):
            if sort == "p":
                keys[table] = tuple(names)
            else:
                links.setdefault(table, []).append(Link(tuple(names), other))
        return Catalogue(
            self.kind,
            tuple(
                Table(name, tuple(parts), keys.get(name, ()), tuple(links.get(name, ())))
                for name, parts in sorted(columns.items())
            ),
            tuple(name for (name,) in self._all(_PG_UNSEEN)),
        )


_SQLITE_TABLES: Final = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)
_PG_COLUMNS: Final = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY c.relname, a.attnum"""
_PG_KEYS: Final = """
    SELECT c.relname, k.contype,
      ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(num, ord)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.ord),
      f.relname
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_class f ON f.oid = k.confrelid
    WHERE n.nspname = current_schema() AND k.contype IN ('p', 'f') ORDER BY c.relname, k.conname"""
_PG_UNSEEN: Final = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
      AND NOT has_table_privilege(c.oid, 'SELECT') ORDER BY c.relname"""


@contextmanager
def opened(where: str) -> Iterator[Outside]:
    """Open a database so that nothing can be written to it, in one snapshot that lasts until the block ends.

    A SQLite file that is not in WAL mode can't be written by its own program meanwhile: read a copy if that matters.

    Args:
        where: `postgresql://user@host/database`, or a SQLite file; never with a password.

    Raises:
        Invalid: see `kind_of`; Unavailable: it does not answer, or refuses us.

    """
    kind = kind_of(where)
    if kind is Kind.CSV:
        raise Invalid("this file is not a database", hint="CSV files are read by `bailee import` too")
    engine = _sqlite_engine(path_of(where)) if kind is Kind.SQLITE else _postgresql_engine(_url(where))
    try:
        with _told(_SILENT, engine.connect) as link:
            _told(_SILENT, lambda: link.execute(sa.text("BEGIN" if kind is Kind.SQLITE else "SELECT 1")))
            yield Outside(kind, link)
    finally:
        engine.dispose()


_SILENT: Final = "the database does not answer, or refuses us"


def _sqlite_engine(path: Path) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        made = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=LOCK_MS / 1000
        )
        made.text_factory = _text
        made.execute("PRAGMA query_only = 1")
        return made

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool, hide_parameters=True)


def _text(raw: bytes) -> str | bytes:
    """What is not UTF-8 stays bytes, which no text field takes: a broken cell is no trouble of its table's."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    options = (
        f"-c default_transaction_read_only=on -c statement_timeout={ASK_MS} -c lock_timeout={LOCK_MS} "
        "-c datestyle=ISO -c timezone=UTC"
    )
    said = {"options": options, "client_encoding": "utf8", "connect_timeout": "10", "application_name": "bailee"}
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg").update_query_dict({**said, **_transport(url)}),
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
            isolation_level="REPEATABLE READ",
        )
    except ImportError as error:
        raise Unavailable("the driver for PostgreSQL is not installed", hint="install bailee[postgres]") from error


def _told(what: str, work: Callable[[], T]) -> T:
    """Run a piece of work; if the database fails, say so in our own words, with none of the driver's chained."""
    try:
        return work()
    except (sa.exc.SQLAlchemyError, sqlite3.Error):
        pass
    raise Unavailable(what, hint="check the address, the network and who may read; nothing was changed")
