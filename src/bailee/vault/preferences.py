"""A customer's own choices: consent, objection, restriction; the gate obeys them from the commit on."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from bailee.access.limits import LimitKind
from bailee.datamap import versions
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import act
from bailee.kernel.asks import Id
from bailee.kernel.errors import Invalid, NotFound
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Recorded
from bailee.kernel.tx import Tx
from bailee.vault import records, tables
from bailee.vault.facts import PreferenceSet

PurposeOrAll = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^(\*|[a-z0-9_.]+)$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefer:
    """One choice of a customer for a purpose; `given` False takes it back."""

    subject: Id
    purpose: PurposeOrAll
    kind: LimitKind
    given: bool = True


@act("vault.prefer", needs=Permission.RESPOND)
def prefer(tx: Tx, actor: Actor, ask: Prefer) -> Recorded[None, PreferenceSet]:
    """Record a customer's consent, objection or restriction, or its withdrawal."""
    if ask.kind is LimitKind.HOLD:
        raise Invalid("a hold is no choice of the customer", hint="use vault.hold")
    if ask.kind is LimitKind.CONSENT and ask.purpose == "*":
        raise Invalid("consent names its purpose", hint="GDPR Art. 4(11): specific")
    if ask.given and ask.purpose != "*" and ask.purpose not in versions.current(tx.alias).purposes:
        raise Invalid("the data map has no such purpose", hint="bailee map show", code="purpose-unknown")
    subject = ids.parse(ask.subject)
    if not records.live(tx, subject):
        raise NotFound("there is no such customer", hint="bailee customer find")
    rows = tables.Preference.objects.using(tx.alias)
    if ask.given:
        rows.update_or_create(subject=subject, purpose=ask.purpose, kind=ask.kind, defaults={"at": tx.now})
    else:
        rows.filter(subject=subject, purpose=ask.purpose, kind=ask.kind).delete()
    return Recorded(None, PreferenceSet(ask.purpose, ask.kind, "given" if ask.given else "withdrawn"))


def forget(tx: Tx, subject: bytes) -> int:
    """Delete a customer's choices; for erasure."""
    return tables.Preference.objects.using(tx.alias).filter(subject=subject).delete()[0]
