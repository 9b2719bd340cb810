"""The policy from the moment it changes: ended, revoked, tampered with, put back; and what a change would do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from typing import Any, Final

import pytest
from django.db import connections
from tests.homes import World
from tests.vault.hands import bring, clear, entries, hire, outside, shown

from bailee.access import assignments, grants, keys, memberships, people, policy
from bailee.access.compile import compile_policy
from bailee.access.explain import differences, what_if
from bailee.access.facts import Facts
from bailee.access.policy import PolicyBook, Stamp
from bailee.access.words import ForbidRow, Level, MembershipRow, State
from bailee.datamap import versions
from bailee.house import STORES
from bailee.kernel import ids
from bailee.kernel.actors import Actor
from bailee.kernel.clock import DAY, HOUR, FrozenClock, Micros
from bailee.kernel.errors import Conflict, Denied, HouseError, Invalid, NotFound, Unavailable
from bailee.vault import limits
from bailee.vault.words import Answer, Ask, Write

MILLISECOND: Final = 1_000


def _reads(world: World, actor: Actor, purpose: str = "support", field: str = "orders.items") -> str | None:
    """What the gate answers: the value, or None for a refusal."""
    try:
        answer = clear(world, actor, purpose, field, of=[world.dora])
    except Denied:
        return None
    return shown(answer.items[0]).get(field)


def _grant(world: World, until: int, **more: Any) -> int:
    ask = {"role": "clerk", "category": "support", "purpose": "support", "level": "clear"} | more
    return world.house.do(world.ann, grants.grant, grants.Grant(until=until, **ask)).value


TEXT: Final = "The parcel never came."


def _sees(world: World, actor: Actor | None = None) -> bool:
    return _reads(world, actor or world.bob, "support", "support.message") == TEXT


# -- time


@pytest.mark.check("access-8")
def test_a_grant_ends_at_its_instant_to_the_millisecond(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is the only thing that moves: no job, no write, no new process."""
    clock = FrozenClock(world.house.clock.now())
    monkeypatch.setattr(world.house, "clock", clock)
    until = clock.now() + HOUR
    _grant(world, until)
    seen = []
    for at in (until - HOUR, until - MILLISECOND, until - 1, until, until + MILLISECOND, until + DAY):
        clock.forward(at - clock.at)
        seen.append(_sees(world))
    assert seen == [True, True, True, False, False, False]


@pytest.mark.check("access-8")
def test_a_membership_ends_at_its_instant_to_the_millisecond(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock(world.house.clock.now())
    monkeypatch.setattr(world.house, "clock", clock)
    until = clock.now() + HOUR
    ask = memberships.AssignRole(person=world.cat.id, role="clerk", until=until)
    world.house.do(world.ann, memberships.assign_role, ask)
    seen = []
    for at in (until - MILLISECOND, until, until + MILLISECOND):
        clock.forward(at - clock.at)
        seen.append(_reads(world, world.cat, "billing", "billing.total"))
    assert seen == ["19.80", None, None]


@pytest.mark.check("access-8")
def test_a_clock_set_back_revives_no_grant(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock(world.house.clock.now())
    monkeypatch.setattr(world.house, "clock", clock)
    _grant(world, clock.now() + HOUR)
    assert _sees(world)
    clock.forward(HOUR)
    assert not _sees(world)
    clock.forward(-HOUR)
    assert not _sees(world)


def test_a_decision_is_never_made_by_a_snapshot_whose_time_is_over(world: World) -> None:
    now = world.house.clock.now()
    until = Micros(now + HOUR)
    _grant(world, until)
    assert world.house.policy.current(until).made_at == until
    assert world.house.policy.current(now).made_at == until  # and not back


# -- revoked, left


def test_a_revoked_grant_is_gone_for_the_next_read(world: World) -> None:
    key = _grant(world, world.house.clock.now() + DAY)
    assert _sees(world)
    world.house.do(world.ann, grants.revoke, grants.Revoke(grant=key))
    assert not _sees(world)
    with pytest.raises(NotFound):
        world.house.do(world.ann, grants.revoke, grants.Revoke(grant=key))


def test_a_forbid_beats_every_grant_at_once(world: World) -> None:
    _grant(world, world.house.clock.now() + DAY)
    assert _sees(world)
    world.house.do(world.ann, grants.forbid, grants.Forbid(category="support", person=world.bob.id))
    assert not _sees(world)


def test_who_left_reads_nothing_with_an_actor_made_before(world: World) -> None:
    assert _reads(world, world.bob, "billing", "billing.total") == "19.80"
    world.house.do(world.ann, people.leave, people.OfPerson(person=world.bob.id))
    assert _reads(world, world.bob, "billing", "billing.total") is None
    with pytest.raises(Denied):
        world.house.do(world.bob, grants.revoke, grants.Revoke(grant=1))


def _meanwhile(world: World, change: Callable[[], object]) -> None:
    """Do something from another connection, to the end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            change()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            for alias in STORES:
                connections[alias].close()

    other = Thread(target=run)
    other.start()
    other.join(30)
    assert failed == []


def test_a_batch_under_way_while_somebody_leaves_is_decided_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy changes between the decision and the commit: the fence must refuse what was decided."""
    if not world.house.config.database.url:
        return  # SQLite has one writer: nobody can commit inside another's transaction
    real, left = limits.of, list[bool]()

    def of(alias: str, wanted: Any) -> Any:
        if not left:
            left.append(True)
            ask = people.OfPerson(person=world.bob.id)
            _meanwhile(world, lambda: world.house.do(world.ann, people.leave, ask))
        return real(alias, wanted)

    monkeypatch.setattr("bailee.vault.gate.reading.limits.of", of)
    before = len(entries(world, 600))
    assert _reads(world, world.bob, "billing", "billing.total") is None
    assert left == [True]
    assert len(entries(world, 600)) == before  # what was decided first left no trace
    assert entries(world, 603)[-1].facts["because"] == "not-granted"


def test_a_batch_that_only_sees_changes_gives_up_without_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not world.house.config.database.url:
        return
    real, until = limits.of, world.house.clock.now() + DAY

    def of(alias: str, wanted: Any) -> Any:
        _meanwhile(world, lambda: _grant(world, until))
        return real(alias, wanted)

    monkeypatch.setattr("bailee.vault.gate.reading.limits.of", of)
    with pytest.raises(Unavailable) as refused:
        clear(world, world.bob, "billing", "billing.total", of=[world.dora])
    assert refused.value.code == "policy-changing"


def test_a_write_under_way_while_somebody_leaves_is_decided_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave between the decision and the transaction of the data, on both stores."""
    inner, left = PolicyBook.both, list[bool]()

    def both(book: PolicyBook, now: Micros, stamp: Stamp, alias: str = "default") -> Any:
        found = inner(book, now, stamp, alias)
        if not left:
            left.append(True)
            world.house.do(world.ann, people.leave, people.OfPerson(person=world.bob.id))
        return found

    monkeypatch.setattr(PolicyBook, "both", both)
    [made] = world.gate.write(world.bob, "billing", [Write(subject=world.dora, fields={"billing.total": "1.00"})])
    assert isinstance(made, Denied)
    assert outside(world, "default", "SELECT MAX(version), COUNT(*) FROM record WHERE category = 3") == [(1, 1)]


# -- past the house

_MORE: Final = (
    'INSERT INTO "grant" (role, category, purpose, operation, level, scope, mode, since, until, reason, origin) '
    "VALUES ('clerk', 'support', 'support', 0, 3, 'all', 'standing', 0, 9007199254740991, '', 'standing')"
)


_CHANGES: Final = (
    _MORE,
    "UPDATE \"grant\" SET until = until + 1 WHERE role = 'clerk'",
    "UPDATE \"grant\" SET level = 3 WHERE role = 'clerk'",
    "DELETE FROM \"grant\" WHERE role = 'clerk'",
    "DELETE FROM forbid",
    "UPDATE person SET state = 'suspended'",
    "UPDATE person SET kind = 'service'",
    "UPDATE role SET permissions = permissions || ' erase'",
    "UPDATE role SET review_days = 9999",
    "UPDATE membership SET role = 'owner'",
    "DELETE FROM membership",
    "UPDATE policy SET epoch = epoch + 1",
)
_POLICY: Final = ('"grant"', "forbid", "person", "role", "membership", "policy")


@contextmanager
def _put_back(world: World) -> Iterator[None]:
    """Undo what an intruder did to the tables of the policy."""
    kept = {table: outside(world, "default", f"SELECT * FROM {table}") for table in _POLICY}
    yield
    for table, rows in kept.items():
        outside(world, "default", f"DELETE FROM {table}")
        if rows:
            marks = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
            outside(world, "default", f"INSERT INTO {table} VALUES {marks}", *(part for row in rows for part in row))


def test_a_policy_changed_by_sql_stops_every_read_that_would_rest_on_it(world: World) -> None:
    asks: list[Callable[[], object]] = [
        lambda: clear(world, world.bob, "billing", "billing.total", of=[world.dora]),
        lambda: world.house.do(world.ann, people.invite, people.Invite(name="Eve", email="eve@shop.example")),
        lambda: world.gate.write(world.bob, "billing", [Write(subject=world.dora, fields={"billing.total": "2"})]),
    ]
    for statement in _CHANGES:
        with _put_back(world):
            outside(world, "default", statement)
            world.house.policy = PolicyBook(world.house.keys)  # another process, or the next start
            for ask in asks:
                with pytest.raises(Unavailable) as refused:
                    ask()
                assert (statement, refused.value.code) == (statement, "policy-tampered")
        world.house.policy = PolicyBook(world.house.keys)
        assert _reads(world, world.bob, "billing", "billing.total") == "19.80"


def test_a_grant_put_in_by_sql_opens_nothing_in_a_running_process_either(world: World) -> None:
    assert not _sees(world)
    outside(world, "default", _MORE)
    assert not _sees(world)
    with pytest.raises(Unavailable):  # and no act builds upon it
        _grant(world, world.house.clock.now() + DAY, category="orders")


@pytest.mark.parametrize("column", ["mac", "digest"])
def test_a_forged_seal_is_noticed(world: World, column: str) -> None:
    statements = {"mac": "UPDATE policy SET mac = %s", "digest": "UPDATE policy SET digest = %s"}
    outside(world, "default", statements[column], bytes(32))
    with pytest.raises(Unavailable) as refused:
        PolicyBook(world.house.keys).current(world.house.clock.now())
    assert refused.value.code == "policy-tampered"


def test_an_older_policy_put_back_with_its_own_seal_is_noticed(world: World) -> None:
    """All rows and the seal as they were before the revocation: everything fits, but it is the past."""
    key = _grant(world, world.house.clock.now() + DAY)
    assert _sees(world)
    [kept] = outside(world, "default", "SELECT epoch, digest, mac, sealed_at FROM policy")
    [(until,)] = outside(world, "default", 'SELECT until FROM "grant" WHERE id = %s', key)
    world.house.do(world.ann, grants.revoke, grants.Revoke(grant=key))
    assert not _sees(world)
    outside(
        world,
        "default",
        "UPDATE policy SET epoch = %s, digest = %s, mac = %s, sealed_at = %s",
        kept[0],
        bytes(kept[1]),
        bytes(kept[2]),
        kept[3],
    )
    outside(world, "default", 'UPDATE "grant" SET until = %s WHERE id = %s', until, key)
    with pytest.raises(Unavailable) as refused:
        _sees(world)
    assert refused.value.code == "policy-tampered"


def test_a_policy_that_changes_while_it_is_read_is_read_again_and_not_called_tampered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not world.house.config.database.url:
        return
    real, changed, until = policy.load, list[bool](), world.house.clock.now() + DAY

    def load(alias: str, compiled: Any) -> Facts:
        if not changed:
            changed.append(True)
            _meanwhile(world, lambda: _grant(world, until))
        return real(alias, compiled)

    monkeypatch.setattr(policy, "load", load)
    book = PolicyBook(world.house.keys)
    snapshot = book.current(world.house.clock.now())
    assert changed == [True]
    assert snapshot.epoch == book.read_epoch()


# -- what if


def _with(facts: Facts, **parts: Any) -> Facts:
    return replace(facts, **parts)


def _changes(world: World) -> dict[str, tuple[Callable[[Facts], Facts], Callable[[], object]]]:
    """Changes as rows that somebody plans, and as the acts that make them."""
    until, now, bob, cat = world.house.clock.now() + DAY, Micros(0), world.bob.id, world.cat.id

    def granted(facts: Facts) -> Facts:
        row = replace(
            facts.grants[0],
            id=10_000,
            role=None,
            person=cat,
            category="support",
            purpose="support",
            level=Level.PARTIAL,
            until=Micros(until),
        )
        return _with(facts, grants=(*facts.grants, row))

    def forbidden(facts: Facts) -> Facts:
        row = ForbidRow(id=10_000, role="clerk", person=None, category="contact", purpose=None, operation=None)
        return _with(facts, forbids=(*facts.forbids, row))

    def assigned(facts: Facts) -> Facts:
        row = MembershipRow(person=cat, role="support", since=now, until=Micros(until))
        return _with(facts, memberships=(*facts.memberships, row))

    def revoked(facts: Facts) -> Facts:
        return _with(facts, grants=tuple(row for row in facts.grants if row.id != first))

    def left(facts: Facts) -> Facts:
        gone = tuple(replace(row, state=State.LEFT) if row.id == bob else row for row in facts.people)
        return _with(facts, people=gone, memberships=tuple(row for row in facts.memberships if row.person != bob))

    def moved(facts: Facts) -> Facts:
        rows = tuple(row for row in facts.memberships if row.person != bob)
        return _with(
            facts, memberships=(*rows, MembershipRow(person=bob, role="marketing", since=now, until=Micros(until)))
        )

    facts = policy.load("default", versions.current())
    first = next(row.id for row in facts.grants if row.role == "clerk" and row.category.startswith("card"))
    do, ann = world.house.do, world.ann
    support = grants.Grant(person=cat, category="support", purpose="support", level="partial", until=until)
    return {
        "grant": (granted, lambda: do(ann, grants.grant, support)),
        "forbid": (forbidden, lambda: do(ann, grants.forbid, grants.Forbid(role="clerk", category="contact"))),
        "assign": (
            assigned,
            lambda: do(ann, memberships.assign_role, memberships.AssignRole(person=cat, role="support", until=until)),
        ),
        "revoke": (revoked, lambda: do(ann, grants.revoke, grants.Revoke(grant=first))),
        "move": (moved, lambda: do(ann, people.move, people.Move(person=bob, roles=("marketing",)))),
        "leave": (left, lambda: do(ann, people.leave, people.OfPerson(person=bob))),
    }


@pytest.mark.check("access-18")
@pytest.mark.parametrize("change", ["grant", "forbid", "assign", "revoke", "move", "leave"])
def test_what_if_answers_what_the_applied_change_then_does(world: World, change: str) -> None:
    plan, act = _changes(world)[change]
    facts, now = policy.load("default", versions.current()), world.house.clock.now()
    before = compile_policy(facts, 1, now)
    foreseen = what_if(facts, plan(facts), now)
    act()
    now = world.house.clock.now()
    after = compile_policy(policy.load("default", versions.current()), 2, now)
    assert foreseen == differences(before, after)
    assert foreseen != ()


# -- people


def test_the_last_owner_can_neither_leave_nor_move_away(world: World) -> None:
    with pytest.raises(Conflict):
        world.house.do(world.ann, people.leave, people.OfPerson(person=world.ann.id))
    with pytest.raises(Conflict):
        world.house.do(world.ann, people.move, people.Move(person=world.ann.id, roles=("clerk",)))
    assert world.house.policy.current(world.house.clock.now()).permissions(world.ann.id)


def test_an_owner_may_leave_once_another_is_named_and_roles_follow(world: World) -> None:
    olga = hire(world, "Olga", "owner")
    world.house.do(olga, people.leave, people.OfPerson(person=world.ann.id))
    owners = {row[0] for row in outside(world, "default", "SELECT owner FROM role")}
    assert owners == {olga.id}
    world.house.do(olga, people.invite, people.Invite(name="New", email="new@shop.example", roles=("clerk",)))


def test_a_lone_owner_prolongs_her_own_role_and_gets_a_new_key(world: World) -> None:
    ask = people.Move(person=world.ann.id, roles=("owner",), days=366)
    world.house.do(world.ann, people.move, ask)
    fresh = world.house.do(world.ann, keys.make_key, keys.MakeKey(person=world.ann.id)).value
    actor = keys.actor_of(world.house.policy, world.house.keys, fresh, world.house.clock.now())
    assert actor.roles == ("owner",)


def test_a_role_whose_owner_is_not_active_stops_the_change(world: World) -> None:
    outsider = hire(world, "Otto", "owner")
    world.house.do(world.ann, people.move, people.Move(person=outsider.id, roles=("security",)))
    assert {row[0] for row in outside(world, "default", "SELECT owner FROM role")} == {world.ann.id}


def test_separated_duties_are_refused_with_the_person_and_nothing_changes(world: World) -> None:
    before = world.house.policy.read_epoch()
    tries: list[tuple[Any, Any]] = [
        (memberships.assign_role, memberships.AssignRole(person=world.ann.id, role="clerk", until=_soon(world))),
        (people.invite, people.Invite(name="Both", email="both@shop.example", roles=("owner", "security"))),
        (grants.grant, _ask(world, person=world.ann.id, category="contact", purpose="billing")),
    ]
    for what, ask in tries:
        with pytest.raises(Invalid, match="at the same time"):
            world.house.do(world.ann, what, ask)
    assert world.house.policy.read_epoch() == before


def _soon(world: World) -> int:
    return world.house.clock.now() + DAY


def _ask(world: World, **more: Any) -> grants.Grant:
    told: dict[str, Any] = {"level": "clear", "until": _soon(world)} | more
    return grants.Grant(**told)


_MASKED: Final = {"level": "partial"}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"role": "clerk", "category": "support", "purpose": "nonsense"}, Invalid),
        ({"role": "clerk", "category": "nonsense", "purpose": "support"}, Invalid),
        ({"role": "clerk", "category": "support.nonsense", "purpose": "support"}, Invalid),
        ({"role": "nonsense", "category": "support", "purpose": "support"}, NotFound),
        ({"person": "nobody", "category": "support", "purpose": "support"}, NotFound),
        ({"category": "support", "purpose": "support"}, Invalid),
        ({"role": "clerk", "person": "x", "category": "support", "purpose": "support"}, Invalid),
        ({"role": "clerk", "category": "support", "purpose": "billing"}, Invalid),  # not used for it
        ({"role": "clerk", "category": "support", "purpose": "support", "until": 1}, Invalid),
        ({"role": "clerk", "category": "support", "purpose": "support", "until": 2**53 - 1}, Invalid),
        ({"role": "clerk", "category": "billing", "purpose": "books", "operation": "search"}, Invalid),
        (
            {"role": "clerk", "category": "billing", "purpose": "books", "operation": "write", "level": "partial"},
            Invalid,
        ),
    ],
)
def test_a_grant_that_means_nothing_or_too_much_is_refused_and_changes_nothing(
    shop: World, more: dict[str, Any], kind: type[HouseError]
) -> None:
    before = outside(shop, "default", 'SELECT COUNT(*) FROM "grant"')
    with pytest.raises(kind):
        shop.house.do(shop.ann, grants.grant, _ask(shop, **more))
    assert outside(shop, "default", 'SELECT COUNT(*) FROM "grant"') == before


@pytest.mark.parametrize("days", [89, 91])
def test_a_grant_lasts_no_longer_than_the_review_of_its_role(world: World, days: int) -> None:
    ask = _ask(world, role="clerk", category="support", purpose="support", until=world.house.clock.now() + days * DAY)
    if days == 89:
        world.house.do(world.ann, grants.grant, ask)
        return
    with pytest.raises(Invalid, match="beyond its review"):
        world.house.do(world.ann, grants.grant, ask)


@pytest.mark.parametrize("until", [-DAY, 0, 367 * DAY, 2**52])
def test_a_role_is_held_for_at_most_a_year_and_never_in_the_past(shop: World, until: int) -> None:
    ask = memberships.AssignRole(person=shop.cat.id, role="clerk", until=shop.house.clock.now() + until)
    with pytest.raises(Invalid):
        shop.house.do(shop.ann, memberships.assign_role, ask)


def test_who_left_is_given_nothing_any_more(world: World) -> None:
    world.house.do(world.ann, people.leave, people.OfPerson(person=world.cat.id))
    key, until = ids.text(world.dora), _soon(world)
    tries: list[tuple[Any, Any]] = [
        (memberships.assign_role, memberships.AssignRole(person=world.cat.id, role="clerk", until=until)),
        (assignments.assign_subject, assignments.AssignSubject(subject=key, person=world.cat.id, until=until)),
        (keys.make_key, keys.MakeKey(person=world.cat.id)),
        (people.move, people.Move(person=world.cat.id, roles=("clerk",))),
        (people.leave, people.OfPerson(person=world.cat.id)),
    ]
    for what, ask in tries:
        with pytest.raises(NotFound):
            world.house.do(world.ann, what, ask)


@pytest.mark.parametrize(
    "address",
    [
        "eve\uff20evil.example@shop.example",  # a full-width @ becomes a second one
        "\ufdfa@shop.example",  # one sign becomes several words
        "e\u0000ve@shop.example",
        "eve@shop..example",
        "x" * 70 + "@" + "y" * 300 + ".example",
        "\ufdfa" * 60 + "@shop.example",
    ],
)
def test_an_address_that_folds_into_something_else_is_refused(shop: World, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        shop.house.do(shop.ann, people.invite, people.Invite(name="Eve", email=address))
    assert address not in str(refused.value)


@pytest.mark.parametrize(
    "again", ["BOB@shop.example", " bob@shop.example", "\uff42ob@SHOP.example", "bob@shop.example"]
)
def test_an_address_taken_in_another_spelling_is_taken(shop: World, again: str) -> None:
    with pytest.raises(Conflict) as refused:
        shop.house.do(shop.ann, people.invite, people.Invite(name="Bob Two", email=again))
    assert refused.value.code == "taken"


def test_two_who_invite_one_address_at_once_get_one_person_and_no_address_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process is faster between the question and the insert."""
    monkeypatch.setattr("django.db.models.query.QuerySet.exists", lambda _: False)
    with pytest.raises(Conflict) as refused:
        world.house.do(world.ann, people.invite, people.Invite(name="Bob Two", email="bob@shop.example"))
    chain: BaseException | None = refused.value
    while chain is not None:
        assert "bob@" not in str(chain)
        chain = chain.__cause__


def test_an_answer_of_the_line_is_the_answer_of_the_gate(world: World) -> None:
    world.gate.start()
    ask = Ask(actor=world.bob, purpose="billing", subjects=(world.dora,), fields=(), clear=("billing.total",))
    [one] = bring(world, {"billing.total": "1.00"})
    waiting = [
        world.gate.ask(ask),
        world.gate.ask(replace(ask, subjects=(one,))),
        world.gate.ask(replace(ask, actor=world.cat)),
    ]
    assert isinstance(waiting[0].result(10), Answer)
    assert shown(waiting[1].result(10).items[0]) == {"billing.total": "1.00"}
    with pytest.raises(Denied):
        waiting[2].result(10)
    world.gate.stop()
    with pytest.raises(Unavailable):
        world.gate.ask(ask)
