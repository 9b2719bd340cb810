"""Procedures: work over two stores, in numbered idempotent steps, each its own transaction; they only roll forward."""

from dataclasses import dataclass
from typing import Final

from django.db import models

from bailee.kernel.clock import SECOND
from bailee.kernel.errors import Conflict
from bailee.kernel.tx import Tx
from bailee.ledger import tables

CLAIM: Final = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Procedure:
    """One piece of work: the last step that committed, and what it needs to go on."""

    id: bytes
    kind: int
    step: int
    subject: bytes | None
    body: bytes


def begin(tx: Tx, *, key: bytes, kind: int, step: int, subject: bytes, body: bytes) -> Procedure:
    """Note the work in the transaction of its first step; from its commit on it is irrevocable."""
    tables.Procedure.objects.using(tx.alias).create(
        id=key, kind=kind, step=step, subject=subject, body=body, begun=tx.now, claimed_until=tx.now + CLAIM
    )
    return Procedure(key, kind, step, subject, body)


def step(tx: Tx, work: Procedure, after: int, *, body: bytes | None = None) -> Procedure:
    """Move the step by compare-and-set, inside the transaction that did it.

    Raises:
        Conflict: another worker was faster; the whole step rolls back.

    """
    kept = work.body if body is None else body
    moved = tables.Procedure.objects.using(tx.alias).filter(id=work.id, step=work.step, ended=None)
    if moved.update(step=after, body=kept, claimed_until=tx.now + CLAIM) != 1:
        raise Conflict("another worker took this step", hint="it goes on by itself")
    return Procedure(work.id, work.kind, after, work.subject, kept)


def end(tx: Tx, work: Procedure) -> None:
    """Close it and blank what it knew of the customer."""
    moved = tables.Procedure.objects.using(tx.alias).filter(id=work.id, step=work.step, ended=None)
    if moved.update(ended=tx.now, subject=None, body=None) != 1:
        raise Conflict("another worker ended this", hint="nothing to do")


def failed(tx: Tx, work: Procedure, error: str) -> None:
    """Count a try that did not get through; the row stays, to be rolled forward later."""
    tables.Procedure.objects.using(tx.alias).filter(id=work.id, ended=None).update(
        tries=models.F("tries") + 1, error=error, claimed_until=0
    )


def unfinished(kind: int) -> tuple[Procedure, ...]:
    """Everything begun and not ended, oldest first."""
    rows = tables.Procedure.objects.filter(kind=kind, ended=None).order_by("begun")
    return tuple(
        Procedure(
            bytes(row.id),
            row.kind,
            row.step,
            None if row.subject is None else bytes(row.subject),
            bytes(row.body or b""),
        )
        for row in rows
    )
