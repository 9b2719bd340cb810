"""What an erasure leaves: nobody to read, find or write; an address that is free; and holds that it obeys."""

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from tests import homes
from tests.homes import World
from tests.vault.hands import (
    add,
    bring,
    clear,
    entries,
    erase,
    erase_ask,
    facts,
    importer,
    outside,
    shown,
)

from bailee import config as configuration
from bailee import house as houses
from bailee.access import assignments
from bailee.access.limits import LimitKind
from bailee.crypto.commitments import commitment
from bailee.crypto.notes import Verifier, verify
from bailee.custody.providers.file import FileCustodian
from bailee.datamap import versions
from bailee.kernel import ids
from bailee.kernel.clock import DAY
from bailee.kernel.errors import Conflict, Denied, Gone, Invalid, NotFound, Unavailable
from bailee.kernel.ids import SubjectId
from bailee.ledger.facts import ActDenied
from bailee.vault import erasure, holds, preferences
from bailee.vault.history import history
from bailee.vault.preferences import Prefer
from bailee.vault.words import Find, Standing, Write, Written

CARD = "4111 1111 1111 1111"


def _found(world: World, address: str) -> list[SubjectId]:
    ask = Find(actor=world.bob, purpose="billing", field="contact.email", how="is", value=address)
    return [item.subject for item in world.gate.find(ask).items]


def _counted(world: World, subject: SubjectId) -> dict[str, int]:
    """Rows that name a customer, by table, in both stores."""
    made = {}
    for store, table in (*(("default", name) for name in _naming("default")), ("keys", "subject_key")):
        [(count,)] = outside(world, store, f"SELECT COUNT(*) FROM {table} WHERE subject = %s", subject)
        made[table] = count
    return {table: count for table, count in made.items() if count}


def _naming(store: str) -> list[str]:
    """Tables with a column that holds a customer's id."""
    label = "bailee" if store == "default" else "bailee_keys"
    kinds: list[type[models.Model]] = list(apps.get_app_config(label).get_models())
    return sorted(
        kind._meta.db_table for kind in kinds if any(one.column == "subject" for one in kind._meta.concrete_fields)
    )


# -- nobody is left


def test_an_erased_customer_is_neither_read_nor_found_nor_written(shop: World) -> None:
    [gone, stays] = bring(
        shop,
        {"contact.email": "gone@erased.example", "billing.total": "1.00"},
        {"contact.email": "stays@erased.example", "billing.total": "2.00"},
    )
    erase(shop, gone)
    with pytest.raises(Gone):
        clear(shop, shop.bob, "billing", "billing.total", of=[gone])
    answer = clear(shop, shop.bob, "billing", "billing.total", of=[gone, stays])
    assert [(item.standing, shown(item)) for item in answer.items] == [
        (Standing.ERASED, {}),
        (Standing.LIVE, {"billing.total": "2.00"}),
    ]
    assert (_found(shop, "gone@erased.example"), _found(shop, "stays@erased.example")) == ([], [stays])
    made = shop.gate.bring_in(
        importer(shop),
        [
            Write(subject=gone, fields={"billing.total": "3.00"}),
            Write(subject=gone, fields={"billing.total": "4.00"}, create=True),
            Write(subject=stays, fields={"loyalty.points": "5"}),
        ],
    )
    assert [type(one) for one in made] == [Gone, Gone, Written]


def test_the_address_of_an_erased_customer_is_free_for_a_new_one(shop: World) -> None:
    [first] = bring(shop, {"contact.email": "again@erased.example"})
    erase(shop, first)
    [second] = bring(shop, {"contact.email": "again@erased.example"})
    assert _found(shop, "again@erased.example") == [second]
    assert second != first


def test_no_new_key_is_ever_made_for_an_erased_customer(shop: World) -> None:
    [gone] = bring(shop, {"billing.total": "1.00"})
    erase(shop, gone)
    shop.gate.bring_in(importer(shop), [Write(subject=gone, fields={"billing.total": "3.00"}, create=True)])
    assert _counted(shop, gone) == {}


def test_every_table_that_names_a_customer_is_emptied_of_them(shop: World) -> None:
    """Whoever adds a table with a column `subject` must fill it here; erasure finds it by itself."""
    [full] = bring(
        shop,
        {
            "contact.email": "full@erased.example",
            "contact.surname": "Full",
            "billing.total": "1.00",
            "card.number": CARD,
            "account.username": "full",
        },
    )
    until = shop.house.clock.now() + DAY
    wish = Prefer(subject=ids.text(full), purpose="newsletter", kind=LimitKind.CONSENT)
    shop.house.do(shop.ann, preferences.prefer, wish)
    case = assignments.AssignSubject(subject=ids.text(full), person=shop.bob.id, until=until, case="T-1")
    shop.house.do(shop.ann, assignments.assign_subject, case)
    ask = holds.PlaceHold(subject=ids.text(full), review_on=until, reason="court", category="support")
    hold = shop.house.do(shop.ann, holds.hold, ask).value
    outside(
        shop,
        "default",
        "INSERT INTO import_row (key_digest, row_digest, subject, records) VALUES (%s, %s, %s, %s)",
        full,
        full,
        full,
        b"",
    )
    begun = [*_counted(shop, full)]
    shop.house.do(shop.ann, holds.release, holds.ReleaseHold(hold=hold))
    erase(shop, full)
    # A procedure names its customer only while it runs: `test_erasure_crash` sees to that one.
    assert sorted({*begun, "procedure"}) == sorted({*_naming("default"), *_naming("keys")})
    assert _counted(shop, full) == {}


def test_an_erased_customers_row_tells_nothing_but_that(shop: World) -> None:
    [gone] = bring(shop, {"billing.total": "1.00"})
    for number in range(5):
        add(shop, gone, billing__total=f"{number}.00")
    erase(shop, gone)
    [(state, closing, version)] = outside(
        shop, "default", "SELECT state, closing, version FROM subject WHERE id = %s", gone
    )
    assert (state, bytes(closing), version) == (4, b"", 0)


def test_nothing_new_is_noted_about_an_erased_customer(shop: World) -> None:
    [gone] = bring(shop, {"billing.total": "1.00"})
    erase(shop, gone)
    key, until = ids.text(gone), shop.house.clock.now() + DAY
    tries: list[tuple[Any, Any]] = [
        (preferences.prefer, Prefer(subject=key, purpose="newsletter", kind=LimitKind.CONSENT)),
        (holds.hold, holds.PlaceHold(subject=key, review_on=until, reason="court")),
        (assignments.assign_subject, assignments.AssignSubject(subject=key, person=shop.bob.id, until=until)),
    ]
    for what, ask in tries:
        with pytest.raises(NotFound):
            shop.house.do(shop.ann, what, ask)
    assert _counted(shop, gone) == {}
    with pytest.raises(Gone):
        erase(shop, gone)
    with pytest.raises(Gone):
        history(shop.house, shop.gate, shop.ann, gone)


def test_who_may_not_erase_changes_nothing_and_is_recorded(shop: World) -> None:
    [stays] = bring(shop, {"billing.total": "1.00"})
    before = _counted(shop, stays)
    for actor in (shop.bob, shop.cat):
        with pytest.raises(Denied):
            erasure.erase(shop.house, actor, erase_ask(stays))
    assert _counted(shop, stays) == before
    denied = [(entry.actor, entry.facts["act"]) for entry in entries(shop, ActDenied.tag)][-2:]
    assert denied == [(shop.bob.id, "vault.erase"), (shop.cat.id, "vault.erase")]


# -- the receipt


def test_receipt_and_entries_carry_the_erasure_and_never_the_pseudonym(shop: World) -> None:
    [gone] = bring(shop, {"contact.email": "receipt@erased.example", "billing.total": "1.00"})
    alias = shop.gate.alias(gone)
    assert alias is not None
    done = erase(shop, gone)
    signer = shop.house.signer.named(f"{shop.house.signer.name}/receipt")
    text, _ = verify(done.receipt.note, [Verifier.from_vkey(signer.vkey)])
    lines = dict(line.split(" ", 1) for line in text.splitlines()[1:])
    assert (lines["erasure"], lines["categories"], lines["entry"]) == (done.id, "all", str(done.entry))
    assert lines["keys"].split()[0] == "3"  # _self, contact, billing
    ends = [entry for entry in entries(shop, 610, 611, 612) if entry.facts["erasure"] == done.id]
    assert [entry.tag for entry in ends] == [610, 611, 612]
    assert [(entry.alias, entry.people) for entry in ends] == [(None, None)] * 3
    for hidden in (gone.hex(), ids.text(gone), alias.hex()):
        assert hidden not in done.receipt.file()


def test_the_commits_digest_can_be_matched_with_an_old_envelope(shop: World) -> None:
    [gone] = bring(shop, {"contact.surname": "Match", "billing.total": "1.00"})
    envelopes = outside(shop, "default", "SELECT envelope FROM record WHERE subject = %s", gone)
    wanted = sha256(b"".join(sorted({commitment(bytes(one)) for (one,) in envelopes}))).hexdigest()
    assert f" {wanted}" in erase(shop, gone).receipt.note


# -- categories


def test_one_category_goes_with_what_was_derived_from_it_and_the_others_stay(shop: World) -> None:
    [part] = bring(shop, {"contact.email": "part@erased.example", "billing.total": "1.00", "card.number": CARD})
    done = erase(shop, part, "card")
    rows = outside(shop, "default", "SELECT category FROM record WHERE subject = %s", part)
    keys = outside(shop, "keys", "SELECT category FROM subject_key WHERE subject = %s", part)
    compiled = versions.current()
    gone = sorted(compiled.categories[key].id for key in ("card", "card_last4"))
    assert sorted(row[0] for row in rows) == [1, 3]
    assert sorted(row[0] for row in keys) == [0, 1, 3]
    assert f"\ncategories {','.join(map(str, gone))}\n" in done.receipt.note
    [item] = clear(shop, shop.bob, "billing", "billing.total", "contact.email", of=[part]).items
    assert shown(item) == {"billing.total": "1.00", "contact.email": "part@erased.example"}
    assert _found(shop, "part@erased.example") == [part]
    assert facts(shop, 612)[-1]["records"] == 2


def test_a_category_written_again_after_its_erasure_has_a_key_above_the_tombstones_bound(shop: World) -> None:
    """A restore applies the tombstone again: the new data must lie beyond it."""
    [part] = bring(shop, {"contact.surname": "Back", "billing.total": "1.00"})
    numbers = []
    for _ in range(3):
        erase(shop, part, "billing")
        add(shop, part, billing__total="2.00")
        [(version,)] = outside(
            shop, "keys", "SELECT version FROM subject_key WHERE subject = %s AND category = 3", part
        )
        numbers.append(version)
    assert numbers == [2, 3, 4]
    [item] = clear(shop, shop.bob, "billing", "billing.total", of=[part]).items
    assert shown(item) == {"billing.total": "2.00"}


def test_an_erasure_of_some_categories_and_then_of_all_leaves_nothing(shop: World) -> None:
    [part] = bring(shop, {"contact.email": "both@erased.example", "billing.total": "1.00"})
    erase(shop, part, "billing")
    erase(shop, part)
    assert _counted(shop, part) == {}


def test_a_category_that_is_not_in_the_map_or_built_in_is_refused(shop: World) -> None:
    [stays] = bring(shop, {"billing.total": "1.00"})
    for category in ("nonsense", "_self"):
        with pytest.raises(NotFound):
            erase(shop, stays, category)


# -- holds


@pytest.mark.parametrize(
    ("held", "erased"),
    [
        (None, ()),
        (None, ("billing",)),
        ("billing", ()),
        ("billing", ("billing",)),
        ("billing", ("card", "billing")),
        ("card_last4", ("card",)),  # what is derived goes with it, so a hold on it holds
    ],
)
def test_a_hold_keeps_what_it_names_and_nothing_changes(shop: World, held: str | None, erased: tuple[str, ...]) -> None:
    [kept] = bring(shop, {"billing.total": "1.00", "card.number": CARD})
    until = shop.house.clock.now() + DAY
    ask = holds.PlaceHold(subject=ids.text(kept), review_on=until, reason="court", category=held)
    shop.house.do(shop.ann, holds.hold, ask)
    before, written = _counted(shop, kept), len(entries(shop, 610, 611, 612))
    assert erasure.plan(shop.ann, shop.house, erase_ask(kept, *erased)).held
    with pytest.raises(Conflict) as refused:
        erase(shop, kept, *erased)
    assert refused.value.code == "held"
    assert (_counted(shop, kept), len(entries(shop, 610, 611, 612))) == (before, written)
    assert outside(shop, "default", "SELECT state FROM subject WHERE id = %s", kept) == [(1,)]


def test_a_hold_on_another_category_keeps_only_that_one(shop: World) -> None:
    [part] = bring(shop, {"billing.total": "1.00", "contact.surname": "Part"})
    ask = holds.PlaceHold(
        subject=ids.text(part), review_on=shop.house.clock.now() + DAY, reason="court", category="contact"
    )
    shop.house.do(shop.ann, holds.hold, ask)
    erase(shop, part, "billing")
    assert [row[0] for row in outside(shop, "default", "SELECT category FROM record WHERE subject = %s", part)] == [1]


def test_a_hold_on_a_category_that_is_not_there_is_refused_instead_of_holding_nothing(shop: World) -> None:
    [kept] = bring(shop, {"billing.total": "1.00"})
    ask = holds.PlaceHold(
        subject=ids.text(kept), review_on=shop.house.clock.now() + DAY, reason="court", category="biling"
    )
    with pytest.raises(NotFound):
        shop.house.do(shop.ann, holds.hold, ask)


def test_an_objection_to_a_purpose_that_is_not_there_is_refused_instead_of_lost(shop: World) -> None:
    [one] = bring(shop, {"billing.total": "1.00"})
    with pytest.raises(Invalid):
        shop.house.do(
            shop.ann, preferences.prefer, Prefer(subject=ids.text(one), purpose="newsleter", kind=LimitKind.OBJECTION)
        )


# -- an old key store


def test_an_older_key_store_put_back_is_refused_at_the_next_start(template_base: Path, tmp_path: Path) -> None:
    template = homes.template(template_base, "sqlite")
    with homes.opened(template, tmp_path) as world:
        home, config = world.house.config.path, world.house.config
        world.house.close()
    shutil.copy(home / "keys.db", tmp_path / "older.db")
    homes.point(config)
    world = homes.open_world(template, home)
    erase(world, world.dora)
    world.house.close()
    for leftover in ("keys.db-wal", "keys.db-shm"):
        (home / leftover).unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", home / "keys.db")
    homes.point(config)
    with pytest.raises(Unavailable, match="put back to an older state"):
        houses.open_house(configuration.load(home), FileCustodian(config.key_file, home))
