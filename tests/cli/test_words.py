"""How values, times and errors are written, and what is read back."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from bailee.cli.generated import _options, _read
from bailee.cli.output import encode, plain, safe
from bailee.cli.times import moment_of
from bailee.kernel.asks import Id, Instant, Key, Line
from bailee.kernel.clock import DAY, Micros, micros
from bailee.kernel.errors import Invalid
from bailee.kernel.recorded import EntryRef
from bailee.kernel.secret import Secret

NOW = micros(datetime(2026, 8, 1, tzinfo=UTC))


def test_a_value_can_not_steer_the_terminal() -> None:
    assert safe("\x1b]0;you\x07") == "\\x1b]0;you\\x07"
    assert safe("a\u202eb") == "a\\x202eb"
    assert encode({"a": "\x9b2J\x1b[1m"}) == '{"a": "\\u009b2J\\u001b[1m"}'


def test_names_with_accents_stay_readable() -> None:
    assert encode({"a": "Müller"}) == '{"a": "Müller"}'


def test_a_secret_is_never_written() -> None:
    assert plain({"key": Secret("s3cret")}) == {"key": None}


def test_ids_and_times_are_written_for_people() -> None:
    assert plain(EntryRef(0, 12)) == "0/12"
    assert plain(NOW, "until") == "2026-08-01T00:00:00Z"
    assert plain(bytes(16)) == "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-08-02", NOW + DAY),
        ("2026-08-02T00:00Z", NOW + DAY),
        ("2026-08-02T02:00+02:00", NOW + DAY),
        ("1d", NOW + DAY),
        ("+24h", NOW + DAY),
    ],
)
def test_times_as_people_type_them(written: str, expected: int) -> None:
    assert expected == moment_of(written, NOW)


@pytest.mark.parametrize("written", ["tomorrow", "", "2026-13-01", "1x"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        moment_of(written, NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An ask of every kind of field."""

    subject: Id
    until: Instant
    roles: tuple[Key, ...] = ()
    reason: Line = ""
    given: bool = True
    password: Secret[str] | None = None


def test_an_ask_becomes_options() -> None:
    flags = {one.name: one.annotation.__metadata__[0].default for one in _options(Made)}
    assert flags == {
        "subject": "--subject",
        "until": "--until",
        "roles": "--roles",
        "reason": "--reason",
        "given": "--given/--no-given",
        "password": "--password-file",
    }


def test_options_become_an_ask() -> None:
    given = {"subject": "x", "until": "1d", "roles": ["a,b", "c"], "reason": None, "given": False, "password": None}
    assert _read(Made, given, Micros(NOW)) == {
        "subject": "x",
        "until": NOW + DAY,
        "roles": ("a", "b", "c"),
        "given": False,
    }
