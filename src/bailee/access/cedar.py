"""The policy written as Cedar text and entities, so that another engine can judge the same questions.

One action per operation and level (a CLEAR grant permits all three), data keys as nested entities; purpose, instant,
scopes and the customer's choices are the context. One ask about one data key is one Cedar request; strength and age of
the sign-in are not written.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.words import GrantRow, Level, Mode, Operation, Origin, PurposeFacts, Scope, Sense, reaches
from bailee.kernel.clock import Micros

# `has` before every attribute: Cedar skips a policy that errors, even a forbid, and a skipped forbid opens.
_ONLY_ACTIVE: Final = """\
forbid (principal, action, resource)
unless {
  principal has state && principal.state == "active" &&
  (principal.kind == "person" ||
   (principal.kind == "service" && principal has owner && principal.owner has state &&
    principal.owner.kind == "person" && principal.owner.state == "active"))
};"""


def policies(facts: Facts) -> str:
    """Write every purpose, requirement, forbid and standing grant as a Cedar policy, named after its row."""
    said = [_ONLY_ACTIVE]
    for key, purpose in facts.map.purposes.items():
        said += _purpose(key, purpose)
    said.append(f"forbid (principal, {_action(Operation.ERASE)}, resource) when {{ resource in context.holds }};")
    for lesson in facts.requirements:
        if lesson.category is not None:
            said.append(
                f"forbid (principal, action, resource in {_uid('Data', lesson.category)})\n"
                f"unless {{ {_learned(facts, lesson.lesson, lesson.grace_days, lesson.category)} }};"
            )
    for row in facts.forbids:
        when = "true" if row.purpose is None else f"context.purpose == {_text(row.purpose)}"
        said.append(
            f"@id({_text(f'forbid-{row.id}')})\n"
            f"forbid ({_who(row.role, row.person)}, {_action(row.operation)}, "
            f"resource in {_uid('Data', row.category)})\nwhen {{ {when} }};"
        )
    said += [_grant(facts, row) for row in facts.grants if row.mode == Mode.STANDING and row.origin != Origin.CANARY]
    return "\n\n".join(said) + "\n"


def entities(facts: Facts, now: Micros) -> list[dict[str, Any]]:
    """List people, roles and data keys as Cedar entities; memberships and lessons as they stand at an instant."""
    listed = []
    for person in facts.people:
        done = [row for row in facts.conditions if row.person == person.id]
        listed.append(
            {
                "uid": _ref("Person", person.id),
                "attrs": {
                    "state": str(person.state),
                    "kind": str(person.kind),
                    "met": [row.lesson for row in done if row.met_until is not None and now < row.met_until],
                    "graced": [row.lesson for row in done if row.grace_until is not None and now < row.grace_until],
                }
                | ({} if person.owner is None else {"owner": _entity("Person", person.owner)}),
                "parents": [
                    _ref("Role", role)
                    for role in sorted(
                        {
                            row.role
                            for row in facts.memberships
                            if row.person == person.id and row.since <= now < row.until and row.origin != Origin.CANARY
                        }
                    )
                ],
            }
        )
    listed += [{"uid": _ref("Role", role.key), "attrs": {}, "parents": []} for role in facts.roles]
    keys = _keys(facts)
    listed += [
        {
            "uid": _ref("Data", key),
            "attrs": {},
            "parents": [_ref("Data", above) for above in keys if above != key and reaches(above, key)],
        }
        for key in keys
    ]
    return listed


def context(
    facts: Facts, purpose: str, limits: Sequence[Limit], now: Micros, *, assigned: bool, case_open: bool
) -> dict[str, Any]:
    """Write what one ask knows of the customer: scopes that count, and the choices that bear on the purpose."""
    family, above = {purpose}, facts.map.purposes[purpose].parent
    while above is not None:
        family.add(above)
        above = facts.map.purposes[above].parent
    chosen: dict[LimitKind, list[str]] = {kind: [] for kind in LimitKind}
    for limit in limits:
        if limit.until is not None and limit.until <= now:
            continue
        opens = limit.kind == LimitKind.CONSENT
        if limit.purpose in family or (limit.kind == LimitKind.HOLD) or (limit.purpose is None and not opens):
            chosen[limit.kind] += _reached(facts, limit.category, opens=opens)
    scopes = [Scope.ALL] + [Scope.ASSIGNED] * assigned + [Scope.CASE] * case_open
    return {
        "purpose": purpose,
        "now": now,
        "scopes": [str(scope) for scope in scopes],
        "consents": _entities(chosen[LimitKind.CONSENT]),
        "objections": _entities(chosen[LimitKind.OBJECTION]),
        "restrictions": _entities(chosen[LimitKind.RESTRICTION]),
        "holds": _entities(chosen[LimitKind.HOLD]),
    }


def request(actor: str, operation: Operation, level: Level, key: str, known: dict[str, Any]) -> dict[str, Any]:
    """Write one question: may this actor use this data key in this form? `known` comes from `context`."""
    return {
        "principal": _uid("Person", actor),
        "action": _uid("Action", _named(operation, level)),
        "resource": _uid("Data", key),
        "context": known,
    }


def _purpose(key: str, purpose: PurposeFacts) -> Iterator[str]:
    here = f"context.purpose == {_text(key)}"
    listed = ", ".join(_uid("Data", category) for category in purpose.categories)
    yield f"forbid (principal, action, resource) when {{ {here} }} unless {{ resource in [{listed}] }};"
    if purpose.needs_consent:
        yield f"forbid (principal, action, resource) when {{ {here} }} unless {{ resource in context.consents }};"
    if purpose.objectable:
        yield f"forbid (principal, action, resource) when {{ {here} && resource in context.objections }};"
    if not purpose.survives_restriction:
        yield f"forbid (principal, action, resource) when {{ {here} && resource in context.restrictions }};"


def _grant(facts: Facts, row: GrantRow) -> str:
    conditions = [
        f"context.purpose == {_text(row.purpose)}",
        f"context.scopes.contains({_text(row.scope)})",
        *_while(facts, row),
    ]
    if row.person is not None:
        for approver in row.approvers:
            one = _uid("Person", approver)
            conditions.append(f'{one} has state && {one}.state == "active"')
        if row.eligibility is not None:
            conditions += _resting(facts, row)
    return (
        f"@id({_text(f'grant-{row.id}')})\n"
        f"permit ({_who(row.role, row.person)}, {_action(row.operation, row.level)}, "
        f"resource in {_uid('Data', row.category)})\nwhen {{ {' && '.join(conditions)} }};"
    )


def _while(facts: Facts, row: GrantRow) -> Iterator[str]:
    yield f"context.now >= {row.since} && context.now < {row.until}"
    if row.role is not None:
        for lesson in facts.requirements:
            if lesson.role == row.role:
                yield _learned(facts, lesson.lesson, lesson.grace_days, None)


def _resting(facts: Facts, row: GrantRow) -> Iterator[str]:
    base = next((other for other in facts.grants if other.id == row.eligibility), None)
    if (
        base is None
        or base.mode != Mode.ON_REQUEST
        or base.origin == Origin.CANARY
        or base.person not in {None, row.person}
        or base.purpose != row.purpose
        or base.operation != row.operation
        or base.level < row.level
        or base.scope not in {Scope.ALL, row.scope}
        or not reaches(base.category, row.category)
    ):
        yield "false"
        return
    if base.role is not None:
        yield f"principal in {_uid('Role', base.role)}"
    yield from _while(facts, base)


def _learned(facts: Facts, lesson: str, grace_days: int, category: str | None) -> str:
    ways = ['principal.kind != "person"', f"principal.met.contains({_text(lesson)})"]
    high = category is not None and any(_is_high(facts, key) for key in _mapped(facts) if reaches(category, key))
    if grace_days > 0 and not high:
        ways.append(f"principal.graced.contains({_text(lesson)})")
    return f"principal has met && ({' || '.join(ways)})"


def _is_high(facts: Facts, key: str) -> bool:
    homes = [category for category in facts.map.categories if reaches(category, key)]
    return facts.map.sense[max(homes, key=len)] == Sense.HIGH


def _mapped(facts: Facts) -> list[str]:
    return [*facts.map.categories, *(name for fields in facts.map.categories.values() for name in fields)]


def _keys(facts: Facts) -> list[str]:
    keys = set[str]()
    for key in _mapped(facts):
        parts = key.split(".")
        keys |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return sorted(keys)


def _reached(facts: Facts, category: str | None, *, opens: bool) -> list[str]:
    if category is None or (not opens and category not in _keys(facts)):
        return [key for key in _keys(facts) if "." not in key]
    return [category]


def _who(role: str | None, person: str | None) -> str:
    if role is not None:
        return f"principal in {_uid('Role', role)}"
    return "principal" if person is None else f"principal == {_uid('Person', person)}"


def _action(operation: Operation | None, level: Level = Level.CLEAR) -> str:
    if operation is None:
        return "action"
    names = [_uid("Action", _named(operation, form)) for form in Level if Level.PRESENT <= form <= level]
    return f"action in [{', '.join(names)}]"


def _named(operation: Operation, level: Level) -> str:
    return f"{operation.name}.{level.name}".lower()


def _text(value: str) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _uid(kind: str, name: str) -> str:
    return f"{kind}::{_text(name)}"


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _entity(kind: str, name: str) -> dict[str, dict[str, str]]:
    return {"__entity": _ref(kind, name)}


def _entities(keys: Iterable[str]) -> list[dict[str, dict[str, str]]]:
    return [_entity("Data", key) for key in keys]
