"""Blind indexes: exact digests, spelling rules that never change, and a planner that refuses what tells too much."""

import copy
import hashlib
import hmac
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto.blind import NORMALISERS, TRANSFORMS, FieldKind, FieldStats, IndexKey, bits, digest, plan, unique
from bailee.kernel.errors import Invalid

HOUSE, KEY = bytes(range(16)), bytes(range(0xA0, 0xC0))


def stats(**changed: Any) -> FieldStats:
    given_ = {"field": "contact.surname", "transform": "exact", "kind": FieldKind.VALUE}
    return FieldStats(**{**given_, "distinct": 20_000, "commonest": 700, "rows": 50_000, **changed})


# -- digests


@pytest.mark.check("vault-1")
def test_the_printed_index_values_come_out() -> None:
    made = digest(KEY, HOUSE, 4, 1, 1, b"ann@example.com")
    assert (unique(made).hex(), bits(made, 10)) == ("10dd9f32a61dfaa691382272b8837bce", 67)


@given(st.binary(max_size=99), st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
def test_a_digest_is_the_hmac_of_label_house_numbers_and_value(value: bytes, field: int, cut: int, rule: int) -> None:
    numbers = field.to_bytes(4, "big") + cut.to_bytes(2, "big") + rule.to_bytes(2, "big")
    expected = hmac.new(KEY, b"bailee/v1/index\0" + HOUSE + numbers + value, hashlib.sha256).digest()
    key = IndexKey(KEY, HOUSE, field, cut, rule)
    assert [expected] * 3 == [key.digest(value), key.digest(value), digest(KEY, HOUSE, field, cut, rule, value)]


@given(st.binary(min_size=32, max_size=32), st.integers(1, 63))
def test_search_bits_are_the_first_of_the_digest(made: bytes, length: int) -> None:
    assert f"{int.from_bytes(made, 'big'):0256b}"[:length] == f"{bits(made, length):0{length}b}"


@pytest.mark.parametrize("length", [-1, 0, 64])
def test_search_bits_that_no_column_holds_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="63"):
        bits(bytes(32), length)


def test_an_index_key_or_house_of_another_length_is_refused() -> None:
    for key, house in ((KEY[1:], HOUSE), (KEY, HOUSE[1:])):
        with pytest.raises(ValueError, match="bytes"):
            IndexKey(key, house, 4, 1, 1)


def test_an_index_key_shows_nothing() -> None:
    assert repr(IndexKey(KEY, HOUSE, 4, 1, 1)) == "<IndexKey>"


@pytest.mark.parametrize("spread", [pickle.dumps, copy.copy, copy.deepcopy])
def test_an_index_key_is_not_pickled_or_copied(spread: Any) -> None:
    with pytest.raises(TypeError, match="not pickled or copied"):
        spread(IndexKey(KEY, HOUSE, 4, 1, 1))


# -- spelling

SPELT = [
    ("email.1", " Ann@Example.COM\n", None, "ann@example.com"),
    ("email.1", "Ａｎｎ@Example.com", None, "ann@example.com"),
    ("email.1", "Jürgen@MÜLLER.de", None, "jürgen@müller.de"),
    ("email.1", "e\u0301@x.fr", None, "\u00e9@x.fr"),
    ("phone.1", "030 901820", "DE", "+4930901820"),
    ("phone.1", "+49 (30) 90 18-20", None, "+4930901820"),
    ("phone.1", "(212) 736-5000", "US", "+12127365000"),
    ("phone.1", "030 901820", None, "?030901820"),
    ("phone.1", "123", "DE", "?123"),
    ("phone.1", "+1 555", None, "?1555"),
    ("phone.1", "On Request", "DE", "?on request"),
    ("name.1", "  Zoë   Müller-Straße ", None, "zoe muller-strasse"),
    ("name.1", "ǺNGSTRÖM", None, "angstrom"),
    ("name.1", "Ἀθῆναι", None, "αθηναι"),
    ("name.1", "O'Neil\tJr", None, "o'neil jr"),
    ("digits.1", "DE 12-34/५६", None, "123456"),
    ("text.1", " Café\u00a0 CAFE\u0301 ﬁn ", None, "café café fin"),
    ("date.1", "2026-3-4", None, "2026-03-04"),
    ("date.1", "20260304", None, "2026-03-04"),
    ("date.1", "2026/03/04", None, "2026-03-04"),
    ("date.1", " 2026-03-04T10:00:00Z ", None, "2026-03-04"),
    ("date.1", "03/04/2026", "US", "?03/04/2026"),
    ("date.1", "2026-13-04", None, "?2026-13-04"),
]


@pytest.mark.parametrize(("rule", "value", "region", "expected"), SPELT)
def test_a_spelling_rule_gives_the_form_that_digests_were_made_of(
    rule: str, value: str, region: str | None, expected: str
) -> None:
    assert expected == NORMALISERS[rule](value, region)


@pytest.mark.parametrize("rule", ["email.1", "name.1", "digits.1", "text.1"])
def test_no_sign_of_unicode_is_spelt_differently_the_second_time(rule: str) -> None:
    spell = NORMALISERS[rule]
    signs = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert [sign for sign in signs if (once := spell(sign)) != sign and spell(once) != once] == []


@given(st.sampled_from(sorted(NORMALISERS)), st.text(), st.sampled_from([None, "DE", "US"]))
def test_every_text_has_a_spelling(rule: str, value: str, region: str | None) -> None:
    assert isinstance(NORMALISERS[rule](value, region), str)


def test_the_numbers_of_rules_and_transforms_stay_for_ever() -> None:
    rules = {"email.1": 1, "phone.1": 2, "name.1": 3, "digits.1": 4, "text.1": 5, "date.1": 6}
    cuts = {"exact": 1, "prefix-3": 13, "prefix-4": 14, "prefix-5": 15, "prefix-6": 16}
    cuts |= {"last4": 20, "words": 30, "domain": 40, "year": 50}
    assert rules == {name: rule.number for name, rule in NORMALISERS.items()}
    assert cuts == {name: cut.number for name, cut in TRANSFORMS.items()}


@pytest.mark.parametrize("registry", [NORMALISERS, TRANSFORMS])
def test_the_registries_take_no_new_entry_at_run_time(registry: Any) -> None:
    with pytest.raises(TypeError, match="item assignment"):
        registry["exact"] = None


@pytest.mark.parametrize(
    ("cut", "value", "terms"),
    [
        ("exact", "ann", ("ann",)),
        ("exact", "", ()),
        ("prefix-3", "müller", ("mül",)),
        ("prefix-4", "müller", ("müll",)),
        ("prefix-5", "müller", ("mülle",)),
        ("prefix-6", "li", ("li",)),
        ("prefix-6", "", ()),
        ("last4", "4111111111111111", ("1111",)),
        ("last4", "12", ("12",)),
        ("words", "anne-marie o'neil anne", ("anne", "marie", "neil", "o")),
        ("words", " - ", ()),
        ("domain", "a@b@example.com", ("example.com",)),
        ("domain", "nobody", ()),
        ("domain", "nobody@", ()),
        ("year", "2026-03-04", ("2026",)),
        ("year", "?03/04/2026", ()),
    ],
)
def test_a_transform_cuts_the_terms_to_search_by(cut: str, value: str, terms: tuple[str, ...]) -> None:
    assert terms == TRANSFORMS[cut].terms(value)


# -- planner


def test_a_surname_of_fifty_thousand_may_have_8_to_14_bits() -> None:
    made = plan(50_000, [stats()])
    assert (made.least, made.most, made.indexes[0].bits) == (8, 14, 8)


@given(st.integers(16, 10**12), st.lists(st.none() | st.integers(1, 4), max_size=4))
def test_a_plan_leaves_between_two_and_the_root_of_all_customers_alike(expected: int, given_bits: list[Any]) -> None:
    fields = [stats(transform=f"t{at}", bits=one) for at, one in enumerate(given_bits)]
    if expected.bit_length() - 2 - sum(one or 0 for one in given_bits) < given_bits.count(None):
        with pytest.raises(Invalid, match="share"):
            plan(expected, fields)
        return
    made = plan(expected, fields)
    assert [one for one in given_bits if one] == [
        p.bits for p, one in zip(made.indexes, given_bits, strict=True) if one
    ]
    assert expected / 2**made.most >= 2 > expected / 2 ** (made.most + 1)
    assert (expected / 2**made.least) ** 2 <= expected < (expected / 2 ** (made.least - 1)) ** 2
    if None in given_bits:
        assert 2 <= made.together <= expected**0.5


def test_several_indexes_share_one_budget_and_odd_bits_go_to_the_richer_field() -> None:
    made = plan(50_000, [stats(transform="year", distinct=2_000), stats(), stats(transform="words", distinct=9_000)])
    assert [(one.transform, one.bits) for one in made.indexes] == [("year", 4), ("exact", 5), ("words", 5)]
    assert (made.together, made.indexes[1].candidates) == (50_000 / 2**14, 50_000 / 2**5)


def test_an_index_that_stands_keeps_its_bits_and_its_part_of_the_budget() -> None:
    made = plan(50_000, [stats(bits=12, distinct=1), stats(transform="words")])
    assert [one.bits for one in made.indexes] == [12, 2]


@pytest.mark.parametrize(
    ("expected", "changed", "shown"),
    [
        (15, {}, "15 customers"),
        (50_000, {"kind": FieldKind.BOOLEAN}, "boolean"),
        (50_000, {"kind": FieldKind.CODE}, "code"),
        (50_000, {"distinct": 1023}, "1023 distinct"),
        (50_000, {"commonest": 2501}, "5.0 %"),
        (50_000, {"commonest": 25_000}, "50.0 %"),
        (50_000, {"commonest": 1, "rows": 0}, "100.0 %"),
    ],
)
def test_what_tells_too_much_is_refused_with_its_figures(expected: int, changed: dict[str, Any], shown: str) -> None:
    with pytest.raises(Invalid, match=shown) as refused:
        plan(expected, [stats(**changed)])
    assert (refused.value.code, bool(refused.value.hint)) == ("index-too-revealing", True)


@pytest.mark.parametrize("changed", [{"distinct": 1024}, {"commonest": 2500}])
def test_the_limits_themselves_are_allowed(changed: dict[str, Any]) -> None:
    assert plan(50_000, [stats(**changed)]).indexes[0].bits == 8


def test_a_spent_budget_is_refused_with_its_figures() -> None:
    with pytest.raises(Invalid, match="share 14 bits, and 0 are left for 1"):
        plan(50_000, [stats(bits=14), stats(transform="words")])
