from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from bailee.discovery.seen import Seen


@given(st.lists(st.integers(0, 400)))
def test_it_knows_what_a_set_knows(numbers: list[int]) -> None:
    seen, known = Seen(), set[bytes]()
    for number in numbers:
        digest = sha256(b"%d" % number).digest()[:16]
        assert (digest in seen) == (digest in known)
        assert seen.add(digest) == (digest not in known)
        known.add(digest)
    assert len(seen) == len(known)


def test_it_grows() -> None:
    seen = Seen()
    every = [sha256(b"%d" % number).digest()[:16] for number in range(20_000)]
    assert all(map(seen.add, every))
    assert not any(map(seen.add, every))
    assert all(one in seen for one in every)
    assert sha256(b"no").digest()[:16] not in seen
    assert len(seen._table) == 65_536 * 16
