"""`bailee access`: who can see what and why; grant, revoke, forbid, assign."""

from typing import Annotated, Any

import typer

from bailee.cli import times
from bailee.cli.opening import Run
from bailee.cli.output import day, plain
from bailee.cli.people import Person, id_of
from bailee.cli.verbs import noun, verb
from bailee.kernel.errors import Invalid

app = noun("Who can see what, and why; grant, revoke, forbid.")

Target = Annotated[str, typer.Argument(metavar="CATEGORY|FIELD", help="A category or field of the data map.")]
Purpose = Annotated[str | None, typer.Option(help="A purpose of the data map.")]
Operation = Annotated[str | None, typer.Option(metavar="read|search|write|export|disclose|erase")]
Level = Annotated[str | None, typer.Option(metavar="present|partial|clear", help="How much of a value shows.")]
Role = Annotated[str | None, typer.Option(help="The role it is for.")]
OnePerson = Annotated[str | None, typer.Option(help="The person it is for: id or e-mail address.")]
Until = Annotated[str, typer.Option(metavar="TIME", help=times.HELP)]
Reason = Annotated[str, typer.Option(help="Why; it stands on record.")]

_REACH = {
    "name": "Who",
    "target": "May use",
    "operation": "How",
    "purpose": "For",
    "level": "Shown",
    "scope": "Of whom",
}

_MISSING = {
    "not-active": "they are not active",
    "purpose-not-listed": "the category does not list this purpose",
    "not-granted": "no grant covers it",
    "lesson-due": "a lesson is due first",
    "category-elsewhere": "the category is kept elsewhere",
    "forbidden": "it is forbidden",
    "sign-in-too-weak": "their sign-in is too weak",
    "step-up-required": "it wants a fresh proof of who they are",
    "held": "a legal hold stands",
    "objected": "the customer objected",
    "restricted": "the customer restricted it",
    "no-consent": "the customer has not consented",
}


@verb(app, "who")
def who(run: Run, target: Target, purpose: Purpose = None, operation: Operation = None, level: Level = None) -> None:
    """Everybody who can use a category or field; nobody is left out."""
    given = {"target": target, "purpose": purpose, "operation": operation, "level": level}
    with run.opened() as session:
        rows = plain(session.see("access.who", _set(given)))
    run.out.rows(rows, {"person": "ID", **_REACH} if run.out.quiet else _REACH, empty="nobody can use it")


@verb(app, "what")
def what(run: Run, person: Person) -> None:
    """Every field somebody can use, per purpose and operation."""
    with run.opened() as session:
        rows = plain(session.see("access.what", {"person": id_of(session, person)}))
    columns = {name: heading for name, heading in _REACH.items() if name != "name"}
    run.out.rows(rows, columns, empty="they can use nothing; bailee access assign gives them a role")


@verb(app, "why")
def why(
    run: Run,
    person: Person,
    field: Annotated[str, typer.Argument(help="A field of the data map.")],
    purpose: Annotated[str, typer.Option(help="A purpose of the data map.")],
    operation: Operation = None,
    level: Level = None,
) -> None:
    """Why somebody can or can't use a field for a purpose."""
    with run.opened() as session:
        who = id_of(session, person)
        asked = {"person": who, "field": field, "purpose": purpose, "operation": operation, "level": level}
        found = session.see("access.why", _set(asked))
        names = session.names()
        held = {one.id: one for one in session.see("access.grants")} if found.grants else {}
    data: dict[str, Any] = plain(found)
    if run.out.as_json or run.out.quiet:
        run.out.one(data, main="level")
        return
    shown = {"hidden": "sees nothing of", "present": "sees that there is", "partial": "sees masked", "clear": "sees"}
    out = run.out
    out.line(f"{names.get(who, who)} {shown.get(found.level, found.level)} {found.field} for {found.purpose}")
    for number in found.grants:
        one = held.get(number)
        out.line(f"  because of grant {number}" + (f": {one.holder}, {one.category}, {one.level}" if one else ""))
    for number in found.forbids:
        out.line(f"  but forbid {number} takes it away")
    for one in found.missing:
        out.line(f"  because {_MISSING.get(one, one)}")
    if found.who_can_help:
        out.line(f"  who can help: {', '.join(names.get(one, one) for one in found.who_can_help)}")


@verb(app, "grants")
def grants(run: Run, role: Role = None, person: OnePerson = None, category: Purpose = None) -> None:
    """Living grants, soonest end first."""
    with run.opened() as session:
        given = {"role": role, "person": None if person is None else id_of(session, person), "category": category}
        rows = plain(session.see("access.grants", _set(given)))
    columns = {
        "id": "No.",
        "holder": "Who",
        "category": "May use",
        "operation": "How",
        "purpose": "For",
        "level": "Shown",
        "until": "Until",
    }
    run.out.rows(
        rows,
        columns,
        right=("id",),
        cells=[{**row, "until": day(row["until"])[:10]} for row in rows],
        empty="no grants; bailee roles add takes ready-made ones, bailee access grant makes one",
    )


@verb(app, "grant")
def grant(
    run: Run,
    category: Target,
    purpose: Annotated[str, typer.Option(help="A purpose of the data map.")],
    until: Until,
    role: Role = None,
    person: OnePerson = None,
    operation: Operation = None,
    level: Level = None,
    scope: Annotated[str | None, typer.Option(metavar="all|assigned|case", help="Of which customers.")] = None,
    reason: Reason = "",
) -> None:
    """Let a role or person use a category or field for a purpose, until a date."""
    with run.opened() as session:
        given = {
            "category": category,
            "purpose": purpose,
            "until": times.moment_of(until, session.now),
            "role": role,
            "person": None if person is None else id_of(session, person),
            "operation": operation,
            "level": level,
            "scope": scope,
            "reason": reason,
        }
        done = session.do("access.grant", _set(given))
    run.out.one({"grant": done.value, "until": plain(given["until"], "until"), "entry": str(done.entry)}, main="grant")


@verb(app, "revoke")
def revoke(
    run: Run,
    number: Annotated[int, typer.Argument(help="The grant's number: bailee access grants.")],
    reason: Reason = "",
) -> None:
    """End a grant now."""
    with run.opened() as session:
        done = session.do("access.revoke", {"grant": number, "reason": reason})
    run.out.one({"grant": number, "entry": str(done.entry)}, main="grant")


@verb(app, "forbid")
def forbid(
    run: Run,
    category: Target,
    purpose: Purpose = None,
    operation: Operation = None,
    role: Role = None,
    person: OnePerson = None,
    reason: Reason = "",
) -> None:
    """Take something from a role, a person or everybody, whatever they are granted."""
    with run.opened() as session:
        given = {
            "category": category,
            "purpose": purpose,
            "operation": operation,
            "role": role,
            "person": None if person is None else id_of(session, person),
            "reason": reason,
        }
        done = session.do("access.forbid", _set(given))
    run.out.one({"forbid": done.value, "entry": str(done.entry)}, main="forbid")


@verb(app, "assign")
def assign(
    run: Run,
    person: Person,
    until: Until,
    role: Role = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="A customer to look after.")] = None,
    case: Annotated[str | None, typer.Option(help="With --customer: the case it is for.")] = None,
    reason: Reason = "",
) -> None:
    """Give somebody one more role, or a customer to look after, until a date."""
    if (role is None) == (customer is None):
        raise Invalid("assign a role or a customer", hint="name exactly one: --role or --customer")
    with run.opened() as session:
        given: dict[str, Any] = {"person": id_of(session, person), "until": times.moment_of(until, session.now)}
        if role is not None:
            done = session.do("access.assign_role", {**given, "role": role, "reason": reason})
        else:
            done = session.do("access.assign_subject", _set({**given, "subject": customer, "case": case}))
    run.out.one(
        {"person": given["person"], "until": plain(given["until"], "until"), "entry": str(done.entry)}, main="person"
    )


def _set(given: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not said, so that the ask's own defaults hold."""
    return {name: value for name, value in given.items() if value is not None}
