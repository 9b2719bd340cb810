"""Steps 5 to 7: everybody sees their part and no more; customers are found though unreadable; all is recorded."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bailee.access.assignments import AssignSubject, assign_subject
from bailee.access.limits import LimitKind
from bailee.access.words import Level
from bailee.demo import thief
from bailee.demo.company import Customer
from bailee.demo.story import NotHeld, Row, Scene, Step, Told, claim
from bailee.kernel import ids
from bailee.kernel.clock import DAY
from bailee.kernel.errors import Unavailable
from bailee.ledger import log
from bailee.ledger.log import Line
from bailee.vault.history import history
from bailee.vault.preferences import Prefer, prefer
from bailee.vault.words import Ask, Find

LAST4: Final = "card_last4.last4"
CASE: Final = "T-1042"
_LAST: Final = 4


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody shall see of a customer for a purpose: fields in the clear, fields masked, fields refused."""

    role: str
    purpose: str
    clear: tuple[str, ...]
    masked: tuple[str, ...]
    hidden: tuple[str, ...]
    sees: str
    case: str | None = None


CLERK: Final = Part(
    "clerk",
    "billing",
    ("contact.email", "contact.surname", "billing.total"),
    ("contact.phone", "card_last4.last4"),
    ("card.number", "health.notes", "support.message"),
    "name, e-mail, amounts, phone {phone}, card … {last4}",
)
MARKETING: Final = Part(
    "marketing",
    "offers",
    ("contact.email", "contact.given_name"),
    ("contact.phone",),
    ("card.number", "health.notes", "billing.total"),
    "name, e-mail, phone {phone}",
)
SUPPORT: Final = Part(
    "support",
    "support",
    (),
    ("contact.email", "contact.phone"),
    ("support.message", "orders.items"),
    "e-mail {email}, phone {phone}",
)
CASED: Final = Part(
    "support",
    "support",
    ("contact.email", "support.message", "orders.items"),
    (),
    ("card.number", "health.notes"),
    "e-mail, messages, orders",
    CASE,
)
CLINICIAN: Final = Part(
    "clinician",
    "care",
    ("contact.email", "health.diagnosis", "health.notes"),
    (),
    ("card.number", "support.message", "billing.total"),
    "e-mail, diagnosis {diagnosis}, notes",
)


def _truth(one: Customer) -> dict[str, set[str]]:
    """What the old database said of a customer, by field."""
    return {
        "contact.given_name": {one.given_name},
        "contact.surname": {one.surname},
        "contact.email": {one.email},
        "contact.phone": {one.phone},
        "billing.total": {total for _, _, total in one.invoices},
        "card.number": {one.card.replace(" ", "")},
        LAST4: {one.card[-4:]},
        "health.diagnosis": {visit.code for visit in one.visits},
        "health.notes": {visit.notes for visit in one.visits},
        "orders.items": {goods for _, _, goods in one.orders},
        "support.message": {text for _, _, text in one.tickets},
    }


def check_part(scene: Scene, part: Part, customer: Customer) -> tuple[str, str]:
    """Hold what somebody is shown against what they shall see; answers both halves in words.

    Raises:
        NotHeld: a value is missing, wrong, shown too openly, or not refused.

    """
    truth = _truth(customer)
    shown = scene.read(part.role, part.purpose, customer, (*part.clear, *part.masked), part.case)
    for name in part.clear:
        texts = {_plain(name, text) for level, text in shown.get(name, ()) if level is Level.CLEAR}
        claim(texts == {_plain(name, text) for text in truth[name]}, f"{part.role} did not see {name} as it is")
    for name in part.masked:
        found = shown.get(name, [])
        claim(bool(found), f"{part.role} saw nothing of {name}")
        hidden = all(level is not Level.CLEAR and _is_masked(name, text, truth[name]) for level, text in found)
        claim(hidden, f"{part.role} saw more of {name} than its mask")
    for name in part.hidden:
        why = scene.refused(part.role, part.purpose, customer, [name], part.case)
        claim(why.startswith("not granted: "), f"{part.role} was refused {name} for another reason than the grants")
    first = {name.rpartition(".")[2]: found[0][1] for name, found in shown.items()}
    return part.sees.format(**first), ", ".join(_WORDS[name] for name in part.hidden)


def _plain(name: str, text: str) -> str:
    """Write a value in the one form in which the old database and the vault can be compared: 82.9 is 82.90."""
    return str(Decimal(text).normalize()) if name == "billing.total" else text


def _is_masked(name: str, text: str, values: set[str]) -> bool:
    """At most four signs of a value in a row, the rest covered; of a card its last four digits are all there is.

    A masked e-mail address keeps its ending (`.example`), by which nobody is told apart.
    """
    if name == LAST4:
        return text in values
    if name == "contact.email":
        values = {value.rpartition(".")[0] for value in values}
    pieces = (value[at : at + _LAST + 1] for value in values for at in range(max(1, len(value) - _LAST)))
    return "•" in text and not any(piece in text for piece in pieces)


_WORDS: Final = {
    "billing.total": "amounts",
    "card.number": "card number",
    "health.notes": "health",
    "orders.items": "orders",
    "support.message": "messages",
}


def parts(scene: Scene) -> Told:
    """Five people look at one customer; the sixth owns the house and sees nothing."""
    hero, other = scene.heroes()[:2]
    owner, until = scene.actor("owner"), scene.house.clock.now() + DAY
    for one in (hero, other):
        claim(scene.find("clerk", "billing", one) is not None, "the clerk does not find a customer by e-mail")
    rows: list[Row] = []

    def row(who: str, part: Part) -> None:
        rows.append((who, *check_part(scene, part, hero)))

    row("clerk", CLERK)
    row("marketing", MARKETING)
    no = scene.refused("marketing", "newsletter", hero, ["contact.email"])
    claim("consent" in no, "the newsletter was refused for another reason than consent")
    subject = ids.text(scene.who(hero))
    scene.house.do(owner, prefer, Prefer(subject=subject, purpose="newsletter", kind=LimitKind.CONSENT))
    yes = scene.read("marketing", "newsletter", hero, ["contact.email"])
    claim(yes["contact.email"][0][1] == hero.email, "consent did not open the newsletter")
    claim("consent" in scene.refused("marketing", "newsletter", other, ["contact.email"]), "consent reached another")
    rows.append(("newsletter", "e-mail, once they said yes", "who did not say yes"))
    row("support", SUPPORT)
    ask = AssignSubject(subject=subject, person=scene.actor("support").id, until=until, case=CASE)
    scene.house.do(owner, assign_subject, ask)
    row("support, a case", CASED)
    ask = AssignSubject(subject=subject, person=scene.actor("clinician").id, until=until)
    scene.house.do(owner, assign_subject, ask)
    row("clinician", CLINICIAN)
    stranger = scene.refused("clinician", "care", other, ["health.notes"])
    for purpose in ("care", "billing", "support"):
        scene.refused("owner", purpose, hero, ["contact.email", "contact.phone"])
    rows.append(("owner", "nothing", "everything"))
    return Told(
        {"people": 5, "reveals": len(scene.reveals), "refusals": scene.refusals},
        heads=("who", "sees", "is refused"),
        rows=tuple(rows),
        after=(f"In words, for another's patient: “{stranger}”.",),
    )


def finding(scene: Scene) -> Told:
    """Find by e-mail, in another spelling; and show that the index tells a thief nothing."""
    hero = scene.heroes()[0]
    copy = thief.steal(scene.home, scene.folder / "stolen-index")
    rows = thief.index_rows(copy / "data.db")
    claim(len(rows) == len(scene.company.customers), "the index does not hold one row per e-mail address")
    kept = set(rows)
    guesses = [digest for one in scene.company.customers for digest in thief.digests(one.email)]
    claim(not kept & set(guesses), "the index holds a digest that anybody can compute")
    planted = {"e-mail addresses": [one.email for one in scene.company.customers]}
    claim(thief.search(copy / "data.db", planted).hits == 0, "an e-mail address can be read in the stolen index")
    loud = scene.house.clock.now()
    found = scene.gate.find(_ask(scene, hero.email.upper()))
    took = (scene.house.clock.now() - loud) / 1000
    claim([item.subject for item in found.items] == [scene.who(hero)], "a customer was not found by e-mail")
    missing = scene.gate.find(_ask(scene, f"nobody{len(rows)}@nowhere.example"))
    claim(not missing.items, "somebody was found who is not there")
    domain = hero.email.rpartition("@")[2]
    same = [one for one in scene.company.customers if one.email.endswith(f"@{domain}")]
    page = scene.gate.find(_ask(scene, domain, "domain"))
    claim(0 < len(page.items) <= len(same), "a search by domain found the wrong customers")
    return Told(
        {"rows": len(rows), "guesses": len(guesses), "milliseconds": round(took, 1), "of_domain": len(same)},
        rows=(
            ("the index on the disk", f"{rows[0].hex()}, {len(rows):,} rows alike"),
            ("the thief's attempt", f"{len(guesses):,} digests of true addresses: none is there"),
            ("the clerk asks for", hero.email.upper()),
            ("the house answers", f"1 customer, in {took:.0f} ms, masked until more is asked for"),
            ("by domain", f"{domain}: {len(page.items)} on the first page"),
            ("by what is not there", "nobody"),
        ),
    )


def _ask(scene: Scene, value: str, how: str = "is") -> Find:
    return Find(actor=scene.actor("clerk"), purpose="billing", field="contact.email", how=how, value=value)


def recorded(scene: Scene) -> Told:
    """Hold every answer against the ledger; then make the ledger unable to write, and ask again."""
    owner = scene.actor("owner")
    hero = scene.heroes()[0]
    for one in scene.reveals:
        line = scene.house.see(owner, log.entry, log.At(index=one.entry.index, lane=one.entry.lane))
        claim(line.event == "data.read", "an answer cites an entry that is no read")
        right = line.actor == scene.actor(one.who).id and line.purpose == one.purpose
        claim(right, "an entry names another person or purpose")
        claim((len(line.clear), len(line.masked)) == (one.clear, one.masked), "an entry names other fields than shown")
    reads = scene.house.see(owner, log.entries, log.Newest(limit=1000, event="data.read"))
    made = {one.entry.index for one in scene.reveals}
    claim({line.index for line in reads} == made, "the ledger has other reads than were made")
    refused = scene.house.see(owner, log.entries, log.Newest(limit=1000, event="data.refused"))
    refusals = [line for line in refused if line.purpose]  # an import's refused rows have none
    claim(len(refusals) == scene.refusals, "a refusal is missing in the ledger")
    mine = history(scene.house, scene.gate, owner, scene.who(hero))
    seen = [line for line in mine if line.event == "data.read"]
    wanted = {one.entry.index for one in scene.reveals if one.subject == scene.who(hero)}
    claim({line.index for line in seen} == wanted, "who saw this customer is not answered completely")
    size = scene.entries()
    jammed = _jam(scene, hero)
    claim(scene.entries() == size, "the ledger grew while it could not be written")
    after = scene.read("clerk", "billing", hero, ["contact.email"])
    claim(after["contact.email"][0][1] == hero.email, "the gate did not open again")
    names: dict[str, str] = {player.actor.id: player.name for player in scene.cast.values()}
    return Told(
        {"reveals": len(reads), "refusals": len(refusals), "of_this_customer": len(seen), "entries": size},
        lines=(f"{len(reads)} answers and {len(refusals)} refusals, an entry for each. Who saw this customer:",),
        rows=tuple(_sentence(line, names) for line in seen[:6]),
        after=("With the ledger blocked the clerk gets no value, and is told:", f"“{jammed}”"),
    )


def _jam(scene: Scene, hero: Customer) -> str:
    with thief.jammed(scene.home / "data.db"):
        try:
            scene.gate.read(_plain_read(scene, hero))
        except Unavailable as error:
            return str(error)
    raise NotHeld("a value was shown though nothing could be recorded")


def _plain_read(scene: Scene, hero: Customer) -> Ask:
    return Ask(
        actor=scene.actor("clerk"), purpose="billing", subjects=(scene.who(hero),), fields=(), clear=("contact.email",)
    )


def _sentence(line: Line, names: dict[str, str]) -> Row:
    fields = f"{len(line.clear)} in the clear" if line.clear else ""
    masked = f"{len(line.masked)} masked" if line.masked else ""
    what = " and ".join(part for part in (fields, masked) if part)
    return (
        f"#{line.index}",
        line.at[11:19],
        f"{names.get(line.actor, line.actor)} read {what} for {line.purpose}",
    )


STEPS: Final = (
    Step(
        "roles",
        "Everybody sees their part",
        "Four people open one customer for their own work; each value is checked.",
        "each sees what their job needs, and is told why no more",
        parts,
    ),
    Step(
        "find",
        "Found, though unreadable",
        "The clerk looks for a customer by an e-mail address that is nowhere on the disk.",
        "encrypted data is found; the index tells a thief nothing",
        finding,
    ),
    Step(
        "ledger",
        "No record, no answer",
        "Every answer is compared with the ledger; then its file is blocked for 5 seconds.",
        "what was seen is on record, or it is not shown",
        recorded,
    ),
)
