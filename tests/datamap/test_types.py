"""What each field type takes, refuses and says; and that no refusal repeats the value."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bailee.datamap.masks import MASKS
from bailee.datamap.types import ADDRESS_PARTS, LIMIT, PROBLEMS, TYPES, FieldType, Redaction, Value, luhn, text_of
from bailee.kernel.errors import Invalid

DESIGNED = {
    "text", "name.full", "name.given", "name.family", "email", "phone", "date", "date.birth",
    "address", "country", "money", "integer", "boolean", "choice", "code", "ref",
    "url", "ip", "file", "card.number", "card.expiry", "iban", "id.national", "id.tax",
    "id.passport", "id.driver", "id.health_insurance", "biometric", "secret", "card.last4", "card.cvc",
}  # fmt: skip

NORMALISERS = {"email.1", "phone.1", "name.1", "digits.1", "text.1", "date.1", None}

TAKING = [kind for kind in TYPES.values() if not kind.refused]

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=60),
    st.text(st.characters(), max_size=20),
    st.text("0123456789 -./:+", max_size=30),
    st.binary(max_size=30),
    st.dates(),
    st.datetimes(),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.sampled_from([*ADDRESS_PARTS, "planet"]), st.text(max_size=20) | st.integers() | st.none()),
)


def refused(kind: str, value: object, region: str | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        TYPES[kind].parse(value, region=region)
    return caught.value.code


def attempt(kind: FieldType, value: object, region: str | None = None) -> Value | Invalid:
    try:
        return kind.parse(value, region=region)
    except Invalid as error:
        return error


def said(error: BaseException | None) -> Iterator[str]:
    """Everything that an error and those behind it would print."""
    while error is not None:
        yield from (str(error), repr(error.args), getattr(error, "hint", ""), getattr(error, "code", ""))
        error = error.__cause__ or error.__context__


def test_every_designed_type_is_here_and_no_other() -> None:
    assert set(TYPES) == DESIGNED


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.key)
def test_a_type_is_whole(kind: FieldType) -> None:
    assert set(kind.masks) <= set(MASKS)
    assert kind.default_mask in kind.masks
    assert "hidden" in kind.masks
    assert kind.normaliser in NORMALISERS
    assert bool(kind.indexes) == (kind.normaliser is not None)
    assert isinstance(kind.redaction, Redaction)
    assert bool(kind.examples) == (kind.refused is None)


@pytest.mark.parametrize("kind", TAKING, ids=lambda kind: kind.key)
def test_a_types_own_examples_are_taken(kind: FieldType) -> None:
    assert all(kind.parse(sample) is not None for sample in kind.examples)


@pytest.mark.parametrize("kind", TAKING, ids=lambda kind: kind.key)
@given(value=anything)
@settings(deadline=None)  # phone and e-mail tables load at their first use
def test_what_is_taken_can_be_sealed_and_taken_again(kind: FieldType, value: object) -> None:
    clean = attempt(kind, value, "US")
    if isinstance(clean, Invalid):
        assert clean.code in PROBLEMS
        return
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(clean)) == clean
    assert kind.parse(clean, region="US") == clean
    assert isinstance(text_of(clean), str)
    assert kind.note(clean, "US") in {None, "phone-invalid"}


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.key)
@given(value=st.text(st.characters(categories=["Lu"], max_codepoint=0x5FF), min_size=12, max_size=40))
@example(value="GEHEIM@@GEHEIM..GEHEIM")
@example(value="\ud800GEHEIMGEHEIM")
def test_no_refusal_repeats_the_value(kind: FieldType, value: str) -> None:
    answer = attempt(kind, value)
    if isinstance(answer, Invalid):
        assert not [line for line in said(answer) if value in line]


def test_no_refusal_carries_the_error_of_a_library() -> None:
    for kind, value in (("email", "no such@address"), ("date", "2026-02-30"), ("ip", "1.2.3.400"), ("url", "http://[")):
        with pytest.raises(Invalid) as caught:
            TYPES[kind].parse(value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("kind", TAKING, ids=lambda kind: kind.key)
def test_nothing_stays_nothing(kind: FieldType) -> None:
    assert kind.parse(None) is None


@pytest.mark.parametrize("value", [None, "", "123", 123])
def test_a_cards_security_code_is_always_refused(value: object) -> None:
    assert refused("card.cvc", value) == "cvc-refused"


def test_a_file_is_not_a_value() -> None:
    assert refused("file", b"%PDF") == "file-goes-elsewhere"


@pytest.mark.parametrize(
    ("kind", "given", "clean"),
    [
        ("text", " kept as it is \n", " kept as it is \n"),
        ("text", "", ""),
        ("ref", "00098", "00098"),
        ("ref", 98, "98"),
        ("name.full", "  Jan de Vries ", "Jan de Vries"),
        ("email", " Jan@Example.org ", "Jan@Example.org"),
        ("phone", " +55 (12) 3923-5555 ", "+55 (12) 3923-5555"),
        ("phone", "ring the bell", "ring the bell"),
        ("date", "2021-01-01 00:00:00", "2021-01-01"),
        ("date", "2021-01-01T23:59:59.123Z", "2021-01-01"),
        ("date", date(2024, 2, 29), "2024-02-29"),
        ("date", datetime(2024, 2, 29, 23, 0, tzinfo=UTC), "2024-02-29"),
        ("date", " ", None),
        ("money", "1.98", "1.98"),
        ("money", 1.98, "1.98"),
        ("money", 0.5, "0.5"),
        ("money", 1e2, "100.0"),
        ("money", Decimal("1.980"), "1.980"),
        ("money", Decimal("1E+3"), "1000"),
        ("money", "+007.50", "7.50"),
        ("money", ".5", "0.5"),
        ("money", "-0.00", "0.00"),
        ("money", "-3", "-3"),
        ("money", 4, "4"),
        ("money", "32.3800011", "32.3800011"),
        ("integer", "007", 7),
        ("integer", "-12", -12),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("code", "E11.9", "E11.9"),
        ("ip", "2001:DB8:0:0::1", "2001:db8::1"),
        ("url", "https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("iban", "gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("card.number", "4242-4242 4242 4242", "4242424242424242"),
        ("card.expiry", "4/2029", "04/29"),
        ("card.expiry", "0429", "04/29"),
        ("card.expiry", "2029-04", "04/29"),
        ("card.last4", "0042", "0042"),
        ("id.national", " 078-05-1120 ", "078-05-1120"),
        ("address", "Obere Str. 57", {"street": "Obere Str. 57"}),
        (
            "address",
            {"city": " Oslo ", "postcode": 171, "region": None, "street": ""},
            {"city": "Oslo", "postcode": "171"},
        ),
        ("address", {}, None),
        ("biometric", b"\x00\x01", b"\x00\x01"),
    ],
)
def test_a_value_is_cleaned(kind: str, given: object, clean: object) -> None:
    assert TYPES[kind].parse(given) == clean


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("text", "x" * (LIMIT + 1), "too-long"),
        ("text", "é" * LIMIT, "too-long"),
        ("text", "a\0b", "text-invalid"),
        ("text", "\ud800", "text-invalid"),
        ("text", True, "text-invalid"),
        ("text", 1.5, "text-invalid"),
        ("text", b"bytes", "text-invalid"),
        ("text", 2**300, "text-invalid"),
        ("email", "jan@", "email-invalid"),
        ("email", "jan@localhost", "email-invalid"),
        ("date", "2021-02-30", "date-impossible"),
        ("date", "2021-13-01", "date-impossible"),
        ("date", "01/02/2021", "date-invalid"),
        ("date", "２０２１-01-01", "date-invalid"),
        ("date", 20210101, "date-invalid"),
        ("money", "1,98", "money-invalid"),
        ("money", "$1.98", "money-invalid"),
        ("money", ".", "money-invalid"),
        ("money", 32.3800011, "money-invalid"),
        ("money", 1e30, "money-invalid"),
        ("money", 1e-5, "money-invalid"),
        ("money", float("nan"), "money-invalid"),
        ("money", Decimal("NaN"), "money-invalid"),
        ("money", Decimal("1E+400000000"), "money-invalid"),
        ("money", True, "money-invalid"),
        ("integer", "1.0", "integer-invalid"),
        ("integer", 2**63, "integer-invalid"),
        ("integer", "٣", "integer-invalid"),
        ("boolean", "maybe", "boolean-invalid"),
        ("code", "two\nlines", "code-invalid"),
        ("address", {"planet": "Mars"}, "address-invalid"),
        ("address", 1.5, "address-invalid"),
        ("url", "example.org", "url-invalid"),
        ("url", "javascript:alert(1)", "url-invalid"),
        ("ip", "010.1.2.3", "ip-invalid"),
        ("ip", 1, "ip-invalid"),
        ("iban", "DE89", "iban-invalid"),
        ("iban", "DE88 3704 0044 0532 0130 00", "iban-fails-check"),
        ("card.number", "4242 4242 4242 4241", "card-fails-check"),
        ("card.number", "4242", "card-invalid"),
        ("card.number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "card-invalid"),
        ("card.expiry", "13/29", "expiry-invalid"),
        ("card.last4", "42", "last4-invalid"),
        ("card.last4", 4242, "last4-invalid"),
        ("id.passport", "C0<X", "id-invalid"),
        ("id.passport", "--- ---", "id-invalid"),
        ("biometric", 7, "biometric-invalid"),
    ],
)
def test_a_value_is_refused(kind: str, given: object, code: str) -> None:
    assert refused(kind, given) == code


@pytest.mark.parametrize(
    ("given", "region", "doubt"),
    [
        ("+31 20 555 0100", None, None),
        ("(503) 055-0100", "US", "phone-invalid"),
        ("(503) 221-0100", "US", None),
        ("(503) 221-0100", None, "phone-invalid"),
        ("ring the bell", "US", "phone-invalid"),
        (None, "US", None),
    ],
)
def test_a_doubtful_phone_number_is_noted_and_not_refused(
    given: str | None, region: str | None, doubt: str | None
) -> None:
    assert TYPES["phone"].note(TYPES["phone"].parse(given, region=region), region) == doubt


@given(st.integers(0, 10**18))
def test_exactly_one_check_digit_fits_a_card(number: int) -> None:
    assert sum(luhn(f"{number}{check}") for check in range(10)) == 1


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_an_amount_keeps_its_digits(amount: Decimal) -> None:
    clean = TYPES["money"].parse(amount)
    assert isinstance(clean, str)
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{2}", clean)
    assert Decimal(clean) == amount


def test_an_address_reads_in_the_order_of_an_envelope() -> None:
    parts = {"country": "Norway", "postcode": "0171", "street": "Ullevålsveien 14", "city": "Oslo"}
    assert TYPES["address"].text_of(parts) == "Ullevålsveien 14, Oslo, 0171, Norway"
    assert TYPES["address"].parts == ADDRESS_PARTS
