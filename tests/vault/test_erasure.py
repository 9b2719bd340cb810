import pytest
from tests.homes import World

from bailee.crypto.notes import Verifier, verify
from bailee.kernel import ids
from bailee.kernel.errors import Denied, Gone
from bailee.vault import erasure
from bailee.vault.words import Ask


def _erase(world: World) -> erasure.Erasure:
    return erasure.erase(
        world.house, world.ann, erasure.Erase(subject=ids.text(world.dora), basis=erasure.Basis.REQUEST)
    )


def test_an_erased_customer_is_gone(world: World) -> None:
    _erase(world)
    with pytest.raises(Gone):
        world.gate.read(
            Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=(), clear=("billing.total",))
        )


def test_the_receipt_verifies_offline(world: World) -> None:
    done = _erase(world)
    receipt_key = world.house.signer.named(f"{world.house.signer.name}/receipt").vkey
    text, _ = verify(done.receipt.note, [Verifier.from_vkey(receipt_key)])
    assert f"erasure {done.id}" in text.splitlines()


def test_a_stranger_erases_nobody(world: World) -> None:
    with pytest.raises(Denied):
        erasure.erase(world.house, world.cat, erasure.Erase(subject=ids.text(world.dora), basis=erasure.Basis.REQUEST))
    assert world.gate.alias(world.dora) is not None
