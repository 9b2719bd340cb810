"""Wycheproof through our own seams; where its files are absent, the vectors that come with `cryptography`.

The id of each test says which of the two it read.
"""

import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest

from bailee.crypto import aead, blind, notes
from bailee.crypto.context import expand
from bailee.kernel.errors import Unreadable

BESIDE = Path(__file__).parents[3] / "shared" / "vectors" / "wycheproof"
SOURCE = "wycheproof" if BESIDE.is_dir() else "cryptography-vectors"

Case = dict[str, Any]


def wycheproof(name: str) -> Iterator[tuple[Case, Case]]:
    """Give each case with its group, bytes still in hex."""
    for group in json.loads((BESIDE / f"{name}_test.json").read_text(encoding="utf-8"))["testGroups"]:
        for case in group["tests"]:
            yield group, case


def nist(path: str) -> Iterator[dict[str, str]]:
    """Read `Name = value` blocks; a line without a value counts as `yes`."""
    block: dict[str, str] = {}
    with cryptography_vectors.open_vector_file(path, "r") as lines:
        for line in [*lines, ""]:
            name, _, value = line.strip().partition("=")
            if name.startswith(("#", "[")):
                continue
            if name:
                block[name.strip().lower()] = value.strip() or ("yes" if name == "FAIL" else "")
            elif block:
                yield block
                block = {}


def gcm_cases() -> list[Case]:
    if SOURCE == "wycheproof":
        found = [case for group, case in wycheproof("aes_gcm") if (group["keySize"], group["ivSize"]) == (256, 96)]
        return [{**case, "valid": case["result"] == "valid"} for case in found]
    names = {"key": "key", "iv": "iv", "aad": "aad", "ct": "ct", "tag": "tag"}
    return [
        {
            **{ours: case[theirs] for ours, theirs in names.items()},
            "msg": case.get("pt", ""),
            "valid": "fail" not in case,
        }
        for case in nist("ciphers/AES/GCM/gcmDecrypt256.rsp")
        if len(case.get("iv", "")) == 24 and len(case["tag"]) == 32
    ]


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("source", [SOURCE])
def test_aes_256_gcm_opens_what_is_valid_and_seals_it_alike(source: str) -> None:
    seen = 0
    for case in gcm_cases():
        key, nonce, aad, clear, body = (bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg", "ct"))
        body += bytes.fromhex(case["tag"])
        gcm = aead.cipher(key)
        if case["valid"]:
            assert (clear, body) == (aead.opened(gcm, nonce, body, aad), gcm.encrypt(nonce, clear, aad))
        else:
            with pytest.raises(Unreadable):
                aead.opened(gcm, nonce, body, aad)
        seen += 1
    assert seen > 60, source


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("size", [0, 16, 24, 31, 33, 64])
def test_a_key_of_another_size_is_no_key(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        aead.cipher(bytes(size))


@pytest.mark.check("vault-1")
@pytest.mark.skipif(SOURCE != "wycheproof", reason="cryptography has no vectors for HKDF with SHA-512")
@pytest.mark.parametrize("source", [SOURCE])
def test_hkdf_sha512_expands_to_the_expected_bytes_or_refuses_the_size(source: str) -> None:
    seen = 0
    for _, case in wycheproof("hkdf_sha512"):
        ikm, salt, named = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info"))
        # No format of ours has the extract step, so the test does it.
        extracted = hmac.digest(salt or bytes(64), ikm, "sha512")
        if case["result"] == "valid":
            assert case["okm"] == expand(extracted, named, case["size"]).hex()
        else:
            with pytest.raises(ValueError, match="blocks"):
                expand(extracted, named, case["size"])
        seen += 1
    assert seen > 80, source


def hmac_cases() -> list[Case]:
    if SOURCE == "wycheproof":
        return [{**case, "valid": case["result"] == "valid"} for _, case in wycheproof("hmac_sha256")]
    return [
        {"key": case["key"], "msg": case["msg"], "tag": case["md"], "valid": True}
        for case in nist("HMAC/rfc-4231-sha256.txt")
        if "md" in case
    ]


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("source", [SOURCE])
def test_hmac_sha256_of_the_indexes_gives_the_expected_tag_and_no_other(source: str) -> None:
    seen = 0
    for case in hmac_cases():
        key, message, tag = (bytes.fromhex(case[name]) for name in ("key", "msg", "tag"))
        state = blind._keyed(key).copy()
        state.update(message)
        assert case["valid"] == (tag == state.finalize()[: len(tag)])
        seen += 1
    assert seen > 5, source


def ed25519_cases() -> list[Case]:
    if SOURCE == "wycheproof":
        return [
            {"pk": group["publicKey"]["pk"], "msg": case["msg"], "sig": case["sig"], "valid": case["result"] == "valid"}
            for group, case in wycheproof("ed25519")
        ]
    with cryptography_vectors.open_vector_file("asymmetric/Ed25519/sign.input", "r") as lines:
        rows = [line.split(":") for line in lines]
    return [{"pk": row[1], "msg": row[2], "sig": row[3][:128], "valid": True} for row in rows]


@pytest.mark.check("vault-1")
@pytest.mark.parametrize("source", [SOURCE])
def test_ed25519_of_the_notes_takes_valid_signatures_and_no_others(source: str) -> None:
    seen = 0
    for case in ed25519_cases():
        one = notes.Verifier("wycheproof", notes.ED25519, bytes.fromhex(case["pk"]))
        message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
        if case["valid"]:
            assert notes.Signature("wycheproof", notes.ED25519) == notes._check(one, message, signature)
        else:
            with pytest.raises(Unreadable):
                notes._check(one, message, signature)
        seen += 1
    assert seen > 100, source
