"""Ask another implementation of RFC 6962 and the C2SP notes for vectors: `python -m tests.crypto.make_foreign_vectors`.

Needs aics-tlog (and so Python 3.12 or later) and nothing of ours; the answers are kept in `tests/vectors`.
"""

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import aics_tlog  # type: ignore[import-not-found]  # not a dependency: its answers are kept as vectors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VECTORS = Path(__file__).parents[1] / "vectors"
SMALL = 1000
LARGE = 10**6
MADE_BY = f"python -m tests.crypto.make_foreign_vectors, with aics-tlog {aics_tlog.__version__}"


def hexes(hashes: list[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


def trees() -> dict[str, Any]:
    """Roots and proofs: all sizes up to 1,000 as digests of what was proved, 20 sizes up to a million in full."""
    chosen = random.Random(6962)
    tree = aics_tlog.MerkleTree(index.to_bytes(8, "big") for index in range(LARGE))
    small = []
    for size in range(SMALL + 1):
        indexes = sorted({0, size // 2, size - 1, chosen.randrange(size)}) if size else []
        olds = sorted({1, size // 2, size - 1, chosen.randrange(1, size + 1)} - {0}) if size > 1 else []
        proved = [step for index in indexes for step in tree.inclusion_proof(index, size)]
        proved += [step for old in olds for step in tree.consistency_proof(old, size)]
        proofs = {
            "indexes": indexes,
            "olds": olds,
            "steps": len(proved),
            "sha256": sha256(b"".join(proved)).hexdigest(),
        }
        small.append({"size": size, "root": tree.root(size).hex(), **proofs})
    large = []
    for size in sorted(chosen.randrange(SMALL, LARGE + 1) for _ in range(20)):
        index, old = chosen.randrange(size), chosen.randrange(1, size)
        large.append(
            {
                "size": size,
                "root": tree.root(size).hex(),
                "index": index,
                "inclusion": hexes(tree.inclusion_proof(index, size)),
                "old": old,
                "consistency": hexes(tree.consistency_proof(old, size)),
            }
        )
    return {
        "made_by": MADE_BY,
        "format": "RFC 6962; leaf i is i as 8 bytes, big-endian",
        "small": small,
        "large": large,
    }


def notes() -> dict[str, Any]:
    """Checkpoints signed by a log and cosigned by a witness, from seeds, so that every byte is determined."""
    made = []
    for number in range(8):
        log_seed, witness_seed = bytes([number]) * 32, bytes([number + 128]) * 32
        origin, witness = f"bailee.invalid/0001020{number}/0", f"witness.example/w{number}"
        log, cosigner = (Ed25519PrivateKey.from_private_bytes(seed) for seed in (log_seed, witness_seed))
        size = (0, 1, 2, 1000, 2**31, 2**32 + 5, 2**53, 2**63 - 1)[number]
        root = sha256(b"").digest() if size == 0 else sha256(bytes([number])).digest()
        at = 1_795_000_000 + number
        head = aics_tlog.Checkpoint(origin, size, root)
        signed = aics_tlog.sign_checkpoint(head, log, origin)
        _, line = aics_tlog.sign_cosignature(cosigner, witness, at, origin, size, root)
        note = aics_tlog.Note(signed.text, (*signed.signatures, line))
        made.append(
            {
                "origin": origin,
                "size": size,
                "root": root.hex(),
                "log_seed": log_seed.hex(),
                "log_vkey": aics_tlog.format_vkey(aics_tlog.vkey_from_ed25519(origin, log.public_key())),
                "witness": witness,
                "witness_seed": witness_seed.hex(),
                "witness_vkey": aics_tlog.format_vkey(aics_tlog.cosignature_vkey(witness, cosigner.public_key())),
                "at": at,
                "note": note.serialise(),
            }
        )
    return {"made_by": MADE_BY, "format": "C2SP signed-note, tlog-checkpoint, tlog-cosignature", "notes": made}


def write(name: str, made: dict[str, Any]) -> None:
    """Write one entry a line, so that a changed vector is a changed line."""
    lines = []
    for key, value in made.items():
        entries = ",\n".join(json.dumps(one, ensure_ascii=False) for one in value) if isinstance(value, list) else ""
        lines.append(f"{json.dumps(key)}: " + (f"[\n{entries}\n]" if entries else json.dumps(value)))
    (VECTORS / name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write("tree.json", trees())
    write("foreign_notes.json", notes())
