"""The same story on a file or database of somebody's own: only read, and no value of it is ever shown but masked.

What is copied is copied into the throw-away home, sealed; the copies a thief takes of that home lie beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bailee.access import keys, people, roles
from bailee.access.words import Level
from bailee.datamap import outside, toml
from bailee.datamap.compile import CompiledMap, assign, compile_map
from bailee.datamap.outside import Kind
from bailee.demo import thief
from bailee.demo.home import found
from bailee.demo.story import NotHeld, Player, Stage, Step, Told, claim
from bailee.discovery import imports, plans, proposals, sources
from bailee.discovery.plans import About, Plan, Route, TablePlan
from bailee.kernel import ids
from bailee.kernel.errors import Denied, Gone, Invalid
from bailee.kernel.ids import SubjectId
from bailee.ledger import log
from bailee.vault.erasure import Basis, Erase, erase
from bailee.vault.words import Answer, Ask, Find

MOST: Final = 50_000
LIMITS: Final = (
    "It guesses by the names of columns: what it asks about is left out here. `bailee import plan` lets you answer.",
    "Backups from before an erasure hold the customer until the keys turn: not built yet.",
    "Your file lies where it lay, as plain as before. This was a try in a throw-away folder.",
)
_LEFT_OUT: Final = "not understood by its name; left out of the demo"
_SAMPLE: Final = 20_000
_TRIES: Final = 30
_SHOWN: Final = 3
_STAFF: Final = (("clerk", "Bob Clerk", "bob@demo.example"), ("support", "Sam Support", "sam@demo.example"))
_FINDERS: Final = (
    ("contact.email", "is"),
    ("contact.phone", "is"),
    ("contact.surname", "word"),
    ("contact.name", "word"),
)
_KINDS: Final[Mapping[str, tuple[str, int]]] = MappingProxyType({
    "email": ("e-mail addresses", 6),
    "phone": ("telephone numbers", 8),
    "name.given": ("names", 6),
    "name.family": ("names", 6),
    "name.full": ("names", 6),
    "address": ("addresses", 8),
    "text": ("companies and texts", 8),
})  # fmt: skip
"""What a thief looks for: kind of field → kind of value, and how long a value is at least to be looked for."""

# -- words


@dataclass
class Visit(Stage):
    """The story on somebody's own data: where it is, the plan that was made, whom the steps found."""

    plan: Plan = field(kw_only=True)
    compiled: CompiledMap = field(kw_only=True)
    left_out: int = field(kw_only=True)
    rows: int = field(kw_only=True)
    planted: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    met: list[SubjectId] = field(default_factory=list)
    met_by: str = field(default="", repr=False)

    @property
    def columns(self) -> list[Route]:
        return [route for table in self.plan.tables for route in table.columns.values()]

    @property
    def finder(self) -> tuple[str, str]:
        """The field that customers are found by, and how."""
        filled = {route.to for route in self.columns}
        return next(one for one in _FINDERS if one[0] in filled)


def visit(folder: Path, where: str) -> Visit:
    """Look at a source, read-only, and make a plan of what is understood.

    Raises:
        Invalid: nothing looks like customers, nobody could be found again, or it is too large for a demo.
        NotFound, Unavailable: it can't be opened.

    """
    made = toml.read(guest_map())
    compiled = compile_map(made, assign(made, {}), 1)
    about, catalogue = sources.looked_at(where)
    proposed = proposals.propose(catalogue, compiled, about).plan
    asked = sum(route.ask is not None for table in proposed.tables for route in table.columns.values())
    plan = _understood(proposed)
    customers = [table for table in plan.tables if table.about is About.CUSTOMER]
    if not any(table.about is About.CUSTOMER for table in proposed.tables):
        raise Invalid(
            "no table in it looks like one of customers",
            hint="a table named like customers, clients or patients with a key; or a CSV file with one row each",
        )
    filled = {route.to for table in customers for route in table.columns.values()}
    if not any(name in filled for name, _ in _FINDERS):
        raise Invalid(
            "no column of the customers is understood as e-mail, telephone or name",
            hint="`bailee import plan` makes a plan in which you say what each column is",
        )
    plans.must_stand(plan, compiled)
    with sources.opened(plan.source, customers[0].name) as source:
        rows = sum(source.rows.count(table.name) for table in plan.tables)
    if rows > MOST:
        raise Invalid(
            f"{rows:,} rows are too many for a demo, which takes {MOST:,}",
            hint="try it on a part of them, or bring them in for good with `bailee import`",
        )
    return Visit(folder, plan=plan, compiled=compiled, left_out=asked, rows=rows)


def guest_map() -> str:
    """The general data map for somebody's own data, as TOML."""
    return (resources.files(__package__) / "guest.toml").read_text("utf-8")


def _understood(plan: Plan) -> Plan:
    """Leave out what the plan asks about, and tables of which then nothing is left."""
    kept: list[TablePlan] = []
    ignored = dict(plan.ignored)
    for table in plan.tables:
        columns = {
            name: Route(ignore=_LEFT_OUT) if route.ask is not None else route for name, route in table.columns.items()
        }
        if not any(route.to is not None for route in columns.values()):
            ignored[table.name] = _LEFT_OUT
            continue
        key = table.key or tuple(name for name, route in columns.items() if route.to == "contact.email")[:1]
        kept.append(replace(table, key=key, columns=MappingProxyType(columns)))
    names = {table.name for table in kept}
    whole = [table for table in kept if table.about is About.CUSTOMER or table.of in names]
    return replace(plan, tables=tuple(whole), ignored=MappingProxyType(ignored))


# -- steps


def look(scene: Visit) -> Told:
    """Say what was understood; nothing but names of tables and columns is shown."""
    plan = scene.plan
    filled = sum(route.to is not None for route in scene.columns)
    return Told(
        {"tables": len(plan.tables), "ignored": len(plan.ignored), "columns": filled, "left_out": scene.left_out,
         "rows": scene.rows},
        heads=("table", "is about", "goes to"),
        rows=tuple(
            (
                table.name,
                "customers" if table.about is About.CUSTOMER else f"things of {table.of}",
                ", ".join(dict.fromkeys(_word(route.to) for route in table.columns.values() if route.to)),
            )
            for table in plan.tables[:6]
        ),
        after=(
            f"{filled} columns understood by name, {scene.left_out} left out; {len(plan.ignored)} tables stay out.",
        ),
    )  # fmt: skip


def _word(to: str) -> str:
    """The field's own name: `billing address` for `invoices.billing_address.city`."""
    return to.split(".")[1].replace("_", " ")


def move_in(scene: Visit) -> Told:
    """Make the home, note what a thief shall look for, check, run, and run again."""
    scene.house, scene.gate, owner = found(scene.home, guest_map())
    scene.opened = True
    scene.cast["owner"] = owner
    house = scene.house
    house.do(owner.actor, roles.add_roles, roles.AddRoles(roles=tuple(role for role, _, _ in _STAFF)))
    for role, name, email in _STAFF:
        issued = house.do(owner.actor, people.invite, people.Invite(name=name, email=email, roles=(role,))).value
        actor = keys.actor_of(house.policy, house.keys, issued.key, house.clock.now())
        scene.cast[role] = Player(name, actor, issued.key)
    plan, actor = scene.plan, owner.actor
    with sources.opened(plan.source, plan.tables[0].name) as source:
        ours = thief.search(thief.steal(scene.home, scene.folder / "stolen-empty"), wanted := _planted(scene, source))
        scene.planted = {
            kind: tuple(value for value in values if (kind, value) not in ours.which) for kind, values in wanted.items()
        }
        checked = imports.check(house, actor, plan, source)
        done = imports.run(house, scene.gate, actor, plan, source, scene.progress)
        again = imports.run(house, scene.gate, actor, plan, source)
    claim(done.total.new > 0, "no row could be brought in")
    claim(done.total.new + done.total.refused == checked.total.new + checked.total.refused, "the run met other rows")
    claim((again.total.new, again.total.changed) == (0, 0), "the second run wrote something")
    named = [one.kind for one in done.problems]
    return Told(
        {"rows": done.total.new, "refused": done.total.refused, "again_same": again.total.same,
         "notes": done.kinds.total() - done.stops},
        heads=("", *list(done.counts)[:6]),
        rows=(
            ("brought in", *(f"{one.new:,}" for one in list(done.counts.values())[:6])),
            ("kept out", *(f"{one.refused:,}" for one in list(done.counts.values())[:6])),
        ),
        after=(
            *(f"{done.kinds[kind.key]:,} x {kind.cause}" for kind in dict.fromkeys(named)),
            f"The same run again: {again.total.same:,} rows are the same, nothing is written twice.",
        )[-5:],
    )  # fmt: skip


def robbed(scene: Visit) -> Told:
    """Search the stolen home for the values that were brought in; then start the program on it."""
    _meet(scene)
    stolen = thief.steal(scene.home, scene.folder / "stolen")
    haul = thief.search(stolen, scene.planted)
    told = ", ".join(f"{count} {kind}" for kind, count in haul.found.items() if count)
    claim(haul.hits == 0, f"in the stolen home can be read: {told}")
    claim(haul.values > 0, "there was nothing to look for")
    plain = _in_plain(scene)
    claim(plain.hits > 0, "the same search finds nothing in the plain data either: it proves nothing")
    clerk, ask = scene.key_file("clerk"), thief.reveal(scene.met[0], scene.finder[0])
    shut = thief.run(stolen, clerk, *ask)
    claim(shut.status not in {0, _PARTLY}, "the stolen home opened without its root key")
    thief.steal(scene.custody, scene.folder / "stolen.custody")
    opened = thief.run(stolen, clerk, *ask)
    claim(opened.status in {0, _PARTLY}, "the same copy does not open with its root key either: no proof")
    return Told(
        {"values": haul.values, "found": haul.hits, "found_in_plain": plain.hits,
         "bytes": haul.size},
        heads=("the thief finds", "in your data", "in the stolen home"),
        rows=(
            *(
                (kind, f"{plain.found[kind]:,}", f"{haul.found[kind]:,} of {count:,}")
                for kind, count in haul.sought.items()
                if count
            ),
            ("our own program", "needs none", f"“{shut.refusal}”"),
        ),
        after=("The same copy opens with the keys beside it: they are what the thief lacks.",),
    )  # fmt: skip


def _in_plain(scene: Visit) -> thief.Haul:
    """The same search where the values are known to be: in the file itself, or in what a database gave."""
    if scene.plan.source.kind is Kind.POSTGRESQL:
        return thief.search_bytes(
            ["\n".join(value for values in scene.planted.values() for value in values).encode()], scene.planted
        )
    return thief.search(outside.path_of(scene.plan.source.where), scene.planted)


_PARTLY: Final = 8
"""How the program ends that shows a part, or shows it masked."""


def masked(scene: Visit) -> Told:
    """Show a few customers as support sees them, masked; the owner sees nothing."""
    names = ("contact.given_name", "contact.surname", "contact.name", "contact.email", "contact.phone")
    filled = {route.to for route in scene.columns}
    fields = tuple(name for name in names if name in filled)
    rows = []
    for subject in scene.met[:_SHOWN]:
        answer = scene.gate.read(
            Ask(actor=scene.actor("support"), purpose="support", subjects=(subject,), fields=(), clear=fields)
        )
        shown = {name: one for record in answer.items[0].records for name, one in record.values.items()}
        claim(bool(shown), "support sees nothing of a customer")
        claim(all(one.level < Level.CLEAR and "•" in one.text for one in shown.values()), "a value was shown unmasked")
        rows.append(tuple(shown[name].text if name in shown else "" for name in fields))
    try:
        scene.gate.read(
            Ask(actor=scene.actor("owner"), purpose="support", subjects=(scene.met[0],), fields=fields, clear=())
        )
    except Denied as error:
        why = str(error)
    else:
        raise NotHeld("the owner was shown customers' data")
    reads = scene.house.see(scene.actor("owner"), log.entries, log.Newest(limit=1000, event="data.read"))
    claim(len(reads) == len(rows), "the ledger has other reads than were made")
    return Told(
        {"customers": len(rows), "fields": len(fields), "entries": len(reads)},
        heads=tuple(name.partition(".")[2].replace("_", " ") for name in fields),
        rows=tuple(rows),
        after=(f"{len(reads)} answers, {len(reads)} entries. The owner of the house: “{why}”.",),
    )


def finding(scene: Visit) -> Told:
    """Find somebody by a value that is not shown here, and nobody by one that is not there."""
    name, _ = scene.finder
    clock = scene.house.clock
    begun = clock.now()
    answer = _find(scene, scene.met_by)
    took = (clock.now() - begun) / 1000
    claim(scene.met[0] in {item.subject for item in answer.items}, "a customer was not found")
    absent = {"contact.email": "nobody@nowhere.example", "contact.phone": "+15035550199"}.get(name, "qqzzxxqq")
    claim(not _find(scene, absent).items, "somebody was found who is not there")
    shown = [one.text for item in answer.items[:1] for record in item.records for one in record.values.values()]
    claim(all("•" in text for text in shown), "a search showed a value unmasked")
    return Told(
        {"found": len(answer.items), "milliseconds": round(took, 1)},
        rows=(
            ("looked for", f"a value of {_word(name)} out of your data, not shown here"),
            ("found", f"{len(answer.items)} in {took:.0f} ms, shown as {', '.join(shown)}"),
            ("looked for", "a value that is not there: nobody found"),
        ),
    )


def erasing(scene: Visit) -> Told:
    """Erase one customer of the copy; verify the receipt; see that the others are as before."""
    subject, other = scene.met[0], scene.met[-1]
    key = scene.house.signer.vkey
    before = _seen(scene, other)
    done = erase(scene.house, scene.actor("owner"), Erase(subject=ids.text(subject), basis=Basis.REQUEST))
    receipt = scene.folder / "receipt"
    receipt.write_text(done.receipt.file(), "utf-8")
    claim(thief.verify(str(receipt), "--key", key).status == 0, "the receipt does not verify")
    try:
        _seen(scene, subject)
    except Gone:
        pass
    else:
        raise NotHeld("an erased customer still opens")
    claim(subject not in {item.subject for item in _find(scene, scene.met_by).items}, "an erased customer was found")
    claim(other == subject or _seen(scene, other) == before, "another customer lost something")
    copy = thief.steal(scene.home, scene.folder / "stolen-after") / "data.db"
    claim(thief.verify(str(copy), "--key", key).status == 0, "the ledger does not verify any more")
    return Told(
        {"entries": scene.entries(), "others": int(other != subject)},
        rows=(
            ("opening them", "“this customer was erased”"),
            ("finding them", "nobody"),
            ("the receipt", "verified from outside, with the public key alone"),
            ("the ledger", f"{scene.entries()} entries, verified from outside"),
            ("another customer", "all as before" if other != subject else "there is no other"),
        ),
    )


# -- inside


def _planted(scene: Visit, source: sources.Source) -> dict[str, tuple[str, ...]]:
    """Values of the source that a thief would want, the first twenty thousand of each table; kept in memory only."""
    made: dict[str, dict[str, None]] = {}
    for table in scene.plan.tables:
        for column, kind, shortest in _sought(table, scene.compiled):
            for at, row in enumerate(source.rows.rows(table.name, [column], table.key)):
                if at >= _SAMPLE:
                    break
                cell = row.cells[0]
                if isinstance(cell, str) and len(cell.strip()) >= shortest:
                    made.setdefault(kind, {})[cell.strip()] = None
    return {kind: tuple(values) for kind, values in made.items()}


def _sought(table: TablePlan, compiled: CompiledMap) -> Iterator[tuple[str, str, int]]:
    """Columns whose values tell who somebody is: towns and countries do not."""
    for name, route in table.columns.items():
        if route.to is None:
            continue
        target = plans.target(route.to, compiled)
        if target.field.type.key in _KINDS and target.part in {None, "street"}:
            yield (name, *_KINDS[target.field.type.key])


def _meet(scene: Visit) -> None:
    """Find a few customers by values of the source: who was kept out is not found, so more are tried."""
    name, _ = scene.finder
    table = next(one for one in scene.plan.tables if any(route.to == name for route in one.columns.values()))
    column = next(column for column, route in table.columns.items() if route.to == name)
    with sources.opened(scene.plan.source, table.name) as source:
        for tried, row in enumerate(source.rows.rows(table.name, [column], table.key)):
            if tried >= _TRIES or len(scene.met) > _SHOWN:
                break
            cell = row.cells[0]
            if not isinstance(cell, str) or not cell.strip():
                continue
            answer = _find(scene, cell.strip())
            if answer.items and answer.items[0].subject not in scene.met:
                scene.met.append(answer.items[0].subject)
                scene.met_by = scene.met_by or cell.strip()
    claim(bool(scene.met), f"nobody was found by {name}")


def _find(scene: Visit, value: str) -> Answer:
    name, how = scene.finder
    value = value.rpartition(" ")[2] if how == "word" else value
    return scene.gate.find(
        Find(actor=scene.actor("support"), purpose="support", field=name, how=how, value=value, limit=20)
    )


def _seen(scene: Visit, subject: SubjectId) -> list[tuple[str, str]]:
    """Everything that the clerk sees of somebody; compared, never shown."""
    fields = tuple(dict.fromkeys(name for name in scene.compiled.fields if name.startswith(("contact.", "invoices."))))
    answer = scene.gate.read(
        Ask(actor=scene.actor("clerk"), purpose="billing", subjects=(subject,), fields=(), clear=fields)
    )
    return sorted((name, one.text) for record in answer.items[0].records for name, one in record.values.items())


STEPS: Final = (
    Step("look", "What is in it", "Your data is only read. A plan is proposed from names of tables and columns.",
         "what is understood is said, and what is not is left out", look),
    Step("import", "A sealed copy moves in", "All is checked, then brought into the throw-away home, sealed.",
         "what was wrong is named; a second run changes nothing", move_in),
    Step("theft", "The home is stolen", "Somebody copies the whole home and a clerk's key, but not the keys beside it.",
         "a stolen copy of disk or database shows nothing", robbed),
    Step("roles", "Masked until needed", "Support looks at a few of your customers; the owner tries to.",
         "who needs little sees little; the owner sees nothing", masked),
    Step("find", "Found, though unreadable", "Support looks for one of them by a value that is nowhere on the disk.",
         "encrypted data is found", finding),
    Step("erase", "Erased, with a receipt", "One customer of the copy is erased; your own file keeps them.",
         "who is erased is gone here, with a receipt to prove it", erasing),
)  # fmt: skip
