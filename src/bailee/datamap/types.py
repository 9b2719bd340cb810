"""Field types: what a value of each kind may be, and how it is cleaned, masked, found, shown and redacted.

An import and the API hand in anything; `FieldType.parse` answers a value that MessagePack can seal, or raises
`Invalid` with a slug of `PROBLEMS`. No message, hint or chained exception holds the value itself.
"""

import ipaddress
import math
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from bailee.kernel.errors import Invalid

Value: TypeAlias = bool | int | str | bytes | list[str] | dict[str, str] | None

LIMIT: Final = 64 * 1024
"""A value is at most this many bytes (the gate's bound on a field)."""

ADDRESS_PARTS: Final = ("street", "city", "region", "postcode", "country")

PROBLEMS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "too-long": ("a value is larger than 64 KiB", "store it as a file"),
    "text-invalid": ("a value is not text", "send Unicode text without U+0000 and without lone surrogates"),
    "email-invalid": ("that is not an e-mail address", "write it as name@domain, such as ann@example.org"),
    "date-invalid": ("that is not a date", "write it as year-month-day, such as 2026-11-23"),
    "date-impossible": ("that day does not exist in the calendar", "check day and month; they may be swapped"),
    "money-invalid": ("that is not an amount", "write digits with a point, such as 1.98, and no currency sign"),
    "integer-invalid": ("that is not a whole number of at most 64 bits", "write digits only, such as 42"),
    "boolean-invalid": ("that is neither yes nor no", "write true or false"),
    "choice-invalid": ("that is none of the choices of this field", "send one of the choices that the data map lists"),
    "code-invalid": ("that is not a code", "write one line of at most 64 characters, such as E11.9"),
    "address-invalid": ("that is not an address", "send text, or an object of street, city, region, postcode, country"),
    "url-invalid": ("that is not a web address", "begin it with https:// and name a host"),
    "ip-invalid": ("that is not an IP address", "write it as 192.0.2.1 or 2001:db8::1"),
    "iban-invalid": ("that does not look like an IBAN", "two letters, two digits, then up to 30 letters and digits"),
    "iban-fails-check": ("the check digits of that IBAN do not fit", "a digit is probably mistyped"),
    "card-invalid": ("a card number has 12 to 19 digits", "write digits, with spaces or hyphens if you like"),
    "card-fails-check": ("the check digit of that card number does not fit", "a digit is probably mistyped"),
    "expiry-invalid": ("that is not an expiry date", "write month and year, such as 04/29"),
    "last4-invalid": ("the end of a card number is four digits", "it is filled from the card number; leave it out"),
    "id-invalid": ("that does not look like an identity number", "3 to 40 letters and digits, with - . / or spaces"),
    "biometric-invalid": ("a biometric template is bytes or text", "send bytes, or base64 text"),
    "cvc-refused": ("a card's security code is never stored (PCI DSS 3.3.1)", "remove the field"),
    "file-goes-elsewhere": ("a file is not a value", "upload it to the customer's files and keep no copy here"),
})  # fmt: skip
"""Every slug that `parse` may raise: what is wrong, and what to do."""


class Redaction(StrEnum):
    """What a law's redaction list may call a value; such a value is "held, not shown" in an access package."""

    NONE = "none"
    SSN = "ssn"
    GOVERNMENT_ID = "government_id"
    FINANCIAL_ACCOUNT = "financial_account"
    HEALTH_INSURANCE_ID = "health_insurance_id"
    PASSWORD = "password"  # noqa: S105 - a word of the law, not a password
    BIOMETRIC = "biometric"


def _nothing(value: Value, region: str | None) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldType:
    """A kind of value; the one place that knows how such a value is cleaned, masked, indexed and shown.

    `normaliser` names the blind index's normaliser, `indexes` the words that a map's `index` may hold for this type,
    `narrow` says that fewer than 1,024 different values are to be expected, and `refused` is the slug of a type that
    takes no value at all.
    """

    key: str
    clean: Callable[[object, str | None], Value] = field(repr=False)
    masks: tuple[str, ...]
    default_mask: str
    examples: tuple[str, ...]
    normaliser: str | None = None
    indexes: tuple[str, ...] = ()
    redaction: Redaction = Redaction.NONE
    narrow: bool = False
    parts: tuple[str, ...] = ()
    refused: str | None = None
    doubt: Callable[[Value, str | None], str | None] = field(default=_nothing, repr=False)

    def parse(self, value: object, *, region: str | None = None) -> Value:
        """Clean what an import or the API gives; an absent value (`None`) stays absent.

        Blank text is absent for types that can't be blank (a date, an amount); names and free text keep it.

        Args:
            value: anything; text is the usual case.
            region: ISO 3166 country that a number without a country code belongs to.

        Raises:
            Invalid: with a slug of `PROBLEMS` as its code, and never with the value.

        """
        if self.refused:
            raise _invalid(self.refused)
        return None if value is None else self.clean(value, region)

    def note(self, value: Value, region: str | None = None) -> str | None:
        """Name a doubt that does not refuse a value, such as `phone-invalid`; an import lists it."""
        return None if value is None else self.doubt(value, region)

    def text_of(self, value: Value) -> str:
        """Write a value the way it is shown, exported and indexed."""
        return text_of(value)


def text_of(value: Value) -> str:
    """Write any value as one text: address parts in their order, bytes as base64, absence as nothing."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case bytes():
            return b64encode(value).decode()
        case list():
            return ", ".join(value)
        case dict():
            known = [value[part] for part in ADDRESS_PARTS if value.get(part)]
            return ", ".join([*known, *(text for part, text in value.items() if part not in ADDRESS_PARTS)])
        case _:
            return str(value)


def luhn(digits: str) -> bool:
    """Tell whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _invalid(code: str) -> Invalid:
    what, hint = PROBLEMS[code]
    return Invalid(what, hint=hint, code=code)


# Every raise below stands outside its `except` block: an exception in flight would be chained, and the messages of the
# libraries quote the value.


def _text(value: object, code: str = "text-invalid") -> str:
    """Text as given; a whole number becomes its digits, because spreadsheets and databases hold numbers as numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 256:
        return str(value)
    if not isinstance(value, str) or "\0" in value:
        raise _invalid(code)
    size = _utf8(value)
    if size is None:
        raise _invalid("text-invalid")
    if size > LIMIT:
        raise _invalid("too-long")
    return value


def _utf8(value: str) -> int | None:
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        return None


def _as_given(value: object, region: str | None) -> Value:
    return _text(value)


def _trimmed(value: object, region: str | None) -> Value:
    return _text(value).strip()


def _line(value: object, code: str) -> str:
    return _text(value, code).strip()


def _phone(value: object, region: str | None) -> Value:
    return _line(value, "text-invalid") or None


def _phone_doubt(value: Value, region: str | None) -> str | None:
    try:
        good = phonenumbers.is_valid_number(phonenumbers.parse(text_of(value), region))
    except phonenumbers.NumberParseException:
        good = False
    return None if good else "phone-invalid"


def _email(value: object, region: str | None) -> Value:
    given = _line(value, "email-invalid")
    if not given:
        return None
    local, _, domain = given.rpartition("@")
    # The library takes a tenth of a millisecond; a plain local part needs only its domain judged, and domains repeat.
    plain = len(given) <= 254 and len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local) is not None
    if not (_is_email(f"a@{domain}") if plain and len(domain) <= 253 else _is_email.__wrapped__(given)):
        raise _invalid("email-invalid")
    return given


_PLAIN_LOCAL: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")


@lru_cache(maxsize=4096)
def _is_email(given: str) -> bool:
    try:
        validate_email(given, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def _date(value: object, region: str | None) -> Value:
    """A day; the time of day that a database adds to it is dropped."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise _invalid("date-invalid")
    given = _line(value, "date-invalid")
    if not given:
        return None
    found = _DATE.fullmatch(given)
    if not found:
        raise _invalid("date-invalid")
    try:
        day = date(*(int(part) for part in found.groups()[:3]))
    except ValueError:
        day = None
    if day is None:
        raise _invalid("date-impossible")
    return day.isoformat()


def _address(value: object, region: str | None) -> Value:
    if not isinstance(value, Mapping):
        street = _line(value, "address-invalid")
        return {"street": street} if street else None
    if set(value) - set(ADDRESS_PARTS):
        raise _invalid("address-invalid")
    given = {part: _line(value[part], "address-invalid") for part in ADDRESS_PARTS if value.get(part) is not None}
    if sum(len(text.encode()) for text in given.values()) > LIMIT:
        raise _invalid("too-long")
    return {part: text for part, text in given.items() if text} or None


_MONEY: Final = re.compile(r"([+-]?)([0-9]{0,24})(?:\.([0-9]{0,10}))?")


def _money(value: object, region: str | None) -> Value:
    """A decimal text with the digits as given: "1.980" and "1.98" are the same amount and different evidence."""
    match value:
        case bool():
            raise _invalid("money-invalid")
        case Decimal():
            # A large exponent would write itself out as that many zeros.
            if not value.is_finite() or abs(value.adjusted()) > 24:
                raise _invalid("money-invalid")
            given = format(value, "f")
        case float():
            given = repr(value)
            # A float has lost the digits as given; beyond four decimals nobody can say what they were.
            if not math.isfinite(value) or "e" in given or len(given.partition(".")[2]) > 4:
                raise _invalid("money-invalid")
        case _:
            given = _line(value, "money-invalid")
    if not given:
        return None
    found = _MONEY.fullmatch(given)
    if not found or not (found[2] or found[3]):
        raise _invalid("money-invalid")
    whole, cents = found[2].lstrip("0") or "0", found[3] or ""
    amount = f"{whole}.{cents}" if cents else whole
    return f"-{amount}" if found[1] == "-" and amount.strip("0.") else amount


_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,30}")


def _integer(value: object, region: str | None) -> Value:
    given = _line(value, "integer-invalid")
    if not given:
        return None
    if not _INTEGER.fullmatch(given) or not -(2**63) <= int(given) < 2**63:
        raise _invalid("integer-invalid")
    return int(given)


_BOOLEANS: Final = dict.fromkeys(("true", "yes", "y", "t", "1"), True) | dict.fromkeys(
    ("false", "no", "n", "f", "0"), False
)


def _boolean(value: object, region: str | None) -> Value:
    if isinstance(value, bool):
        return value
    given = _line(value, "boolean-invalid").lower()
    if given and given not in _BOOLEANS:
        raise _invalid("boolean-invalid")
    return _BOOLEANS.get(given)


def _choice(value: object, region: str | None) -> Value:
    return _line(value, "choice-invalid") or None


def _code(value: object, region: str | None) -> Value:
    given = _line(value, "code-invalid")
    if len(given) > 64 or not given.isprintable():
        raise _invalid("code-invalid")
    return given or None


def _url(value: object, region: str | None) -> Value:
    given = _line(value, "url-invalid")
    if not given:
        return None
    try:
        split = urlsplit(given)
        good = split.scheme in {"http", "https", "ftp"} and bool(split.hostname) and " " not in given
    except ValueError:
        good = False
    if not good:
        raise _invalid("url-invalid")
    return given


def _ip(value: object, region: str | None) -> Value:
    if not isinstance(value, str):
        raise _invalid("ip-invalid")
    given = _line(value, "ip-invalid")
    if not given:
        return None
    try:
        canonical = str(ipaddress.ip_address(given))
    except ValueError:
        canonical = ""
    if not canonical:
        raise _invalid("ip-invalid")
    return canonical


_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def _iban(value: object, region: str | None) -> Value:
    """Compact capitals, checked modulo 97 (ISO 13616-1, 6.1)."""
    given = "".join(_line(value, "iban-invalid").split()).upper()
    if not given:
        return None
    if not _IBAN.fullmatch(given):
        raise _invalid("iban-invalid")
    if int("".join(str(int(sign, 36)) for sign in given[4:] + given[:4])) % 97 != 1:
        raise _invalid("iban-fails-check")
    return given


_CARD: Final = re.compile(r"[0-9]{12,19}")


def _card(value: object, region: str | None) -> Value:
    given = re.sub(r"[\s-]", "", _line(value, "card-invalid"))
    if not given:
        return None
    if not _CARD.fullmatch(given):
        raise _invalid("card-invalid")
    if not luhn(given):
        raise _invalid("card-fails-check")
    return given


_EXPIRY: Final = re.compile(r"([0-9]{1,2})\s*[/.-]\s*(?:20)?([0-9]{2})|([0-9]{2})([0-9]{2})|20([0-9]{2})-([0-9]{2})")


def _expiry(value: object, region: str | None) -> Value:
    """Month and year as MM/YY; whether it is over is not asked here, because nothing here knows the time."""
    given = _line(value, "expiry-invalid")
    if not given:
        return None
    found = _EXPIRY.fullmatch(given)
    if not found:
        raise _invalid("expiry-invalid")
    month, year = int(found[1] or found[3] or found[6]), found[2] or found[4] or found[5]
    if not 1 <= month <= 12:
        raise _invalid("expiry-invalid")
    return f"{month:02}/{year}"


_LAST4: Final = re.compile(r"[0-9]{4}")


def _last4(value: object, region: str | None) -> Value:
    if not isinstance(value, str) or not _LAST4.fullmatch(value):
        raise _invalid("last4-invalid")
    return value


def _identity(value: object, region: str | None) -> Value:
    """An identity number as given; countries write them too differently for more than a look at the shape."""
    given = _line(value, "id-invalid")
    if not given:
        return None
    known = all(sign.isalnum() or sign in " -./" for sign in given)
    if not 3 <= len(given) <= 40 or not known or not any(sign.isalnum() for sign in given):
        raise _invalid("id-invalid")
    return given


def _biometric(value: object, region: str | None) -> Value:
    if isinstance(value, bytes):
        if len(value) > LIMIT:
            raise _invalid("too-long")
        return value
    if not isinstance(value, str):
        raise _invalid("biometric-invalid")
    return _text(value)


def _never(value: object, region: str | None) -> Value:
    raise AssertionError("a refused type cleans nothing")


_PREFIXES: Final = ("prefix-3", "prefix-4", "prefix-5", "prefix-6")
_NAME_MASKS: Final = ("hidden", "initial", "none")


def _name(key: str, *examples: str) -> FieldType:
    return FieldType(
        key=key,
        clean=_trimmed,
        masks=_NAME_MASKS,
        default_mask="initial",
        normaliser="name.1",
        indexes=("unique", "exact", "words", *_PREFIXES),
        examples=examples,
    )


def _number(key: str, redaction: Redaction, *examples: str) -> FieldType:
    return FieldType(
        key=key,
        clean=_identity,
        masks=("hidden", "last2", "last4"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("unique", "exact", "last4"),
        redaction=redaction,
        examples=examples,
    )


def _day(key: str, *examples: str) -> FieldType:
    return FieldType(
        key=key,
        clean=_date,
        masks=("hidden", "year", "none"),
        default_mask="year",
        normaliser="date.1",
        indexes=("exact", "year"),
        examples=examples,
    )


_ALL: Final = (
    FieldType(
        key="text",
        clean=_as_given,
        masks=("hidden", "initial", "last2", "last4", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("unique", "exact", "words", *_PREFIXES),
        examples=("Please ring twice.", "ἀλήθεια", ""),
    ),
    _name("name.full", "Jan de Vries", "Luís Gonçalves", "王小明"),
    _name("name.given", "Jan", "François"),
    _name("name.family", "de Vries", "Köhler"),
    FieldType(
        key="email",
        clean=_email,
        masks=("hidden", "email", "none"),
        default_mask="email",
        normaliser="email.1",
        indexes=("unique", "exact", "domain"),
        examples=("jan@example.org", "Ann.Lee+shop@example.com"),
    ),
    FieldType(
        key="phone",
        clean=_phone,
        masks=("hidden", "last2", "last4", "none"),
        default_mask="last4",
        normaliser="phone.1",
        indexes=("unique", "exact", "last4"),
        examples=("+31 20 555 0100", "(503) 555-0100"),
        doubt=_phone_doubt,
    ),
    _day("date", "2026-11-23", "2021-01-01 00:00:00"),
    _day("date.birth", "1980-02-29"),
    FieldType(
        key="address",
        clean=_address,
        masks=("hidden", "city", "none"),
        default_mask="city",
        normaliser="text.1",
        indexes=("exact", "words"),
        parts=ADDRESS_PARTS,
        examples=("12 Mill Lane, Portland", "Ullevålsveien 14"),
    ),
    FieldType(
        key="country",
        clean=_trimmed,
        masks=("hidden", "none"),
        default_mask="none",
        normaliser="text.1",
        indexes=("exact",),
        narrow=True,
        examples=("Norway", "US"),
    ),
    FieldType(
        key="money",
        clean=_money,
        masks=("hidden", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("exact",),
        examples=("1.98", "-20.00", "4200000"),
    ),
    FieldType(
        key="integer",
        clean=_integer,
        masks=("hidden", "last2", "last4", "none"),
        default_mask="hidden",
        normaliser="text.1",  # digits alone would make -7 and 7 one
        indexes=("unique", "exact"),
        examples=("42", "-7"),
    ),
    FieldType(
        key="boolean",
        clean=_boolean,
        masks=("hidden", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("exact",),
        narrow=True,
        examples=("yes", "false"),
    ),
    FieldType(
        key="choice",
        clean=_choice,
        masks=("hidden", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("exact",),
        narrow=True,
        examples=("gold",),
    ),
    FieldType(
        key="code",
        clean=_code,
        masks=("hidden", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("exact",),
        narrow=True,
        examples=("E11.9",),
    ),
    FieldType(
        key="ref",
        clean=_trimmed,
        masks=("hidden", "last2", "last4", "none"),
        default_mask="last4",
        normaliser="text.1",
        indexes=("unique", "exact", *_PREFIXES),
        examples=("INV-1042", "00098"),
    ),
    FieldType(
        key="url",
        clean=_url,
        masks=("hidden", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("unique", "exact"),
        examples=("https://example.org/ann",),
    ),
    FieldType(
        key="ip",
        clean=_ip,
        masks=("hidden", "none"),
        default_mask="hidden",
        normaliser="text.1",
        indexes=("exact",),
        examples=("192.0.2.1", "2001:db8::1"),
    ),
    FieldType(
        key="file", clean=_never, masks=("hidden",), default_mask="hidden", refused="file-goes-elsewhere", examples=()
    ),
    FieldType(
        key="card.number",
        clean=_card,
        masks=("hidden", "last4"),
        default_mask="last4",
        normaliser="digits.1",
        indexes=("unique", "exact"),
        redaction=Redaction.FINANCIAL_ACCOUNT,
        examples=("4242 4242 4242 4242", "5555555555554444"),
    ),
    FieldType(
        key="card.expiry",
        clean=_expiry,
        masks=("hidden",),
        default_mask="hidden",
        examples=("04/29", "4/2029"),
    ),
    FieldType(
        key="card.last4",
        clean=_last4,
        masks=("hidden", "none"),
        default_mask="none",
        normaliser="digits.1",
        indexes=("exact",),
        examples=("4242",),
    ),
    FieldType(
        key="card.cvc", clean=_never, masks=("hidden",), default_mask="hidden", refused="cvc-refused", examples=()
    ),
    FieldType(
        key="iban",
        clean=_iban,
        masks=("hidden", "last2", "last4"),
        default_mask="last4",
        normaliser="text.1",
        indexes=("unique", "exact", "last4"),
        redaction=Redaction.FINANCIAL_ACCOUNT,
        examples=("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"),
    ),
    _number("id.national", Redaction.SSN, "078-05-1120"),
    _number("id.tax", Redaction.GOVERNMENT_ID, "12-3456789"),
    _number("id.passport", Redaction.GOVERNMENT_ID, "C01X00T47"),
    _number("id.driver", Redaction.GOVERNMENT_ID, "D1234567"),
    _number("id.health_insurance", Redaction.HEALTH_INSURANCE_ID, "1EG4-TE5-MK73"),
    FieldType(
        key="biometric",
        clean=_biometric,
        masks=("hidden",),
        default_mask="hidden",
        redaction=Redaction.BIOMETRIC,
        examples=("Rk1SACAyMAAA",),
    ),
    FieldType(
        key="secret",
        clean=_as_given,
        masks=("hidden",),
        default_mask="hidden",
        redaction=Redaction.PASSWORD,
        examples=("my first pet's name",),
    ),
)

TYPES: Final[Mapping[str, FieldType]] = MappingProxyType({kind.key: kind for kind in _ALL})
"""Every type by its key. `card.cvc` is here to be refused, `card.last4` to be filled beside a card number."""
