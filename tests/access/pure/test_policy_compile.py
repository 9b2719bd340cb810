"""What the compiler refuses, what the lints refuse, the digest, and the separation of duties."""

from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Any

import pytest
import rfc8785
from tests.access.pure import worlds
from tests.access.pure.worlds import EARLIER, LATER, MAP, NOW, forbid, grant, house, member, person, role

from bailee.access import duties
from bailee.access.compile import compile_policy, policy_lints
from bailee.access.facts import Facts, digest
from bailee.access.words import (
    ConditionRow,
    GrantRow,
    Kind,
    Level,
    Mode,
    Operation,
    Origin,
    PurposeFacts,
    RequirementRow,
    Scope,
    State,
)
from bailee.kernel.clock import DAY, HOUR, MINUTE, Micros
from bailee.kernel.errors import Invalid

PLAIN = grant(1, "clerk", "contact", "charge")
CHARGE = MAP.purposes["charge"]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"grants": (replace(PLAIN, category="shoes"),)}, "grant 1 names shoes"),
        ({"grants": (replace(PLAIN, category="con"),)}, "grant 1 names con"),
        ({"grants": (replace(PLAIN, purpose="spying"),)}, "grant 1 names the purpose spying"),
        ({"grants": (replace(PLAIN, role="ghost"),)}, "grant 1 names the role ghost"),
        ({"grants": (replace(PLAIN, role=None, person="ghost"),)}, "grant 1 names a person"),
        ({"grants": (replace(PLAIN, person="bob"),)}, "exactly one role or person"),
        ({"grants": (replace(PLAIN, role=None),)}, "exactly one role or person"),
        ({"grants": (replace(PLAIN, category="health"),)}, "health is not used for charge"),
        ({"grants": (replace(PLAIN, level=Level.HIDDEN),)}, "its level is hidden"),
        ({"grants": (replace(PLAIN, operation=Operation.WRITE, level=Level.PARTIAL),)}, "must be clear"),
        ({"grants": (replace(PLAIN, operation=Operation.EXPORT, origin=Origin.BREAK_GLASS),)}, "breaks the glass"),
        ({"grants": (replace(PLAIN, until=Micros(2**53)),)}, "beyond all calendars"),
        ({"grants": (PLAIN, PLAIN)}, "two grants share one id"),
        ({"forbids": (forbid(3, None, "shoes"),)}, "forbid 3 names shoes"),
        ({"forbids": (forbid(3, "ghost", "contact"),)}, "forbid 3 names the role ghost"),
        ({"forbids": (forbid(3, "@ghost", "contact"),)}, "forbid 3 names a person"),
        ({"forbids": (forbid(3, None, "contact", purpose="spying"),)}, "forbid 3 names the purpose spying"),
        ({"forbids": (forbid(3, "clerk", "contact", person="bob"),)}, "a role and a person"),
        ({"memberships": (member("bob", "ghost"),)}, "names the role ghost"),
        ({"memberships": (member("ghost", "clerk"),)}, "a person who does not exist"),
        ({"memberships": (member("bob", "clerk", until=2**53),)}, "beyond all calendars"),
        ({"roles": (role("clerk"), role("clerk"), role("owner"))}, "two roles share one key"),
        ({"roles": (role("clerk"), role("owner"), role("Boss!"))}, "a key holds something else"),
        ({"people": (person("bob"), person("bob"), person("ann"))}, "two people share one id"),
        ({"requirements": (RequirementRow(category="shoes", role=None, lesson="x", grace_days=0),)}, "names shoes"),
        ({"requirements": (RequirementRow(category=None, role="ghost", lesson="x", grace_days=0),)}, "names a role"),
        ({"requirements": (RequirementRow(category=None, role=None, lesson="x", grace_days=0),)}, "exactly one"),
        ({"map": replace(MAP, purposes={"charge": replace(CHARGE, categories=("shoes",))})}, "charge names shoes"),
        ({"map": replace(MAP, purposes={"charge": replace(CHARGE, parent="ghost")})}, "the parent ghost"),
        ({"map": replace(MAP, purposes={"charge": replace(CHARGE, parent="charge")})}, "its own ancestor"),
        ({"map": replace(MAP, sense={})}, "has no class"),
        ({"map": replace(MAP, categories={**MAP.categories, "other": ("contact.shoe",)})}, "its category other"),
        ({"map": replace(MAP, categories={**MAP.categories, "other": ("contact.email",)})}, "twice"),
        ({"map": replace(MAP, categories={**MAP.categories, "other": ("other.E",)})}, "a field's key"),
        ({"map": replace(MAP, may_hold={"contact.email": ("shoes",)})}, "contact.email names shoes"),
        ({"map": replace(MAP, may_hold={"shoes": ()})}, "not a field"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_name(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        compile_policy(house(**parts), 1, NOW)


def test_equal_roles_share_one_view() -> None:
    facts = house(memberships=(member("bob", "clerk"), member("cat", "clerk")))
    people = compile_policy(facts, 1, NOW).people
    assert people["bob"] is people["cat"]


def test_planes_are_nested_in_every_cell() -> None:
    r = Random(5)
    for _ in range(200):
        for view in compile_policy(worlds.random_facts(r), 1, NOW).people.values():
            loose = [p for p in view.cells.values() if p.clear & ~p.partial or p.partial & ~p.present]
            assert loose == []


# -- digest


def test_the_digest_does_not_depend_on_the_order_of_rows() -> None:
    r = Random(1)
    for _ in range(50):
        facts = worlds.random_facts(r)
        parts = ("people", "roles", "memberships", "grants", "forbids", "requirements", "conditions")
        mixed: dict[str, Any] = {part: tuple(r.sample(rows := getattr(facts, part), len(rows))) for part in parts}
        shuffled = replace(facts, **mixed)
        assert digest(facts) == digest(shuffled)


def test_every_column_of_every_row_is_in_the_digest() -> None:
    facts = house(
        forbids=(forbid(1, "clerk", "card"),),
        requirements=(RequirementRow(category="card", role=None, lesson="x", grace_days=1),),
        conditions=(ConditionRow(person="bob", lesson="x", met_until=LATER, grace_until=None),),
    )
    seen = {digest(facts)}
    changes = 0
    for part in ("people", "roles", "memberships", "grants", "forbids", "requirements", "conditions"):
        first, *rest = getattr(facts, part)
        for column in first.__dataclass_fields__:
            other = replace(first, **{column: _other(getattr(first, column))})
            changed: dict[str, Any] = {part: (other, *rest)}
            seen.add(digest(replace(facts, **changed)))
            changes += 1
    assert len(seen) == changes + 1


def _other(value: Any) -> Any:
    match value:
        case None:
            return "other"
        case frozenset():
            return value | {"other"}
        case tuple():
            return (*value, "other")
        case Operation() | Level():
            return type(value)((value + 1) % len(type(value)))
        case int():
            return value + 1
        case _:
            return "other"


def test_an_absent_value_and_an_empty_text_have_different_digests() -> None:
    absent, empty = (house(roles=(role("owner", owner=owner), role("clerk"))) for owner in (None, ""))
    assert digest(absent) != digest(empty)


def test_the_digest_is_of_the_rows_in_canonical_form() -> None:
    rows: Any = {
        "people": [[name, "person", "active", []] for name in ("ann", "bob", "cat")],
        "roles": [
            ["clerk", "clerk", ["ann"], 90, []],
            ["owner", "owner", ["ann"], 90, ["approve", "grant_access"]],
        ],
        "memberships": [[who, key, EARLIER, LATER, "standing"] for who, key in (("ann", "owner"), ("bob", "clerk"))],
        "grants": [
            [1, ["clerk"], [], "contact", "charge", 0, 3, "all", "standing", EARLIER, LATER, "standing", [], []],
        ],
        "forbids": [],
        "requirements": [],
        "conditions": [],
    }
    assert digest(house()) == sha256(rfc8785.dumps(rows)).digest()


# -- lints


def test_a_plain_house_passes_the_lints() -> None:
    assert policy_lints(house(), NOW) == ()


def lints(**parts: Any) -> tuple[str, ...]:
    return policy_lints(house(**parts), NOW)


def test_a_role_without_an_active_owner_is_refused() -> None:
    people = (person("ann"), person("bob"), person("cat"), person("dan", state=State.LEFT))
    roles = (role("owner"), role("clerk", owner=None), role("guard", owner="dan"))
    assert lints(people=people, roles=roles) == ("role clerk has no active owner", "role guard has no active owner")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (replace(PLAIN, until=Micros(NOW + 90 * DAY)), ()),
        (replace(PLAIN, until=Micros(NOW + 90 * DAY + 1)), ("grant 1 lasts beyond its review in 90 days",)),
        (replace(PLAIN, since=Micros(NOW + DAY), until=Micros(NOW + 91 * DAY)), ()),
        (grant(1, "@shop", "contact", "charge", until=Micros(NOW + 365 * DAY)), ()),
        (
            grant(1, "@bob", "contact", "charge", until=Micros(NOW + 91 * DAY)),
            ("grant 1 lasts beyond its review in 90 days",),
        ),
        (
            grant(1, "@bob", "card", "charge", since=NOW, until=Micros(NOW + 8 * DAY), origin=Origin.ELEVATION),
            ("grant 1 is an elevation of more than 7 days",),
        ),
        (
            grant(1, "@bob", "card", "charge", since=NOW, until=Micros(NOW + 61 * MINUTE), origin=Origin.BREAK_GLASS),
            ("grant 1 breaks the glass for more than 60 minutes",),
        ),
    ],
)
def test_nothing_lasts_beyond_its_review(row: GrantRow, says: tuple[str, ...]) -> None:
    people = (person("ann"), person("bob"), person("cat"), person("shop", Kind.SERVICE, owner="ann"))
    assert lints(people=people, grants=(row,)) == says


def search(id_: int, to: str, category: str, **more: Any) -> GrantRow:
    return grant(id_, to, category, "charge", operation=Operation.SEARCH, **more)


@pytest.mark.parametrize(
    ("grants", "says"),
    [
        ((PLAIN, search(2, "clerk", "contact")), ()),
        ((replace(PLAIN, level=Level.PRESENT), search(2, "clerk", "contact")), ()),
        ((replace(PLAIN, scope=Scope.CASE), search(2, "clerk", "contact")), ()),
        ((search(2, "clerk", "contact"),), ("contact",)),
        ((replace(PLAIN, category="contact.email"), search(2, "clerk", "contact")), ("contact",)),
        ((grant(1, "clerk", "contact", "help"), search(2, "clerk", "contact")), ("contact",)),
        ((replace(PLAIN, mode=Mode.ON_REQUEST), search(2, "clerk", "contact")), ("contact",)),
        ((replace(PLAIN, until=Micros(NOW + DAY)), search(2, "clerk", "contact")), ("contact",)),
        ((replace(PLAIN, since=Micros(NOW + DAY)), search(2, "clerk", "contact")), ("contact",)),
        ((PLAIN, search(2, "@bob", "contact")), ()),
        ((PLAIN, search(2, "@cat", "contact")), ("contact",)),
        ((grant(1, "@bob", "contact", "charge"), search(2, "clerk", "contact")), ("contact",)),
    ],
)
def test_a_search_tells_nobody_what_they_may_not_read(grants: tuple[GrantRow, ...], says: tuple[str, ...]) -> None:
    expected = tuple(f"grant 2 lets somebody search {category} who may not read it" for category in says)
    assert lints(grants=grants) == expected


# -- separation of duties


def both(*roles: str, **more: Any) -> Facts:
    return house(memberships=tuple(member("bob", key) for key in roles), **more)


@pytest.mark.parametrize(
    ("permissions", "grants", "pair"),
    [
        (("grant_access",), (PLAIN,), ("grant_access", "data in clear")),
        (("edit_policy", "approve_policy"), (), ("edit_policy", "approve_policy")),
        (("manage_custody", "verify_ledger"), (), ("manage_custody", "verify_ledger")),
        (("make_keys", "approve"), (), ("make_keys", "approve")),
        (
            (),
            (
                grant(1, "clerk", "billing", "refund", operation=Operation.WRITE),
                grant(2, "clerk", "card.number", "charge"),
            ),
            ("refunds", "card numbers in clear"),
        ),
    ],
)
def test_nobody_holds_two_separated_duties(
    permissions: tuple[str, ...], grants: tuple[GrantRow, ...], pair: tuple[str, str]
) -> None:
    facts = both("clerk", "extra", roles=(role("owner"), role("clerk"), role("extra", *permissions)), grants=grants)
    assert [(clash.person, clash.first, clash.second) for clash in duties.clashes(facts, NOW)] == [("bob", *pair)]
    assert policy_lints(facts, NOW) == (f"person bob would hold {pair[0]} and {pair[1]} at the same time",)


@pytest.mark.parametrize(
    ("granting", "expected"),
    [
        ((NOW, NOW + DAY), 0),
        ((NOW + DAY, NOW + 2 * DAY), 1),
        ((NOW + 2 * DAY, NOW + 3 * DAY), 1),
        ((NOW + 3 * DAY, NOW + 4 * DAY), 0),
    ],
)
def test_duties_clash_only_where_their_times_overlap(granting: tuple[int, int], expected: int) -> None:
    row = replace(PLAIN, since=Micros(NOW + DAY), until=Micros(NOW + 3 * DAY))
    facts = house(
        roles=(role("owner"), role("clerk"), role("giver", "grant_access")),
        memberships=(member("bob", "clerk"), member("bob", "giver", *granting)),
        grants=(row,),
    )
    assert len(duties.clashes(facts, NOW)) == expected


def test_duties_do_not_clash_in_the_gap_between_two_grants() -> None:
    early = replace(PLAIN, since=Micros(NOW + DAY), until=Micros(NOW + 2 * DAY))
    late = replace(PLAIN, id=2, since=Micros(NOW + 4 * DAY), until=Micros(NOW + 5 * DAY))
    facts = house(
        roles=(role("owner"), role("clerk"), role("giver", "grant_access")),
        memberships=(member("bob", "clerk"), member("bob", "giver", NOW + 2 * DAY, NOW + 4 * DAY)),
        grants=(early, late),
    )
    assert duties.clashes(facts, NOW) == ()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (grant(1, "@ann", "card", "charge", mode=Mode.ON_REQUEST), 0),
        (grant(1, "@ann", "card", "charge", level=Level.PARTIAL), 0),
        (grant(1, "@ann", "card", "charge", origin=Origin.CANARY), 0),
        (grant(1, "@ann", "card", "charge", since=NOW, until=Micros(NOW + 4 * HOUR), origin=Origin.ELEVATION), 0),
        (grant(1, "@ann", "card", "charge", since=NOW, until=Micros(NOW + 4 * HOUR + 1), origin=Origin.ELEVATION), 1),
    ],
)
def test_an_owner_may_see_data_by_a_short_elevation_only(row: GrantRow, expected: int) -> None:
    assert len(duties.clashes(house(grants=(row,)), NOW)) == expected


def test_at_use_the_same_pairs_are_refused() -> None:
    assert duties.at_once({"grant_access", duties.CLEAR_DATA, "freeze"}) == (("grant_access", "data in clear"),)


def test_a_lone_owner_is_a_finding_and_not_an_error() -> None:
    facts = house(
        roles=(role("owner", "manage_people", "grant_access", "approve"), role("clerk")),
        grants=(PLAIN, grant(2, "clerk", "card", "charge", mode=Mode.ON_REQUEST)),
    )
    assert policy_lints(facts, NOW) == ()
    assert duties.findings(facts, NOW) == (
        "only one person holds manage_people",
        "only one person holds grant_access",
        "only one person holds approve",
        "access on request has no second approver: a printed approval code is needed",
    )


def test_a_second_owner_ends_the_findings() -> None:
    facts = house(
        roles=(role("owner", "manage_people", "grant_access", "approve"), role("clerk")),
        memberships=(member("ann", "owner"), member("cat", "owner"), member("bob", "clerk")),
    )
    assert duties.findings(facts, NOW) == ()


def test_a_purpose_may_have_no_categories() -> None:
    empty = PurposeFacts(categories=(), needs_consent=False, objectable=False, survives_restriction=False)
    facts = house(map=replace(MAP, purposes={**MAP.purposes, "own_access": empty}))
    assert compile_policy(facts, 1, NOW).purposes["own_access"].allowed == 0


def test_a_membership_that_begins_later_gives_nothing_yet() -> None:
    facts = house(memberships=(member("bob", "clerk", since=NOW + 1),))
    snapshots = compile_policy(facts, 1, NOW), compile_policy(facts, 1, Micros(NOW + 1))
    assert [len(snapshot.people["bob"].cells) for snapshot in snapshots] == [0, 1]
    assert EARLIER < NOW
