"""Lint: what a well-formed map gets wrong in sense; rules M01 to M14, each with its line and the way out."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bailee.datamap.categories import Category, Sensitivity
from bailee.datamap.countries import together
from bailee.datamap.fides import CATEGORIES, known
from bailee.datamap.fields import Field
from bailee.datamap.maps import BUILT_IN_CATEGORIES, BUILT_IN_PURPOSES, LAST4, DataMap, Problem, Severity, nearest
from bailee.datamap.purposes import PAYMENT, Basis
from bailee.datamap.recipients import Part

NARROW: Final = 1_024
"""An index over fewer different values tells the values themselves by their frequency."""

_CVC_NAMES: Final = frozenset({"cvc", "cvc2", "cvv", "cvv2", "cav2", "cid", "csc", "security_code"})
_NO_ROLES: Final[Mapping[str, Iterable[tuple[str, str]]]] = MappingProxyType({})


def _may_have(key: str) -> bool:
    """What nobody can say counts as yes."""
    return True


def lint(
    made: DataMap,
    *,
    previous: DataMap | None = None,
    has_records: Callable[[str], bool] = _may_have,
    role_purposes: Mapping[str, Iterable[tuple[str, str]]] = _NO_ROLES,
    consent_texts: Container[str] | None = None,
    gaps: Iterable[tuple[str, str, str]] = (),
    flowed: Container[str] = (),
) -> tuple[Problem, ...]:
    """Find what is wrong with a map, in order of lines.

    Args:
        made: a map that `toml.read` accepted.
        previous: the map in force, to see what went away.
        has_records: whether records of a field, or of a category, exist; without it they are taken to.
        role_purposes: for each role the (category or field, purpose) pairs that it is granted.
        consent_texts: the consent texts in force; without it, naming one is enough.
        gaps: columns found outside, as (system, table, column); those mapped or ignored are left out.
        flowed: ids of recipients that have received data.

    """
    found = [
        *_names(made),
        *_whole(made),
        *_lawful(made, consent_texts),
        *_special(made),
        *_cards(made),
        *_indexes(made),
        *_located(made),
        *_clocks(made),
        *_reasons(made),
        *_abroad(made),
        *_contracts(made, flowed),
        *(_removed(made, previous, has_records) if previous else ()),
        *_roles(made, role_purposes),
        *_gaps(made, gaps),
    ]
    return tuple(sorted(found, key=lambda problem: (problem.line or 0, problem.code)))


def _fields(made: DataMap) -> Iterator[tuple[Category, Field]]:
    return ((category, field) for category in made.categories for field in category.fields)


def _at(made: DataMap, field: Field, *rest: str) -> int | None:
    category, _, name = field.key.partition(".")
    return made.line("categories", category, "fields", name, *rest)


def _names(made: DataMap) -> Iterator[Problem]:
    """M01: the register speaks to others in public names."""
    for category in made.categories:
        if category.fides and not known(category.fides):
            line = made.line("categories", category.key, "fides")
            yield _unknown_name(f"category {category.key}", category.fides, line)
        for field in category.fields:
            if field.fides and not known(field.fides):
                yield _unknown_name(f"field {field.key}", field.fides, _at(made, field, "fides"))
            elif not category.fides_of(field):
                says = f"field {field.key} has no fides key, and neither has its category"
                yield Problem("M01", _at(made, field), says, 'add fides = "user.…" to the field or to its category')


def _unknown_name(where: str, public: str, line: int | None) -> Problem:
    meant = nearest(public, CATEGORIES)
    fix = f'did you mean "{meant}"?' if meant else "take a data category of the taxonomy"
    return Problem("M01", line, f"{where}: the taxonomy has no data category {public}", fix)


def _whole(made: DataMap) -> Iterator[Problem]:
    """M02: purpose limitation, whose data it is, storage limitation (GDPR Art. 5(1)(b) and (e), 30(1)(c))."""
    kept = {rule.category for rule in made.retention}
    for category in made.categories:
        key, line = category.key, made.line("categories", category.key)
        if not category.purposes:
            yield Problem(
                "M02", line, f"{key} has no purpose", "add purposes = [ … ]; data without a purpose may not be held"
            )
        if not category.subjects:
            yield Problem("M02", line, f"{key} is about nobody", 'add subjects = ["customer"], or drop the empty list')
        if key not in kept:
            fix = f'add {{ category = "{key}", after = "last_use", keep = "P2Y", then = "destroy" }} to retention'
            yield Problem("M02", line, f"{key} has no retention", fix)


def _lawful(made: DataMap, consent_texts: Container[str] | None) -> Iterator[Problem]:
    """M03: GDPR Art. 6(1), with the proof that each basis needs (Art. 7(1), and the balance of Art. 6(1)(f))."""
    for purpose in made.purposes:
        key, line = purpose.key, made.line("purposes", purpose.key)
        if purpose.basis is None:
            words = ", ".join(Basis)
            yield Problem("M03", line, f"purpose {key} has no basis", f"add basis = one of: {words}")
        elif purpose.basis is Basis.LEGITIMATE_INTERESTS and not purpose.balance:
            fix = f'weigh the interests, and add balance = "lia/{key}.md"'
            yield Problem("M03", line, f"purpose {key} rests on legitimate interests without a balancing note", fix)
        elif purpose.basis is Basis.CONSENT and not purpose.text:
            yield Problem(
                "M03", line, f"purpose {key} asks for consent without a text", f'add text = "consent/{key}.md"'
            )
        elif purpose.basis is Basis.CONSENT and consent_texts is not None and purpose.text not in consent_texts:
            line = made.line("purposes", key, "text")
            yield Problem("M03", line, f"the consent text of {key} is not a current one", f"publish {purpose.text}")


def _special(made: DataMap) -> Iterator[Problem]:
    """M04: special categories are forbidden unless a condition lifts it (GDPR Art. 9(2))."""
    for category in made.categories:
        if category.sensitivity not in {Sensitivity.SPECIAL, Sensitivity.PHI}:
            continue
        for key in category.purposes:
            purpose = made.purpose(key)
            if purpose and not purpose.special:
                says = f"{category.key} is {category.sensitivity}, but its purpose {key} names no special condition"
                fix = f'add special = "care" (or another) to purpose {key}, or take {key} off {category.key}'
                yield Problem("M04", made.line("categories", category.key, "purposes"), says, fix)


def _cards(made: DataMap) -> Iterator[Problem]:
    """M05: card data is for payment only, and its security code for nobody (PCI DSS 3.2.1, 3.3.1)."""
    for category in made.categories:
        pci = category.sensitivity is Sensitivity.PCI
        for key in category.purposes if pci else ():
            purpose = made.purpose(key)
            if purpose and not purpose.payment:
                says = f"{category.key} holds card data, but its purpose {key} is not payment"
                fix = f"take {key} off {category.key}, or give it the use {PAYMENT}"
                yield Problem("M05", made.line("categories", category.key, "purposes"), says, fix)
        for field in category.fields:
            if field.type == "card.cvc" or (pci and field.name in _CVC_NAMES):
                yield Problem("M05", _at(made, field), f"{field.key} is a card's security code", "remove the field")
            elif field.type == "card.number" and not pci:
                says = f"{field.key} is a card number outside a pci category"
                fix = f'add sensitivity = "pci" to {category.key}'
                yield Problem("M05", made.line("categories", category.key), says, fix)


def _indexes(made: DataMap) -> Iterator[Problem]:
    """M06: a blind index over few values tells them by how often each occurs."""
    for _, field in _fields(made):
        narrow = field.kind.narrow or "year" in field.index or (field.expected or NARROW) < NARROW
        if field.index and narrow and not field.leak_accepted:
            says = f"the index of {field.key} has fewer than {NARROW:,} different values and gives them away"
            fix = "drop index, or add leak_accepted = true if that harms nobody"
            yield Problem("M06", _at(made, field, "index"), says, fix)


def _located(made: DataMap) -> Iterator[Problem]:
    """M07: who can't be found can't be answered (GDPR Art. 12(2), 15)."""
    if not any(field.locates for field in made.fields):
        says, fix = "no field can find a person", "add locates = true to the e-mail address or customer number"
        yield Problem("M07", made.line("categories"), says, fix)


def _clocks(made: DataMap) -> Iterator[Problem]:
    """M08: a period that starts with a date needs that date."""
    for place, rule in enumerate(made.retention):
        category = made.category(rule.category)
        if rule.field is None or category is None:
            continue
        field = category.field(rule.field)
        if field is None or not field.clock or not field.type.startswith("date"):
            says = f"retention of {rule.category} starts after {rule.field}, which is not a date with clock = true"
            dates = [field.name for field in category.fields if field.clock]
            fix = f"take {' or '.join(dates)}" if dates else f"add clock = true to a date of {rule.category}"
            yield Problem("M08", made.line("retention", place, "after"), says, fix)


def _reasons(made: DataMap) -> Iterator[Problem]:
    """M09: what outlives a wish to be erased needs a reason to tell (GDPR Art. 17(3), 12(4))."""
    for place, rule in enumerate(made.retention):
        if rule.beats_erasure and not rule.because:
            says = f"retention of {rule.category} beats erasure without a reason"
            yield Problem("M09", made.line("retention", place), says, 'add because = "the law that demands it"')


def _abroad(made: DataMap) -> Iterator[Problem]:
    """M10: data that leaves the region needs ground to stand on (GDPR Art. 44)."""
    home = made.organisation.countries
    for place, recipient in enumerate(made.recipients):
        if not together(recipient.country, home) and not recipient.transfer:
            says = f"{recipient.name} is in {recipient.country}, outside the region of the establishments"
            fix = 'add transfer = "standard_clauses" (or adequacy, binding_rules, …)'
            yield Problem("M10", made.line("recipients", place), says, fix)


def _contracts(made: DataMap, flowed: Container[str]) -> Iterator[Problem]:
    """M11: a processor works under a contract (GDPR Art. 28(3)); once data has flowed, it is a breach of law."""
    for place, recipient in enumerate(made.recipients):
        if recipient.role is Part.PROCESSOR and not recipient.contract:
            late = recipient.id in flowed
            says = f"{recipient.name} processes data without a contract{', and has received some' if late else ''}"
            fix = 'add contract = { kind = "DPA", signed = 2026-02-01, file = "dpa.pdf" }'
            severity = Severity.ERROR if late else Severity.WARNING
            yield Problem("M11", made.line("recipients", place), says, fix, severity)


def _removed(made: DataMap, previous: DataMap, has_records: Callable[[str], bool]) -> Iterator[Problem]:
    """M12: a key that goes away leaves sealed values that nothing explains."""
    for category in previous.categories:
        if made.category(category.key) is None:
            if has_records(category.key):
                says = f"category {category.key} is gone, but its records are not"
                fix = f"put {category.key} back, or move its records with a migration plan first"
                yield Problem("M12", made.line("categories"), says, fix)
            continue
        for field in category.fields:
            now = made.field(field.key)
            if (now is None or now.type != field.type) and has_records(field.key):
                change = "is gone" if now is None else f"was {field.type} and is {now.type} now"
                says = f"field {field.key} {change}, but its records are as they were"
                fix = f"put {field.key} back as {field.type}, or move its records with a migration plan first"
                line = _at(made, now, "type") if now else made.line("categories", category.key)
                yield Problem("M12", line, says, fix)


def _roles(made: DataMap, role_purposes: Mapping[str, Iterable[tuple[str, str]]]) -> Iterator[Problem]:
    """M13: a grant for a purpose that the category does not list would give nothing, or too much."""
    for role, pairs in role_purposes.items():
        for key, purpose in pairs:
            name = key.partition(".")[0]
            if name in BUILT_IN_CATEGORIES or purpose in BUILT_IN_PURPOSES:
                continue
            category = made.category(name) or made.category(name.removesuffix(LAST4))
            if category is None or purpose not in category.purposes:
                says = f"role {role} is granted {key} for {purpose}, which {key} does not list"
                fix = f"add {purpose} to the purposes of {key}, or end the grant"
                line = made.line("categories", category.key, "purposes") if category else made.line("categories")
                yield Problem("M13", line, says, fix)


def _gaps(made: DataMap, gaps: Iterable[tuple[str, str, str]]) -> Iterator[Problem]:
    """M14: a column outside that is neither mapped nor ignored is personal data that nobody answers for."""
    for system, table, column in gaps:
        place = next((place for place, known in enumerate(made.systems) if known.id == system), None)
        tables = made.systems[place].tables if place is not None else ()
        spoken = next((known for known in tables if known.name == table), None)
        if spoken and column in {spoken.subject, *spoken.ignore, *dict(spoken.fields)}:
            continue
        says = f"{system}: column {table}.{column} is neither mapped nor ignored"
        line = made.line("systems") if place is None else made.line("systems", place, "tables", table)
        yield Problem("M14", line, says, f"map {column} to a field, or add it to ignore")
