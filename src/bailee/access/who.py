"""Who can see this, what can somebody see, and why: answered from the rows in force, always complete."""

from dataclasses import dataclass
from typing import Final

from bailee.access import tables
from bailee.access.compile import recompile
from bailee.access.explain import explain, what_can, who_can
from bailee.access.facts import Facts
from bailee.access.grants import LevelWord, OperationWord
from bailee.access.policy import load
from bailee.access.words import Level, Operation, Query
from bailee.datamap import versions
from bailee.kernel.actors import Actor
from bailee.kernel.acts import look
from bailee.kernel.asks import Key, Word
from bailee.kernel.clock import Micros
from bailee.kernel.permissions import Permission
from bailee.kernel.tx import View

_STORE: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A category or field; narrowed to a purpose, an operation, a least level."""

    target: Key
    purpose: Key | None = None
    operation: OperationWord | None = None
    level: LevelWord = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """One person."""

    person: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One person, one field, one purpose."""

    person: Word
    field: Key
    purpose: Key
    operation: OperationWord = "read"
    level: LevelWord = "clear"


@dataclass(frozen=True, slots=True)
class Reach:
    """One way in which a person reaches data."""

    person: str
    name: str
    target: str
    purpose: str
    operation: str
    scope: str
    level: str


@dataclass(frozen=True, slots=True)
class Because:
    """The level somebody reaches, the grants that give it, the forbids that take it, what is missing, who can help."""

    person: str
    field: str
    purpose: str
    level: str
    grants: tuple[int, ...]
    forbids: tuple[int, ...]
    missing: tuple[str, ...]
    who_can_help: tuple[str, ...]


@look("access.who", needs=Permission.ASK_POLICY)
def who(view: View, actor: Actor, ask: Who) -> tuple[Reach, ...]:
    """Everybody who can use a category or field, and how; nobody is left out."""
    compiled = versions.current()
    target = ask.target if ask.target in compiled.categories else compiled.resolve(ask.target).key
    operation = None if ask.operation is None else Operation[ask.operation.upper()]
    found = who_can(recompile(_facts(), view.now), target, ask.purpose, operation, Level[ask.level.upper()])
    names = _names()
    return tuple(
        Reach(
            one.person,
            names.get(one.person, ""),
            target,
            one.purpose,
            one.operation.name.lower(),
            one.scope.value,
            one.level.name.lower(),
        )
        for one in found
    )


@look("access.what", needs=Permission.ASK_POLICY)
def what(view: View, actor: Actor, ask: What) -> tuple[Reach, ...]:
    """Every field somebody can use, per purpose and operation."""
    name = _names().get(ask.person, "")
    return tuple(
        Reach(
            ask.person,
            name,
            one.field,
            one.purpose,
            one.operation.name.lower(),
            one.scope.value,
            one.level.name.lower(),
        )
        for one in what_can(recompile(_facts(), view.now), ask.person)
    )


@look("access.why", needs=Permission.ASK_POLICY)
def why(view: View, actor: Actor, ask: Why) -> Because:
    """Why somebody can or can't use a field for a purpose, with the grants and forbids that decide it."""
    field = versions.current().resolve(ask.field).key
    query = Query(
        actor=ask.person,
        purpose=ask.purpose,
        operation=Operation[ask.operation.upper()],
        fields=(field,),
        asked=Level[ask.level.upper()],
    )
    found = explain(_facts(), query, (), Micros(view.now)).why[field]
    return Because(
        ask.person,
        field,
        ask.purpose,
        found.level.name.lower(),
        found.grants,
        found.forbids,
        found.missing,
        found.who_can_help,
    )


def _facts() -> Facts:
    return load(_STORE, versions.current())


def _names() -> dict[str, str]:
    return dict(tables.Person.objects.values_list("id", "name"))
