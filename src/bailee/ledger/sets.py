"""The people of a bulk read: one root in the entry, the sorted aliases beside it."""

from collections.abc import Iterable
from typing import Final

from bailee.crypto.tree import leaf_hash, root_of
from bailee.kernel.errors import NotFound, Unreadable
from bailee.kernel.tx import Tx
from bailee.ledger import tables
from bailee.ledger.entries import SubjectSet

MOST: Final = 50_000
_WIDTH: Final = 16


def keep(tx: Tx, aliases: Iterable[bytes]) -> SubjectSet:
    """Store a set once and answer what the entry says of it.

    Args:
        tx: the transaction of the entry that names the set.
        aliases: 16 bytes each; at most 50,000 different ones.

    """
    ordered = sorted(set(aliases))
    if not ordered or len(ordered) > MOST:
        raise ValueError("a set names 1 to 50,000 people")
    root = root_of([leaf_hash(one) for one in ordered])
    tables.SubjectSetRow.objects.using(tx.alias).get_or_create(
        root=root, defaults={"n": len(ordered), "body": b"".join(ordered)}
    )
    return SubjectSet(root, len(ordered))


def members(people: SubjectSet) -> list[bytes]:
    """The aliases of a set, checked against its root.

    Raises:
        NotFound: the set went with its last entry.
        Unreadable: `tampered`.

    """
    row = tables.SubjectSetRow.objects.filter(root=people.root).first()
    if row is None:
        raise NotFound("this set of people is not stored", hint="it was pruned with its entry")
    body = bytes(row.body)
    found = [body[at : at + _WIDTH] for at in range(0, len(body), _WIDTH)]
    if len(found) != people.n or root_of([leaf_hash(one) for one in found]) != people.root:
        raise Unreadable("a set of people does not match its root", hint="run bailee ledger verify")
    return found
