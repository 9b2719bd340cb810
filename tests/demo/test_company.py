import re
import sqlite3
from pathlib import Path

from bailee.datamap import lint, toml
from bailee.datamap.types import luhn
from bailee.demo import company, guest
from bailee.demo.company import invent


def test_the_same_seed_invents_the_same_company() -> None:
    assert invent(30) == invent(30)
    assert invent(30) != invent(30, seed=1)


def test_nothing_in_it_can_belong_to_anybody() -> None:
    for one in invent(200).customers:
        assert one.email.endswith(".example")
        assert re.fullmatch(r"\([2-9][0-9]{2}\) 555-01[0-9]{2}", one.phone)
        card = one.card.replace(" ", "")
        assert card.startswith("400000")
        assert len(card) == 16
        assert luhn(card)


def test_addresses_and_cards_are_each_customers_own() -> None:
    people = invent(500).customers
    assert len({one.email for one in people}) == len({one.card for one in people}) == 500


def test_the_old_database_holds_what_was_invented_and_the_slips(tmp_path: Path) -> None:
    made = invent(25)
    made.write(tmp_path / "shop.sqlite")
    with sqlite3.connect(tmp_path / "shop.sqlite") as base:
        found = {name: base.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in made.tables()}
    base.close()
    assert found == {name: len(rows) for name, rows in made.tables().items()}
    assert not luhn(str(company.SLIPS["cards"][0][2]).replace(" ", ""))


def test_both_maps_of_the_demo_are_sound() -> None:
    for text in (company.company_map(), guest.guest_map()):
        assert [str(problem) for problem in lint.lint(toml.read(text))] == []
