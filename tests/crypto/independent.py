"""Opens what custody, key store and data store hold, written from the format's text alone: shares no code with ours."""

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Refused(Exception):
    """A blob that must not open; `args[0]` is the class of failure."""


def be32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def be64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def expand(key: bytes, label: bytes, *pieces: bytes, length: int) -> bytes:
    info = label + b"\0" + b"".join(be32(len(piece)) + piece for piece in pieces)
    made, block = b"", b""
    for counter in range(1, 256):
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha512).digest()
        made += block
        if len(made) >= length:
            break
    return made[:length]


def gcm(key: bytes, nonce: bytes, body: bytes, aad: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, body, aad)
    except Exception as error:
        raise Refused("tampered") from error


def unwrap(epoch_key: bytes, wrapped: bytes, at: dict[str, Any]) -> bytes:
    where = be32(at["category"]) + be64(at["epoch"])
    wrapping = expand(epoch_key, b"bailee/v1/wrap", at["house"], where, length=64)[:32]
    aad = b"bailee/v1/key\0\0\0" + at["house"] + at["subject"]
    aad += be32(at["category"]) + be32(at["key_version"]) + be64(at["epoch"])
    return gcm(wrapping, wrapped[:12], wrapped[12:], aad)


def open_blob(dek: bytes, sealed: bytes, at: dict[str, Any]) -> dict[int, Any]:
    if sealed[:2] != b"\x42\x01" or len(sealed) < 64:
        raise Refused("tampered")
    named = be32(at["category"]) + b"\0\0" + sealed[2:4]
    keys = expand(dek, b"bailee/v1/subject", at["house"], at["subject"], named, length=64)
    if keys[32:] != sealed[4:36]:
        raise Refused("context-mismatch")
    aad = b"bailee/v1/record" + sealed[:4] + at["house"] + be32(at["collection"]) + at["subject"] + at["record"]
    aad += be32(at["category"]) + be32(at["schema"]) + be64(at["record_version"])
    clear = gcm(keys[:32], sealed[36:48], sealed[48:], aad)
    end = len(clear)
    while end and clear[end - 1] == 0:
        end -= 1
    step = 32 if end <= 256 else 128 if end <= 4096 else 1024
    if clear[end - 1 : end] != b"\x80" or len(clear) != (end + step - 1) // step * step:
        raise Refused("tampered")
    value, rest = read(clear[: end - 1])
    if rest or not isinstance(value, dict) or list(value) != sorted(value):
        raise Refused("tampered")
    return value


def read(raw: bytes) -> tuple[Any, bytes]:
    """Read one MessagePack value, and give what follows it."""
    if not raw:
        raise Refused("tampered")
    first, rest = raw[0], raw[1:]
    if first < 0x80 or first >= 0xE0:
        return first - (first >= 0xE0) * 256, rest
    if first in {0xC0, 0xC2, 0xC3}:
        return {0xC0: None, 0xC2: False, 0xC3: True}[first], rest
    if 0xCC <= first <= 0xD3:
        width = 1 << (first - 0xCC) % 4
        return int.from_bytes(rest[:width], "big", signed=first >= 0xD0), rest[width:]
    if first < 0xC0:  # short map, list or text: the size is in the first byte
        family = "map" if first < 0x90 else "list" if first < 0xA0 else "text"
        size = first & (0x1F if family == "text" else 0x0F)
    else:
        shapes = {0xC4: ("bytes", 1), 0xD9: ("text", 1), 0xDC: ("list", 2), 0xDE: ("map", 2)}
        base = max(base for base in shapes if base <= first)
        if first - base > 2:  # floats and extensions are in no envelope
            raise Refused("tampered")
        family, width = shapes[base][0], shapes[base][1] << first - base
        size, rest = int.from_bytes(rest[:width], "big"), rest[width:]
    if family in {"text", "bytes"}:
        return (rest[:size].decode() if family == "text" else rest[:size]), rest[size:]
    items = []
    for _ in range(size * (2 if family == "map" else 1)):
        item, rest = read(rest)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if family == "map" else items), rest
