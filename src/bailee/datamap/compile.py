"""The map as the gate uses it: small integers for keys, indexes spelled out, and a digest that pins it all.

Beside a card number stands its display part in a category of its own, so that who is shown the last four digits needs
no key that opens the number (PCI DSS 3.4.1, 3.5.1): category `card` with field `card.number` gets `card_last4` with
field `card_last4.last4`, which `derive` fills at every write. It can also be asked for as `card.last4`.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from bailee.datamap.categories import Category, Records, Sense, Sensitivity, sense
from bailee.datamap.fields import Field, Returns
from bailee.datamap.maps import (
    BUILT_IN_CATEGORIES,
    BUILT_IN_PURPOSES,
    FIRST_RESERVED_FIELD,
    FIRST_RESERVED_PURPOSE,
    FORMAT,
    LAST4,
    DataMap,
    built_in_reach,
    nearest,
)
from bailee.datamap.purposes import Basis, Purpose, Special
from bailee.datamap.types import TYPES, FieldType, Value
from bailee.kernel import canon
from bailee.kernel.errors import Invalid

Names = Mapping[tuple[str, str], int]

LAST_CATEGORY: Final = 65_000
_LIMITS: Final = {"category": LAST_CATEGORY, "field": FIRST_RESERVED_FIELD - 1, "purpose": FIRST_RESERVED_PURPOSE - 1}
_KEY: Final = re.compile(r"[a-z0-9_.]{1,200}")
_CARD: Final = "card.number"


class Mode(StrEnum):
    """A unique index keeps a value from standing twice and finds it; a search index finds candidates."""

    UNIQUE = "unique"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """One blind index of a field: how it finds, what of the value it sees, how the value is made comparable."""

    mode: Mode
    transform: str
    normaliser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledField:
    """A field with everything that its type and category add to it."""

    key: str
    id: int
    category: str
    category_id: int
    type: FieldType
    mask: str
    title: str
    fides: str | None
    indexes: tuple[IndexSpec, ...] = ()
    locates: bool = False
    region: str | None = None
    clock: bool = False
    returns: Returns = Returns.YES
    token: bool = False
    may_name_others: bool = False
    may_hold: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    currency: str | None = None
    system: str | None = None
    max_mb: int | None = None

    def parse(self, value: object) -> Value:
        """Clean a value for this very field: its region, and its choices.

        Raises:
            Invalid: with a slug of `types.PROBLEMS`, and never with the value.

        """
        clean = self.type.parse(value, region=self.region)
        if self.choices and clean is not None and clean not in self.choices:
            raise Invalid(
                "that is none of the choices of this field",
                hint=f"one of: {', '.join(self.choices)}",
                code="choice-invalid",
            )
        return clean


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCategory:
    """A category by number; `derives` pairs a field with the field of another category that is made from it."""

    key: str
    id: int
    title: str
    sensitivity: Sensitivity
    sense: Sense
    records: Records
    subjects: tuple[str, ...]
    purposes: tuple[str, ...]
    fields: tuple[str, ...]
    source: str
    built_in: bool = False
    derived_from: str | None = None
    derives: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPurpose:
    """A purpose with what follows from its basis, and the categories that list it."""

    key: str
    id: int
    title: str
    use: str
    basis: Basis
    special: Special | None
    needs_consent: bool
    objectable: bool
    survives_restriction: bool
    categories: tuple[str, ...]
    built_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMap:
    """A version of the map, ready for the gate; the built-in categories and purposes are part of it."""

    version: int
    digest: str
    categories: Mapping[str, CompiledCategory]
    fields: Mapping[str, CompiledField]
    purposes: Mapping[str, CompiledPurpose]
    category_by_id: Mapping[int, CompiledCategory]
    field_by_id: Mapping[int, CompiledField]
    short: Mapping[str, tuple[str, ...]]

    def resolve(self, key: str) -> CompiledField:
        """Find a field by its full key, or by the last part alone where only one field of the map has it.

        Raises:
            Invalid: `field-unknown` with the nearest keys, `field-ambiguous` with those it may be. Neither repeats
                what was asked for: somebody may have sent a value in place of a key.

        """
        if not _KEY.fullmatch(key):
            raise Invalid("that is not a field's key", hint="small letters, digits, _ and .", code="field-unknown")
        found = self.fields.get(key)
        if found:
            return found
        meant = self.short.get(key, ())
        if len(meant) == 1:
            return self.fields[meant[0]]
        if meant:
            raise Invalid("several fields have that name", hint=f"one of: {', '.join(meant)}", code="field-ambiguous")
        near = nearest(key, [*self.fields, *self.short])
        hint = f"did you mean {near}?" if near else "GET /v1/explain lists the fields that you may use"
        raise Invalid("the data map has no such field", hint=hint, code="field-unknown")


def derive(category: CompiledCategory, values: Mapping[str, Value]) -> dict[str, Value]:
    """Make the values of derived fields from those being written; a number that is taken away takes its end along.

    Args:
        category: the category being written.
        values: parsed values by full field key; what is not in them makes nothing.

    """
    made: dict[str, Value] = {}
    for source, target in category.derives:
        if source in values:
            number = values[source]
            made[target] = number[-4:] if isinstance(number, str) else None
    return made


def assign(made: DataMap, names: Names) -> dict[tuple[str, str], int]:
    """Give every category, field and purpose of a map its number, for ever.

    A key keeps its number even after it has left the map, and a number once given is never given to another key:
    it is part of what seals every record.

    Args:
        made: the map.
        names: all numbers ever given, by (kind, key); kinds are "category", "field" and "purpose".

    Raises:
        Invalid: `names-clash` when two keys of a kind share a number, `map-too-large` when numbers run out.

    """
    given = dict(names)
    if max(Counter((kind, number) for (kind, _), number in given.items()).values(), default=1) > 1:
        raise Invalid(
            "two names of the map share a number", hint="the name table was changed by hand", code="names-clash"
        )
    highest = {
        kind: max((number for (named, _), number in given.items() if named == kind), default=0) for kind in _LIMITS
    }
    for kind, key in _keys(made):
        if (kind, key) not in given:
            highest[kind] += 1
            if highest[kind] > _LIMITS[kind]:
                raise Invalid(f"no number is left for another {kind}", hint="begin a new house", code="map-too-large")
            given[kind, key] = highest[kind]
    return given


def _keys(made: DataMap) -> list[tuple[str, str]]:
    keys: list[tuple[str, str]] = [("purpose", purpose.key) for purpose in made.purposes]
    for category in _with_derived(made):
        keys.append(("category", category.key))
        keys += [("field", field.key) for field in category.fields]
    return keys


def _with_derived(made: DataMap) -> list[Category]:
    return [part for category in made.categories for part in (category, *_derived(category))]


def _derived(category: Category) -> tuple[Category, ...]:
    number = _card_number(category)
    if not number:
        return ()
    key = f"{category.key}{LAST4}"
    last4 = Field(key=f"{key}.last4", type="card.last4", title="Last four digits", returns=Returns.YES)
    return (
        Category(
            key=key,
            title=f"{category.title}, last four digits",
            fides=category.fides_of(number),
            sensitivity=Sensitivity.SENSITIVE,
            subjects=category.subjects,
            purposes=category.purposes,
            source=category.source,
            records=category.records,
            fields=(last4,),
        ),
    )


def _card_number(category: Category) -> Field | None:
    return next((field for field in category.fields if field.type == _CARD), None)


def compile_map(made: DataMap, names: Names, version: int) -> CompiledMap:
    """Turn a lint-clean map into the form that the gate works with.

    Args:
        made: the map.
        names: what `assign` answered for it.
        version: the version's number; it is not part of the digest.

    Raises:
        Invalid: `map-invalid` for a purpose without basis, `names-missing` for a key without number.

    """
    categories = [_category(category, names, made) for category in made.categories]
    categories += [
        _category(derived, names, made, derived_from=category.key)
        for category in made.categories
        for derived in _derived(category)
    ]
    compiled = {category.key: category for category in categories}
    fields_made = {
        field.key: _field(field, category, names) for category in _with_derived(made) for field in category.fields
    }
    short = _short(made)
    for built_in in BUILT_IN_CATEGORIES.values():
        numbers = {("category", built_in.category.key): built_in.id} | {
            ("field", field.key): number
            for field, number in zip(built_in.category.fields, built_in.field_ids, strict=True)
        }
        compiled[built_in.category.key] = _category(built_in.category, numbers, made, built_in=True)
        fields_made |= {field.key: _field(field, built_in.category, numbers) for field in built_in.category.fields}
    purposes = {
        purpose.key: _purpose(
            purpose,
            _number(names, "purpose", purpose.key),
            tuple(category.key for category in categories if purpose.key in category.purposes),
        )
        for purpose in made.purposes
    } | {
        key: _purpose(purpose, number, _reach(key, made), built_in=True)
        for key, (number, purpose) in BUILT_IN_PURPOSES.items()
    }
    return CompiledMap(
        version=version,
        digest=digest(made, names),
        categories=MappingProxyType(compiled),
        fields=MappingProxyType(fields_made),
        purposes=MappingProxyType(purposes),
        category_by_id=MappingProxyType({category.id: category for category in compiled.values()}),
        field_by_id=MappingProxyType({field.id: field for field in fields_made.values()}),
        short=MappingProxyType(short),
    )


def digest(made: DataMap, names: Names) -> str:
    """Pin a map and the numbers of its keys: SHA-256, in hex, of their canonical JSON.

    The numbers are part of it, because a number given to another key would open other data.
    """
    given = [[kind, key, _number(names, kind, key)] for kind, key in sorted(_keys(made))]
    plain = {"format": FORMAT, "map": _plain(made), "names": given}
    canon.check(plain)
    return sha256(canon.encode(plain)).hexdigest()


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON leaves here
    """Words as JSON without nulls: what is not said is not there."""
    if is_dataclass(value):
        stated = {part.name: getattr(value, part.name) for part in fields(value) if part.compare}
        return {name: _plain(part) for name, part in stated.items() if part is not None}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def _number(names: Names, kind: str, key: str) -> int:
    if (kind, key) not in names:
        raise Invalid(f"the {kind} {key} has no number", hint="call assign first", code="names-missing")
    return names[kind, key]


def _reach(purpose: str, made: DataMap) -> tuple[str, ...]:
    return built_in_reach(purpose, _with_derived(made))


def _category(
    category: Category, names: Names, made: DataMap, *, built_in: bool = False, derived_from: str | None = None
) -> CompiledCategory:
    number = None if derived_from else _card_number(category)
    extra = tuple(key for key in BUILT_IN_PURPOSES if category.key in _reach(key, made))
    return CompiledCategory(
        key=category.key,
        id=_number(names, "category", category.key),
        title=category.title,
        sensitivity=category.sensitivity,
        sense=sense(category.sensitivity),
        records=category.records,
        subjects=category.subjects,
        purposes=(*category.purposes, *extra),
        fields=tuple(field.key for field in category.fields),
        source=category.source,
        built_in=built_in,
        derived_from=derived_from,
        derives=((number.key, f"{category.key}{LAST4}.last4"),) if number else (),
    )


def _field(field: Field, category: Category, names: Names) -> CompiledField:
    kind = TYPES[field.type]
    return CompiledField(
        key=field.key,
        id=_number(names, "field", field.key),
        category=category.key,
        category_id=_number(names, "category", category.key),
        type=kind,
        mask=field.shown,
        title=field.label,
        fides=category.fides_of(field),
        indexes=tuple(_index(word, kind) for word in field.index),
        locates=field.locates,
        region=field.region,
        clock=field.clock,
        returns=field.returns,
        token=field.token,
        may_name_others=field.may_name_others,
        may_hold=field.may_hold,
        choices=field.choices,
        currency=field.currency,
        system=field.system,
        max_mb=field.max_mb,
    )


def _index(word: str, kind: FieldType) -> IndexSpec:
    if kind.normaliser is None or word not in kind.indexes:
        raise Invalid(f"a field of type {kind.key} can't have this index", hint="lint the map", code="map-invalid")
    if word == "unique":
        return IndexSpec(Mode.UNIQUE, "exact", kind.normaliser)
    return IndexSpec(Mode.SEARCH, word, kind.normaliser)


def _purpose(purpose: Purpose, number: int, categories: tuple[str, ...], *, built_in: bool = False) -> CompiledPurpose:
    if purpose.basis is None:
        raise Invalid(f"the purpose {purpose.key} has no basis", hint="lint the map", code="map-invalid")
    return CompiledPurpose(
        key=purpose.key,
        id=number,
        title=purpose.title,
        use=purpose.use,
        basis=purpose.basis,
        special=purpose.special,
        needs_consent=purpose.needs_consent,
        objectable=purpose.objectable,
        survives_restriction=purpose.survives_restriction,
        categories=categories,
        built_in=built_in,
    )


def _short(made: DataMap) -> dict[str, tuple[str, ...]]:
    """Last parts, and `card.last4` for the derived field; the built-in fields keep out of the way."""
    short: dict[str, tuple[str, ...]] = {}
    for category in _with_derived(made):
        for field in category.fields:
            short[field.name] = (*short.get(field.name, ()), field.key)
    for category in made.categories:
        for derived in _derived(category):
            short.setdefault(f"{category.key}.last4", (derived.fields[0].key,))
    return short
