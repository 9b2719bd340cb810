import pytest
from bailee.kernel.errors import Denied
from bailee.vault.words import Ask, Find, Standing
from tests.homes import World


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
    assert Standing.LIVE == answer.items[0].standing
