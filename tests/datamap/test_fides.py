"""The public names are those of the published taxonomy."""

import pytest

from bailee.datamap.fides import CATEGORIES, USES, known, known_use


def test_the_lists_are_sorted_and_whole() -> None:
    assert (len(CATEGORIES), len(USES)) == (85, 56)
    assert list(CATEGORIES) == sorted(set(CATEGORIES))
    assert list(USES) == sorted(set(USES))


def test_every_name_stands_below_names_that_exist() -> None:
    for names in (CATEGORIES, USES):
        parents = {name.rpartition(".")[0] for name in names} - {""}
        assert parents - set(names) <= {"system"}


def test_a_name_is_known_or_not() -> None:
    assert known("user.contact.email")
    assert not known("user.contact.telepathy")
    assert known_use("essential.fraud_detection")
    assert not known_use("essential.curiosity")


def test_the_lists_equal_the_wheel_of_the_taxonomy() -> None:
    taxonomy = pytest.importorskip("fideslang.default_taxonomy", reason="fideslang is not installed").DEFAULT_TAXONOMY
    assert list(CATEGORIES) == sorted(entry.fides_key for entry in taxonomy.data_category)
    assert list(USES) == sorted(entry.fides_key for entry in taxonomy.data_use)
