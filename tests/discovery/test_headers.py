import pytest

from bailee.discovery import headers


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("CustPhoneNo2", ("cust", "phone", "no", "2")),
        ("first_name", ("first", "name")),
        ("E-Mail", ("e", "mail")),
        ("HTTPServer", ("http", "server")),
        ("Straße", ("strasse",)),
        ("Prénom", ("prenom",)),
        ("名前", ("名前",)),
        ("", ()),
    ],
)
def test_a_name_is_cut_into_words(name: str, cut: tuple[str, ...]) -> None:
    assert headers.tokens(name) == cut


def test_words_are_compared_whole() -> None:
    assert headers.said("DriverLicence", "licence")
    assert not headers.said("Public", "lic")
    assert not headers.said("Staten", "state")


@pytest.mark.parametrize(
    ("name", "part"),
    [("ship_city", "city"), ("PLZ", "postcode"), ("BillingAddress", "street"), ("Land", "country"), ("Total", None)],
)
def test_parts_of_an_address_are_known(name: str, part: str | None) -> None:
    assert headers.address_part(name) == part


@pytest.mark.parametrize(
    ("word", "one"), [("Invoices", "invoice"), ("categories", "category"), ("address", "address"), ("gas", "gas")]
)
def test_a_word_is_made_singular(word: str, one: str) -> None:
    assert headers.singular(word.lower()) == one
