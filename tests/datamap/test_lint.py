"""Each rule speaks for its own mistake only, at its line, with a way out."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bailee.datamap import toml
from bailee.datamap.lint import lint
from bailee.datamap.maps import Problem, Severity

from .places import BROKEN, INTACT, changed, intact, line_of

COLUMNS = (
    ("oldshop", "Customer", "CustomerId"),
    ("oldshop", "Customer", "Email"),
    ("oldshop", "Customer", "SupportRepId"),
)

WITH: Mapping[str, Mapping[str, Any]] = {
    "M12": {"previous": intact()},
    "M13": {"role_purposes": {"clerk": [("contact", "billing")]}},
    "M14": {"gaps": COLUMNS},
}
"""What a rule has to know beside the map."""


@pytest.mark.check("privacy-1")
def test_there_is_a_broken_file_for_every_rule() -> None:
    assert [path.stem for path in BROKEN] == [f"M{number:02}" for number in range(1, 15)]


@pytest.mark.check("privacy-1")
@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_breaks_its_own_rule_only_at_its_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = lint(toml.read(text), **WITH.get(path.stem, {}))
    assert [(problem.code, problem.line) for problem in found] == [(path.stem, line_of("# here", text))]
    assert found[0].says
    assert found[0].fix


@pytest.mark.check("privacy-1")
@pytest.mark.parametrize("code", WITH)
def test_the_intact_map_keeps_the_rules_that_know_more(code: str) -> None:
    assert lint(intact(), **WITH[code]) == ()


def found(before: str, after: str, **more: Any) -> list[tuple[str, int | None]]:
    text = changed(before, after)
    return [(problem.code, problem.line) for problem in lint(toml.read(text), **more)]


def at(mark: str, before: str, after: str) -> int:
    return line_of(mark, changed(before, after))


PAID = 'paid = { type = "date" }'
HEALTH = "[categories.health]\n"

SLIPS: Iterable[tuple[str, str, str, str]] = [
    ("M01", 'fides = "user.payment"', 'fides = "user.paiment"', "user.paiment"),
    ("M01", 'fides = "user.payment"\ntitle', "title", "invoiced ="),
    ("M02", 'purposes = ["billing", "fraud"]\n', "purposes = []\n", "[categories.billing]"),
    ("M02", 'title = "Billing"\n', 'title = "Billing"\nsubjects = []\n', "[categories.billing]"),
    ("M03", 'basis = "legitimate_interests", balance = "lia/fraud.md"', 'law = "x"', "fraud ="),
    ("M03", 'basis = "legitimate_interests", balance = "lia/fraud.md"', 'basis = "consent"', "fraud ="),
    ("M05", "number = {", 'code = { type = "card.cvc" }\nnumber = {', "code ="),
    ("M05", "number = {", 'cvv = { type = "text" }\nnumber = {', "cvv ="),
    ("M05", PAID, 'paid = { type = "card.number" }', "[categories.billing]"),
    ("M06", PAID, 'paid = { type = "date", index = "year" }', "paid ="),
    ("M06", PAID, 'paid = { type = "ref", index = "exact", expected = 1023 }', "paid ="),
    ("M08", 'after = "field:invoiced"', 'after = "field:total"', 'category = "billing"'),
    ("M08", 'after = "field:invoiced"', 'after = "field:nothing"', 'category = "billing"'),
]


@pytest.mark.parametrize(("code", "before", "after", "mark"), SLIPS)
def test_a_rule_knows_every_form_of_its_mistake(code: str, before: str, after: str, mark: str) -> None:
    problems = found(before, after)
    assert {problem[0] for problem in problems} == {code}
    assert problems[0] == (code, at(mark, before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PAID, 'paid = { type = "date", index = "year", leak_accepted = true }'),
        (PAID, 'paid = { type = "ref", index = "exact", expected = 1024 }'),
        ('country = "CH"', 'country = "DE"'),
        ('because = "tax records", beats_erasure = true', "beats_erasure = false"),
    ],
)
def test_what_is_right_or_accepted_is_left_alone(before: str, after: str) -> None:
    assert found(before, after) == []


def test_a_consent_text_that_is_no_longer_current_is_found() -> None:
    before, after = 'basis = "legitimate_interests", balance = "lia/fraud.md"', 'basis = "consent", text = "a.md"'
    assert found(before, after) == []
    assert found(before, after, consent_texts={"a.md"}) == []
    assert found(before, after, consent_texts={"b.md"}) == [("M03", at("fraud =", before, after))]


def test_a_missing_contract_warns_until_data_has_flowed() -> None:
    made = toml.read((BROKEN[10]).read_text(encoding="utf-8"))
    assert [problem.severity for problem in lint(made)] == [Severity.WARNING]
    assert [problem.severity for problem in lint(made, flowed={"lab"})] == [Severity.WARNING]
    assert [problem.severity for problem in lint(made, flowed={"parcel"})] == [Severity.ERROR]


def removed(before: str, after: str, has_records: Callable[[str], bool]) -> list[Problem]:
    return list(lint(toml.read(changed(before, after)), previous=intact(), has_records=has_records))


def test_a_field_may_go_once_its_records_have_gone() -> None:
    assert removed(PAID + "\n", "", lambda key: key != "billing.paid") == []
    assert [problem.code for problem in removed(PAID + "\n", "", lambda key: key == "billing.paid")] == ["M12"]


def test_a_field_that_becomes_another_kind_of_value_counts_as_gone() -> None:
    problems = removed(PAID, 'paid = { type = "text" }', bool)
    assert [(problem.code, problem.line) for problem in problems] == [("M12", line_of("paid =", INTACT))]


def test_a_category_that_goes_is_named_once() -> None:
    text = INTACT.split("[categories.health]", maxsplit=1)[0]
    text = "".join(line for line in text.splitlines(keepends=True) if '"health"' not in line)
    problems = lint(toml.read(text), previous=intact())
    assert [problem.says for problem in problems] == ["category health is gone, but its records are not"]


def test_a_role_may_have_what_is_listed_and_what_is_built_in() -> None:
    fine = [
        ("contact.email", "billing"),
        ("card_last4", "billing"),
        ("contact", "own_access"),
        ("_request", "requests"),
    ]
    assert lint(intact(), role_purposes={"clerk": fine}) == ()
    wrong = [("contact.email", "fraud"), ("nothing", "care"), ("card_last4.last4", "care"), ("health", "nothing")]
    assert [problem.code for problem in lint(intact(), role_purposes={"clerk": wrong})] == ["M13"] * 4


def test_a_column_nobody_answers_for_is_a_gap() -> None:
    gaps = (*COLUMNS, ("oldshop", "Customer", "Fax"), ("oldshop", "Staff", "Email"), ("crm", "People", "Name"))
    problems = lint(intact(), gaps=gaps)
    line = line_of('id = "oldshop"', INTACT)
    assert [(problem.code, problem.line) for problem in problems] == [
        ("M14", line_of("systems = [", INTACT)),
        ("M14", line),
        ("M14", line),
    ]


def test_a_map_that_was_never_text_is_linted_without_lines() -> None:
    made = toml.read(BROKEN[0].read_text(encoding="utf-8"))
    bare = type(made)(organisation=made.organisation, purposes=made.purposes, categories=made.categories)
    assert {problem.line for problem in lint(bare)} == {None}
