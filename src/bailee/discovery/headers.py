"""Names of columns and tables as words: cut into tokens, compared whole, never by parts of a word."""

import re
import unicodedata
from typing import Final

_CUT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")


def tokens(name: str) -> tuple[str, ...]:
    """Cut a name into small words: `CustPhoneNo2` → cust, phone, no, 2; accents are dropped."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return tuple(part.lower() for part in _CUT.findall(plain.replace("ß", "ss")))


def words(name: str) -> str:
    """A name as one line of words, with a space at each end, so that whole words can be looked up in it."""
    return f" {' '.join(tokens(name))} "


def said(name: str, *phrases: str) -> bool:
    """Tell whether a name holds one of these phrases, whole words only."""
    within = words(name)
    return any(f" {phrase} " in within for phrase in phrases)


def singular(word: str) -> str:
    """A rough singular, the same for `invoice` and `invoices`, `category` and `categories`."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


CUSTOMERS: Final = frozenset({
    "customer", "client", "member", "patient", "guest", "subscriber", "contact", "people", "person", "user", "kunde",
    "kunden", "cliente", "adherent", "klant",
})  # fmt: skip
STAFF: Final = frozenset({"employee", "staff", "worker", "personnel", "mitarbeiter", "empleado", "salary", "payroll"})

EMAIL: Final = ("email", "e mail", "mail", "email address", "courriel", "correo")
FAX: Final = ("fax", "telefax", "faxnummer")
PHONE: Final = (
    "phone", "telephone", "tel", "mobile", "cell", "handy", "telefon", "mobil", "portable", "telefono", "gsm",
)  # fmt: skip
GIVEN: Final = ("first name", "given name", "firstname", "fname", "forename", "vorname", "prenom", "nombre")
FAMILY: Final = (
    "last name", "family name", "surname", "lastname", "lname", "nachname", "familienname", "nom de famille",
    "apellido", "apellidos",
)  # fmt: skip
FULL: Final = ("full name", "contact name", "customer name", "client name", "fullname", "name")
COMPANY: Final = ("company", "company name", "organisation", "organization", "firma", "firm", "entreprise", "empresa")
BIRTH: Final = ("birth date", "date of birth", "birthdate", "dob", "birthday", "geburtsdatum", "date de naissance")
PARTS: Final = (
    ("postcode", ("postcode", "postal code", "zip", "zip code", "zipcode", "plz", "cp", "code postal", "postal")),
    ("city", ("city", "town", "ort", "stadt", "ville", "ciudad", "plaats")),
    ("region", ("region", "state", "province", "county", "bundesland", "provincia")),
    ("country", ("country", "land", "pays", "pais", "country code")),
    ("street", ("address", "street", "address 1", "line 1", "strasse", "adresse", "rue", "calle", "direccion")),
)  # fmt: skip
"""Parts of an address, in the order in which a name is asked: `City` of a `CityAddress` comes before its street."""


def is_security_code(name: str) -> bool:
    """Tell whether a column is named like the security code of a card."""
    return said(name, "cvc", "cvc 2", "cvv", "cvv 2", "csc", "card security code", "security code", "card verification")


def address_part(name: str) -> str | None:
    """The part of an address that a name speaks of."""
    return next((part for part, phrases in PARTS if said(name, *phrases)), None)
