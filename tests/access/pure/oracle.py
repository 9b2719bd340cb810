"""Three judges of one question: the compiled decision, the naive walk over the rows, and Cedar."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import cedarpy
from tests.access.pure import worlds
from tests.access.pure.worlds import NOW, Case

from bailee.access import cedar
from bailee.access.compile import Snapshot, compile_policy
from bailee.access.decide import decide
from bailee.access.explain import explain
from bailee.access.facts import Facts
from bailee.access.words import Level


class Cedar:
    """One house in Cedar, parsed once; questions are collected and asked in one batch."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.policies = cedarpy.PolicySet.from_str(cedar.policies(facts))
        self.entities = cedarpy.Entities.from_json_str(json.dumps(cedar.entities(facts, NOW)))
        self.asked: dict[str, int] = {}
        self.requests: list[dict[str, Any]] = []
        self.wanted: list[tuple[Case, str, Level, bool, list[int]]] = []

    def claim(self, case: Case, name: str, level: Level) -> None:
        """Note what must come out if a field stands at a level: that level is allowed, the next one is not."""
        if level > Level.HIDDEN:
            self._ask(case, name, level, allowed=True)
        if level < Level.CLEAR:
            self._ask(case, name, Level(level + 1), allowed=False)

    def _ask(self, case: Case, name: str, level: Level, *, allowed: bool) -> None:
        q = case.query
        sides = [(q.actor, case.around["assigned"])]
        if q.acting_for is not None:
            sides.append((q.acting_for, case.around["acting_assigned"]))
        numbers = []
        for actor, assigned in sides:
            in_case = case.around["case_open"] and q.case is not None
            known = cedar.context(self.facts, q.purpose, case.limits, NOW, assigned=assigned, case_open=in_case)
            written = json.dumps(known)
            for key in worlds.needed(self.facts.map, name):
                request = cedar.request(actor, q.operation, level, key, known) | {"context": written}
                number = self.asked.setdefault(json.dumps(request), len(self.requests))
                if number == len(self.requests):
                    self.requests.append(request)
                numbers.append(number)
        self.wanted.append((case, name, level, allowed, numbers))

    def disagreements(self) -> list[str]:
        answers = cedarpy.is_authorized_batch(self.requests, self.policies, self.entities)
        errors = [str(error) for answer in answers for error in answer.diagnostics.errors]
        wrong = [
            f"Cedar says {not allowed} to {level.name} of {name}: {case}"
            for case, name, level, allowed, numbers in self.wanted
            if all(answers[number].allowed for number in numbers) is not allowed
        ]
        return errors + wrong


def disagreements(seed: int, houses: int, queries: int) -> list[str]:
    """Ask all three in random houses; a word on each difference."""
    r = Random(seed)
    found = []
    for _ in range(houses):
        facts = worlds.random_facts(r)
        snapshot = compile_policy(facts, 1, NOW)
        judge = Cedar(facts)
        for _ in range(queries):
            case = worlds.random_case(r, facts, sign_in=False)
            verdict = decide(snapshot, case.query, case.limits, now=NOW, **case.around)
            naive = explain(facts, case.query, case.limits, NOW, **case.around)
            if verdict.levels != naive.levels:
                found.append(f"decide {verdict.levels}, explain {naive.levels}: {case}")
            for name, level in verdict.levels.items():
                judge.claim(case, name, level)
        found += judge.disagreements()
    return found


def plain_disagreements(facts: Facts, snapshot: Snapshot, cases: Iterator[Case]) -> list[Case]:
    """Ask decide and explain only."""
    return [
        case
        for case in cases
        if decide(snapshot, case.query, case.limits, now=NOW, **case.around).levels
        != explain(facts, case.query, case.limits, NOW, **case.around).levels
    ]
