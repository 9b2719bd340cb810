"""A mask shows what its name says and never more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.datamap.masks import MASKS, mask, present
from bailee.datamap.types import Value

values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=30),
    st.emails(),
    st.binary(max_size=10),
    st.dates().map(str),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.sampled_from(["street", "city", "country"]), st.text(max_size=12)),
)

SCAFFOLD = set("•@. ")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("hidden", "anything", "•••"),
        ("hidden", None, "•••"),
        ("initial", "Jan de Vries", "J•• d• V••••"),
        ("initial", "J Vries", "• V••••"),
        ("initial", "Łukasz", "Ł•••••"),
        ("initial", "e\u0301ric", "e\u0301•••"),
        ("initial", "王", "•"),
        ("initial", "王小明", "王••"),
        ("initial", "\u200bJan", "J••"),
        ("initial", "", "•••"),
        ("initial", None, "•••"),
        ("email", "jan@example.org", "j•••@e•••.org"),
        ("email", "j@e.org", "j•••@e•••.org"),
        ("email", "jan@sub.example.co.uk", "j•••@s•••.uk"),
        ("email", "jan@localhost", "j•••@l•••"),
        ("email", "jan@[192.0.2.1]", "j•••@•••"),
        ("email", "not an address", "•••"),
        ("email", "@example.org", "•••"),
        ("last4", "+31205550100", "•••• 0100"),
        ("last4", "4242424242424242", "•••• 4242"),
        ("last4", "(5) 555-4729", "•••• 4729"),
        ("last4", "123", "••••"),
        ("last4", "1234567", "••••"),
        ("last4", 123456789, "•••• 6789"),
        ("last4", True, "••••"),
        ("last4", "", "••••"),
        ("last2", "4711", "•••• 11"),
        ("last2", "471", "••••"),
        ("city", {"street": "Obere Str. 57", "city": "Berlin", "country": "Germany"}, "Berlin"),
        ("city", {"street": "Obere Str. 57"}, "•••"),
        ("city", "Berlin", "•••"),
        ("year", "1980-02-29", "1980"),
        ("year", "1980", "•••"),
        ("none", "as it is", "as it is"),
        ("none", {"city": "Oslo", "street": "Ullevålsveien 14"}, "Ullevålsveien 14, Oslo"),
    ],
)
def test_a_mask_shows_its_part(kind: str, value: Value, shown: str) -> None:
    assert mask(kind, value) == shown


def test_a_value_that_may_be_known_to_exist_is_on_file() -> None:
    assert present() == "on file"


def test_an_unknown_mask_shows_nothing_and_names_no_value() -> None:
    with pytest.raises(ValueError, match="there is no mask 'last9'"):
        mask("last9", "4242424242424242")


def shown_signs(kind: str, value: Value) -> list[str]:
    return [sign for sign in mask(kind, value) if sign not in SCAFFOLD]


@given(values)
def test_hidden_is_the_same_for_every_value(value: Value) -> None:
    assert mask("hidden", value) == "•••"


@pytest.mark.parametrize(("kind", "most"), [("last2", 2), ("last4", 4)])
@given(value=values)
def test_an_end_is_at_most_its_length_and_half_the_value(kind: str, most: int, value: Value) -> None:
    shown = shown_signs(kind, value)
    assert len(shown) in {0, most}
    assert 2 * len(shown) <= len([sign for sign in str(value) if sign.isalnum()])


@given(st.text(max_size=40))
def test_an_initial_is_one_letter_a_word_and_never_a_whole_word(value: str) -> None:
    words = mask("initial", value).split()
    assert len(words) <= max(1, len(value.split()))
    assert all("•" in word for word in words)
    assert all(len(word.replace("•", "")[:1]) <= 1 for word in words)


@given(st.emails())
def test_an_address_shows_two_letters_and_its_top_domain(value: str) -> None:
    name, _, domain = value.rpartition("@")
    shown = mask("email", value)
    top = domain.rpartition(".")[2]
    assert shown.replace("•••", "").removesuffix(f".{top}") in {
        f"{first}@{second}" for first in (name[0], "") for second in (domain[0], "")
    }


@given(values)
def test_a_year_is_four_digits_or_nothing(value: Value) -> None:
    assert len(shown_signs("year", value)) in {0, 4}


@given(values)
def test_a_city_is_the_city_or_nothing(value: Value) -> None:
    city = value.get("city") if isinstance(value, dict) else None
    assert mask("city", value) == (city or "•••")


@pytest.mark.parametrize("kind", MASKS)
@given(value=values)
def test_every_mask_takes_every_value(kind: str, value: Value) -> None:
    assert isinstance(mask(kind, value), str)
