"""Signed notes: the published samples, another implementation's bytes, and every form that is not the form."""

import base64
import json
import pickle
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto.notes import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Signature,
    Signer,
    Verifier,
    key_id,
    signatures,
    split,
    verify,
)
from bailee.crypto.tree import EMPTY
from bailee.kernel.errors import HouseError, Invalid, Unreadable

FOLDER = Path(__file__).parents[1] / "vectors"
SAMPLES: list[dict[str, Any]] = json.loads((FOLDER / "notes.json").read_text(encoding="utf-8"))["notes"]
FOREIGN: list[dict[str, Any]] = json.loads((FOLDER / "foreign_notes.json").read_text(encoding="utf-8"))["notes"]
SIGNED = [one for one in SAMPLES if one["vkeys"]]

LOG, WITNESS = Signer("vault.example/0", bytes(range(32))), Signer("witness.example", bytes(range(32, 64)))
ROOT = bytes(range(32))
TEXT = Checkpoint("vault.example/0", 20_852_163, ROOT).text()
NOTE = LOG.sign(TEXT)
TRUSTED = [Verifier.from_vkey(LOG.vkey), Verifier.from_vkey(WITNESS.cosigner_vkey)]


def independently_signed(note: str, vkey: str) -> bool:
    """Check a note against a key as the C2SP texts say, without any of our code."""
    name, _, key = vkey.split("+", 2)
    kind, public = base64.b64decode(key)[0], base64.b64decode(key)[1:]
    text, _, below = note.rpartition("\n\n")
    message = (text + "\n").encode()
    wanted = sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]
    for line in below.splitlines():
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if (dash, signer, raw[:4]) == ("—", name, wanted):
            if kind == 4:
                message = b"cosignature/v1\ntime " + str(int.from_bytes(raw[4:12], "big")).encode() + b"\n" + message
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[-64:], message)
            except InvalidSignature:
                return False
            return len(raw) == (76 if kind == 4 else 68)
    return False


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def outcome(make: Callable[[], object]) -> str:
    try:
        return f"taken: {make()!r}"
    except HouseError as error:
        return error.code


# -- the work of others


@pytest.mark.check("ledger-5")
@pytest.mark.parametrize("sample", SIGNED, ids=[one["source"] for one in SIGNED])
def test_the_published_notes_verify_here(sample: dict[str, Any]) -> None:
    keys = [Verifier.from_vkey(vkey) for vkey in sample["vkeys"]]
    text, found = signatures(sample["note"], keys)
    times = sample.get("at", [None] * len(keys))
    assert sample["text"] == text
    assert [Signature(key.name, key.kind, at) for key, at in zip(keys, times, strict=True)] == list(found)
    assert sample["vkeys"] == [key.vkey for key in keys]


@pytest.mark.check("ledger-5")
@pytest.mark.parametrize("sample", SAMPLES, ids=[one["source"] for one in SAMPLES])
def test_the_published_notes_have_the_form_and_one_changed_letter_has_no_signature(sample: dict[str, Any]) -> None:
    keys = [Verifier.from_vkey(vkey) for vkey in sample["vkeys"]]
    text, lines = split(sample["note"])
    assert (sample["text"], sample["note"]) == (text, text + "\n" + "".join(lines))
    assert outcome(lambda: verify(sample["note"].replace("e", "a", 1), keys)) == "tampered"


@pytest.mark.check("ledger-5")
def test_a_note_is_signed_byte_for_byte_as_go_signs_it() -> None:
    sample = next(one for one in SAMPLES if "seed" in one)
    signer = Signer("PeterNeumann", bytes.fromhex(sample["seed"]))
    assert (sample["vkeys"], sample["note"]) == ([signer.vkey], signer.sign(sample["text"]))


@pytest.mark.check("ledger-5")
@pytest.mark.parametrize("made", FOREIGN, ids=[one["origin"] for one in FOREIGN])
def test_checkpoints_and_cosignatures_are_byte_for_byte_those_of_aics_tlog(made: dict[str, Any]) -> None:
    log, witness = (Signer(made[name], bytes.fromhex(made[seed])) for name, seed in PAIRS)
    text = Checkpoint(made["origin"], made["size"], bytes.fromhex(made["root"])).text()
    assert made["note"] == log.sign(text) + witness.cosign(text, made["at"])
    assert (made["log_vkey"], made["witness_vkey"]) == (log.vkey, witness.cosigner_vkey)


PAIRS = (("origin", "log_seed"), ("witness", "witness_seed"))


@pytest.mark.check("ledger-5")
@pytest.mark.parametrize("made", FOREIGN, ids=[one["origin"] for one in FOREIGN])
def test_checkpoints_and_cosignatures_of_aics_tlog_verify_here(made: dict[str, Any]) -> None:
    keys = [Verifier.from_vkey(made["log_vkey"]), Verifier.from_vkey(made["witness_vkey"])]
    text, found = signatures(made["note"], keys)
    head = Checkpoint.parse(text)
    assert (made["origin"], made["size"], made["root"]) == (head.origin, head.size, head.root.hex())
    assert [Signature(made["origin"], 1), Signature(made["witness"], 4, made["at"])] == list(found)


@pytest.mark.check("ledger-5")
def test_our_checkpoint_and_cosignature_verify_with_a_verifier_written_from_the_texts() -> None:
    note = NOTE + WITNESS.cosign(TEXT, 1_795_000_000)
    good = [independently_signed(note, vkey) for vkey in (LOG.vkey, WITNESS.cosigner_vkey)]
    changed = note.replace("20852163", "20852164")
    bad = [independently_signed(changed, vkey) for vkey in (LOG.vkey, WITNESS.cosigner_vkey)]
    assert (good, bad) == ([True, True], [False, False])


# -- signing and verifying


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=80))
def test_any_text_signed_comes_back_with_the_name(written: str) -> None:
    text = written + "\n"
    assert (text, ("vault.example/0",)) == verify(LOG.sign(text), TRUSTED)


def test_a_signer_who_signs_in_two_ways_is_named_once() -> None:
    keys = [Verifier.from_vkey(LOG.vkey), Verifier.from_vkey(LOG.cosigner_vkey)]
    note = NOTE + LOG.cosign(TEXT, 5)
    assert ((TEXT, (LOG.name,)), (Signature(LOG.name, ED25519), Signature(LOG.name, COSIGNATURE, 5))) == (
        verify(note, keys),
        signatures(note, keys)[1],
    )


def test_an_unknown_key_of_a_known_name_is_ignored() -> None:
    other = Signer("vault.example/0", bytes(32))
    assert verify(other.sign(TEXT) + LOG.line(TEXT), TRUSTED) == (TEXT, ("vault.example/0",))
    assert outcome(lambda: verify(other.sign(TEXT), TRUSTED)) == "tampered"


def test_a_note_without_a_trusted_signature_is_refused() -> None:
    for keys in ([], [Verifier.from_vkey(WITNESS.vkey)], [Verifier.from_vkey(LOG.cosigner_vkey)]):
        assert outcome(lambda: verify(NOTE, keys)) == "tampered"  # noqa: B023 - called at once


def test_one_wrong_signature_of_a_known_key_condemns_the_note() -> None:
    raw = bytearray(base64.b64decode(WITNESS.cosign(TEXT, 9).split(" ")[2]))
    for at in (4, 11, 12, 75):
        raw[at] ^= 1
        line = f"— {WITNESS.name} {b64(bytes(raw))}\n"
        assert outcome(lambda: verify(NOTE + line, TRUSTED)) == "tampered"  # noqa: B023 - called at once
        raw[at] ^= 1


@pytest.mark.parametrize("length", [5, 11, 12, 67, 69, 76, 77])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    for key in TRUSTED:
        line = f"— {key.name} {b64((key.id + bytes(80))[:length])}\n"
        assert outcome(lambda: verify(f"{TEXT}\n{line}", TRUSTED)) == "tampered"  # noqa: B023 - called at once


def test_a_cosigned_time_beyond_the_format_is_refused() -> None:
    line = f"— {WITNESS.name} {b64(TRUSTED[1].id + bytes([255]) * 72)}\n"
    assert outcome(lambda: verify(NOTE + line, TRUSTED)) == "tampered"
    assert [outcome(lambda: WITNESS.cosign(TEXT, at)) for at in (-1, 2**63)] == ["body-malformed"] * 2  # noqa: B023 - called at once


def test_every_flipped_bit_of_the_text_is_noticed() -> None:
    raw = NOTE.encode()
    for bit in range(8 * len(TEXT.encode())):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            note = changed.decode()
        except UnicodeDecodeError:
            continue
        assert outcome(lambda: verify(note, TRUSTED)) in {"tampered", "body-malformed"}  # noqa: B023 - called at once


LINE = LOG.line(TEXT)
MALFORMED = {
    "nothing": "",
    "no signature": TEXT,
    "no line under the blank one": TEXT + "\n",
    "no blank line": TEXT + LINE,
    "no newline at the end": NOTE[:-1],
    "something behind": NOTE + "x\n",
    "a blank line at the end": NOTE + "\n",
    "a carriage return": NOTE.replace("\n", "\r\n"),
    "a tab": NOTE.replace("vault", "vau\tlt", 1),
    "a NUL": "\0" + NOTE,
    "a hyphen for the dash": NOTE.replace("—", "-"),
    "two spaces": NOTE.replace("— ", "—  "),
    "a space behind": NOTE[:-1] + " \n",
    "no name": NOTE.replace("— vault.example/0 ", "—  "),
    "a plus in the name": NOTE.replace("— vault", "— va+ult"),
    "a wide space in the name": NOTE.replace("— vault", "— va\u2003ult"),
    "no base64": NOTE[:-3] + "!=\n",
    "base64 without padding": NOTE.replace("=\n", "\n"),
    "base64 with spare bits": f"{TEXT}\n— a AAAAAAB=\n",
    "a signature of no bytes": f"{TEXT}\n— a AAAAAA==\n",
    "half a sign": "\ud800\n" + NOTE,
    "no text": "\n" + LINE,
    "too many lines": NOTE + LINE * 64,
    "too long": "x" * (1 << 20) + "\n\n" + LINE,
}


@pytest.mark.parametrize("note", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_note_of_another_form_is_malformed(note: str) -> None:
    assert outcome(lambda: verify(note, TRUSTED)) == "body-malformed"


def test_sixty_four_lines_are_still_read() -> None:
    assert verify(NOTE + LINE * 63, TRUSTED) == (TEXT, ("vault.example/0",))


@pytest.mark.parametrize("text", ["", "no newline", "a\r\n", "a\0\n", "\ud800\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    assert [outcome(lambda: LOG.sign(text)), outcome(lambda: LOG.cosign(text, 1))] == ["body-malformed"] * 2


# -- keys


def test_key_ids_tell_names_types_and_keys_apart() -> None:
    ids = {key_id(name, kind, LOG.public) for name in ("a", "b") for kind in (ED25519, COSIGNATURE)}
    assert (4, {4}) == (len(ids), {len(one) for one in ids})


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        LOG.vkey[:-1],
        LOG.vkey + "\n",
        LOG.vkey.replace("+", " +", 1),
        LOG.vkey.replace("vault", "vaults"),
        "+" + LOG.vkey.split("+", 1)[1],
        f"a+{key_id('a', 2, LOG.public).hex()}+{b64(bytes([2]) + LOG.public)}",
        f"a+{key_id('a', 1, LOG.public[1:]).hex()}+{b64(bytes([1]) + LOG.public[1:])}",
        f"a+{key_id('a', 1, LOG.public).hex().upper()}x+{b64(bytes([1]) + LOG.public)}",
    ],
)
def test_a_verifier_key_of_another_form_is_malformed(vkey: str) -> None:
    assert outcome(lambda: Verifier.from_vkey(vkey)) == "body-malformed"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\n"])
def test_a_name_that_no_line_can_hold_signs_nothing(name: str) -> None:
    with pytest.raises(Invalid, match="key name"):
        Signer(name, bytes(32))


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer("a", bytes(31))


def test_a_signer_shows_its_name_only_and_is_not_pickled() -> None:
    assert repr(LOG) == "<Signer vault.example/0>"
    with pytest.raises(TypeError, match="not pickled or copied"):
        pickle.dumps(LOG)


# -- checkpoints


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_back(size: int, root: bytes) -> None:
    head = Checkpoint("vault.example/0", size, root)
    assert head == Checkpoint.parse(head.text())


def test_the_checkpoint_of_an_empty_log_has_the_empty_root() -> None:
    head = Checkpoint("vault.example/0", 0, EMPTY)
    assert head == Checkpoint.parse(head.text())
    assert outcome(Checkpoint("vault.example/0", 0, ROOT).text) == "body-malformed"


B64 = b64(ROOT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"a\n1\n{B64}",
        f"a\n1\n{B64}\nextension\n",
        f"a\n1\n{B64}\n\n",
        f"\n1\n{B64}\n",
        f"a\n01\n{B64}\n",
        f"a\n+1\n{B64}\n",
        f"a\n-1\n{B64}\n",
        f"a\n1 \n{B64}\n",
        f"a\n١\n{B64}\n",
        f"a\n\n{B64}\n",
        f"a\n{2**63}\n{B64}\n",
        f"a\n1\n{B64[:-1]}\n",
        f"a\n1\n{B64[:-4]}\n",
        f"a\n1\n {B64}\n",
        f"a\r\n1\n{B64}\n",
    ],
)
def test_a_checkpoint_of_another_form_is_malformed(text: str) -> None:
    assert outcome(lambda: Checkpoint.parse(text)) == "body-malformed"


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("a\nb", 1, ROOT),
        Checkpoint("a", -1, ROOT),
        Checkpoint("a", 2**63, ROOT),
        Checkpoint("a", 1, ROOT[1:]),
    ],
)
def test_a_checkpoint_out_of_range_is_not_written(head: Checkpoint) -> None:
    with pytest.raises(Invalid):
        head.text()


def test_a_bad_signature_names_the_signer_and_no_text() -> None:
    with pytest.raises(Unreadable, match=r"^the signature of vault\.example/0 does not hold$"):
        verify(NOTE.replace("20852163", "20852164"), TRUSTED)
