"""Cat holds no grant and no permission: whatever she asks is refused, and the refusal is all that is written."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests import homes, postgres
from tests.kernel import registries

from bailee.access.assignments import AssignSubject
from bailee.access.grants import Forbid, Grant, Of, Revoke
from bailee.access.keys import MakeKey
from bailee.access.limits import LimitKind
from bailee.access.memberships import AssignRole
from bailee.access.people import Everybody, Found, Invite, Move, OfPerson
from bailee.access.roles import AddRoles
from bailee.access.who import What, Who, Why
from bailee.cli import generated
from bailee.datamap import versions
from bailee.discovery import imports
from bailee.kernel.errors import Denied
from bailee.kernel.permissions import Permission
from bailee.ledger import log, tables
from bailee.ledger.entries import opened
from bailee.ledger.facts import ActDenied
from bailee.vault.erasure import Basis, Erase
from bailee.vault.holds import PlaceHold, ReleaseHold
from bailee.vault.preferences import Prefer
from bailee.vault.unlocks import UnlockBulk, UnlockMore

ID = "0192f0c1-7f3a-7c11-9a52-5d0c3f6b1e77"
DIGEST = "ab" * 32

ASKS: dict[str, Any] = {
    "access.add_roles": AddRoles(roles=("clerk",)),
    "access.assign_role": AssignRole(person=ID, role="clerk", until=2**52),
    "access.assign_subject": AssignSubject(subject=ID, person=ID, until=2**52),
    "access.forbid": Forbid(category="billing", purpose="*", operation="*", role="clerk", reason=""),
    "access.found": Found(name="Eve", email="eve@shop.example"),
    "access.grant": Grant(category="billing", purpose="billing", until=2**52, role="clerk", reason=""),
    "access.invite": Invite(name="Eve", email="eve@shop.example"),
    "access.leave": OfPerson(person=ID),
    "access.make_key": MakeKey(person=ID),
    "access.move": Move(person=ID, roles=("clerk",)),
    "access.revoke": Revoke(grant=1, reason=""),
    "datamap.adopt": versions.Adopt(toml="", base_version=1),
    "discovery.import_begin": imports.Begin(plan=DIGEST, source=DIGEST),
    "discovery.import_check": imports.Checked(
        plan=DIGEST, source=DIGEST, new=1, same=0, changed=0, refused=0, problems=()
    ),
    "discovery.import_end": imports.End(run=ID, new=1, same=0, changed=0, refused=0, gone=0, problems=()),
    "vault.erase": Erase(subject=ID, basis=Basis.REQUEST),
    "vault.hold": PlaceHold(subject=ID, review_on=2**52, reason="a court asked"),
    "vault.prefer": Prefer(subject=ID, purpose="marketing", kind=next(iter(LimitKind)), given=True),
    "vault.release": ReleaseHold(hold=ID),
    "vault.unlock_bulk": UnlockBulk(purpose="billing", most=500, reason="the yearly letter"),
    "vault.unlock_more": UnlockMore(purpose="billing", most=50_000, reason="the yearly letter"),
}
LOOK_ASKS: dict[str, Any] = {
    "access.grants": Of(),
    "access.people": Everybody(),
    "access.roles": versions.Nothing(),
    "access.what": What(person=ID),
    "access.who": Who(target="billing.total"),
    "access.why": Why(person=ID, field="billing.total", purpose="billing"),
    "datamap.map": versions.Nothing(),
    "discovery.imports": imports.Runs(),
    "ledger.entries": log.Newest(),
    "ledger.entry": log.At(index=0),
    "ledger.state": log.Nothing(),
    "vault.census": versions.Nothing(),
}
"""One valid ask for each: a new act or look without one fails here."""

OPEN = {
    "access.found": Permission.ANYONE,  # works once, in an empty house
    "ledger.state": Permission.ANYONE,
    "vault.census": Permission.ANYONE,
    "vault.unlock_bulk": Permission.SELF,  # an unlock gives nothing without a grant
    "vault.unlock_more": Permission.SELF,
}


STEPS = {"discovery.import_begin", "discovery.import_check", "discovery.import_end"}
"""Parts of `bailee import`, no commands of their own."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shop(
    request: pytest.FixtureRequest, template_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[homes.World]:
    if request.param == "postgres":
        try:
            postgres.server()
        except postgres.Missing as why:
            pytest.skip(str(why))
    with homes.opened(homes.template(template_base, request.param), tmp_path_factory.mktemp("strangers")) as world:
        yield world


def rows() -> dict[str, str]:
    """A digest of every table, but for the ledger's own, which a refusal grows."""
    found = {}
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            for name in connections[alias].introspection.table_names(cursor):
                if not name.startswith("ledger_"):
                    cursor.execute(f'SELECT * FROM "{name}"')
                    found[f"{alias}.{name}"] = sha256(repr(sorted(map(repr, cursor.fetchall()))).encode()).hexdigest()
    return found


def kinds(since: int) -> list[tuple[int, str]]:
    """Tag and act of the entries since an index."""
    found = tables.Entry.objects.filter(idx__gte=since).order_by("idx")
    return [(row.tag, opened(bytes(row.body or b""), bytes(row.leaf)).facts.get("act", "")) for row in found]


def test_every_act_and_look_has_an_ask_here() -> None:
    assert (sorted(ASKS), sorted(LOOK_ASKS)) == (sorted(registries.acts()), sorted(registries.looks()))


def test_only_these_are_open_to_everybody() -> None:
    everything: dict[str, Any] = {**registries.acts(), **registries.looks()}
    assert {name: one.needs for name, one in everything.items() if one.needs in {"anyone", "self"}} == OPEN


@pytest.mark.parametrize("name", sorted(ASKS.keys() - OPEN))
def test_cat_is_refused_and_nothing_but_the_refusal_is_written(shop: homes.World, name: str) -> None:
    before, since = rows(), tables.Entry.objects.count()
    with pytest.raises(Denied) as refused:
        shop.house.do(shop.cat, registries.acts()[name], ASKS[name])
    assert refused.value.code == "not-granted"
    assert [(ActDenied.tag, name)] == kinds(since)
    assert before == rows()


@pytest.mark.parametrize("name", sorted(LOOK_ASKS.keys() - OPEN))
def test_cat_sees_nothing_and_the_refusal_is_written(shop: homes.World, name: str) -> None:
    before, since = rows(), tables.Entry.objects.count()
    with pytest.raises(Denied) as refused:
        shop.house.see(shop.cat, registries.looks()[name], LOOK_ASKS[name])
    assert refused.value.code == "not-granted"
    assert [(ActDenied.tag, name)] == kinds(since)
    assert before == rows()


def test_a_house_has_one_founder(shop: homes.World) -> None:
    before = rows()
    with pytest.raises(Exception, match="already"):
        shop.house.do(shop.cat, registries.acts()["access.found"], ASKS["access.found"])
    assert before == rows()


@pytest.mark.parametrize("name", sorted(ASKS))
def test_every_act_says_what_it_is_what_it_needs_and_what_it_states(name: str) -> None:
    act = registries.acts()[name]
    assert act.says.endswith(".")
    assert isinstance(act.needs, Permission)
    assert isinstance(ASKS[name], act.ask)
    assert act.events
    assert all(kind.says and registries.events()[kind.tag] is kind for kind in act.events)


@pytest.mark.parametrize("name", sorted(ASKS | LOOK_ASKS))
def test_every_act_and_look_is_a_command(name: str) -> None:
    commands = dict(generated.acts() if name in ASKS else generated.looks())
    assert name in commands.keys() | generated.SPOKEN_FOR.keys() | STEPS
