"""Countries as people write them."""

import pytest

from bailee.datamap.countries import EEA, NAMES, iso_country, together


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("USA", "US"), ("U.S.A.", "US"), ("us", "US"), ("United Kingdom", "GB"), ("uk", "GB"), ("Czech Republic", "CZ"),
        ("Deutschland", "DE"), ("  côte d’ivoire ", "CI"), ("Atlantis", None), ("", None),
    ],
)  # fmt: skip
def test_a_country_is_found_as_written(written: str, code: str | None) -> None:
    assert iso_country(written) == code


def test_every_code_and_every_name_finds_itself() -> None:
    assert {code: iso_country(name) for code, name in NAMES.items()} == {code: code for code in NAMES}
    assert all(iso_country(code) == code for code in NAMES)
    assert len(NAMES) == 249


def test_the_european_economic_area_is_one_region() -> None:
    assert len(EEA) == 30
    assert together("DE", frozenset({"IE"}))
    assert together("US", frozenset({"US"}))
    assert not together("GB", frozenset({"IE"}))
    assert not together("CH", frozenset({"IE", "US"}))
    assert not together("IE", frozenset())
