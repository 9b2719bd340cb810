"""One row as the vault takes it: which cell goes to which field, what identifies the row, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Any, Final
from uuid import UUID

from bailee.crypto.blind import NORMALISERS
from bailee.datamap.categories import Records
from bailee.datamap.compile import CompiledField, CompiledMap, Mode
from bailee.datamap.types import Value
from bailee.discovery.plans import About, TablePlan, target
from bailee.kernel import canon
from bailee.kernel.errors import Invalid

_WRITES_DATES: Final = frozenset({"date", "date.birth"})
_TEXTS: Final = (UUID, time, IPv4Address, IPv6Address, IPv4Interface, IPv6Interface)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value of a field comes from: cells by place, their columns, and the text between them."""

    places: tuple[int, ...]
    columns: tuple[str, ...]
    join: str
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A field and the cells that fill it: one source, or one for each part."""

    field: CompiledField
    sources: tuple[Source, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for one in self.sources for name in one.columns)


class Sheet:
    """A table of a plan under a data map, made ready for many rows.

    Args:
        plan: a table of a plan that `lint` found nothing wrong with.
        compiled: the data map.

    """

    def __init__(self, plan: TablePlan, compiled: CompiledMap) -> None:
        self.plan = plan
        mapped = {name: route for name, route in plan.columns.items() if route.to is not None}
        wanted = [*mapped, *plan.key, *([plan.subject] if plan.subject is not None else [])]
        self.columns: tuple[str, ...] = tuple(dict.fromkeys(wanted))
        place = {name: at for at, name in enumerate(self.columns)}
        self._key = tuple(place[name] for name in plan.key)
        self._subject = None if plan.subject is None else place[plan.subject]
        self._mapped = tuple((place[name], f"{route.to}".encode()) for name, route in mapped.items())
        together: dict[str, list[str]] = {}
        for name, route in mapped.items():
            together.setdefault(route.to or "", []).append(name)
        fields: dict[str, tuple[CompiledField, list[Source]]] = {}
        for to, names in together.items():
            found = target(to, compiled)
            made = Source(tuple(place[name] for name in names), tuple(names), mapped[names[0]].join or "", found.part)
            fields.setdefault(found.field.key, (found.field, []))[1].append(made)
        self.fields: Mapping[str, Filled] = {key: Filled(one, tuple(parts)) for key, (one, parts) in fields.items()}
        self.by_category: dict[int, tuple[str, ...]] = {}
        for key, (one, _) in fields.items():
            self.by_category[one.category_id] = (*self.by_category.get(one.category_id, ()), key)
        self.many = frozenset(
            number for number in self.by_category if compiled.category_by_id[number].records is Records.MANY
        )
        self.once = plan.about is About.BELONGS and len(self.many) < len(self.by_category)
        self.unique: Mapping[str, str] = {
            key: spec.normaliser for key, (one, _) in fields.items() for spec in one.indexes if spec.mode is Mode.UNIQUE
        }

    def key(self, cells: Sequence[Any]) -> tuple[str, ...] | None:
        """What identifies a row; None if a part of it is missing."""
        return _identity([cells[at] for at in self._key])

    def owner(self, cells: Sequence[Any]) -> tuple[str, ...] | None:
        """What identifies the row of the customer that this one belongs to; None if it is missing."""
        return None if self._subject is None else _identity([cells[self._subject]])

    def content(self, cells: Sequence[Any]) -> bytes:
        """All that goes into the vault, as bytes for a keyed digest; a changed plan changes it too."""
        return canon.parts(piece for at, to in self._mapped for piece in (to, _marked(cells[at])))

    def values(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Raw values by field, ready for the gate; None for what is absent."""
        made: dict[str, Any] = {}
        for key, filled in self.fields.items():
            kind = filled.field.type.key
            first = filled.sources[0]
            if first.part is None:
                made[key] = _cell(first, cells, kind)
                continue
            parts = {one.part: text for one in filled.sources if (text := _cell(one, cells, kind)) is not None}
            made[key] = parts or None
        return made

    def clean(self, values: Mapping[str, Any]) -> tuple[dict[str, Value], list[tuple[str, str]]]:
        """Parse a row's values as the gate will: clean ones by field, and (column, problem) for what is wrong.

        Each problem names its column as closely as it can: the part of an address that no address holds.
        """
        clean: dict[str, Value] = {}
        stops: list[tuple[str, str]] = []
        for key, value in values.items():
            filled = self.fields[key]
            try:
                clean[key] = filled.field.parse(value)
                continue
            except Invalid as error:
                code = error.code
            guilty = [
                name
                for one in filled.sources
                if one.part is not None and isinstance(value, dict) and one.part in value
                if _refused(filled.field, {one.part: value[one.part]})
                for name in one.columns
            ]
            stops += [(name, code) for name in guilty or [", ".join(filled.columns)]]
        return clean, stops

    def notes(self, clean: Mapping[str, Value]) -> list[tuple[str, str]]:
        """Doubts about clean values that keep nothing out: (column, problem)."""
        found: list[tuple[str, str]] = []
        for key, value in clean.items():
            one = self.fields[key].field
            if value is not None and (doubt := one.type.note(value, one.region)):
                found.append((", ".join(self.fields[key].columns), doubt))
        return found

    def claims(self, clean: Mapping[str, Value]) -> list[tuple[str, bytes]]:
        """The values of a row that may stand once only, made comparable: (field, text), for a keyed digest."""
        found: list[tuple[str, bytes]] = []
        for key, normaliser in self.unique.items():
            one = self.fields[key].field
            text = one.type.text_of(clean.get(key))
            if text and (normal := NORMALISERS[normaliser](text, one.region)):
                found.append((key, normal.encode()))
        return found


def _refused(one: CompiledField, value: object) -> bool:
    try:
        one.parse(value)
    except Invalid:
        return True
    return False


def _identity(cells: Sequence[Any]) -> tuple[str, ...] | None:
    made = tuple(_text(cell).strip() for cell in cells)
    return made if all(made) else None


def _cell(source: Source, cells: Sequence[Any], kind: str) -> Any:  # noqa: ANN401 - the gate takes anything
    if len(source.places) == 1:
        found = cells[source.places[0]]
        return found if found is None or isinstance(found, str) else plain(found, kind)
    texts = [text for at in source.places if (text := _text(cells[at]).strip())]
    return source.join.join(texts) if texts else None


def plain(cell: object, kind: str) -> Any:  # noqa: ANN401 - the gate takes anything
    """What a driver gives, as the type of the field takes it; what nobody knows stays and is refused by the type."""
    match cell:
        case bool() | int() | bytes() | str() | None:
            return cell
        case memoryview():
            return bytes(cell)
        case float() | Decimal() if kind == "money":
            return cell
        case datetime() | date() if kind in _WRITES_DATES:
            return cell
        case float() | Decimal() | datetime() | date():
            return _text(cell)
        case _ if isinstance(cell, _TEXTS):
            return str(cell)
        case _:
            return cell


def _text(cell: object) -> str:
    """One spelling for one value, whatever type its column has: 7, 7.0 and "7" identify the same row."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case float() if cell.is_integer():
            return str(int(cell))
        case Decimal() if cell.is_finite() and abs(cell.adjusted()) <= 40:
            return format(cell.to_integral_value() if cell == cell.to_integral_value() else cell, "f")
        case datetime() | date():
            return cell.isoformat()
        case bytes() | memoryview():
            return sha256(cell).hexdigest()
        case _:
            return str(cell)


def _marked(cell: object) -> bytes:
    """A cell as bytes, absent and empty told apart."""
    return b"-" if cell is None else b"+" + _text(cell).encode("utf-8", "surrogatepass")
