"""Roles: jobs taken from templates and fitted to the data map in force, with their grants and forbids."""

from collections.abc import Iterable
from dataclasses import dataclass

from bailee.access import tables
from bailee.access.policy import change
from bailee.access.templates import Template, TemplateCategory, TemplateMap, fit, read_templates
from bailee.access.words import Origin, Sense
from bailee.datamap import versions
from bailee.datamap.compile import CompiledMap
from bailee.datamap.versions import Nothing
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act, look
from bailee.kernel.asks import Key
from bailee.kernel.clock import DAY
from bailee.kernel.errors import Conflict, NotFound
from bailee.kernel.events import Event, event
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx, View

# -- words


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRoles:
    """Roles to take from the templates, by key."""

    roles: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """One role as the roles page shows it."""

    key: str
    title: str
    review_days: int
    permissions: tuple[str, ...]
    holders: int
    grants: int


@event(tag=412, name="roles.added", says="Roles {roles} were added with {grants} grants", shred=None)
@dataclass(frozen=True, slots=True)
class RolesAdded(Event):
    roles: tuple[str, ...]
    grants: int
    forbids: int


# -- rules


def template_map(compiled: CompiledMap) -> TemplateMap:
    """The data map as templates see it; built-in categories are nobody's by template."""
    return TemplateMap(
        categories={
            key: TemplateCategory(
                fides=_category_key(compiled, key),
                sense=Sense(str(one.sense)),
                fields={name: compiled.fields[name].fides or "" for name in one.fields},
                purposes=one.purposes,
            )
            for key, one in compiled.categories.items()
            if not one.built_in
        },
        purposes={key: one.use for key, one in compiled.purposes.items() if not one.built_in},
    )


def _category_key(compiled: CompiledMap, key: str) -> str:
    """The longest fides key that all fields of a category share."""
    keys = [(compiled.fields[name].fides or "").split(".") for name in compiled.categories[key].fields]
    shared: list[str] = []
    for parts in zip(*keys, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared)


# -- acts


@act("access.add_roles", needs=Permission.EDIT_POLICY)
def add_roles(tx: Tx, actor: Actor, ask: AddRoles) -> Recorded[int, RolesAdded]:
    """Take roles from the templates, with the grants that fit the data map in force."""
    with change(tx):
        grants, forbids = create(tx, ask.roles, owner=actor.id)
    return Recorded(grants, RolesAdded(tuple(sorted(ask.roles)), grants, forbids))


# -- looks


@look("access.roles", needs=Permission.ASK_POLICY)
def roles(view: View, actor: Actor, ask: Nothing) -> tuple[Role, ...]:
    """All roles, with how many hold them and how much they give."""
    held: dict[str, int] = {}
    for role in tables.Membership.objects.filter(since__lte=view.now, until__gt=view.now).values_list(
        "role", flat=True
    ):
        held[role] = held.get(role, 0) + 1
    given: dict[str, int] = {}
    for holder in tables.Grant.objects.filter(until__gt=view.now).values_list("role", flat=True):
        if holder is not None:
            given[holder] = given.get(holder, 0) + 1
    return tuple(
        Role(
            row.key,
            row.title,
            row.review_days,
            tuple(row.permissions.split()),
            held.get(row.key, 0),
            given.get(row.key, 0),
        )
        for row in tables.Role.objects.order_by("key")
    )


# -- inside


def create(tx: Tx, keys: Iterable[str], *, owner: str) -> tuple[int, int]:
    """Write roles with their fitted grants and forbids; the caller stands inside `policy.change`."""
    known = {template.key: template for template in read_templates()}
    fitted = template_map(versions.current(tx.alias))
    grants, forbids = 0, 0
    for key in sorted(set(keys)):
        if key not in known:
            raise NotFound(f"there is no template {key}", hint=f"there are {', '.join(known)}")
        if tables.Role.objects.using(tx.alias).filter(key=key).exists():
            raise Conflict(f"there is a role {key} already", hint="bailee roles list")
        more, bars = _write(tx, known[key], fitted, owner)
        grants, forbids = grants + more, forbids + bars
    return grants, forbids


def _write(tx: Tx, template: Template, fitted: TemplateMap, owner: str) -> tuple[int, int]:
    tables.Role.objects.using(tx.alias).create(
        key=template.key,
        title=template.title,
        owner=owner,
        review_days=template.review_days,
        permissions=" ".join(sorted(template.permissions)),
    )
    grants, bars = fit(template, fitted)
    tables.Grant.objects.using(tx.alias).bulk_create(
        tables.Grant(
            role=template.key,
            category=one.category,
            purpose=one.purpose,
            operation=one.operation,
            level=one.level,
            scope=one.scope,
            mode=one.mode,
            since=tx.now,
            until=tx.now + template.review_days * DAY,
            reason=f"template {template.key}",
            approved_by=owner,
            origin=Origin.STANDING,
        )
        for one in grants
    )
    tables.Forbid.objects.using(tx.alias).bulk_create(
        tables.Forbid(role=template.key, category=bar.category, purpose="*", operation="*", reason=bar.reason)
        for bar in bars
    )
    return len(grants), len(bars)
