"""Runs in bench/.venv and knows nothing of the product: one peer, asked for turns on standard input.

First line in: the fields as JSON. First line out: {"version": ...} or {"why": ...}. Then each line in names a job and a
count, and each line out gives the seconds and how many answers were wrong.
"""

import importlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

Job = Callable[[], object]
Made = tuple[str, dict[str, tuple[Job, object]]]
"""The version, and each job with what it must answer (None: anything)."""


def mongocrypt(fields: dict[str, Any]) -> Made:
    """Explicit encryption field by field, as the driver offers it without a server."""

    bson, binary, crypt = _library("bson"), _library("bson.binary"), _library("pymongocrypt.explicit_encrypter")
    options, machine = _library("pymongocrypt.mongocrypt"), _library("pymongocrypt.synchronous.state_machine")

    class Vault:
        """A key vault in memory."""

        def __init__(self) -> None:
            self.kept = b""

        def fetch_keys(self, _: object) -> Iterator[bytes]:
            yield self.kept

        def insert_data_key(self, data_key: bytes) -> object:
            self.kept = data_key
            made: object = binary.Binary(bson.decode(data_key)["_id"], 4)
            return made

        def bson_encode(self, doc: object) -> bytes:
            return bytes(bson.encode(doc))

        def close(self) -> None: ...

    machine.MongoCryptCallback.register(Vault)
    crypter = crypt.ExplicitEncrypter(Vault(), options.MongoCryptOptions({"local": {"key": os.urandom(96)}}))
    key = crypter.create_data_key("local")
    random, fixed = "AEAD_AES_256_CBC_HMAC_SHA_512-Random", "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"

    def seal(value: object, how: str = random) -> object:
        made: object = bson.decode(crypter.encrypt(bson.encode({"v": value}), how, key_id=key))["v"]
        return made

    sealed = [bson.encode({"v": seal(value)}) for value in fields.values()]
    return importlib.metadata.version("pymongocrypt"), {
        "open": (lambda: [bson.decode(crypter.decrypt(one))["v"] for one in sealed], list(fields.values())),
        "seal": (lambda: [seal(value) for value in fields.values()], None),
        "index": (lambda: seal("customer.1@mail1.example", fixed), None),
    }


def tink(fields: dict[str, Any]) -> Made:
    """A fresh data key for each record, wrapped by a local key."""
    library, aead = _library("tink"), _library("tink.aead")
    aead.register()
    local = library.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)
    envelope = aead.KmsEnvelopeAead(aead.aead_key_templates.AES256_GCM, local)
    clear = json.dumps(fields).encode()
    sealed = envelope.encrypt(clear, b"place")
    return importlib.metadata.version("tink"), {
        "open": (lambda: json.loads(envelope.decrypt(sealed, b"place")), fields),
        "seal": (lambda: envelope.encrypt(json.dumps(fields).encode(), b"place"), None),
    }


def awsesdk(fields: dict[str, Any]) -> Made:
    """One wrapping key in memory, key commitment, no signature."""
    sdk, words = _library("aws_encryption_sdk"), _library("aws_encryption_sdk.identifiers")
    wrapping = _library("aws_encryption_sdk.internal.crypto.wrapping_keys")
    raw = os.urandom(32)

    def kept(*_: object) -> object:
        how = words.WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING
        made: object = wrapping.WrappingKey(how, raw, words.EncryptionKeyType.SYMMETRIC)
        return made

    base = _library("aws_encryption_sdk.key_providers.raw").RawMasterKeyProvider
    provider = type("Raw", (base,), {"provider_id": "bench", "_get_raw_key": kept})()
    provider.add_master_key("one")
    client = sdk.EncryptionSDKClient(commitment_policy=sdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    suite = words.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
    place = {"customer": "1"}

    def seal() -> bytes:
        made, _ = client.encrypt(
            source=json.dumps(fields).encode(), key_provider=provider, algorithm=suite, encryption_context=place
        )
        return bytes(made)

    sealed = seal()
    return importlib.metadata.version("aws-encryption-sdk"), {
        "open": (lambda: json.loads(client.decrypt(source=sealed, key_provider=provider)[0]), fields),
        "seal": (seal, None),
    }


def _library(name: str) -> Any:  # noqa: ANN401 - untyped, and not installed where types are checked
    return importlib.import_module(name)


PEERS: dict[str, Callable[[dict[str, Any]], Made]] = {"mongocrypt": mongocrypt, "tink": tink, "awsesdk": awsesdk}


def main() -> None:
    """Answer until the input ends."""
    fields = json.loads(sys.stdin.readline())
    try:
        version, jobs = PEERS[sys.argv[1]](fields)
    except Exception as error:  # noqa: BLE001 - whatever is missing, the run goes on without this peer
        print(json.dumps({"why": f"{type(error).__name__}: {error}"}), flush=True)
        return
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        name, count = line.split()
        job, wanted = jobs[name]
        wrong = int(wanted is not None and job() != wanted)
        begun = perf_counter()
        for _ in range(int(count)):
            job()
        print(json.dumps({"seconds": perf_counter() - begun, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main()
