"""Numbers stay for ever; the compiled map says the same as the map."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bailee.datamap import toml
from bailee.datamap.categories import Category, Sense, Sensitivity
from bailee.datamap.compile import CompiledMap, IndexSpec, Mode, _keys, _plain, assign, compile_map, derive, digest
from bailee.datamap.fields import Field
from bailee.datamap.maps import BUILT_IN_CATEGORIES, BUILT_IN_PURPOSES, DataMap
from bailee.datamap.purposes import Basis, Purpose
from bailee.datamap.recipients import Organisation
from bailee.kernel.errors import Invalid

from .places import beside, intact, shipped


def compiled(text: str) -> CompiledMap:
    made = toml.read(text)
    return compile_map(made, assign(made, {}), 1)


CLINIC = compiled(shipped("clinic"))


def code_of(key: str) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        CLINIC.resolve(key)
    assert key not in str(caught.value)
    return caught.value.code, caught.value.hint


# -- numbers

categories = st.dictionaries(
    st.sampled_from(["contact", "billing", "card", "health", "orders"]),
    st.sets(st.sampled_from(["email", "phone", "number", "note"]), min_size=1),
    max_size=5,
)


def made_of(shape: dict[str, set[str]]) -> DataMap:
    def field(category: str, name: str) -> Field:
        return Field(key=f"{category}.{name}", type="card.number" if name == "number" else "text")

    return DataMap(
        organisation=Organisation(name="x", contact="x", establishments=("US",)),
        purposes=(Purpose(key="care", title="x", use="essential", basis=Basis.CONTRACT),),
        categories=tuple(
            Category(key=key, title=key, purposes=("care",), fields=tuple(field(key, name) for name in sorted(names)))
            for key, names in shape.items()
        ),
    )


@given(st.lists(categories, min_size=1, max_size=6))
def test_a_number_stays_with_its_key_and_is_never_given_again(shapes: list[dict[str, set[str]]]) -> None:
    names: dict[tuple[str, str], int] = {}
    for shape in shapes:
        made = made_of(shape)
        before, names = names, assign(made, names)
        assert before.items() <= names.items()
        numbers = [(kind, number) for (kind, _), number in names.items()]
        assert len(numbers) == len(set(numbers))
        assert min(names.values(), default=1) >= 1
        ready = compile_map(made, names, 1)
        assert all(names["field", key] == field.id for key, field in ready.fields.items() if not key.startswith("_"))
        assert assign(made, names) == names


def test_numbers_begin_at_one_and_follow_the_order_of_the_map() -> None:
    names = assign(intact(), {})
    assert [key for (kind, key), _ in sorted(names.items(), key=lambda pair: pair[1]) if kind == "category"] == [
        "contact",
        "billing",
        "card",
        "card_last4",
        "health",
    ]
    assert names["category", "contact"] == names["field", "contact.email"] == names["purpose", "care"] == 1


def test_a_key_that_comes_back_gets_its_old_number() -> None:
    first = assign(made_of({"billing": {"note"}, "contact": {"email"}}), {})
    second = assign(made_of({"orders": {"note"}}), first)
    third = assign(made_of({"billing": {"note"}}), second)
    assert third["category", "billing"] == first["category", "billing"]
    assert second["category", "orders"] == 3


def test_two_keys_with_one_number_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        assign(intact(), {("category", "a"): 7, ("category", "b"): 7})
    assert caught.value.code == "names-clash"
    assign(intact(), {("category", "a"): 7, ("field", "a.b"): 7})


@pytest.mark.parametrize(("kind", "last"), [("category", 65_000), ("field", 999_999_999), ("purpose", 65_000)])
def test_numbers_end_before_the_built_in_ones(kind: str, last: int) -> None:
    with pytest.raises(Invalid) as caught:
        assign(intact(), {(kind, "gone"): last})
    assert caught.value.code == "map-too-large"


def test_the_built_in_numbers_are_those_of_the_formats() -> None:
    assert {key: CLINIC.categories[key].id for key in BUILT_IN_CATEGORIES} == {
        "_self": 0,
        "_house": 65535,
        "_request": 65534,
        "_concern": 65533,
        "_evidence": 65532,
    }
    assert set(BUILT_IN_PURPOSES) == {"own_access", "requests", "breach_notification", "security"}
    assert len(CLINIC.category_by_id) == len(CLINIC.categories)
    assert len(CLINIC.field_by_id) == len(CLINIC.fields)
    assert all(field.id < 2**31 for field in CLINIC.fields.values())


def test_a_map_without_numbers_does_not_compile() -> None:
    with pytest.raises(Invalid) as caught:
        compile_map(intact(), {}, 1)
    assert caught.value.code == "names-missing"


def test_a_purpose_without_basis_does_not_compile() -> None:
    made = made_of({"contact": {"email"}})
    made = replace(made, purposes=(replace(made.purposes[0], basis=None),))
    with pytest.raises(Invalid) as caught:
        compile_map(made, assign(made, {}), 1)
    assert caught.value.code == "map-invalid"


# -- digest


def test_the_digest_is_sha_256_of_rfc_8785() -> None:
    made = toml.read(shipped("clinic"))
    names = assign(made, {})
    plain: Any = {"format": "bailee-map-1", "map": _plain(made), "names": []}
    plain["names"] = [[kind, key, names[kind, key]] for kind, key in sorted(_keys(made))]
    canonical = rfc8785.dumps(plain)
    assert CLINIC.digest == sha256(canonical).hexdigest()


def test_the_digest_pins_what_is_said_and_not_how_it_was_written() -> None:
    text = shipped("clinic")
    spread = "# a comment\n" + text.replace("[categories.card]", "\n\n[categories.card]")
    assert compiled(spread).digest == CLINIC.digest
    assert compiled(text.replace('keep = "P13M"', 'keep = "P14M"')).digest != CLINIC.digest


def test_the_digest_pins_the_numbers_in_use_and_forgets_the_others() -> None:
    made = intact()
    names = assign(made, {})
    moved = {**names, ("category", "contact"): names["category", "health"], ("category", "health"): 1}
    assert digest(made, moved) != digest(made, names)
    assert digest(made, {**names, ("category", "gone"): 99}) == digest(made, names)


# -- what the gate reads


def test_sensitivity_folds_into_the_three_classes() -> None:
    assert {key: CLINIC.categories[key].sense for key in ("contact", "card", "card_last4", "health")} == {
        "contact": Sense.ORDINARY,
        "card": Sense.HIGH,
        "card_last4": Sense.RAISED,
        "health": Sense.HIGH,
    }


def test_a_purpose_carries_what_follows_from_its_basis() -> None:
    flags = {
        key: (purpose.needs_consent, purpose.objectable, purpose.survives_restriction)
        for key, purpose in CLINIC.purposes.items()
    }
    assert flags == {
        "care": (False, False, False),
        "billing": (False, False, False),
        "delivery": (False, False, False),
        "support": (False, False, False),
        "newsletter": (True, True, False),
        "fraud": (False, True, False),
        "books": (False, False, False),
        "own_access": (False, False, True),
        "requests": (False, False, True),
        "breach_notification": (False, False, True),
        "security": (False, False, True),
    }


def test_marketing_on_legitimate_interests_can_be_objected_to_and_needs_no_consent() -> None:
    marketing = compiled(beside("chinook")).purposes["marketing"]
    assert (marketing.needs_consent, marketing.objectable, marketing.categories) == (False, True, ("contact",))


def test_a_purpose_and_its_categories_agree() -> None:
    both = {(key, category) for key, purpose in CLINIC.purposes.items() for category in purpose.categories}
    assert both == {(key, name) for name, category in CLINIC.categories.items() for key in category.purposes}
    assert CLINIC.purposes["billing"].categories == ("contact", "billing", "card", "card_last4")
    assert CLINIC.purposes["support"].categories == ("contact", "orders", "support")


def test_a_breach_notice_reaches_people_and_nothing_else() -> None:
    reach = set(CLINIC.purposes["breach_notification"].categories)
    assert "contact" in reach
    assert not reach & {"card", "health", "support", "_request", "_self", "_evidence"}


def test_an_index_is_spelled_out() -> None:
    assert CLINIC.resolve("contact.email").indexes == (
        IndexSpec(Mode.UNIQUE, "exact", "email.1"),
        IndexSpec(Mode.SEARCH, "domain", "email.1"),
    )
    assert CLINIC.resolve("surname").indexes == (IndexSpec(Mode.SEARCH, "words", "name.1"),)


def test_no_field_has_two_indexes_of_one_transform() -> None:
    for field in CLINIC.fields.values():
        transforms = [index.transform for index in field.indexes]
        assert len(transforms) == len(set(transforms))


def test_a_field_takes_its_mask_from_the_map_or_its_type() -> None:
    assert CLINIC.resolve("birth_date").mask == "year"
    assert CLINIC.resolve("invoice_no").mask == "last4"


def test_a_field_parses_by_its_own_choices() -> None:
    language = compiled(shipped("shop")).resolve("account.language")
    assert language.parse(" es ") == "es"
    assert language.parse("") is None
    with pytest.raises(Invalid) as caught:
        language.parse("tlh")
    assert (caught.value.code, "tlh" in str(caught.value) + caught.value.hint) == ("choice-invalid", False)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("contact.email", "contact.email"),
        ("email", "contact.email"),
        ("last4", "card_last4.last4"),
        ("card.last4", "card_last4.last4"),
        ("card_last4.last4", "card_last4.last4"),
        ("message", "support.message"),
        ("_request.message", "_request.message"),
    ],
)
def test_a_field_is_found_by_its_key_or_its_last_part(asked: str, key: str) -> None:
    assert CLINIC.resolve(asked).key == key


def test_an_unknown_field_is_answered_with_the_nearest_and_never_repeated() -> None:
    assert code_of("contact.emial") == ("field-unknown", "did you mean contact.email?")
    assert code_of("jan@example.org")[0] == "field-unknown"
    assert code_of("4242424242424242")[0] == "field-unknown"
    assert code_of("zzzzzz")[0] == "field-unknown"


def test_a_last_part_that_several_fields_have_is_ambiguous() -> None:
    with pytest.raises(Invalid) as caught:
        compiled(shipped("shop")).resolve("order_no")
    assert (caught.value.code, caught.value.hint) == ("field-ambiguous", "one of: orders.order_no, returns.order_no")


# -- the display part of a card


def test_the_end_of_a_card_number_is_a_category_of_its_own() -> None:
    card, last4 = CLINIC.categories["card"], CLINIC.categories["card_last4"]
    assert last4.derived_from == "card"
    assert last4.fields == ("card_last4.last4",)
    assert last4.sensitivity is Sensitivity.SENSITIVE
    assert last4.id != card.id
    assert CLINIC.resolve("last4").type.key == "card.last4"
    assert set(last4.purposes) == set(card.purposes)


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({"card.number": "4242424242424242"}, {"card_last4.last4": "4242"}),
        ({"card.number": None}, {"card_last4.last4": None}),
        ({"card.holder": "Jan de Vries"}, {}),
        ({}, {}),
    ],
)
def test_the_end_is_made_from_the_number_at_every_write(values: dict[str, str | None], made: dict[str, str]) -> None:
    assert derive(CLINIC.categories["card"], dict(values)) == made


def test_other_categories_derive_nothing() -> None:
    assert derive(CLINIC.categories["contact"], {"contact.email": "jan@example.org"}) == {}
