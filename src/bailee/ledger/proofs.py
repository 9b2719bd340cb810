"""Inclusion proofs from stored tiles, and the C2SP tlog-proof file that carries one to an outsider."""

from base64 import b64encode
from dataclasses import dataclass

from bailee.crypto.tree import node_hash
from bailee.kernel.errors import NotFound
from bailee.kernel.recorded import EntryRef
from bailee.ledger import tables
from bailee.ledger.tiles import leaves, root_of_hashes, subtree


@dataclass(frozen=True, slots=True)
class Proof:
    """That one entry is in the tree of a signed checkpoint."""

    entry: EntryRef
    hashes: tuple[bytes, ...]
    body: bytes
    checkpoint: str

    def text(self) -> str:
        """The file `c2sp.org/tlog-proof@v1`; suffix `.tlog-proof`."""
        lines = ["c2sp.org/tlog-proof@v1", f"extra {b64encode(self.body).decode()}", f"index {self.entry.index}"]
        lines += [b64encode(one).decode() for one in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def prove(alias: str, entry: EntryRef) -> Proof:
    """Prove one entry in the newest checkpoint that covers it.

    Raises:
        NotFound: no such entry, its body was pruned, or no checkpoint covers it yet.

    """
    row = tables.Entry.objects.using(alias).filter(lane=entry.lane, idx=entry.index).first()
    point = (
        tables.CheckpointRow.objects.using(alias)
        .filter(lane=entry.lane, size__gt=entry.index)
        .order_by("-size")
        .first()
    )
    if row is None or row.body is None or point is None:
        raise NotFound("there is no such entry with a checkpoint over it", hint="see bailee ledger tail")
    hashes = inclusion(alias, entry.lane, entry.index, 0, point.size)
    return Proof(entry, tuple(hashes), bytes(row.body), point.note)


def inclusion(alias: str, lane: int, index: int, start: int, end: int) -> list[bytes]:
    """RFC 6962 audit path of a leaf within [start, end), nearest sibling first; reads O(log n) tiles."""
    if end - start == 1:
        return []
    half = 1 << ((end - start - 1).bit_length() - 1)
    middle = start + half
    if index < middle:
        return [*inclusion(alias, lane, index, start, middle), range_root(alias, lane, middle, end)]
    return [*inclusion(alias, lane, index, middle, end), range_root(alias, lane, start, middle)]


def range_root(alias: str, lane: int, start: int, end: int) -> bytes:
    """RFC 6962 root of the leaves in [start, end), where start is a multiple of the range's full width."""
    count = end - start
    if count <= 256:
        return root_of_hashes(leaves(alias, lane, start, end))
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return subtree(alias, lane, level, start >> level)
    half = 1 << ((count - 1).bit_length() - 1)
    return node_hash(range_root(alias, lane, start, start + half), range_root(alias, lane, start + half, end))
