"""Steps 8 to 10: a bent ledger is found by another program, an erasure is proved to an outsider; the summary."""

import re
from typing import Final

from bailee.access.words import Level
from bailee.demo import thief
from bailee.demo.company import Customer
from bailee.demo.story import NotHeld, Scene, Step, Told, claim
from bailee.kernel import ids
from bailee.kernel.errors import Gone
from bailee.ledger import proofs
from bailee.vault.erasure import Basis, Erase, erase
from bailee.vault.words import Ask

LIMITS: Final = (
    "Backups from before an erasure hold the customer until the keys turn: not built yet.",
    "There is no console in a browser yet: this is the terminal.",
    "Who was allowed to see a value may remember it.",
    "Who takes over the running program sees what it is serving.",
    "The old plain database still lies where it lay. Destroy it, and its copies.",
)


def tampering(scene: Scene) -> Told:
    """Hand a stolen ledger to the verifier: as it is, with one byte changed, and with its end cut off."""
    scene.house.sign()
    clean = thief.steal(scene.home, scene.folder / "stolen-ledger") / "data.db"
    key = scene.house.signer.vkey
    size = scene.entries()
    whole = thief.verify(str(clean), "--key", key)
    claim(whole.status == 0, "the verifier refused the untouched ledger")
    bent = thief.steal(scene.home, scene.folder / "bent-ledger") / "data.db"
    index = scene.reveals[0].entry.index
    thief.forge(bent, index)
    found = thief.verify(str(bent), "--key", key)
    claim(found.status == 1, "the verifier did not find the byte that was changed")
    named = re.search(r"\bentry (\d+)", found.said)
    claim(named is not None and int(named[1]) == index, "the verifier named another entry than the changed one")
    return Told(
        {"entries": size, "changed": index, "exit_untouched": whole.status, "exit_changed": found.status},
        rows=(
            ("the verifier", "python -I verify_standalone.py data.db --key …"),
            ("the copy as stolen", _first(whole.said)),
            ("one byte changed", _first(found.said)),
            ("which byte", f"last digit of the time of entry {index}: a millionth of a second"),
        ),
    )


def erasing(scene: Scene) -> Told:
    """Erase the customer of this story; hand receipt and proofs to the verifier; look at the neighbours."""
    hero, other = scene.heroes()[:2]
    subject, key, owner = scene.who(hero), scene.house.signer.vkey, scene.actor("owner")
    paper = scene.folder / "paper"
    paper.mkdir()
    before = paper / "before.tlog-proof"
    scene.house.sign()
    before.write_text(proofs.prove("default", scene.reveals[0].entry).text(), "utf-8")
    neighbours = _neighbours(scene, other)
    done = erase(scene.house, owner, Erase(subject=ids.text(subject), basis=Basis.REQUEST))
    receipt = paper / "receipt"
    receipt.write_text(done.receipt.file(), "utf-8")
    said = thief.verify(str(receipt), "--key", key)
    claim(said.status == 0, "the receipt does not verify")
    false = paper / "false-receipt"
    false.write_text(done.receipt.file().replace("\nkeys ", "\nkeys 9", 1), "utf-8")
    claim(thief.verify(str(false), "--key", key).status == 1, "a changed receipt was taken for a true one")
    claim(thief.verify(str(before), "--key", key).status == 0, "an old proof does not verify any more")
    _gone(scene, hero)
    claim(_neighbours(scene, other) == neighbours, "a neighbour lost something")
    copy = thief.steal(scene.home, scene.folder / "stolen-after")
    kept = thief.index_rows(copy / "data.db")
    claim(len(kept) == len(scene.company.customers) - 1, "the index still holds the erased customer")
    claim(thief.verify(str(copy / "data.db"), "--key", key).status == 0, "the ledger does not verify any more")
    thief.steal(scene.custody, copy.with_name(f"{copy.name}.custody"))
    clerk = scene.key_file("clerk")
    opened = thief.run(copy, clerk, *thief.reveal(subject, "contact.email"))
    claim("was erased" in opened.said and hero.email not in opened.said, "a copy opens the erased customer")
    control = thief.run(copy, clerk, *thief.reveal(scene.who(other), "contact.email"))
    claim(other.email in control.said, "the copy opens nobody: that proves nothing of the erased one")
    facts = _facts(done.receipt.note)
    destroyed = facts["keys"].split()[0]
    return Told(
        {"keys": int(destroyed), "index_rows": int(facts["index-rows"]), "neighbours": len(neighbours)},
        rows=(
            ("destroyed", f"{destroyed} keys, {facts['index-rows']} index rows; since {facts['live-unreadable']}"),
            ("in backups", f"not yet: {facts['backups-unreadable']}"),
            ("the receipt", f"verified from outside: {_first(said.said).split()[0]}; with one figure changed: refused"),
            ("opening them", "“this customer was erased”, in a copy of now with all keys too"),
            ("finding them", "nobody, by e-mail; their row is gone from the index"),
            ("a neighbour", f"{len(neighbours)} fields, all as before"),
            ("the ledger", "still verifies, and so does a proof from before the erasure"),
        ),
    )


def summary(scene: Scene) -> Told:
    """Put promises and seconds side by side; every step before this one held, or it would not be played."""
    claim(all(one.held for one in scene.played), "a step did not hold")
    return Told(
        {"steps": len(scene.played), "seconds": round(sum(one.seconds for one in scene.played), 1)},
        heads=("", "what was promised", "seconds"),
        rows=tuple(("held", one.proves, f"{one.seconds:.1f}") for one in scene.played),
    )


def _first(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if line.strip()), "")


def _facts(note: str) -> dict[str, str]:
    lines = note.partition("\n\n")[0].splitlines()
    return {name: rest for name, _, rest in (line.partition(" ") for line in lines)}


def _neighbours(scene: Scene, other: Customer) -> list[tuple[str, str]]:
    """Everything of somebody else that the clerk sees in the clear."""
    fields = ("contact.email", "contact.given_name", "contact.surname", "billing.total", "billing.invoice_no")
    shown = scene.read("clerk", "billing", other, fields)
    return sorted((name, text) for name, found in shown.items() for level, text in found if level is Level.CLEAR)


def _gone(scene: Scene, hero: Customer) -> None:
    claim(scene.find("clerk", "billing", hero) is None, "an erased customer was found by e-mail")
    fields = ("contact.email",)
    ask = Ask(actor=scene.actor("clerk"), purpose="billing", subjects=(scene.who(hero),), fields=(), clear=fields)
    try:
        scene.gate.read(ask)
    except Gone:
        return
    raise NotHeld("an erased customer still opens")


STEPS: Final = (
    Step(
        "tamper",
        "One byte, found",
        "A stolen ledger is changed in one byte and given to a verifier of its own.",
        "nobody bends the record unseen; others can check",
        tampering,
    ),
    Step(
        "erase",
        "Erased, with a receipt",
        "The customer asks to be forgotten: keys destroyed, and a receipt to check.",
        "who is erased is gone here, with a receipt to prove it",
        erasing,
    ),
    Step(
        "summary",
        "What held",
        "Every promise of this story, and the seconds it took to try it.",
        "all of it was tried just now, on this machine",
        summary,
    ),
)
