"""Cedar through cedarpy, in this process: policies and entities parsed once, one record of 12 fields per batch."""

import json
from collections.abc import Sequence
from importlib import metadata
from itertools import cycle
from typing import Any

import cedarpy
from tests.access.pure.worlds import NOW

from bailee.access import cedar
from bailee.access.facts import Facts
from bailee.access.words import Level, Mode, Operation, Query, reaches


class Cedar:
    """The same questions as ours, at the level CLEAR."""

    def __init__(self, facts: Facts, queries: Sequence[Query], fields: Sequence[str]) -> None:
        self.name = f"cedarpy {metadata.version('cedarpy')}"
        self._policies = cedarpy.PolicySet.from_str(cedar.policies(facts))
        self._entities = cedarpy.Entities.from_json_str(json.dumps(cedar.entities(facts, NOW)))
        self._few = cedarpy.PolicySet.from_str(_few(facts))
        self._data = cedarpy.Entities.from_json_str(json.dumps(_data(facts, fields)))
        self._asked = cycle([self._requests(facts, query, fields) for query in queries])
        self._plain = cycle([_plain(query, fields) for query in queries])

    def by_policies(self) -> object:
        """Every grant is a policy."""
        return cedarpy.is_authorized_batch(next(self._asked), self._policies, self._entities)

    def by_data(self) -> object:
        """Every field names the roles that may see it; one policy per purpose."""
        return cedarpy.is_authorized_batch(next(self._plain), self._few, self._data)

    def differences(
        self, queries: Sequence[Query], fields: Sequence[str], levels: Sequence[Sequence[Level]]
    ) -> list[str]:
        """Where either way says another thing than we do."""
        wrong = []
        for query, rated in zip(queries, levels, strict=True):
            said = cedarpy.is_authorized_batch(_plain(query, fields), self._few, self._data)
            wrong += [
                f"Cedar differs about {name} for {query.actor}, {query.purpose}"
                for name, level, one in zip(fields, rated, said, strict=True)
                if one.allowed is not (level is Level.CLEAR)
            ]
        return wrong

    @staticmethod
    def _requests(facts: Facts, query: Query, fields: Sequence[str]) -> list[dict[str, Any]]:
        known = cedar.context(facts, query.purpose, (), NOW, assigned=False, case_open=False)
        written = json.dumps(known)
        return [
            cedar.request(query.actor, Operation.READ, Level.CLEAR, name, known) | {"context": written}
            for name in fields
        ]


def _few(facts: Facts) -> str:
    return "\n".join(
        f'permit (principal, action == Action::"{key}", resource) when {{ principal in resource.{key} }};'
        for key in facts.map.purposes
    )


def _data(facts: Facts, fields: Sequence[str]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"uid": _uid("Role", one.key), "attrs": {}, "parents": []} for one in facts.roles]
    held: dict[str, list[dict[str, str]]] = {}
    for one in facts.memberships:
        held.setdefault(one.person, []).append(_uid("Role", one.role))
    made += [{"uid": _uid("Person", one.id), "attrs": {}, "parents": held.get(one.id, [])} for one in facts.people]
    for name in fields:
        attrs = {
            purpose: [
                {"__entity": _uid("Role", one.role or "")}
                for one in facts.grants
                if one.purpose == purpose
                and one.level is Level.CLEAR
                and one.mode is Mode.STANDING
                and reaches(one.category, name)
            ]
            for purpose in facts.map.purposes
        }
        made.append({"uid": _uid("Data", name), "attrs": attrs, "parents": []})
    return made


def _plain(query: Query, fields: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "principal": f'Person::"{query.actor}"',
            "action": f'Action::"{query.purpose}"',
            "resource": f'Data::"{name}"',
            "context": {},
        }
        for name in fields
    ]


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}
