"""All rows that a policy is compiled from, and their digest: two houses with equal rows have equal digests."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bailee.access.words import (
    ConditionRow,
    ForbidRow,
    GrantRow,
    MapFacts,
    MembershipRow,
    PersonRow,
    RequirementRow,
    RoleRow,
)
from bailee.kernel import canon


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The policy as rows, and the data map it speaks of."""

    people: tuple[PersonRow, ...]
    roles: tuple[RoleRow, ...]
    memberships: tuple[MembershipRow, ...]
    grants: tuple[GrantRow, ...]
    forbids: tuple[ForbidRow, ...]
    requirements: tuple[RequirementRow, ...]
    conditions: tuple[ConditionRow, ...]
    map: MapFacts


def digest(facts: Facts) -> bytes:
    """Digest the policy rows, whatever order they come in; 32 bytes.

    The data map is left out: it has a version and digest of its own, and a new release may add a built-in category
    without anyone having touched a row. Absent values are written as an empty list, which no present value equals.

    Source: RFC 8785 (canonical form), SHA-256.
    """
    rows: dict[str, list[list[Any]]] = {
        "people": [[p.id, p.kind, p.state, _opt(p.owner)] for p in facts.people],
        "roles": [[r.key, r.title, _opt(r.owner), r.review_days, sorted(r.permissions)] for r in facts.roles],
        "memberships": [[m.person, m.role, m.since, m.until, m.origin] for m in facts.memberships],
        "grants": [
            [
                *(g.id, _opt(g.role), _opt(g.person), g.category, g.purpose, g.operation, g.level, g.scope, g.mode),
                *(g.since, g.until, g.origin, _opt(g.eligibility), sorted(g.approvers)),
            ]
            for g in facts.grants
        ],
        "forbids": [
            [f.id, _opt(f.role), _opt(f.person), f.category, _opt(f.purpose), _opt(f.operation)] for f in facts.forbids
        ],
        "requirements": [[_opt(r.category), _opt(r.role), r.lesson, r.grace_days] for r in facts.requirements],
        "conditions": [[c.person, c.lesson, _opt(c.met_until), _opt(c.grace_until)] for c in facts.conditions],
    }
    return sha256(canon.encode({kind: sorted(kept) for kind, kept in rows.items()})).digest()


def _opt(value: object) -> list[object]:
    # A list of none or one: rows stay sortable (lists compare with lists), and absent can't be mistaken for a value.
    return [] if value is None else [value]
