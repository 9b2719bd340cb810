"""The Merkle tree: RFC 6962 vectors, a foreign implementation's answers, and an oracle that only follows the text."""

import json
import random
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto import tree
from bailee.crypto.tree import EMPTY, Frontier, leaf_hash, root_of, verify_consistency, verify_inclusion
from bailee.kernel.errors import Unreadable

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "tree.json").read_text(encoding="utf-8"))

# Inputs and roots of the reference tests of certificate-transparency-go (Apache-2.0), merkle tree over these 8 bodies.
BODIES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
BODIES.append(bytes(range(0x60, 0x70)))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(body) for body in BODIES]


@cache
def leaves() -> list[bytes]:
    return [leaf_hash(index.to_bytes(8, "big")) for index in range(10**6)]


@cache
def levels() -> list[list[bytes]]:
    """All whole subtrees over a million leaves, as tiles would hold them."""
    made = [leaves()]
    while len(made[-1]) > 1:
        below = made[-1]
        made.append([tree.node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=False)])
    return made


def from_levels(begin: int, end: int) -> bytes:
    """Give the root of a range of leaves, by whole subtrees from the right."""
    above = b""
    while begin < end:
        height = ((end - begin) & -(end - begin)).bit_length() - 1
        part = levels()[height][(end >> height) - 1]
        above = tree.node_hash(part, above) if above else part
        end -= 1 << height
    return above


def oracle_root(bodies: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962, 2.1 writes it."""
    if len(bodies) < 2:
        return sha256(b"\0" + bodies[0] if bodies else b"").digest()
    half = 1
    while half * 2 < len(bodies):
        half *= 2
    return sha256(b"\x01" + oracle_root(bodies[:half]) + oracle_root(bodies[half:])).digest()


def oracle_path(index: int, bodies: Sequence[bytes]) -> list[bytes]:
    """PATH as RFC 6962, 2.1.1 writes it."""
    if len(bodies) == 1:
        return []
    half = 1
    while half * 2 < len(bodies):
        half *= 2
    if index < half:
        return [*oracle_path(index, bodies[:half]), oracle_root(bodies[half:])]
    return [*oracle_path(index - half, bodies[half:]), oracle_root(bodies[:half])]


def oracle_subproof(old: int, bodies: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962, 2.1.2 writes it."""
    if old == len(bodies):
        return [] if whole else [oracle_root(bodies)]
    half = 1
    while half * 2 < len(bodies):
        half *= 2
    if old <= half:
        return [*oracle_subproof(old, bodies[:half], whole), oracle_root(bodies[half:])]
    return [*oracle_subproof(old - half, bodies[half:], False), oracle_root(bodies[:half])]


# -- roots


def test_the_empty_root_is_the_digest_of_nothing() -> None:
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == EMPTY.hex() == root_of([]).hex()


def test_the_printed_leaf_comes_out() -> None:
    body = b'{"a":"ann","d":{"role":"clerk"},"h":1,"k":3,"n":0,"t":1795000000000,"v":1}'
    assert leaf_hash(body).hex() == "37a8b13b7d3fec0156c87bf8e7675438d28d8e4ce5d5abdbcceb41270fb3af19"


@pytest.mark.check("ledger-4")
def test_the_roots_of_the_reference_tests_come_out() -> None:
    assert [root_of(LEAVES[:size]).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.check("ledger-4")
def test_the_proofs_of_the_reference_tests_come_out() -> None:
    six_to_eight = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    two_to_five = [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]
    assert six_to_eight == [one.hex() for one in tree.consistency(LEAVES, 6, 8)]
    assert two_to_five == [one.hex() for one in tree.consistency(LEAVES, 2, 5)]
    assert [ROOTS[1]] == [one.hex() for one in tree.inclusion(LEAVES[:3], 2)]


@pytest.mark.check("ledger-4")
def test_roots_and_proofs_agree_with_aics_tlog_for_all_sizes_up_to_a_thousand() -> None:
    assert list(range(1001)) == [one["size"] for one in VECTORS["small"]]
    for one in VECTORS["small"]:
        size = one["size"]
        known, root = leaves()[:size], bytes.fromhex(one["root"])
        proved = [step for index in one["indexes"] for step in tree.inclusion(known, index)]
        proved += [step for old in one["olds"] for step in tree.consistency(known, old, size)]
        found = (root_of(known), len(proved), sha256(b"".join(proved)).hexdigest())
        assert (root, one["steps"], one["sha256"]) == found


@pytest.mark.check("ledger-4")
@pytest.mark.parametrize("one", VECTORS["large"], ids=lambda one: str(one["size"]))
def test_roots_and_proofs_agree_with_aics_tlog_for_twenty_sizes_up_to_a_million(one: dict[str, Any]) -> None:
    size, index, old, root = one["size"], one["index"], one["old"], bytes.fromhex(one["root"])
    inclusion = [from_levels(*span) for span in tree.inclusion_ranges(index, size)]
    consistency = [from_levels(*span) for span in tree.consistency_ranges(old, size)]
    assert one["inclusion"] == [step.hex() for step in inclusion]
    assert one["consistency"] == [step.hex() for step in consistency]
    assert verify_inclusion(leaves()[index], index, size, inclusion, root) is True
    assert verify_consistency(old, size, consistency, from_levels(0, old), root) is True


@pytest.mark.check("ledger-4")
def test_a_frontier_of_a_million_leaves_has_the_roots_of_aics_tlog_on_its_way() -> None:
    grown, expected = Frontier(), {one["size"]: one["root"] for one in VECTORS["large"]}
    for size in sorted(expected):
        grown.extend(leaves()[grown.size : size])
        assert (size, expected[size]) == (grown.size, grown.root().hex())


@pytest.mark.check("ledger-4")
def test_roots_agree_with_the_oracle_for_all_sizes_up_to_a_thousand() -> None:
    bodies, pushed = [index.to_bytes(8, "big") for index in range(1000)], Frontier()
    for size in range(1001):
        assert (size, oracle_root(bodies[:size])) == (pushed.size, pushed.root())
        if size < 1000:
            pushed.push(leaves()[size])


@pytest.mark.check("ledger-4")
@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 100, 127, 128, 129])
def test_every_proof_agrees_with_the_oracle_and_verifies(size: int) -> None:
    bodies = [index.to_bytes(8, "big") for index in range(size)]
    known, root = leaves()[:size], oracle_root(bodies)
    for index in range(size):
        proof = tree.inclusion(known, index)
        assert oracle_path(index, bodies) == list(proof)
        assert verify_inclusion(known[index], index, size, proof, root) is True
    for old in range(1, size + 1):
        proof = tree.consistency(known, old, size)
        assert oracle_subproof(old, bodies, True) == list(proof)
        assert verify_consistency(old, size, proof, oracle_root(bodies[:old]), root) is True


# -- frontier


@given(st.lists(st.integers(0, 40), max_size=12))
def test_pushing_and_extending_in_any_steps_give_one_frontier(steps: list[int]) -> None:
    grown, pushed = Frontier(), Frontier()
    for step in steps:
        new = leaves()[grown.size : grown.size + step]
        grown.extend(new)
        for leaf in new:
            pushed.push(leaf)
    assert (sum(steps), pushed.to_bytes()) == (grown.size, grown.to_bytes())
    assert root_of(leaves()[: sum(steps)]) == grown.root()


@given(st.integers(0, 300), st.integers(0, 40))
def test_a_frontier_read_back_grows_on(size: int, more: int) -> None:
    first = Frontier()
    first.extend(leaves()[:size])
    raw = first.to_bytes()
    again = Frontier.from_bytes(size, raw)
    again.extend(leaves()[size : size + more])
    assert (32 * size.bit_count(), root_of(leaves()[: size + more])) == (len(raw), again.root())


def test_a_frontier_lists_the_largest_subtree_first() -> None:
    grown = Frontier()
    grown.extend(LEAVES[:7])
    parts = [root_of(LEAVES[:4]), root_of(LEAVES[4:6]), LEAVES[6]]
    assert b"".join(parts) == grown.to_bytes()


def test_a_copied_frontier_goes_its_own_way() -> None:
    one = Frontier()
    one.extend(LEAVES[:5])
    other = one.copy()
    other.push(LEAVES[5])
    assert (5, ROOTS[4], 6, ROOTS[5]) == (one.size, one.root().hex(), other.size, other.root().hex())


@pytest.mark.parametrize(("size", "raw"), [(-1, b""), (0, bytes(32)), (1, b""), (3, bytes(32)), (3, bytes(65))])
def test_a_frontier_that_does_not_fit_its_size_is_tampered(size: int, raw: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        Frontier.from_bytes(size, raw)
    assert refused.value.code == "tampered"


# -- what proves nothing


def holds(check: Any, *given_: Any) -> bool:
    """Tell whether a check is passed; it has no other way to refuse than `tampered`."""
    try:
        return bool(check(*given_))
    except Unreadable as refused:
        return refused.code != "tampered"


def test_no_changed_inclusion_proof_holds() -> None:
    chosen, size = random.Random(4), 200
    known, root = leaves()[:size], root_of(leaves()[:size])
    for index in range(0, size, 7):
        proof = tree.inclusion(known, index)
        given_ = [(index ^ 1, size, proof, root), (index, size, proof[:-1], root), (index, size, (*proof, EMPTY), root)]
        given_ += [(index, size, proof, EMPTY), (size, size, proof, root), (-1, size, proof, root)]
        given_ += [(index, 128 if index < 128 else 300, proof, root), (index, size, proof[::-1], root)]
        at, bit = chosen.randrange(len(proof)), chosen.randrange(256)
        flipped = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
        given_ += [(index, size, (*proof[:at], flipped, *proof[at + 1 :]), root), (index, size, (b"x", *proof), root)]
        assert [one for one in given_ if holds(verify_inclusion, known[index], *one)] == []
        assert not holds(verify_inclusion, known[index][:-1], index, size, proof, root)


def test_no_changed_consistency_proof_holds() -> None:
    size = 150
    known, root = leaves()[:size], root_of(leaves()[:size])
    for old in range(1, size):
        proof, old_root = tree.consistency(known, old, size), root_of(known[:old])
        given_ = [(old, size, proof[:-1], old_root, root), (old, size, (*proof, EMPTY), old_root, root)]
        given_ += [(old, size, proof, root, root), (old, size, proof, old_root, old_root)]
        given_ += [(size + 1, size, proof, old_root, root), (-1, size, proof, old_root, root)]
        given_ += [(old - 1, size, proof, old_root, root), (old, size, (b"x", *proof), old_root, root)]
        assert [one for one in given_ if holds(verify_consistency, *one)] == []


def test_everything_continues_the_empty_tree_and_itself_without_hashes() -> None:
    root = root_of(LEAVES)
    assert (tree.consistency(LEAVES, 0, 8), tree.consistency(LEAVES, 8, 8)) == ((), ())
    good = [(0, 8, (), EMPTY, root), (8, 8, (), root, root), (0, 0, (), EMPTY, EMPTY)]
    bad = [(0, 8, (), root, root), (8, 8, (), EMPTY, root), (0, 0, (), EMPTY, root), (0, 8, (root,), EMPTY, root)]
    bad += [(8, 8, (root,), root, root), (3, 8, (), root_of(LEAVES[:3]), root)]
    assert tuple([holds(verify_consistency, *one) for one in some] for some in (good, bad)) == ([True] * 3, [False] * 6)


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert not holds(verify_inclusion, leaf_hash(left + right), 0, 1, (), root_of([left, right]))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        tree.inclusion(LEAVES[:size], index)


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2), (2, 9)])
def test_there_is_no_proof_between_sizes_that_are_not_there(old: int, new: int) -> None:
    with pytest.raises(ValueError, match=r"larger|so many"):
        tree.consistency(LEAVES, old, new)


# -- sets

aliases = st.lists(st.binary(min_size=16, max_size=16), max_size=40, unique=True).map(sorted)


@given(aliases, st.binary(min_size=16, max_size=16))
def test_everyone_is_provably_in_a_set_or_provably_not(members: list[bytes], other: bytes) -> None:
    root, n = tree.set_root(members), len(members)
    for one in {*members, other}:
        if one in members:
            assert tree.verify_member(one, n, root, tree.prove_member(members, one)) is True
            with pytest.raises(ValueError, match="in this set"):
                tree.prove_absent(members, one)
        else:
            assert tree.verify_absent(one, n, root, tree.prove_absent(members, one)) is True
            with pytest.raises(ValueError, match="not in this set"):
                tree.prove_member(members, one)


@given(aliases, st.data())
def test_no_gap_proves_a_member_absent(members: list[bytes], drawn: st.DataObject) -> None:
    root, n = tree.set_root(members), len(members)
    if not members:
        return
    one = drawn.draw(st.sampled_from(members))
    sides = [None, *(tree.prove_member(members, each) for each in members)]
    gaps = [tree.Gap(below, above) for below in sides for above in sides[:: max(1, len(sides) // 5)]]
    assert [gap for gap in gaps if holds(tree.verify_absent, one, n, root, gap)] == []


def test_a_gap_for_one_proves_nothing_about_another() -> None:
    members = [bytes([number]) * 16 for number in (1, 3, 5, 7)]
    root, gap = tree.set_root(members), tree.prove_absent(members, bytes([4]) * 16)
    absent = [holds(tree.verify_absent, bytes([number]) * 16, 4, root, gap) for number in range(9)]
    assert [number == 4 for number in range(9)] == absent


def test_a_member_proof_is_for_that_member_only() -> None:
    members = [bytes([number]) * 16 for number in (1, 3, 5)]
    root, proof = tree.set_root(members), tree.prove_member(members, members[1])
    found = [holds(tree.verify_member, one, 3, root, proof) for one in members]
    assert found == [False, True, False]


@pytest.mark.parametrize("members", [[b"b", b"a"], [b"a", b"a"]])
def test_a_set_that_is_not_sorted_or_names_somebody_twice_is_refused(members: list[bytes]) -> None:
    with pytest.raises(ValueError, match="sorted and unique"):
        tree.set_root(members)


def test_both_proofs_of_one_of_fifty_thousand_stay_under_two_kilobytes() -> None:
    members = sorted(sha256(number.to_bytes(4, "big")).digest()[:16] for number in range(50_000))
    gap, one = tree.prove_absent(members, bytes(15) + b"\x01"), tree.prove_member(members, members[30_000])
    shown = [side for side in (gap.below, gap.above, one) if side]
    assert sum(16 + 32 * len(side.proof) for side in shown) < 2048
