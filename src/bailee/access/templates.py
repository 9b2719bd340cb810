"""Ready-made roles, written against public taxonomy keys so that they fit any data map.

A template speaks of data and uses by their fides keys; `fit` finds the categories, fields and purposes of one data map
that these keys mean. What the map does not have, or a category does not list, is left out.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple, TypeVar

from bailee.access.words import Level, Mode, Operation, Scope, Sense, reaches
from bailee.kernel.errors import Invalid
from bailee.kernel.permissions import Permission

E = TypeVar("E", bound=Operation | Level | Scope | Mode)

_ROLES: Final = ("owner", "security", "auditor", "privacy", "developer", "clerk", "marketing", "support", "clinician")


@dataclass(frozen=True, slots=True)
class Uses:
    """Which purposes are meant: those whose fides use is one of `below` or under it, or exactly one of `exactly`.

    With `listed_by`, only purposes that some category of that kind of data lists: this tells treatment apart from
    delivery where both are plain `essential.service`.
    """

    below: tuple[str, ...]
    exactly: tuple[str, ...]
    listed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of a template: a form of access to kinds of data (fides keys and everything below them)."""

    data: tuple[str, ...]
    operation: Operation
    level: Level
    scope: Scope
    mode: Mode


@dataclass(frozen=True, slots=True)
class Bar:
    """Kinds of data that the role must never get, whatever is granted."""

    data: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Template:
    """A ready-made role."""

    key: str
    title: str
    says: str
    review_days: int
    permissions: frozenset[str]
    uses: Uses
    offers: tuple[Offer, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class TemplateCategory:
    """A category as templates see it: its public key, its class, its fields with theirs, the purposes it lists."""

    fides: str
    sense: Sense
    fields: Mapping[str, str]
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateMap:
    """The part of a data map that templates are fitted to; `purposes` gives each purpose's fides use."""

    categories: Mapping[str, TemplateCategory]
    purposes: Mapping[str, str]


class ProposedGrant(NamedTuple):
    """A grant a template proposes; who approves it adds the dates."""

    category: str
    purpose: str
    operation: Operation
    level: Level
    scope: Scope
    mode: Mode


class ProposedForbid(NamedTuple):
    """A forbid a template proposes: for every purpose and operation."""

    category: str
    reason: str


@cache
def read_templates() -> tuple[Template, ...]:
    """Read the templates that ship with the program, in the order a new house offers them."""
    folder = resources.files("bailee.access") / "templates"
    return tuple(read_template(key, (folder / f"{key}.toml").read_text("utf-8")) for key in _ROLES)


def read_template(key: str, text: str) -> Template:
    """Read one template from TOML.

    Raises:
        Invalid: the file is not a template; the message names the part.

    """
    try:
        raw = tomllib.loads(text)
        uses = raw.pop("uses", {})
        found = Template(
            key=key,
            title=raw.pop("title"),
            says=raw.pop("says"),
            review_days=raw.pop("review_days"),
            permissions=frozenset(Permission(name) for name in raw.pop("permissions", [])),
            uses=Uses(*(tuple(uses.pop(part, [])) for part in ("below", "exactly", "listed_by"))),
            offers=tuple(_offers(raw.pop("offer", []))),
            bars=tuple(Bar(tuple(bar.pop("data")), bar.pop("reason")) for bar in raw.pop("forbid", [])),
        )
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise Invalid(f"the role template {key} can't be read") from error
    if raw or uses:
        raise Invalid(f"the role template {key} has an unknown part: {min({*raw, *uses})}")
    return found


def _offers(lines: list[dict[str, Any]]) -> Iterator[Offer]:
    for line in lines:
        data, level = tuple(line.pop("data")), Level[line.pop("level").upper()]
        scope, mode = Scope(line.pop("scope", "all")), Mode(line.pop("mode", "standing"))
        for operation in line.pop("operations"):
            yield Offer(data, Operation[operation.upper()], level, scope, mode)
        if line:
            raise Invalid(f"an offer has an unknown part: {min(line)}")


def fit(template: Template, known: TemplateMap) -> tuple[tuple[ProposedGrant, ...], tuple[ProposedForbid, ...]]:
    """Turn a template into grants and forbids for one data map.

    A field goes by its own kind of data; in a category above ordinary by the category's as well, the lower level of
    the two: a card holder's name is card data first. Where all fields of a category come out alike and the category
    itself is of a kind the template names, the whole category is granted (which is what opens free text that may hold
    it); else field by field, so that a field added later is nobody's until it is granted.

    Args:
        template: from `read_templates`.
        known: the data map.

    """
    grants = []
    for purpose in sorted(key for key in known.purposes if _meant(template.uses, key, known)):
        for key in sorted(known.categories):
            category = known.categories[key]
            if purpose in category.purposes:
                for (operation, scope, mode), levels in sorted(_levels(template, category).items()):
                    for name, level in _folded(key, category, levels):
                        grants.append(ProposedGrant(name, purpose, operation, level, scope, mode))
    return tuple(grants), tuple(_barred(template, known))


def _meant(uses: Uses, purpose: str, known: TemplateMap) -> bool:
    use = known.purposes[purpose]
    if use not in uses.exactly and not any(reaches(above, use) for above in uses.below):
        return False
    return not uses.listed_by or any(
        purpose in category.purposes and _matches(uses.listed_by, category.fides)
        for category in known.categories.values()
    )


def _levels(
    template: Template, category: TemplateCategory
) -> dict[tuple[Operation, Scope, Mode], dict[str | None, Level]]:
    """Rate each field of a category, and the category itself (None), per way of access; nothing is not listed."""
    ways: dict[tuple[Operation, Scope, Mode], list[Offer]] = {}
    for offer in template.offers:
        ways.setdefault((offer.operation, offer.scope, offer.mode), []).append(offer)
    found = {}
    for way, offers in ways.items():
        whole = _closest(offers, category.fides)
        levels: dict[str | None, Level] = {None: whole} if whole else {}
        for name, fides in category.fields.items():
            level = _closest(offers, fides)
            if category.sense != Sense.ORDINARY:
                level = min(level, whole)
            if level and (level == Level.CLEAR or way[0] not in {Operation.WRITE, Operation.ERASE}):
                levels[name] = level
        found[way] = levels
    return found


def _folded(key: str, category: TemplateCategory, levels: Mapping[str | None, Level]) -> Iterator[tuple[str, Level]]:
    given = {name: level for name, level in levels.items() if name is not None}
    if None in levels and len(given) == len(category.fields) and set(given.values()) == {levels[None]}:
        yield key, levels[None]
        return
    yield from sorted(given.items())


def _barred(template: Template, known: TemplateMap) -> Iterator[ProposedForbid]:
    for key in sorted(known.categories):
        category = known.categories[key]
        for bar in template.bars:
            if _matches(bar.data, category.fides):
                yield ProposedForbid(key, bar.reason)
                break
        else:
            for name, fides in sorted(category.fields.items()):
                for bar in template.bars:
                    if _matches(bar.data, fides):
                        yield ProposedForbid(name, bar.reason)
                        break


def _closest(offers: list[Offer], fides: str) -> Level:
    """Take the level of the line that speaks of a kind of data most exactly; of two equally exact, the lower."""
    lines = [(len(above), -offer.level) for offer in offers for above in offer.data if reaches(above, fides)]
    return Level(-max(lines)[1]) if lines else Level.HIDDEN


def _matches(data: tuple[str, ...], fides: str) -> bool:
    return any(reaches(above, fides) for above in data)
