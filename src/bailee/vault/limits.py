"""One person's limits, read with the batch: consent, objection, restriction, holds."""

from collections.abc import Sequence

from django.db import connections

from bailee.access.limits import Limit, LimitKind
from bailee.kernel.sql import marks
from bailee.vault.records import chunks


def of(alias: str, wanted: Sequence[bytes]) -> dict[bytes, list[Limit]]:
    """The choices of these customers; one query per 400."""
    found: dict[bytes, list[Limit]] = {}
    with connections[alias].cursor() as cursor:
        for part in chunks(wanted):
            cursor.execute(f"SELECT subject, kind, purpose FROM preference WHERE subject IN ({marks(len(part))})", part)
            for subject, kind, purpose in cursor.fetchall():
                limit = Limit(LimitKind(kind), None if purpose == "*" else purpose, None, None)
                found.setdefault(bytes(subject), []).append(limit)
    return found
