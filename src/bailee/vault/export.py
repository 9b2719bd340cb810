"""Everything of one customer that somebody may see for a purpose, in the clear; one recorded read."""

from dataclasses import dataclass
from typing import Any

from bailee.access.words import Level
from bailee.datamap import versions
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.clock import Micros
from bailee.kernel.ids import SubjectId
from bailee.kernel.recorded import EntryRef
from bailee.vault.gate import Gate
from bailee.vault.words import Ask


@dataclass(frozen=True, slots=True)
class Exported:
    """One customer: category → records, each {field: value}; what was withheld; the entry behind it."""

    subject: str
    categories: dict[str, list[dict[str, Any]]]
    withheld: tuple[str, ...]
    entry: EntryRef


def export_customer(
    gate: Gate, actor: Actor, purpose: str, subject: SubjectId, now: Micros, *, case: str | None = None
) -> Exported:
    """Export one customer as far as the actor may see in the clear for the purpose; masked values are left out.

    Raises:
        Denied: nothing may be seen. NotFound, Gone: no such customer.

    """
    compiled = versions.current()
    wanted = tuple(key for key, one in compiled.fields.items() if not compiled.categories[one.category].built_in)
    answer = gate.read(
        Ask(
            actor=actor,
            purpose=purpose,
            subjects=(subject,),
            fields=(),
            clear=wanted,
            case=case,
            export=ids.text(ids.uuid7(now)),
        )
    )
    item = answer.items[0]
    made: dict[str, list[dict[str, Any]]] = {}
    partly = set(item.withheld)
    for record in item.records:
        clear = {name: shown.value for name, shown in record.values.items() if shown.level is Level.CLEAR}
        partly |= record.values.keys() - clear.keys()
        if clear:
            made.setdefault(record.category, []).append({"record": ids.text(record.record), **clear})
    return Exported(ids.text(subject), made, tuple(sorted(partly)), answer.entries[0])
