"""Who did what with one customer's data: found by their pseudonym, while their key lives."""

from bailee.house import House
from bailee.kernel.actors import Actor
from bailee.kernel.errors import Gone, NotFound
from bailee.kernel.ids import SubjectId
from bailee.kernel.permissions import Permission
from bailee.ledger import log
from bailee.ledger.log import Line
from bailee.vault import records
from bailee.vault.gate import Gate


def history(house: House, gate: Gate, actor: Actor, subject: SubjectId, limit: int = 200) -> tuple[Line, ...]:
    """Every entry about a customer, newest first: single reads, searches that hit, bulk reads that named them.

    Raises:
        Denied: without the permission `respond`. NotFound: no such customer. Gone: erased, and with the key the way
            from the customer to the entries.

    """
    house.require(actor, "vault.history", Permission.RESPOND)
    alias = gate.alias(subject)
    if alias is None:
        if subject in records.subjects("default", [subject]):
            raise Gone("this customer was erased", hint="no entry can be tied to them any more")
        raise NotFound("there is no such customer", hint="bailee customer find")
    house.catch_up()
    return log.of_alias(alias, limit)
