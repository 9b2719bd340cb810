"""Receipts of erasure: signed notes that a customer can verify without us; they name nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from bailee.crypto.notes import Signer
from bailee.house import House
from bailee.kernel import ids
from bailee.kernel.clock import iso
from bailee.kernel.errors import NotFound
from bailee.kernel.recorded import EntryRef
from bailee.kernel.tx import Tx
from bailee.ledger import proofs
from bailee.vault import tables

FORMAT = "bailee-receipt/v1"
NOT_PLANNED = "planned when the epoch turns"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The note, and the proof that the entry it cites is in the signed ledger (`.tlog-proof`)."""

    note: str
    proof: str

    @property
    def entry(self) -> EntryRef:
        """The entry that the note cites."""
        lane, _, index = self.note.split("\nentry ", 1)[1].split("\n", 1)[0].partition("/")
        return EntryRef(int(lane), int(index))

    def file(self) -> str:
        """What the customer gets: the note, a blank line, the proof."""
        return f"{self.note}\n{self.proof}"


def sign(
    signer: Signer,
    *,
    house: bytes,
    erasure: bytes,
    categories: Sequence[int] | None,
    keys: int,
    commits_digest: bytes,
    index_rows: int,
    at: int,
    entry: EntryRef,
) -> str:
    """Write and sign receipt 1: keys destroyed in the living stores.

    Args:
        signer: the ledger's key; the receipt is signed under the name `<origin>/receipt`.
        house: 16 bytes.
        erasure: 16 bytes.
        categories: None for all.
        keys: how many keys were destroyed.
        commits_digest: SHA-256 of their commitments, sorted: anyone with an old envelope can match it.
        index_rows: how many index rows were deleted.
        at: microseconds UTC.
        entry: the ledger entry that says so.

    """
    lines = [
        FORMAT,
        f"house {house.hex()}",
        f"erasure {ids.text(erasure)}",
        f"categories {'all' if categories is None else ','.join(map(str, categories))}",
        f"keys {keys} {commits_digest.hex()}",
        f"index-rows {index_rows}",
        "tokens 0",
        "files 0",
        f"live-unreadable {iso(at)}",
        f"backups-unreadable {NOT_PLANNED}",
        "holders primary",
        f"entry {entry}",
    ]
    return signer.named(f"{signer.name}/receipt").sign("\n".join(lines) + "\n")


def keep(tx: Tx, erasure: bytes, note: str) -> None:
    """Store a receipt in the transaction of the entry it cites."""
    tables.Receipt.objects.using(tx.alias).create(id=ids.uuid7(tx.now), erasure=erasure, note=note, proof="")


def prove(house: House, erasure: bytes) -> Receipt:
    """The receipt with its proof; signs the ledger's head if no checkpoint covers the entry yet.

    Raises:
        NotFound: there is no receipt of this erasure.

    """
    row = tables.Receipt.objects.filter(erasure=erasure).first()
    if row is None:
        raise NotFound("there is no receipt of this erasure", hint="see bailee ledger tail --event erasure.erased")
    if not row.proof:
        house.sign()
        proof = proofs.prove("default", Receipt(row.note, "").entry).text()
        with house.opened() as tx:
            tables.Receipt.objects.using(tx.alias).filter(erasure=erasure).update(proof=proof)
        return Receipt(row.note, proof)
    return Receipt(row.note, row.proof)
