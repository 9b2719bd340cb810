"""Personal keys: what is wrong with one is not told, and no row of the store makes one."""

import hmac
from collections.abc import Callable
from typing import Any

import pytest
from tests.homes import World
from tests.vault.hands import clear, hire, outside

from bailee.access import keys, people
from bailee.crypto import tokens
from bailee.kernel.actors import Actor
from bailee.kernel.clock import DAY, FrozenClock
from bailee.kernel.errors import Denied, Unavailable
from bailee.kernel.secret import Secret


def _new(world: World, person: Actor) -> Secret[str]:
    return world.house.do(world.ann, keys.make_key, keys.MakeKey(person=person.id)).value


def _act_with(world: World, key: Secret[str]) -> Actor:
    return keys.actor_of(world.house.policy, world.house.keys, key, world.house.clock.now())


def _refusal(world: World, key: Secret[str]) -> tuple[str, str, str]:
    with pytest.raises(Denied) as refused:
        _act_with(world, key)
    return str(refused.value), refused.value.hint, refused.value.code


def _stop(world: World, person: Actor) -> None:
    _new(world, person)


def _leave(world: World, person: Actor) -> None:
    world.house.do(world.ann, people.leave, people.OfPerson(person=person.id))


def _swapped(text: str, at: int) -> str:
    signs = list(text)
    signs[at] = "1" if signs[at] == "0" else "0"
    return "".join(signs)


def _checked(body: str) -> Secret[str]:
    """A key whose checksum is right, whatever else is not."""
    return Secret(f"{body}_{tokens._check(body)}")


def test_every_key_that_is_not_good_is_refused_in_the_same_words(world: World) -> None:
    eve = hire(world, "Eve", "clerk")
    text = _new(world, eve).reveal()
    body = text.rpartition("_")[0]
    said = {
        _refusal(world, Secret(_swapped(text, -1))),  # checksum
        _refusal(world, Secret(_swapped(text, 30))),  # mistyped
        _refusal(world, _checked(_swapped(body, -1))),  # another secret
        _refusal(world, tokens.make("person").text),  # nobody's
        _refusal(world, _checked(body.replace("bailee_person_", "bailee_live_"))),
        _refusal(world, Secret("")),
        _refusal(world, Secret(text[:-1])),
        _refusal(world, Secret(text + "x")),
    }
    for wrong in (_stop, _leave):
        one = hire(world, wrong.__name__.strip("_").capitalize(), "clerk")
        key = _new(world, one)
        assert _act_with(world, key).id == one.id
        wrong(world, one)
        said.add(_refusal(world, key))
    assert len(said) == 1
    assert _act_with(world, Secret(text)).id == eve.id


def test_an_ended_key_says_so_only_to_who_has_all_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock(world.house.clock.now())
    monkeypatch.setattr(world.house, "clock", clock)
    key = _new(world, world.bob)
    guess = _checked(_swapped(key.reveal().rpartition("_")[0], -1))
    clock.forward(keys.LIFE - 1)
    assert _act_with(world, key).id == world.bob.id
    clock.forward(1)
    assert _refusal(world, key)[2] == "credential-expired"
    assert _refusal(world, guess)[2] == "credential-invalid"
    clock.forward(-DAY)  # a clock set back revives nothing
    assert _refusal(world, key)[2] == "credential-expired"


def test_the_comparison_takes_the_same_path_whether_or_not_the_key_is_known(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    real: Callable[[Any, Any], bool] = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    known = _new(shop, shop.cat).reveal().rpartition("_")[0]
    for key in (tokens.make("person").text, _checked(_swapped(known, -1))):
        compared.clear()
        _refusal(shop, key)
        assert compared[0] == (32, 32)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE api_key SET person = %s WHERE id = %s",
        "UPDATE api_key SET until = until + 1, person = %s WHERE id = %s",
    ],
)
def test_a_key_row_given_to_the_owner_by_sql_does_not_make_its_holder_the_owner(world: World, statement: str) -> None:
    key = _new(world, world.cat)
    outside(world, "default", statement, world.ann.id, tokens.parse(key.reveal()).id)
    assert _refusal(world, key)[2] == "credential-invalid"


def test_a_key_prolonged_by_sql_is_no_key(world: World) -> None:
    key = _new(world, world.bob)
    outside(world, "default", "UPDATE api_key SET until = until + 1 WHERE id = %s", tokens.parse(key.reveal()).id)
    assert _refusal(world, key)[2] == "credential-invalid"


def test_a_stopped_key_called_active_by_sql_stays_stopped(world: World) -> None:
    key = _new(world, world.bob)
    _new(world, world.bob)
    outside(world, "default", "UPDATE api_key SET state = 'active'")
    assert _refusal(world, key)[2] == "credential-invalid"


def test_somebody_who_left_called_active_by_sql_may_do_nothing(world: World) -> None:
    eve = hire(world, "Eve", "clerk")
    _leave(world, eve)
    outside(world, "default", "UPDATE person SET state = 'active'")
    outside(world, "default", "UPDATE api_key SET state = 'active'")
    with pytest.raises(Unavailable) as refused:
        clear(world, eve, "billing", "billing.total", of=[world.dora])
    assert refused.value.code == "policy-tampered"


def test_the_store_holds_nothing_of_a_key_but_its_id(world: World) -> None:
    key = _new(world, world.bob).reveal()
    secret = key.split("_")[3]
    rows = outside(world, "default", "SELECT * FROM api_key")
    told = " ".join(part.hex() if isinstance(part, bytes) else str(part) for row in rows for part in row)
    assert key.split("_")[2] in told
    assert secret not in told
    assert secret.encode().hex() not in told


def test_a_key_is_shown_once_and_its_maker_never_shows_it_again(world: World) -> None:
    made = world.house.do(world.ann, keys.make_key, keys.MakeKey(person=world.bob.id))
    assert made.value.reveal() not in repr(made)
    assert made.value.reveal() not in f"{made.value} {made!s}"
