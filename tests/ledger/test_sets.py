"""The people of a bulk read: one leaf for all, and each of them provable alone."""

import random

import pytest
from tests.homes import World
from tests.ledger.importing import owner

from bailee.crypto.tree import Gap, Member, prove_absent, prove_member, set_root, verify_absent, verify_member
from bailee.kernel.errors import NotFound, Unreadable
from bailee.ledger import lanes, sets, tables
from bailee.ledger.entries import Draft, SubjectSet, opened
from bailee.vault.facts import DataRead
from bailee.vault.gate import Gate
from bailee.vault.words import Ask, Write, Written

EXPORT = 60_000
PROOF_MOST = 2_048


def weight(*members: Member | None) -> int:
    """How many bytes a proof takes in its plainest form: member, place, hashes."""
    return sum(len(one.member) + 8 + 32 * len(one.proof) for one in members if one is not None)


@pytest.mark.check("ledger-13")
def test_an_export_of_60_000_takes_two_entries_whose_sets_are_exact(world: World) -> None:
    chance = random.Random(13)
    people = [chance.randbytes(16) for _ in range(EXPORT)]
    with world.house.opened() as tx:
        drafts = [
            Draft(
                event=DataRead("export", export="e-1"), people=sets.keep(tx, people[at : at + sets.MOST]), clear=(12,)
            )
            for at in range(0, EXPORT, sets.MOST)
        ]
        refs = lanes.append(tx, drafts)
    assert len(refs) == 2
    found: list[bytes] = []
    for ref in refs:
        row = tables.Entry.objects.get(lane=ref.lane, idx=ref.index)
        entry = opened(bytes(row.body or b""), bytes(row.leaf))
        assert entry.people is not None
        found += sets.members(entry.people)
    assert sorted(people) == sorted(found)


@pytest.mark.check("ledger-13")
def test_one_person_is_proved_in_or_out_with_few_bytes_and_nobody_else_is_shown() -> None:
    chance = random.Random(14)
    people = sorted({chance.randbytes(16) for _ in range(sets.MOST)})
    root = set_root(people)
    for one in [people[0], people[-1], *chance.sample(people, 5)]:
        inside = prove_member(people, one)
        assert verify_member(one, len(people), root, inside)
        assert weight(inside) <= PROOF_MOST
    for other in [bytes(16), b"\xff" * 16, *(chance.randbytes(16) for _ in range(5))]:
        gap = prove_absent(people, other)
        assert verify_absent(other, len(people), root, gap)
        assert weight(gap.below, gap.above) <= PROOF_MOST
        with pytest.raises(Unreadable):
            verify_absent(people[7], len(people), root, gap)
    with pytest.raises(Unreadable):
        verify_absent(
            people[7], len(people), root, Gap(prove_member(people, people[6]), prove_member(people, people[8]))
        )


@pytest.mark.check("ledger-13")
def test_a_bulk_read_at_the_gate_names_exactly_who_was_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world.gate.bring_in(owner(world), [Write(fields={"billing.total": f"{n}.00"}) for n in range(60)])
    monkeypatch.setattr(sets, "MOST", 50)
    crowd = [one.subject for one in made if isinstance(one, Written)]
    ask = Ask(actor=world.bob, purpose="billing", subjects=tuple(crowd), fields=(), clear=("billing.total",))
    refs = Gate(world.house).read(ask).entries
    assert len(refs) == 2
    found: list[bytes] = []
    for ref in refs:
        row = tables.Entry.objects.get(lane=ref.lane, idx=ref.index)
        entry = opened(bytes(row.body or b""), bytes(row.leaf))
        assert entry.people is not None
        found += sets.members(entry.people)
    assert sorted(found) == sorted(alias for one in crowd if (alias := world.gate.alias(one)) is not None)


def test_a_set_that_was_changed_does_not_open(world: World) -> None:
    with world.house.opened() as tx:
        kept = sets.keep(tx, [bytes([number]) * 16 for number in (3, 1, 2, 1)])
    assert kept.n == 3
    assert sets.members(kept) == [bytes([number]) * 16 for number in (1, 2, 3)]
    with pytest.raises(Unreadable):
        sets.members(SubjectSet(kept.root, 2))
    with world.house.opened() as tx:
        tables.SubjectSetRow.objects.using(tx.alias).update(body=bytes(48))
    with pytest.raises(Unreadable):
        sets.members(kept)
    with pytest.raises(NotFound):
        sets.members(SubjectSet(bytes(32), 3))


def test_the_same_people_twice_are_one_set(world: World) -> None:
    with world.house.opened() as tx:
        one, other = (sets.keep(tx, [bytes(16), b"\1" * 16]) for _ in range(2))
    assert one == other
    assert tables.SubjectSetRow.objects.count() == 1


@pytest.mark.parametrize("count", [0, sets.MOST + 1])
def test_a_set_has_1_to_50_000_people(world: World, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 50,000"), world.house.opened() as tx:
        sets.keep(tx, [number.to_bytes(16, "big") for number in range(count)])
