"""The Merkle tree of RFC 6962: roots, frontiers, inclusion and consistency; and who is in a set, and who is not."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final, Literal

from bailee.kernel.errors import Unreadable

EMPTY: Final = sha256(b"").digest()
HASH: Final = 32


def leaf_hash(body: bytes) -> bytes:
    """Hash an entry: SHA-256(00 ‖ body) (RFC 6962, 2.1)."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees: SHA-256(01 ‖ left ‖ right) (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """All of a tree that appending needs: one hash per set bit of its size, largest subtree first."""

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def push(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes)."""
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + self._hashes.pop() + leaf).digest()
            size >>= 1
        self._hashes.append(leaf)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append many leaf hashes (32 bytes each), level by level; same result as pushing each."""
        hashes, waiting = self._hashes, self.size
        level = list(leaves)
        loose = []
        self.size += len(level)
        while level:
            if waiting & 1:
                level.insert(0, hashes.pop())
            waiting >>= 1
            if len(level) & 1:
                loose.append(level.pop())
            pairs = iter(level)
            level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
        hashes.extend(reversed(loose))

    def root(self) -> bytes:
        """Give the root of all leaves so far (32 bytes)."""
        if not self._hashes:
            return EMPTY
        above = self._hashes[-1]
        for left in self._hashes[-2::-1]:
            above = node_hash(left, above)
        return above

    def copy(self) -> "Frontier":
        """Give a frontier that goes its own way, for a batch that may be rolled back."""
        other = Frontier()
        other.size, other._hashes = self.size, self._hashes.copy()
        return other

    def to_bytes(self) -> bytes:
        """Write the hashes in order, 32 bytes each; the size is kept beside them."""
        return b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, size: int, raw: bytes) -> "Frontier":
        """Read a frontier.

        Args:
            size: number of leaves.
            raw: as made by `to_bytes`.

        Raises:
            Unreadable: `tampered`: not one hash per set bit of the size.

        """
        if size < 0 or len(raw) != HASH * size.bit_count():
            raise Unreadable("the frontier does not fit its size", hint="rebuild it from the entries")
        made = cls()
        made.size = size
        made._hashes = [bytes(raw[at : at + HASH]) for at in range(0, len(raw), HASH)]
        return made


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Give the root over leaf hashes (32 bytes each); `EMPTY` over none."""
    made = Frontier()
    made.extend(leaves)
    return made.root()


# -- proofs: which subtrees they name, how to make them, how to check them


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Name the subtrees of an inclusion proof as leaf ranges, begin inclusive, end exclusive, in proof order.

    For builders that keep subtree hashes (tiles) instead of leaves (RFC 6962, 2.1.1).

    Raises:
        ValueError: no such leaf.

    """
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    ranges, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Name the subtrees of a consistency proof as leaf ranges, in proof order (RFC 6962, 2.1.2).

    Raises:
        ValueError: the old size is larger than the new one.

    """
    if not 0 <= old <= new:
        raise ValueError("the old tree is larger than the new one")
    if old in {0, new}:
        return []
    ranges, begin, end, whole = [], 0, new, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        ranges.append((begin, end))
    return ranges[::-1]


def inclusion(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Prove that a leaf is in the tree over all `leaves` (leaf hashes): at most 64 hashes, the leaf's sibling first."""
    return tuple(root_of(leaves[begin:end]) for begin, end in inclusion_ranges(index, len(leaves)))


def consistency(leaves: Sequence[bytes], old: int, new: int) -> tuple[bytes, ...]:
    """Prove that the tree over the first `new` leaf hashes continues the one over the first `old`."""
    if new > len(leaves):
        raise ValueError("there are not so many leaves")
    return tuple(root_of(leaves[begin:end]) for begin, end in consistency_ranges(old, new))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> Literal[True]:
    """Check that a leaf is in a tree: True, or an error (RFC 9162, 2.1.3.2).

    Args:
        leaf: leaf hash, 32 bytes.
        index: place of the leaf, from 0.
        size: number of leaves of the tree.
        proof: as made by `inclusion`.
        root: root of the tree, from a checkpoint that was verified.

    Raises:
        Unreadable: `tampered`: it does not prove that.

    """
    if not 0 <= index < size or any(len(one) != HASH for one in (leaf, root, *proof)):
        raise _unproved()
    place, last, above = index, size - 1, leaf
    for one in proof:
        if last == 0:
            raise _unproved()
        if place & 1 or place == last:
            above = node_hash(one, above)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            above = node_hash(above, one)
        place >>= 1
        last >>= 1
    if last != 0 or above != root:
        raise _unproved()
    return True


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> Literal[True]:
    """Check that a tree continues an older one: True, or an error (RFC 9162, 2.1.4.2).

    Args:
        old: number of leaves of the older tree; everything continues the empty one.
        new: number of leaves of the newer tree.
        proof: as made by `consistency`.
        old_root: root of the older tree, 32 bytes.
        new_root: root of the newer tree, 32 bytes.

    Raises:
        Unreadable: `tampered`: it does not prove that.

    """
    if not 0 <= old <= new or any(len(one) != HASH for one in (old_root, new_root, *proof)):
        raise _unproved()
    if old in {0, new}:
        known = EMPTY if old == 0 else new_root
        if proof or old_root != known or (new == 0 and new_root != EMPTY):
            raise _unproved()
        return True
    path = list(proof)
    if old & (old - 1) == 0:  # a whole subtree: its hash is the old root and is left out of the proof
        path.insert(0, old_root)
    if not path:
        raise _unproved()
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    before = after = path[0]
    for one in path[1:]:
        if last == 0:
            raise _unproved()
        if place & 1 or place == last:
            before = node_hash(one, before)
            after = node_hash(one, after)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            after = node_hash(after, one)
        place >>= 1
        last >>= 1
    if last != 0 or before != old_root or after != new_root:
        raise _unproved()
    return True


# -- sets: one root over sorted, unique members proves each of them in, and each other one out


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a set with the proof of its place; shows no other member."""

    member: bytes
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """The two neighbours between which someone is missing; at an edge, and in an empty set, there are fewer."""

    below: Member | None
    above: Member | None


def set_root(members: Sequence[bytes]) -> bytes:
    """Give the root over sorted, unique members (aliases of 16 bytes); each is a leaf body.

    Raises:
        ValueError: not sorted, or somebody twice.

    """
    return root_of(_set_leaves(members))


def prove_member(members: Sequence[bytes], one: bytes) -> Member:
    """Prove that someone is in a set; `ValueError` if not."""
    leaves = _set_leaves(members)
    index = bisect_left(members, one)
    if index == len(members) or members[index] != one:
        raise ValueError("not in this set")
    return Member(one, index, inclusion(leaves, index))


def prove_absent(members: Sequence[bytes], one: bytes) -> Gap:
    """Prove that someone is not in a set, by showing their neighbours; `ValueError` if they are in it."""
    leaves = _set_leaves(members)
    index = bisect_left(members, one)
    if index < len(members) and members[index] == one:
        raise ValueError("in this set")
    below, above = (
        Member(members[at], at, inclusion(leaves, at)) if 0 <= at < len(members) else None for at in (index - 1, index)
    )
    return Gap(below, above)


def verify_member(one: bytes, n: int, root: bytes, proof: Member) -> Literal[True]:
    """Check that someone is in the set of `n` members under `root`: True, or `Unreadable`."""
    if proof.member != one:
        raise _unproved()
    return verify_inclusion(leaf_hash(one), proof.index, n, proof.proof, root)


def verify_absent(one: bytes, n: int, root: bytes, gap: Gap) -> Literal[True]:
    """Check that someone is not in the set of `n` members under `root`: True, or `Unreadable`.

    It rests on the set being sorted, which its maker's checkpoint vouches for.
    """
    below, above = gap.below, gap.above
    if below is None and above is None:
        if n != 0 or root != EMPTY:
            raise _unproved()
        return True
    first = 0 if below is None else below.index + 1
    if (above is None and first != n) or (above is not None and above.index != first):
        raise _unproved()
    if below is not None:
        if not below.member < one:
            raise _unproved()
        verify_member(below.member, n, root, below)
    if above is not None:
        if not one < above.member:
            raise _unproved()
        verify_member(above.member, n, root, above)
    return True


def _set_leaves(members: Sequence[bytes]) -> list[bytes]:
    if any(left >= right for left, right in pairwise(members)):
        raise ValueError("members of a set are sorted and unique")
    return [leaf_hash(one) for one in members]


def _split(size: int) -> int:
    """Give the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _unproved() -> Unreadable:
    return Unreadable("that proof does not hold", hint="ask for a proof under the newest checkpoint")
