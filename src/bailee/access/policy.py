"""This process's compiled policy: current by epoch, sealed by digest and MAC, changed inside `change` only."""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import connections

from bailee.access import tables
from bailee.access.compile import Snapshot, compile_policy, policy_lints
from bailee.access.facts import Facts, digest
from bailee.access.words import (
    ForbidRow,
    GrantRow,
    Kind,
    Level,
    MapFacts,
    MembershipRow,
    Mode,
    Operation,
    Origin,
    PersonRow,
    PurposeFacts,
    RoleRow,
    Scope,
    Sense,
    State,
)
from bailee.datamap import versions
from bailee.datamap.compile import CompiledMap
from bailee.datamap.maps import DataMap, Problem
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Conflict, HouseError, Invalid, NotFound, Unavailable
from bailee.kernel.tx import Secrets, Tx

PURPOSE: Final = "policy"
_TRIES: Final = 5
_EPOCH: Final = "SELECT epoch, (SELECT MAX(version) FROM map_version) FROM policy WHERE id = 1"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a snapshot rests on: the policy's epoch and the version of the data map."""

    epoch: int
    map: int


class PolicyBook:
    """Keeps one snapshot and renews it when the epoch, the map or the time says so.

    Args:
        secrets: for the MAC over epoch and digest.

    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._kept: tuple[Stamp, Snapshot, CompiledMap] | None = None
        self._latest = 0

    @property
    def epoch(self) -> int:
        """The epoch last seen; 0 before the first policy."""
        return 0 if self._kept is None else self._kept[0].epoch

    def stamp(self, alias: str = "default") -> Stamp:
        """Read epoch and map version in one statement."""
        with connections[alias].cursor() as cursor:
            cursor.execute(_EPOCH)
            row = cursor.fetchone()
        return Stamp(0, 0) if row is None else Stamp(row[0], row[1] or 0)

    def read_epoch(self, alias: str = "default") -> int:
        """The epoch in force, as this transaction sees it."""
        return self.stamp(alias).epoch

    def current(self, now: Micros, alias: str = "default") -> Snapshot:
        """The snapshot in force.

        Raises:
            NotFound: there is no policy yet. Unavailable: `policy-tampered`: rows were changed past the house.

        """
        return self.both(now, self.stamp(alias), alias)[0]

    def both(self, now: Micros, stamp: Stamp, alias: str = "default") -> tuple[Snapshot, CompiledMap]:
        """Snapshot and map for a stamp that the caller read; time never runs backwards here."""
        self._latest = max(self._latest, now)
        kept = self._kept
        if kept is not None and kept[0] == stamp and self._latest < kept[1].turns_at:
            return kept[1], kept[2]
        row, compiled, facts = self._rows(alias)
        if kept is not None and row.epoch < kept[0].epoch:
            raise _tampered()  # every row fits its seal, but the seal is one that was replaced
        _prove(self._secrets, row, facts)
        snapshot = compile_policy(facts, row.epoch, Micros(self._latest))
        self._kept = (Stamp(row.epoch, compiled.version), snapshot, compiled)
        return snapshot, compiled

    def high(self, now: Micros) -> Micros:
        """The latest instant this process has seen: a clock set back revives nothing."""
        self._latest = max(self._latest, now)
        return Micros(self._latest)

    def _rows(self, alias: str) -> tuple[tables.Policy, CompiledMap, Facts]:
        """Read all of one policy: on PostgreSQL each statement may see a newer one, which must not look tampered with.

        Raises:
            NotFound: there is no policy yet. Unavailable: `policy-changing`: it changed at each try.

        """
        for _ in range(_TRIES):
            row = tables.Policy.objects.using(alias).filter(id=1).first()
            if row is None:
                raise NotFound("there is no access policy yet", hint="run bailee init")
            compiled = versions.current(alias)
            facts = load(alias, compiled)
            if self.stamp(alias) == Stamp(row.epoch, compiled.version):
                return row, compiled, facts
        raise Unavailable("the access policy keeps changing", hint="try again", code="policy-changing")


@contextmanager
def change(tx: Tx) -> Iterator[None]:
    """Change policy rows: what was there must match its seal, what comes out must compile and pass the lints.

    Raises:
        Unavailable: `policy-tampered`: the rows are not those that were sealed.
        Invalid: the change does not compile, or breaks a rule; everything rolls back.

    """
    lock = tables.Policy.objects.using(tx.alias).select_for_update().filter(id=1).first()
    compiled = versions.current(tx.alias)
    if lock is not None:
        _prove(tx.secrets, lock, load(tx.alias, compiled))
    yield
    facts = load(tx.alias, compiled)
    said = policy_lints(facts, tx.now)
    compile_policy(facts, 0, tx.now)
    if said:
        raise Invalid(said[0], hint="; ".join(said[1:3]) or "change the grant, or the role it clashes with")
    epoch = 1 if lock is None else lock.epoch + 1
    sealed = digest(facts)
    row = {
        "epoch": epoch,
        "digest": sealed,
        "mac": tx.secrets.mac(PURPOSE, _message(epoch, sealed)),
        "sealed_at": tx.now,
    }
    if lock is None:
        tables.Policy.objects.using(tx.alias).create(id=1, **row)
    elif tables.Policy.objects.using(tx.alias).filter(id=1, epoch=lock.epoch).update(**row) != 1:
        raise Conflict("the access policy changed meanwhile", hint="try again", code="policy-changing")
    tx.sealed.append(epoch)


def load(alias: str, compiled: CompiledMap) -> Facts:
    """Read all policy rows; a fixed number of queries whatever their number."""
    return Facts(
        people=tuple(
            PersonRow(id=row.id, kind=Kind(row.kind), state=State(row.state), owner=row.owner)
            for row in tables.Person.objects.using(alias).order_by("id")
        ),
        roles=tuple(
            RoleRow(
                key=row.key,
                title=row.title,
                owner=row.owner,
                review_days=row.review_days,
                permissions=frozenset(row.permissions.split()),
            )
            for row in tables.Role.objects.using(alias).order_by("key")
        ),
        memberships=tuple(
            MembershipRow(
                person=row.person,
                role=row.role,
                since=Micros(row.since),
                until=Micros(row.until),
                origin=Origin(row.origin),
            )
            for row in tables.Membership.objects.using(alias).order_by("id")
        ),
        grants=tuple(_grant(row) for row in tables.Grant.objects.using(alias).order_by("id")),
        forbids=tuple(
            ForbidRow(
                id=row.id,
                role=row.role,
                person=row.person,
                category=row.category,
                purpose=None if row.purpose == "*" else row.purpose,
                operation=None if row.operation == "*" else Operation[row.operation.upper()],
            )
            for row in tables.Forbid.objects.using(alias).order_by("id")
        ),
        requirements=(),
        conditions=(),
        map=map_facts(compiled),
    )


def _grant(row: tables.Grant) -> GrantRow:
    return GrantRow(
        id=row.id,
        role=row.role,
        person=row.person,
        category=row.category,
        purpose=row.purpose,
        operation=Operation(row.operation),
        level=Level(row.level),
        scope=Scope(row.scope),
        mode=Mode(row.mode),
        since=Micros(row.since),
        until=Micros(row.until),
        origin=Origin(row.origin),
    )


def map_facts(compiled: CompiledMap) -> MapFacts:
    """What decisions rest on, taken from the data map."""
    fields = compiled.fields.values()
    return MapFacts(
        categories={key: tuple(one.fields) for key, one in compiled.categories.items()},
        purposes={
            key: PurposeFacts(
                categories=tuple(one.categories),
                needs_consent=one.needs_consent,
                objectable=one.objectable,
                survives_restriction=one.survives_restriction,
            )
            for key, one in compiled.purposes.items()
        },
        sense={key: Sense(str(one.sense)) for key, one in compiled.categories.items()},
        may_hold={one.key: one.may_hold for one in fields if one.may_hold},
        cards=frozenset(one.key for one in fields if one.type.key == "card.number"),
    )


def _prove(secrets: Secrets, row: tables.Policy, facts: Facts) -> None:
    found = digest(facts)
    sealed = secrets.mac(PURPOSE, _message(row.epoch, bytes(row.digest)))
    if not hmac.compare_digest(found, bytes(row.digest)) or not hmac.compare_digest(sealed, bytes(row.mac)):
        raise _tampered()


def _tampered() -> Unavailable:
    return Unavailable(
        "the access policy was changed past the house",
        hint="find out who wrote to the database; put the rows back, or restore",
        code="policy-tampered",
    )


def _message(epoch: int, sealed: bytes) -> bytes:
    return epoch.to_bytes(8, "big") + sealed


def _still_compiles(tx: Tx, proposed: DataMap, compiled: CompiledMap) -> list[Problem]:
    """Refuse a map under which the grants in force would mean nothing."""
    if not tables.Policy.objects.using(tx.alias).filter(id=1).exists():
        return []
    try:
        compile_policy(load(tx.alias, compiled), 0, tx.now)
    except HouseError as error:
        return [Problem("M13", None, f"a grant in force no longer fits this map: {error}", "revoke it first")]
    return []


versions.CHECKS.append(_still_compiles)
