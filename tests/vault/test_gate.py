from dataclasses import replace

import pytest
from tests.homes import World

from bailee.kernel import ids
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Denied
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.vault.history import history
from bailee.vault.words import Ask, Find, Standing, Write, Written


def test_the_clerk_reads_billing_in_the_clear(world: World) -> None:
    answer = world.gate.read(
        Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=(), clear=("billing.total",))
    )
    [record] = answer.items[0].records
    assert record.values["billing.total"].value == "19.80"


def test_the_clerk_is_refused_support_content(world: World) -> None:
    with pytest.raises(Denied):
        world.gate.read(
            Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=("support.message",), clear=())
        )


def test_a_customer_is_found_by_email(world: World) -> None:
    answer = world.gate.find(
        Find(actor=world.bob, purpose="billing", field="contact.email", how="is", value="DORA@customer.example")
    )
    assert [world.dora] == [item.subject for item in answer.items]
    assert answer.items[0].standing == Standing.LIVE


def test_what_is_created_under_a_given_id_is_found_there_again(world: World) -> None:
    key, record = ids.subject_id(Micros(0)), ids.record_id(Micros(0))
    founder = replace(world.house.system(), may=OPEN_TO_ALL | {Permission.IMPORT})
    one = Write(subject=key, record=record, create=True, fields={"billing.invoice_no": "I-7", "billing.total": "7.00"})
    first, second = (world.gate.bring_in(founder, [one])[0] for _ in range(2))
    assert isinstance(first, Written)
    assert isinstance(second, Written)
    assert (first.new, second.new) == (True, False)
    assert {"billing": (record, 2)} == second.records


def test_who_saw_a_customer_is_found_in_the_ledger(world: World) -> None:
    world.gate.read(
        Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=(), clear=("contact.email",))
    )
    lines = history(world.house, world.gate, world.ann, world.dora)
    assert [line.event for line in lines] == ["data.read", "data.written"]
    assert world.bob.id == lines[0].actor
