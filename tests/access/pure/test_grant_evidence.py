"""What the use of a grant suggests at its review."""

import pytest
from tests.access.pure.worlds import NOW, grant, house, member, person

from bailee.access.evidence import Advice, Suggestion, Use, UseDay, suggest, unused, used
from bailee.access.words import Mode, Operation, Origin
from bailee.kernel.clock import DAY, Micros

TODAY = NOW // DAY
ROW = grant(1, "clerk", "contact", "charge")


def day(ago: int, who: str = "bob", **more: object) -> UseDay:
    told: dict[str, object] = {
        "person": who,
        "category": "contact",
        "purpose": "charge",
        "operation": Operation.READ,
        "day": TODAY - ago,
        "reads": 3,
        "reveals": 1,
    }
    return UseDay(**(told | more))  # type: ignore[arg-type]  # a test's shorthand


def test_use_is_summed_over_the_last_ninety_days() -> None:
    days = [day(0), day(0, "cat"), day(89, category="contact.email"), day(90), day(200)]
    assert used(ROW, ["bob", "cat"], days, TODAY) == Use(2, 2, 9, 3, TODAY, a_year_ago=False)


@pytest.mark.parametrize(
    "other",
    [
        day(1, "dora"),
        day(1, purpose="help"),
        day(1, operation=Operation.EXPORT),
        day(1, category="card"),
        day(1, reads=0, reveals=0),
        day(-1),
    ],
)
def test_what_is_not_use_of_this_grant_does_not_count(other: UseDay) -> None:
    assert used(ROW, ["bob"], [other], TODAY) == Use(0, 0, 0, 0, None, a_year_ago=False)


@pytest.mark.parametrize(("ago", "expected"), [(349, False), (350, True), (380, True), (381, False)])
def test_a_season_is_a_year_ago_give_or_take_fifteen_days(ago: int, expected: bool) -> None:
    assert used(ROW, ["bob"], [day(ago)], TODAY).a_year_ago is expected


@pytest.mark.parametrize(
    ("use", "granted", "expected"),
    [
        (Use(0, 0, 0, 0, None, a_year_ago=False), 90, Suggestion(Advice.REMOVE, "not used for 90 days")),
        (
            Use(0, 0, 0, 0, None, a_year_ago=False),
            89,
            Suggestion(Advice.KEEP, "granted 89 days ago: too young to judge"),
        ),
        (Use(0, 0, 0, 0, 1, a_year_ago=True), 400, Suggestion(Advice.KEEP, "used at this time last year")),
        (Use(2, 1, 2, 0, 1, a_year_ago=False), 90, Suggestion(Advice.ON_REQUEST, "used on 2 of the last 90 days")),
        (Use(3, 1, 3, 0, 1, a_year_ago=False), 90, Suggestion(Advice.KEEP, "used on 3 of the last 90 days")),
    ],
)
def test_the_suggestion_follows_use(use: Use, granted: int, expected: Suggestion) -> None:
    assert suggest(use, granted) == expected


def test_unused_grants_are_the_old_live_standing_ones_nobody_used() -> None:
    old = Micros(NOW - 91 * DAY)
    facts = house(
        people=(person("ann"), person("bob"), person("cat")),
        memberships=(member("bob", "clerk"),),
        grants=(
            grant(1, "clerk", "contact", "charge", since=old),
            grant(2, "clerk", "billing", "charge", since=old),
            grant(3, "@cat", "card", "charge", since=Micros(old - 1)),
            grant(4, "@cat", "card", "charge"),
            grant(5, "@cat", "card", "charge", since=old, until=NOW),
            grant(6, "@cat", "card", "charge", since=old, mode=Mode.ON_REQUEST),
            grant(7, "@cat", "card", "charge", since=old, origin=Origin.CANARY),
        ),
    )
    assert [row.id for row in unused(facts, [day(5)], NOW)] == [3, 2]
