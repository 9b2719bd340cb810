"""UUIDv7 ids as 16 bytes; a customer's id carries the month of its making and no finer time (RFC 9562, 5.7)."""

import os
from datetime import datetime
from functools import lru_cache
from typing import NewType
from uuid import UUID

from bailee.kernel.clock import DAY, Micros, micros, moment
from bailee.kernel.errors import Invalid

SubjectId = NewType("SubjectId", bytes)
RecordId = NewType("RecordId", bytes)
ActorId = NewType("ActorId", str)
HouseId = NewType("HouseId", bytes)
RequestId = NewType("RequestId", str)
SessionId = NewType("SessionId", str)


def uuid7(at: Micros) -> bytes:
    """Make a time-ordered id from microseconds UTC and 74 random bits."""
    random = bytearray(os.urandom(10))
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    return (at // 1000).to_bytes(6, "big") + bytes(random)


def month_uuid7(at: Micros) -> bytes:
    """Make an id whose time is cut to the month: it can't be paired with the ledger entry of its first write."""
    return uuid7(_month(at // DAY))


@lru_cache(maxsize=8)
def _month(day: int) -> Micros:
    """First instant of the month of a day (days since 1970)."""
    when = moment(day * DAY)
    return micros(datetime(when.year, when.month, 1, tzinfo=when.tzinfo))


def subject_id(at: Micros) -> SubjectId:
    return SubjectId(month_uuid7(at))


def record_id(at: Micros) -> RecordId:
    return RecordId(month_uuid7(at))


def text(raw: bytes) -> str:
    """Write a 16-byte id in the usual 8-4-4-4-12 form."""
    return str(UUID(bytes=raw))


def parse(written: str) -> bytes:
    """Read an id in any usual form; `Invalid` for everything else."""
    try:
        return UUID(written).bytes
    except ValueError as error:
        raise Invalid("that is not an id", hint="an id looks like 0192f0c1-7f3a-7c11-9a52-5d0c3f6b1e77") from error


def request_id() -> RequestId:
    """Make an id for one request: 12 hex digits, enough to find it in a log."""
    return RequestId(os.urandom(6).hex())
