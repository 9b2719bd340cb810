"""Write `tests/vectors/envelope.json`: `python -m tests.crypto.make_envelope_vectors`; the same bytes every time."""

import json
import random
from pathlib import Path
from typing import Any

from bailee.crypto import envelope
from bailee.crypto.context import Place, key_aad
from bailee.crypto.envelope import Value
from bailee.crypto.keys import EpochKey
from bailee.crypto.padding import pad

FILE = Path(__file__).parents[1] / "vectors" / "envelope.json"
TEXTS = ("", "a", "a@b.c", "Ann Müller", "Ἀθῆναι", "𝒳" * 40, "x" * 31, "x" * 32, "x" * 255, "x" * 256)
NUMBERS = (0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63, 2**64 - 1)
NEGATIVES = (-1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**63))


def shown(value: Value) -> Any:
    """Write a value as JSON: bytes and maps are tagged."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {"map": {key: shown(part) for key, part in value.items()}}
    if isinstance(value, list):
        return [shown(part) for part in value]
    return value


def samples(chosen: random.Random) -> list[tuple[str, dict[int, Value]]]:
    made: list[tuple[str, dict[int, Value]]] = [("no fields", {}), ("nil is not absent", {1: None})]
    made += [(f"text of {len(text)} signs", {7: text}) for text in TEXTS]
    made += [(f"number {number}", {2**32 - 1: number}) for number in NUMBERS + NEGATIVES]
    made += [(f"{size} bytes", {3: chosen.randbytes(size)}) for size in (0, 1, 255, 256, 700)]
    made += [(f"list of {size}", {4: list(range(size))}) for size in (0, 15, 16, 70)]
    made += [(f"map of {size}", {5: {f"k{key:03}": key for key in range(size)}}) for size in (0, 15, 16, 70)]
    made += [("nested", {6: {"a": [{"b": [True, None, b"\0"]}], "ä": {"": {}}}}), ("booleans", {1: True, 2: False})]
    # Lengths around each step of the padding: with the mark 32, 256, 4,096 and one beyond.
    made += [(f"padding at {size}", {1: b"\0" * size}) for size in (26, 27, 28, 249, 250, 251, 4089, 4090, 4091, 5113)]
    for number in range(45):
        ids = sorted(chosen.sample(range(1, 400), 8))
        values: list[Value] = [
            f"user{number}@example.com",
            chosen.randrange(2**40),
            chosen.randbytes(chosen.randrange(40)),
            None,
            number % 2 == 0,
            "Straße " * chosen.randrange(30),
            [f"{number}", -number],
            {"city": "Berlin", "zip": str(chosen.randrange(10**5))},
        ]
        made.append((f"record {number}", dict(zip(ids, values, strict=True))))
    return made


def vector(name: str, fields: dict[int, Value], chosen: random.Random) -> dict[str, Any]:
    house, subject, record, dek, epoch_key = (chosen.randbytes(size) for size in (16, 16, 16, 32, 32))
    at = {
        "collection": chosen.randrange(1, 2**32),
        "category": chosen.randrange(2**16),
        "key_version": chosen.choice((1, 2, 65_535)),
        "schema": chosen.randrange(1, 2**32),
        "record_version": chosen.choice((1, 2**32, 2**64 - 1)),
        "epoch": chosen.choice((1, 7, 2**64 - 1)),
    }
    place = Place(
        collection=at["collection"],
        subject=subject,
        record=record,
        category=at["category"],
        schema=at["schema"],
        record_version=at["record_version"],
    )
    epoch = EpochKey(epoch_key, house, at["category"], at["epoch"])
    assert epoch._cipher is not None
    nonce = chosen.randbytes(12)
    aad = key_aad(house, subject, at["category"], at["key_version"], at["epoch"])
    sealed = envelope._seal(dek, house, at["key_version"], place, envelope.pack(fields), chosen.randbytes(12))
    return {
        "name": name,
        "expect": "opens",
        "house": house.hex(),
        "subject": subject.hex(),
        "record": record.hex(),
        **at,
        "epoch_key": epoch_key.hex(),
        "kcv": epoch.kcv.hex(),
        "wrapped": (nonce + epoch._cipher.encrypt(nonce, dek, aad)).hex(),
        "dek": dek.hex(),
        "sealed": sealed.hex(),
        "fields": {str(field): shown(value) for field, value in sorted(fields.items())},
    }


def broken(chosen: random.Random) -> list[dict[str, Any]]:
    """One vector for each way not to open, named by its class of failure."""

    def other(name: str, expect: str, **changed: Any) -> dict[str, Any]:
        good = vector(name, {1: "a@b.c"}, random.Random(name))
        given = {key: change(good[key]) for key, change in changed.items()}
        return {**good, "expect": expect, "fields": None, **given}

    def flip(at: int) -> Any:
        def change(written: str) -> str:
            raw = bytearray.fromhex(written)
            raw[at] ^= 1 << chosen.randrange(8)
            return raw.hex()

        return change

    def resealed(name: str, clear: bytes) -> dict[str, Any]:
        good = vector(name, {}, random.Random(name))
        house, subject, record, dek = (bytes.fromhex(good[key]) for key in ("house", "subject", "record", "dek"))
        place = Place(
            collection=good["collection"],
            subject=subject,
            record=record,
            category=good["category"],
            schema=good["schema"],
            record_version=good["record_version"],
        )
        sealed = envelope._seal(dek, house, good["key_version"], place, clear, bytes(12))
        return {**good, "expect": "tampered", "fields": None, "sealed": sealed.hex()}

    up = {"collection": lambda n: n - 1, "schema": lambda n: n - 1, "record_version": lambda n: n - 1}
    made = [other(f"another {key}", "tampered", **{key: change}) for key, change in up.items()]
    made += [other("another record", "tampered", record=flip(3))]
    made += [other(f"another {key}", "context-mismatch", **{key: flip(5)}) for key in ("house", "subject", "dek")]
    made += [other("another category", "context-mismatch", category=lambda n: n ^ 1)]
    made += [other("another key version", "context-mismatch", sealed=flip(3))]
    made += [other(f"byte {at} of the commitment", "context-mismatch", sealed=flip(at)) for at in (4, 20, 35)]
    made += [other(f"byte {at} of the envelope", "tampered", sealed=flip(at)) for at in (0, 1, 36, 47, 48, 79, -1)]
    made += [other(f"cut to {size}", "tampered", sealed=lambda s, size=size: s[: 2 * size]) for size in (0, 3, 63, 95)]
    made += [other("lengthened", "tampered", sealed=lambda s: s + "00")]
    made += [
        resealed("no mark", bytes(32)),
        resealed("nothing before the mark", b"\x80" + bytes(31)),
        resealed("padding beyond its step", (b"\x80\x80").ljust(64, b"\0")),
        resealed("keys descending", pad(b"\x82\x02\xc0\x01\xc0")),
        resealed("no map", pad(b"\x01")),
        resealed("a value behind", pad(b"\x81\x01\xc0\xc0")),
        resealed("a float", pad(b"\x81\x01\xcb\x3f\xf0\0\0\0\0\0\0")),
        resealed("an extension", pad(b"\x81\x01\xd6\xff\0\0\0\0")),
    ]
    return made


def made() -> str:
    chosen = random.Random("bailee/v1/envelope")
    vectors = [vector(name, fields, chosen) for name, fields in samples(chosen)] + broken(chosen)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in vectors)
    head = {
        "made_by": "python -m tests.crypto.make_envelope_vectors",
        "format": "envelope 42 01 and its wrapped key; bytes in hex; in `fields`, bytes and maps are tagged",
    }
    return json.dumps(head, ensure_ascii=False)[:-1] + f', "vectors": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(made(), encoding="utf-8")
