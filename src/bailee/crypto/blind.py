"""Blind indexes: find a value by its keyed digest, at full length or cut to a few bits that hide who is whom."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from types import MappingProxyType
from typing import Final, NoReturn

import phonenumbers
from cryptography.hazmat.primitives import hashes, hmac

from bailee.crypto.context import demand
from bailee.kernel.errors import Invalid

_PREFIX: Final = Struct(">16s16sIHH")
_WORD: Final = re.compile(r"\w+")
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|(\d{2})(\d{2}))(?:[T ].*)?", re.DOTALL)

# -- the form a value is searched in


@dataclass(frozen=True, slots=True)
class Normaliser:
    """A named, numbered spelling rule; it never changes, as digests on disk were made with it."""

    name: str
    number: int
    rule: Callable[[str, str | None], str]

    def __call__(self, value: str, region: str | None = None) -> str:
        """Spell a value so that equal things are written equally; `region` is an ISO 3166 code such as `DE`."""
        return self.rule(value, region)


def _email(value: str, region: str | None) -> str:
    if not value.isascii():  # ASCII is its own NFKC
        value = unicodedata.normalize("NFKC", value)
    return value.strip().lower()


def _phone(value: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Nobody can call it, but whoever typed it must find it again; "?" keeps it apart from every real number.
    return "?" + (_digits(value, region) or _text(value, region))


def _name(value: str, region: str | None) -> str:
    if not value.isascii():
        value = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    return " ".join(value.casefold().split())


def _digits(value: str, region: str | None) -> str:
    return "".join(str(unicodedata.decimal(sign)) for sign in value if sign.isdecimal())


def _text(value: str, region: str | None) -> str:
    # Casefolding can leave what NFKC would still compose, so it is applied on both sides.
    folded = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _date(value: str, region: str | None) -> str:
    found = _DATE.fullmatch(value.strip())
    if found:
        year, month, day = (int(part) for part in found.groups() if part is not None)
        if 1 <= month <= 12 and 1 <= day <= 31:
            return f"{year:04}-{month:02}-{day:02}"
    # 03/04/2026 is two days, depending on who wrote it: found again as written, never guessed.
    return "?" + _text(value, region)


NORMALISERS: Final[Mapping[str, Normaliser]] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Normaliser("email.1", 1, _email),  # NFKC, trim, lower case
            Normaliser("phone.1", 2, _phone),  # E.164, or "?" and what was typed
            Normaliser("name.1", 3, _name),  # NFKD, combining marks off, casefold, single spaces
            Normaliser("digits.1", 4, _digits),  # decimal digits of any script, as ASCII
            Normaliser("text.1", 5, _text),  # NFKC, casefold, NFKC, single spaces
            Normaliser("date.1", 6, _date),  # year-month-day, or "?" and what was typed
        )
    }
)

# -- the parts of it that can be searched


@dataclass(frozen=True, slots=True)
class Transform:
    """A named, numbered way to cut search terms out of a normalised value; each has a key of its own."""

    name: str
    number: int
    cut: Callable[[str], tuple[str, ...]]

    def terms(self, normalised: str) -> tuple[str, ...]:
        """Give the terms to index or to ask for; none if there is nothing to find."""
        return self.cut(normalised)


def _exact(normalised: str) -> tuple[str, ...]:
    return (normalised,) if normalised else ()


def _first(length: int) -> Callable[[str], tuple[str, ...]]:
    return lambda normalised: _exact(normalised[:length])


def _last4(normalised: str) -> tuple[str, ...]:
    return _exact(normalised[-4:])


def _words(normalised: str) -> tuple[str, ...]:
    return tuple(sorted(set(_WORD.findall(normalised))))


def _domain(normalised: str) -> tuple[str, ...]:
    return _exact(normalised.rpartition("@")[2]) if "@" in normalised else ()


def _year(normalised: str) -> tuple[str, ...]:
    year = normalised[:4]
    return (year,) if len(year) == 4 and year.isascii() and year.isdigit() else ()


TRANSFORMS: Final[Mapping[str, Transform]] = MappingProxyType(
    {
        cut.name: cut
        for cut in (
            Transform("exact", 1, _exact),
            Transform("prefix-3", 13, _first(3)),
            Transform("prefix-4", 14, _first(4)),
            Transform("prefix-5", 15, _first(5)),
            Transform("prefix-6", 16, _first(6)),
            Transform("last4", 20, _last4),
            Transform("words", 30, _words),
            Transform("domain", 40, _domain),
            Transform("year", 50, _year),
        )
    }
)

# -- digests


class IndexKey:
    """The key of one field, transform and normaliser, with its HMAC state ready: a digest costs two hash blocks.

    Args:
        key: 32 random bytes, a sibling of the data keys and never derived from one.
        house: house id, 16 bytes.
        field: number of the data map, 32 bits.
        transform: number in `TRANSFORMS`, 16 bits.
        normaliser: number in `NORMALISERS`, 16 bits.

    """

    __slots__ = ("_state",)

    def __init__(self, key: bytes, house: bytes, field: int, transform: int, normaliser: int) -> None:
        demand("index key", key, 32)
        demand("house", house, 16)
        self._state = _keyed(key)
        self._state.update(_PREFIX.pack(b"bailee/v1/index", house, field, transform, normaliser))

    def digest(self, value: bytes) -> bytes:
        """Digest one term (UTF-8): HMAC-SHA-256, 32 bytes (RFC 2104, FIPS 180-4)."""
        state = self._state.copy()
        state.update(value)
        return state.finalize()

    def __repr__(self) -> str:
        return "<IndexKey>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied")


def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.HMAC(key, hashes.SHA256())


def digest(key: bytes, house: bytes, field: int, transform: int, normaliser: int, value: bytes) -> bytes:
    """Digest one term without keeping the key's state; arguments as `IndexKey`, 32 bytes."""
    return IndexKey(key, house, field, transform, normaliser).digest(value)


def unique(digest: bytes) -> bytes:
    """Cut a digest to the 16 bytes that a unique index holds: equality can be seen, two values never meet."""
    return digest[:16]


def bits(digest: bytes, b: int) -> int:
    """Cut a digest to its first `b` bits (1 to 63, so that a signed bigint holds them), as an integer."""
    if not 1 <= b <= 63:
        raise ValueError("a search index has 1 to 63 bits")
    return int.from_bytes(digest[:8], "big") >> (64 - b)


# -- how many bits


class FieldKind(StrEnum):
    """What the planner must know of a field's type: some are too telling at any length."""

    VALUE = "value"
    BOOLEAN = "boolean"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStats:
    """What a search index over a field would give away.

    `distinct` counts different terms, `commonest` the rows of the most frequent one, `rows` all of them. `bits` is
    set for an index that already stands: it keeps its length and takes its part of the budget.
    """

    field: str
    transform: str
    kind: FieldKind
    distinct: int
    commonest: int
    rows: int
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One index of a plan; `candidates` is how many customers a search is expected to decrypt."""

    field: str
    transform: str
    bits: int
    candidates: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Lengths of all search indexes of a collection.

    `least` and `most` bound the sum of their bits; `together` is C, the customers who still look alike to a thief
    who lays all of them side by side.
    """

    expected: int
    least: int
    most: int
    indexes: tuple[Planned, ...]
    together: float


def plan(expected: int, fields: Sequence[FieldStats]) -> Plan:
    """Share the leakage budget of a collection among its search indexes: as few bits as still find fast.

    With R customers and C = R / 2^(sum of bits), C stays between 2 and the square root of R.

    Args:
        expected: R, the number of customers to plan for.
        fields: every search index of the collection, wanted or standing.

    Raises:
        Invalid: `index-too-revealing`: fewer than 16 customers, a boolean or a code, fewer than 1,024 distinct terms,
            a term in more than one row of twenty, or no bits left; the figures are in the message.

    """
    if expected < 16:
        raise _too_revealing(f"{expected} customers are too few for a search index", "reading all of them is fast")
    wanted = [one for one in fields if one.bits is None]
    for one in wanted:
        _alone(one)
    most = expected.bit_length() - 2  # largest s with expected / 2^s >= 2
    least = next(length for length in range(most + 1) if expected <= 4**length)  # smallest s with C <= sqrt(R)
    left = most - sum(one.bits or 0 for one in fields)
    if left < len(wanted):
        raise _too_revealing(
            f"{len(fields)} indexes over {expected} customers share {most} bits, and {left} are left for {len(wanted)}",
            "search by a unique field, or drop an index",
        )
    shares = _shares(wanted, min(left, least * len(wanted)))
    indexes = []
    for one in fields:
        length = next(shares) if one.bits is None else one.bits
        indexes.append(Planned(one.field, one.transform, length, expected / 2**length))
    together = expected / 2 ** sum(one.bits for one in indexes)
    return Plan(expected, least, most, tuple(indexes), together)


def _alone(one: FieldStats) -> None:
    where = f"{one.field} ({one.transform})"
    hint = "make it unique, search another field, or read and filter"
    if one.kind is not FieldKind.VALUE:
        raise _too_revealing(f"{where} is a {one.kind}: any index would tell its value", hint)
    if one.distinct < 1024:
        raise _too_revealing(f"{where} has {one.distinct} distinct values; an index needs 1,024", hint)
    if one.commonest * 20 > one.rows:
        share = 100 * one.commonest / max(one.rows, 1)
        raise _too_revealing(f"one value of {where} fills {share:.1f} % of its rows; an index allows 5 %", hint)


def _shares(wanted: Sequence[FieldStats], total: int) -> Iterator[int]:
    if wanted:
        each, over = divmod(total, len(wanted))
        # The odd bits go where there is most to tell apart.
        ranked = sorted(range(len(wanted)), key=lambda place: -wanted[place].distinct)
        for place in range(len(wanted)):
            yield each + (ranked.index(place) < over)


def _too_revealing(what: str, hint: str) -> Invalid:
    return Invalid(what, hint=hint, code="index-too-revealing")
