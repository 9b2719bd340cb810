"""How long a thing is kept, counted as a calendar counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.datamap.retention import Keep, Retention, Then
from bailee.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("start", "keep", "until"),
    [
        (date(2021, 1, 1), "P3Y", date(2024, 1, 1)),
        (date(2027, 1, 31), "P1M", date(2027, 2, 28)),
        (date(2024, 2, 29), "P1Y", date(2025, 2, 28)),
        (date(2024, 2, 29), "P4Y", date(2028, 2, 29)),
        (date(2026, 12, 31), "P13M", date(2028, 1, 31)),
        (date(2026, 1, 1), "P2W", date(2026, 1, 15)),
        (date(2026, 1, 31), "P1Y1M1D", date(2027, 3, 1)),
        (date(9000, 1, 1), "P999Y", date(9999, 1, 1)),
        (date(9999, 12, 1), "P1M", date.max),
        (date(9999, 12, 1), "P90D", date.max),
    ],
)
def test_a_period_ends_on_its_calendar_day(start: date, keep: str, until: date) -> None:
    assert Keep.parse(keep).until(start) == until


@pytest.mark.parametrize("written", ["", "P", "3Y", "P3", "PY", "P0D", "P-1Y", "P1Y ", "P1D1Y", "PT1H", "P１Y", "p1y"])
def test_what_is_no_length_of_time_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as caught:
        Keep.parse(written)
    assert caught.value.code == "keep-invalid"


@given(st.dates(), st.integers(0, 9), st.integers(0, 99), st.integers(1, 999))
def test_a_thing_is_due_on_the_day_after_and_not_before(start: date, years: int, months: int, days: int) -> None:
    keep = Keep.parse(f"P{years}Y{months}M{days}D")
    until = keep.until(start)
    assert until > start or until == date.max
    assert not keep.due(start, until)
    if until < date.max:
        assert keep.due(start, date.fromordinal(until.toordinal() + 1))


def test_a_rule_names_the_date_that_starts_it() -> None:
    rule = Retention(category="billing", after="field:invoiced", keep="P7Y", then=Then.DESTROY)
    assert (rule.field, rule.span) == ("invoiced", Keep(84, 0))
    assert Retention(category="card", after="last_use", keep="P13M", then=Then.DESTROY).field is None
