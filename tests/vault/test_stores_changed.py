"""Somebody with SQL swaps, flips, rolls back or deletes rows: that customer fails alone, loudly, and nothing opens."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.homes import World
from tests.vault.hands import add, bring, clear, entries, erase, facts, hire, importer, outside, shown

from bailee.kernel.errors import HouseError
from bailee.kernel.ids import SubjectId
from bailee.vault.words import Answer, Ask, Find, Standing, Write, Written

BILLING = 3
CONTACT = 1


@pytest.fixture
def three(shop: World) -> list[SubjectId]:
    """Three customers; the first is the victim, the second lends what is put in its place."""
    return bring(shop, *({"billing.total": f"{number}.00", "contact.given_name": "Val"} for number in (1, 2, 3)))


def _records(world: World, subject: SubjectId, category: int = BILLING) -> list[dict[str, Any]]:
    names = ("id", "version", "schema", "envelope")
    rows = outside(
        world,
        "default",
        "SELECT id, version, schema, envelope FROM record WHERE subject = %s AND category = %s ORDER BY id",
        subject,
        category,
    )
    return [
        {name: bytes(one) if isinstance(one, memoryview) else one for name, one in zip(names, row, strict=True)}
        for row in rows
    ]


def _set_envelope(world: World, subject: SubjectId, envelope: bytes) -> None:
    outside(
        world,
        "default",
        "UPDATE record SET envelope = %s WHERE subject = %s AND category = %s",
        envelope,
        subject,
        BILLING,
    )


def _of_another_customer(world: World, victim: SubjectId, lender: SubjectId) -> None:
    _set_envelope(world, victim, _records(world, lender)[0]["envelope"])


def _of_another_category(world: World, victim: SubjectId, _: SubjectId) -> None:
    _set_envelope(world, victim, _records(world, victim, CONTACT)[0]["envelope"])


def _of_another_record(world: World, victim: SubjectId, _: SubjectId) -> None:
    add(world, victim, billing__total="9.00")
    one, two = _records(world, victim)
    _set_envelope(world, victim, two["envelope"])
    outside(world, "default", "DELETE FROM record WHERE subject = %s AND id = %s", victim, two["id"])
    assert one["id"] != two["id"]


def _of_an_older_version(world: World, victim: SubjectId, _: SubjectId) -> None:
    [old] = _records(world, victim)

    [made] = world.gate.bring_in(
        importer(world), [Write(subject=victim, record=old["id"], fields={"billing.total": "7.00"})]
    )
    assert isinstance(made, Written)
    _set_envelope(world, victim, old["envelope"])


def _changed(at: int, to: Callable[[int], int]) -> Callable[[World, SubjectId, SubjectId], None]:
    def change(world: World, victim: SubjectId, _: SubjectId) -> None:
        envelope = bytearray(_records(world, victim)[0]["envelope"])
        envelope[at] = to(envelope[at])
        _set_envelope(world, victim, bytes(envelope))

    return change


def _cut(world: World, victim: SubjectId, _: SubjectId) -> None:
    _set_envelope(world, victim, _records(world, victim)[0]["envelope"][:-1])


def _emptied(world: World, victim: SubjectId, _: SubjectId) -> None:
    _set_envelope(world, victim, b"")


def _with_another_key(world: World, victim: SubjectId, lender: SubjectId) -> None:
    [(wrapped,)] = outside(
        world, "keys", "SELECT wrapped FROM subject_key WHERE subject = %s AND category = %s", lender, BILLING
    )
    outside(
        world,
        "keys",
        "UPDATE subject_key SET wrapped = %s WHERE subject = %s AND category = %s",
        bytes(wrapped),
        victim,
        BILLING,
    )


def _without_its_key(world: World, victim: SubjectId, _: SubjectId) -> None:
    outside(world, "keys", "DELETE FROM subject_key WHERE subject = %s AND category = %s", victim, BILLING)


def _column(name: str, value: int) -> Callable[[World, SubjectId, SubjectId], None]:
    def change(world: World, victim: SubjectId, _: SubjectId) -> None:
        statements = {
            "version": "UPDATE record SET version = %s WHERE subject = %s AND category = 3",
            "schema": "UPDATE record SET schema = %s WHERE subject = %s AND category = 3",
        }
        outside(world, "default", statements[name], value, victim)

    return change


def _moved_to_another_customer(world: World, victim: SubjectId, lender: SubjectId) -> None:
    outside(world, "default", "DELETE FROM record WHERE subject = %s AND category = 3", victim)
    outside(world, "default", "UPDATE record SET subject = %s WHERE subject = %s AND category = 3", victim, lender)


TRICKS = {
    "the blob of another customer": (_of_another_customer, "context-mismatch"),
    "the row of another customer": (_moved_to_another_customer, "context-mismatch"),
    "the blob of another category": (_of_another_category, "context-mismatch"),
    "the blob of another record": (_of_another_record, "tampered"),
    "the blob of an older version": (_of_an_older_version, "tampered"),
    "another version in the row": (_column("version", 99), "tampered"),
    "another schema in the row": (_column("schema", 99), "tampered"),
    "a flipped bit in the commitment": (_changed(10, lambda one: one ^ 1), "context-mismatch"),
    "a flipped bit in the nonce": (_changed(40, lambda one: one ^ 1), "tampered"),
    "a flipped bit in the ciphertext": (_changed(-20, lambda one: one ^ 128), "tampered"),
    "a flipped bit in the tag": (_changed(-1, lambda one: one ^ 1), "tampered"),
    "an unknown suite": (_changed(1, lambda _: 2), "tampered"),
    "another magic": (_changed(0, lambda _: 0), "tampered"),
    "a cut blob": (_cut, "tampered"),
    "an empty blob": (_emptied, "tampered"),
    "the wrapped key of another customer": (_with_another_key, "tampered"),
    "no key": (_without_its_key, "key-missing"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_was_changed_past_the_house_opens_for_nobody_and_harms_no_neighbour(
    shop: World, three: list[SubjectId], trick: str
) -> None:
    play, code = TRICKS[trick]
    victim, lender, bystander = three
    play(shop, victim, lender)
    before = len(facts(shop, 604))

    answer = clear(shop, shop.bob, "billing", "billing.total", of=[bystander, victim, bystander])

    ends = [(item.standing, item.trouble, shown(item)) for item in answer.items]
    well = (Standing.LIVE, "", {"billing.total": "3.00"})
    assert ends == [well, (Standing.UNREADABLE, code, {}), well]
    assert facts(shop, 604)[before:] == [{"code": code, "count": 1}]


def test_a_record_called_another_category_opens_for_nobody(shop: World) -> None:
    """Support text, called billing by SQL, must not show itself to the clerk."""
    [victim] = bring(shop, {"support.message": "nothing for the clerk"})
    outside(shop, "default", "UPDATE record SET category = 3 WHERE subject = %s", victim)
    [item] = clear(shop, shop.bob, "billing", "billing.total", of=[victim]).items
    assert (item.standing, shown(item)) == (Standing.UNREADABLE, {})


def test_an_erased_customer_called_living_by_sql_has_no_values(shop: World) -> None:
    [victim] = bring(shop, {"billing.total": "1.00"})
    kept = _records(shop, victim)[0]
    erase(shop, victim)
    outside(shop, "default", "UPDATE subject SET state = 1 WHERE id = %s", victim)
    outside(
        shop,
        "default",
        "INSERT INTO record (subject, id, category, version, schema, envelope) VALUES (%s, %s, 3, 1, %s, %s)",
        victim,
        kept["id"],
        kept["schema"],
        kept["envelope"],
    )
    [item] = clear(shop, shop.bob, "billing", "billing.total", of=[victim]).items
    assert (item.standing, item.trouble, shown(item)) == (Standing.UNREADABLE, "key-missing", {})


@pytest.mark.parametrize("bulk", [False, True])
def test_nobody_is_read_without_an_entry_that_names_them(shop: World, three: list[SubjectId], bulk: bool) -> None:
    """Without the key of `_self` there is no pseudonym, so the read can't be recorded as theirs: it must not happen."""
    outside(shop, "keys", "DELETE FROM subject_key WHERE subject = %s AND category = 0", three[0])
    asked = three[:1] * 2 if bulk else three[:1]
    answer = clear(shop, shop.bob, "billing", "billing.total", of=asked)
    assert [shown(item) for item in answer.items] == [{}] * len(asked)


def test_a_swapped_own_key_harms_that_customer_only(shop: World, three: list[SubjectId]) -> None:
    victim, lender, bystander = three
    [(wrapped,)] = outside(shop, "keys", "SELECT wrapped FROM subject_key WHERE subject = %s AND category = 0", lender)
    outside(
        shop, "keys", "UPDATE subject_key SET wrapped = %s WHERE subject = %s AND category = 0", bytes(wrapped), victim
    )
    asks = [
        Ask(actor=shop.bob, purpose="billing", subjects=(one,), fields=(), clear=("billing.total",))
        for one in (victim, bystander)
    ]
    bad, good = shop.gate.answer(asks)
    assert isinstance(good, Answer)
    assert shown(good.items[0]) == {"billing.total": "3.00"}
    assert isinstance(bad, HouseError) or bad.items[0].standing is Standing.UNREADABLE


def test_a_search_that_meets_a_changed_record_raises_the_alarm(shop: World) -> None:
    [victim] = bring(shop, {"contact.email": "alarm@changed.example"})
    outside(shop, "default", "UPDATE record SET version = 9 WHERE subject = %s", victim)
    before = len(facts(shop, 604))
    found = shop.gate.find(
        Find(actor=shop.bob, purpose="billing", field="contact.email", how="is", value="alarm@changed.example")
    )
    assert found.items == ()
    assert len(facts(shop, 604)) == before + 1


def test_index_rows_pointed_at_another_customer_find_neither(shop: World) -> None:
    one, two = bring(shop, {"contact.email": "one@pointed.example"}, {"contact.email": "two@pointed.example"})
    outside(
        shop,
        "default",
        "UPDATE unique_index SET subject = %s, record = (SELECT id FROM record WHERE subject = %s) WHERE subject = %s",
        two,
        two,
        one,
    )
    found = shop.gate.find(
        Find(actor=shop.bob, purpose="billing", field="contact.email", how="is", value="one@pointed.example")
    )
    assert found.items == ()


def test_an_unlock_made_by_sql_gives_no_field_that_is_not_granted(shop: World, three: list[SubjectId]) -> None:
    outside(
        shop,
        "default",
        "INSERT INTO bulk_unlock (id, actor, purpose, most, until) VALUES ('x', %s, 'support', 100000, %s)",
        shop.bob.id,
        2**52,
    )
    ask = Ask(
        actor=shop.bob,
        purpose="support",
        subjects=tuple(three * 40),
        fields=("support.message",),
        clear=(),
        unlock="x",
    )
    [made] = shop.gate.answer([ask])
    assert isinstance(made, HouseError)
    assert made.code == "not-granted"


def test_every_unreadable_record_of_one_ask_is_counted(shop: World) -> None:
    clerk = hire(shop, "Counter", "clerk")
    broken = bring(shop, *({"billing.total": "1.00"} for _ in range(5)))
    for subject in broken[:3]:
        _emptied(shop, subject, subject)
    _without_its_key(shop, broken[3], broken[3])
    answer = clear(shop, clerk, "billing", "billing.total", of=broken)
    assert sorted(item.standing for item in answer.items) == [Standing.LIVE] + [Standing.UNREADABLE] * 4
    assert [entry.facts for entry in entries(shop, 604)][-2:] == [
        {"code": "key-missing", "count": 1},
        {"code": "tampered", "count": 3},
    ]
