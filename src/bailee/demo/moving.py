"""Steps 1 to 4: the old shop lies open, a home is made, its customers move in by a plan, and the home is robbed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bailee.access import keys, people, roles
from bailee.custody.providers.file import FileCustodian
from bailee.datamap import versions
from bailee.demo import thief
from bailee.demo.company import SLIPS, company_map
from bailee.demo.home import found
from bailee.demo.story import Player, Scene, Step, Told, claim
from bailee.discovery import imports, proposals, sources
from bailee.discovery.plans import Plan, Route
from bailee.discovery.problems import Level
from bailee.kernel.errors import Invalid
from bailee.ledger import log
from bailee.ledger.facts import LaneOpened

STAFF: Final = (
    ("clerk", "Bob Clerk", "bob@demo.example"),
    ("marketing", "Mia Marketing", "mia@demo.example"),
    ("support", "Sam Support", "sam@demo.example"),
    ("clinician", "Dr. Cleo Clinician", "cleo@demo.example"),
)
ANSWERS: Final[Mapping[tuple[str, str], str]] = MappingProxyType({
    ("invoices", "invoice_no"): "billing.invoice_no",
    ("invoices", "invoice_date"): "billing.invoiced",
    ("invoices", "total"): "billing.total",
    ("orders", "order_date"): "orders.ordered",
    ("tickets", "ticket_no"): "support.ticket_no",
    ("tickets", "opened"): "support.opened",
    ("tickets", "message"): "support.message",
    ("visits", "visit_date"): "health.visit",
    ("visits", "diagnosis"): "health.diagnosis",
    ("visits", "notes"): "health.notes",
    ("visits", "insurance_no"): "health.insurance",
})  # fmt: skip
"""What a person of the company answers to the questions that the proposed plan asks."""


def old_shop(scene: Scene) -> Told:
    """Write the old database, and read it as anybody can."""
    scene.company.write(scene.shop)
    planted = scene.company.planted()
    haul = scene.plain = thief.search(scene.shop, planted)
    claim(haul.found == haul.sought, "the search misses values that lie there in plain: it would prove nothing later")
    one = scene.heroes()[0]
    return Told(
        {"customers": len(scene.company.customers), "values": haul.values, "found": haul.hits, "bytes": haul.size},
        lines=(
            "strings shop.sqlite      (no password, no program of ours, no trace)",
            f"  {one.name}  {one.email}",
            f"  {one.phone}  {one.card}  {one.expires}",
            f"  {one.visits[0].code}  {one.visits[0].notes.partition(';')[0]} …",
            f"Found so: {haul.hits:,} of {haul.values:,} values of {len(scene.company.customers)} invented customers.",
        ),
    )


def new_home(scene: Scene) -> Told:
    """Make the home, take four people in, and look where the keys lie."""
    scene.house, scene.gate, owner = found(scene.home, company_map())
    scene.opened = True
    scene.cast["owner"] = owner
    house = scene.house
    house.do(owner.actor, roles.add_roles, roles.AddRoles(roles=tuple(role for role, _, _ in STAFF)))
    for role, name, email in STAFF:
        issued = house.do(owner.actor, people.invite, people.Invite(name=name, email=email, roles=(role,))).value
        actor = keys.actor_of(house.policy, house.keys, issued.key, house.clock.now())
        scene.cast[role] = Player(name, actor, issued.key)
    config = house.config
    claim(not config.key_file.is_relative_to(scene.home), "the root key lies inside the home")
    claim(config.key_file.stat().st_mode & 0o077 == 0, "other users may read the root key")
    copy = thief.steal(scene.home, scene.folder / "stolen-new")
    root = config.key_file.read_text("ascii").strip()
    claim(thief.search(copy, {"root key": [root]}).hits == 0, "the root key can be read in the home")
    _refuse_inside(scene, copy)
    first = house.see(owner.actor, log.entry, log.At(index=0))
    claim(first.event == LaneOpened.name, "entry 0 is not the opening of the ledger")
    house.sign()
    ledger = thief.steal(scene.home, scene.folder / "first-ledger") / "data.db"
    held = thief.verify(str(ledger), "--key", house.signer.vkey)
    claim(held.status == 0, "the new ledger does not verify under the public key")
    size, sealed = scene.entries(), sum(1 for _ in (scene.custody / "epochs").iterdir())
    return Told(
        {"people": len(scene.cast), "entries": size, "sealed_keys": sealed},
        rows=(
            ("the home", ", ".join(path.name for path in sorted(scene.home.iterdir()) if path.suffix in _SHOWN)),
            ("beside it", f"home.custody: root.key, and {sealed} keys sealed under it"),
            ("people", ", ".join(scene.cast)),
            ("entry 0", first.says),
            ("the ledger", f"{size} entries, verified from outside with the public key"),
            ("public key", house.signer.vkey),
        ),
    )


_SHOWN: Final = frozenset({".db", ".json", ".toml"})


def _refuse_inside(scene: Scene, copy: Path) -> None:
    """A root key that would be copied with the data is refused."""
    inside = copy / "root.key"
    inside.write_text(scene.house.config.key_file.read_text("ascii"), "ascii")
    inside.chmod(0o600)
    try:
        FileCustodian(inside, copy)
    except Invalid:
        return
    finally:
        inside.unlink()
    claim(False, "a root key inside the home was accepted")


def answered(plan: Plan, answers: Mapping[tuple[str, str], str]) -> Plan:
    """Put a person's answers into a proposed plan."""
    tables = tuple(
        replace(
            table,
            columns=MappingProxyType(
                {
                    name: Route(to=answers[table.name, name]) if (table.name, name) in answers else route
                    for name, route in table.columns.items()
                }
            ),
        )
        for table in plan.tables
    )
    return replace(plan, tables=tables)


def moving_in(scene: Scene) -> Told:
    """Propose a plan, answer it, check everything, run it, and run it again."""
    owner = scene.actor("owner")
    rows = {name: len(lines) for name, lines in scene.company.tables().items()}
    slips = [(table, rows[table] - at) for table, lines in SLIPS.items() for at in range(len(lines))]
    about, catalogue = sources.looked_at(str(scene.shop))
    proposed = proposals.propose(catalogue, versions.current(), about).plan
    asked = [(table.name, name) for table in proposed.tables for name, route in table.columns.items() if route.ask]
    claim(set(asked) <= ANSWERS.keys(), "the proposed plan asks what nobody of the company answers")
    plan = answered(proposed, ANSWERS)
    before = scene.entries()
    with sources.opened(plan.source, "") as source:
        checked = imports.check(scene.house, owner, plan, source)
        written = scene.entries() - before
        claim(written == 1, "checking wrote more than that it was done")
        done = imports.run(scene.house, scene.gate, owner, plan, source, scene.progress)
        again = imports.run(scene.house, scene.gate, owner, plan, source)
    for report, what in ((checked, "the check"), (done, "the run")):
        named = [(one.table, one.row) for one in report.problems if one.kind.level is Level.STOP]
        claim(sorted(named) == sorted(slips), f"{what} named other rows than the wrong ones")
        claim(report.total.new == sum(rows.values()) - len(slips), f"{what} counts other rows than there are")
    claim((again.total.new, again.total.changed) == (0, 0), "the second run wrote something")
    columns = [route for table in plan.tables for route in table.columns.values()]
    heads, understood = tuple(done.counts), len(columns) - len(asked)
    wrong = [one for one in checked.problems if one.kind.level is Level.STOP]
    return Told(
        {"rows": done.total.new, "refused": done.total.refused, "asked": len(asked), "columns": len(columns),
         "again_new": again.total.new, "again_same": again.total.same},
        lines=(
            f"The plan: {len(columns)} columns; {understood} understood by name, {len(asked)} asked and answered.",
            "The check, before anything is written, finds what is wrong:",
            *(f"  {one.table}, row {one.row}: {one.kind.cause}" for one in wrong),
        ),
        heads=("", *heads),
        rows=(
            ("brought in", *(f"{done.counts[name].new:,}" for name in heads)),
            ("kept out, named", *(str(done.counts[name].refused or "") for name in heads)),
        ),
        after=(f"The same run again: {again.total.same:,} rows are the same, nothing is written twice.",),
    )  # fmt: skip


def robbed(scene: Scene) -> Told:
    """Steal everything but the custody folder; search it, try its strings as keys, start the program on it."""
    planted = scene.company.planted()
    hero = scene.heroes()[0]
    claim(scene.find("clerk", "billing", hero) is not None, "the clerk does not find a customer by e-mail")
    stolen = thief.steal(scene.home, scene.folder / "stolen")
    haul = thief.search(stolen, planted)
    told = ", ".join(f"{count} {kind}" for kind, count in haul.found.items() if count)
    claim(haul.hits == 0, f"in the stolen home can be read: {told}")
    plain = scene.plain
    claim(plain.sought == haul.sought, "the old database was searched for other values")
    contact = versions.current().categories["contact"].id
    tried, fit = thief.fits(thief.strings(stolen / "keys.db"), stolen / "keys.db", scene.house.id, contact)
    claim(fit == 0, "a key of the contact data lies in the stolen key store")
    control = thief.fits([scene.house.ring.current(contact).raw], stolen / "keys.db", scene.house.id, contact)
    claim(control == (1, 1), "the attempt would not know the true key")
    clerk = scene.key_file("clerk")
    ask = thief.reveal(scene.who(hero), "contact.email")
    shut = thief.run(stolen, clerk, *ask)
    claim(shut.status != 0 and hero.email not in shut.said, "the stolen home opened without its root key")
    thief.steal(scene.custody, scene.folder / "stolen.custody")
    opened = thief.run(stolen, clerk, *ask)
    claim(opened.status == 0 and hero.email in opened.said, "the copy does not open with its root key either")
    return Told(
        {"values": haul.values, "spellings": haul.spellings, "found": haul.hits, "found_in_the_old_shop": plain.hits,
         "bytes": haul.size, "strings_tried": tried, "strings_that_fit": fit},
        heads=("the thief finds", "in the old shop", "in the stolen home"),
        rows=(
            *(
                (words, f"{_sum(plain, kinds):,}", f"{_sum(haul, kinds):,}")
                for words, kinds in KINDS
            ),
            ("strings tried as key", "needs none", f"{fit} of {tried:,} fit"),
            ("our own program", "needs none", f"“{shut.refusal}”"),
        ),
        after=("The same copy opens with the keys beside it: they are what the thief lacks.",),
    )  # fmt: skip


KINDS: Final = (
    ("names, addresses", ("names", "addresses")),
    ("e-mail, telephone", ("e-mail addresses", "telephone numbers")),
    ("card numbers", ("card numbers",)),
    ("health, insurance", ("health notes", "insurance numbers")),
    ("messages", ("messages",)),
)


def _sum(haul: thief.Haul, kinds: tuple[str, ...]) -> int:
    return sum(haul.found[kind] for kind in kinds)


STEPS: Final = (
    Step(
        "shop",
        "The old shop",
        "A small business keeps its customers in a plain file. Who has it, reads it.",
        "the danger is real, and the search used below sees it",
        old_shop,
    ),
    Step(
        "init",
        "A home is made",
        "Two stores, a ledger, and keys beside the home: a copied home opens nothing.",
        "keys lie apart; the record begins before any customer",
        new_home,
    ),
    Step(
        "import",
        "The customers move in, by a plan",
        "A plan is proposed, a person answers what it asks, all is checked, then run.",
        "all move in at once; what is wrong is named first",
        moving_in,
    ),
    Step(
        "theft",
        "The home is stolen",
        "Somebody copies the whole home and a clerk's key, but not the keys beside it.",
        "a stolen copy of disk or database shows nothing",
        robbed,
    ),
)
