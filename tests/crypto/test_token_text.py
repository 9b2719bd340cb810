"""Keys as text: one form, a checksum before any look-up, and a kept MAC that proves nothing to a thief."""

import hashlib
import hmac
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.crypto import tokens
from bailee.kernel.errors import Denied

PEPPER = bytes(range(32))
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FIXED = "bailee_live_" + "0" * 12 + "_" + "0" * 43


def checked(body: str) -> str:
    number, signs = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        signs = SIGNS[digit] + signs
    return f"{body}_{signs}"


@pytest.mark.parametrize("env", ["live", "test", "a", "abcdefghijklmnop"])
def test_a_new_key_has_the_form_and_reads_back(env: str) -> None:
    made = tokens.make(env)
    text = made.text.reveal()
    read = tokens.parse(text)
    assert re.fullmatch(rf"bailee_{env}_{made.id}_[0-9A-Za-z]{{43}}_[0-9A-Za-z]{{6}}", text)
    assert (env, made.id, text, 12) == (read.env, read.id, read.text.reveal(), len(made.id))


def test_the_checksum_is_crc32_of_everything_before_it() -> None:
    assert checked(FIXED) == tokens.parse(checked(FIXED)).text.reveal()


@pytest.mark.parametrize("env", ["", "Live", "a_b", "abcdefghijklmnopq", "é"])
def test_an_env_of_another_form_is_refused(env: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        tokens.make(env)


def test_every_changed_sign_is_caught_without_a_look_up() -> None:
    text = tokens.make("live").text.reveal()
    for at, sign in enumerate(text):
        with pytest.raises(Denied) as refused:
            tokens.parse(text[:at] + ("a" if sign != "a" else "b") + text[at + 1 :])
        assert refused.value.code == "credential-invalid"


@given(st.text(max_size=90) | st.just(checked(FIXED) + "\n") | st.just(" " + checked(FIXED)))
def test_any_other_text_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(Denied, match="that key is not valid"):
        tokens.parse(written)


def test_a_key_shows_its_env_and_id_and_never_its_secret() -> None:
    made = tokens.make("live")
    assert f"Token(env='live', id='{made.id}', text=<Secret>)" == repr(made)


def test_what_is_kept_is_the_hmac_of_the_whole_text() -> None:
    made = tokens.make("live")
    assert hmac.new(PEPPER, made.text.reveal().encode(), hashlib.sha256).digest() == tokens.mac(PEPPER, made)


def test_a_key_passes_against_what_was_kept_of_it_and_nothing_else() -> None:
    made, other = tokens.make("live"), tokens.make("live")
    assert tokens.check(PEPPER, made, tokens.mac(PEPPER, made)) is True
    for pepper, token in ((PEPPER, other), (PEPPER[::-1], made)):
        with pytest.raises(Denied) as refused:
            tokens.check(pepper, token, tokens.mac(PEPPER, made))
        assert refused.value.code == "credential-invalid"


def test_ten_thousand_keys_differ() -> None:
    assert len({tokens.make("live").id for _ in range(10_000)}) == 10_000
