"""Adopting a data map: checked whole, numbered for ever, append-only; and the map in force."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from bailee.datamap import tables, toml
from bailee.datamap.compile import CompiledMap, assign, compile_map
from bailee.datamap.lint import lint
from bailee.datamap.maps import DataMap, MapInvalid, Problem, Severity
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act, look
from bailee.kernel.asks import Count
from bailee.kernel.errors import NotFound, Stale
from bailee.kernel.events import Event, event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx, View

MapText = Annotated[str, msgspec.Meta(max_length=1 << 20)]
Check = Callable[[Tx, DataMap, CompiledMap], Iterable[Problem]]
CHECKS: Final[list[Check]] = []
"""What areas above must agree to before a map is adopted (grants still mean something, no record loses its field)."""


RECORDS: Final[list[Callable[[Tx, str], bool]]] = []
"""Who can tell whether records of a category or field exist; registered from above."""


# -- words


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A map to put in force; `base_version` is the one it was edited from (0: the first)."""

    toml: MapText
    base_version: Count


@dataclass(frozen=True, slots=True)
class Nothing:
    """An ask without parameters."""


@dataclass(frozen=True, slots=True)
class MapInForce:
    """The map as text, its version and digest."""

    version: int
    digest: str
    toml: str


@event(tag=300, name="datamap.adopted", says="Data map {version} came into force", shred=None)
@dataclass(frozen=True, slots=True)
class MapAdopted(Event):
    version: int
    digest: bytes
    added: tuple[str, ...]
    removed: tuple[str, ...]


# -- rules


def differences(before: str, after: str) -> str:
    """A unified diff of two map texts, as an editor would show it."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "in force", "proposed", lineterm="")
    return "\n".join(lines)


def _refuse(problems: Iterable[Problem]) -> None:
    errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
    if errors:
        raise MapInvalid(errors)


@lru_cache(maxsize=4)
def _compiled(text: str, names: tuple[tuple[tuple[str, str], int], ...], version: int) -> CompiledMap:
    return compile_map(toml.read(text), dict(names), version)


# -- acts


@act("datamap.adopt", needs=Permission.SHAPE_DATA)
def adopt(tx: Tx, actor: Actor, ask: Adopt) -> Recorded[int, MapAdopted]:
    """Put a data map in force."""
    newest = tables.MapVersion.objects.using(tx.alias).order_by("-version").first()
    version = 0 if newest is None else newest.version
    if ask.base_version != version:
        raise Stale(f"the map is at version {version} now", hint="export it, merge your change and try again")
    previous = None if newest is None else toml.read(newest.toml)
    proposed = toml.read(ask.toml)
    problems = [*lint(proposed, previous=previous, has_records=lambda key: any(has(tx, key) for has in RECORDS))]
    _refuse(problems)
    names = {
        (row.kind, row.key): row.number for row in tables.MapName.objects.using(tx.alias).order_by("kind", "number")
    }
    given = assign(proposed, names)
    compiled = compile_map(proposed, given, version + 1)
    for check in CHECKS:
        problems += check(tx, proposed, compiled)
    _refuse(problems)
    added = {key: number for key, number in given.items() if key not in names}
    tables.MapName.objects.using(tx.alias).bulk_create(
        tables.MapName(kind=kind, key=key, number=number) for (kind, key), number in sorted(added.items())
    )
    tables.MapVersion.objects.using(tx.alias).create(
        version=version + 1,
        digest=sha256(ask.toml.encode()).digest(),
        toml=ask.toml,
        activated_at=tx.now,
        by=actor.id,
    )
    before = set() if previous is None else {category.key for category in previous.categories}
    after = {category.key for category in proposed.categories}
    fact = MapAdopted(
        version + 1, bytes.fromhex(compiled.digest), tuple(sorted(after - before)), tuple(sorted(before - after))
    )
    return Recorded(version + 1, fact)


# -- looks


@look("datamap.map", needs=Permission.ASK_POLICY)
def in_force(view: View, actor: Actor, ask: Nothing) -> MapInForce:
    """The data map in force."""
    row = tables.MapVersion.objects.order_by("-version").first()
    if row is None:
        raise NotFound("no data map is in force", hint="bailee map adopt FILE")
    return MapInForce(row.version, bytes(row.digest).hex(), row.toml)


def version(alias: str = "default") -> int:
    """Number of the map in force; 0 before the first."""
    found = tables.MapVersion.objects.using(alias).order_by("-version").values_list("version", flat=True).first()
    return found or 0


def current(alias: str = "default") -> CompiledMap:
    """The map in force, compiled.

    Raises:
        NotFound: none was adopted yet.

    """
    row = tables.MapVersion.objects.using(alias).order_by("-version").first()
    if row is None:
        raise NotFound("no data map is in force", hint="bailee map adopt FILE")
    names = tables.MapName.objects.using(alias).order_by("kind", "number").values_list("kind", "key", "number")
    return _compiled(row.toml, tuple(((kind, key), number) for kind, key, number in names), row.version)


def source(alias: str = "default") -> DataMap:
    """The map in force as declared, with recipients, systems and retention."""
    row = tables.MapVersion.objects.using(alias).order_by("-version").first()
    if row is None:
        raise NotFound("no data map is in force", hint="bailee map adopt FILE")
    return toml.read(row.toml)


def number(kind: str, key: str, alias: str = "default") -> int | None:
    """The number that a name has for ever, or None if no map ever had it."""
    return tables.MapName.objects.using(alias).filter(kind=kind, key=key).values_list("number", flat=True).first()


def source_text(alias: str = "default") -> str:
    """The map in force as it was written; empty before the first."""
    row = tables.MapVersion.objects.using(alias).order_by("-version").first()
    return "" if row is None else row.toml
