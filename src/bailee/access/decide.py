"""The decision itself: a few look-ups and integer ANDs over a snapshot; pure, and deaf to everything it isn't told."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from bailee.access.compile import STRANGER, ActorView, Masks, Prepared, Snapshot
from bailee.access.limits import Limit, LimitKind
from bailee.access.words import Assurance, Level, Operation, Planes, Query, Reason, Scope, Verdict, reaches
from bailee.kernel.clock import HOUR, MINUTE, Micros
from bailee.kernel.errors import Denied, Invalid, Unavailable

_NOTHING: Final = Planes(0, 0, 0)
_ALL: Final = -1  # every bit of every mask
_CACHED: Final = 4096
_HIDDEN, _PRESENT, _PARTIAL, _CLEAR = Level
_WHOLE: Final = frozenset({Operation.WRITE, Operation.ERASE})
_OUTWARD: Final = frozenset({Operation.EXPORT, Operation.DISCLOSE})
# Which scopes count beside ALL, as an index into a view's merged cells: 1 stands for ASSIGNED, 2 for CASE.
_WITHIN: Final = (
    (Scope.ALL,),
    (Scope.ALL, Scope.ASSIGNED),
    (Scope.ALL, Scope.CASE),
    (Scope.ALL, Scope.ASSIGNED, Scope.CASE),
)


class _Taken(NamedTuple):
    """What a customer's own choices and holds take away, apart, so that a refusal can say which."""

    consent: int
    objection: int
    restriction: int
    hold: int

    @property
    def every(self) -> int:
        return self.consent | self.objection | self.restriction | self.hold


_NOT_TAKEN: Final = _Taken(0, 0, 0, 0)


def scopes(*, assigned: bool, case_open: bool) -> int:
    """Number the scopes that count: ALL always, ASSIGNED and CASE as the customer stands to the actor."""
    return assigned | case_open << 1


def prepare(s: Snapshot, fields: tuple[str, ...]) -> Prepared:
    """Look up the bits of some fields once; the same fields asked again cost one look-up.

    Raises:
        Invalid: `field-unknown`, one of them is not in the data map.

    """
    ready = s.prepared.get(fields)
    if ready is None:
        try:
            bits = tuple([s.field_bits[name] for name in fields])
        except KeyError as error:
            raise Invalid(
                "a field is not in the data map", hint="look it up under What we hold", code="field-unknown"
            ) from error
        every = 0
        for bit in bits:
            every |= bit
        homes = tuple(s.home[name] for name in fields)
        same = tuple((level,) * len(fields) for level in Level)
        named = tuple(MappingProxyType(dict.fromkeys(fields, level)) for level in Level)
        ready = Prepared(fields, bits, homes, every, same, named)
        if len(s.prepared) >= _CACHED:  # askers choose the fields, so the cache must not grow with them
            s.prepared.clear()
        s.prepared[fields] = ready
    return ready


def levels(
    s: Snapshot,
    actor: str,
    purpose: str,
    operation: Operation,
    prepared: Prepared,
    within: int,
    low: int,
    stale: int,
) -> tuple[Level, ...]:
    """Rate prepared fields for an actor: the hot path of every read.

    Args:
        s: the policy in force.
        actor: a person or service; a stranger gets nothing.
        purpose: a key of the data map; an unknown one gives nothing here.
        operation: what is to be done.
        prepared: the fields, from `prepare` of the same snapshot.
        within: the scopes that count, from `scopes`.
        low: bits to withhold altogether (`too_low`, limits).
        stale: bits to show at most masked (`too_old`).

    """
    view = s.people.get(actor)
    if view is None:
        return prepared.same[0]
    masks = view.hot[within].get((purpose, operation))
    if masks is None:
        masks = _masks(s, view, purpose, operation, within)
    if not low and not stale:
        return _rate(prepared, *masks)
    present, partial, clear = masks
    return _rate(prepared, present & ~low, partial & ~low, clear & ~(low | stale))


def _masks(s: Snapshot, view: ActorView, purpose: str, operation: Operation, within: int) -> Masks:
    ready = view.hot[within].get((purpose, operation))
    if ready is None:
        present = partial = clear = 0
        for scope in _WITHIN[within]:
            planes = view.cells.get((purpose, operation, scope), _NOTHING)
            present |= planes.present
            partial |= planes.partial
            clear |= planes.clear
        ready = (present, partial, clear)
        if purpose in s.purposes:  # a made-up purpose must not make the cache grow
            view.hot[within][purpose, operation] = ready
    return ready


def _rate(prepared: Prepared, present: int, partial: int, clear: int) -> tuple[Level, ...]:
    # Most asks come out at one level, and that shows on the OR of all bits: no field is without a bit.
    every = prepared.every
    hit = every & clear
    if hit == every:
        return prepared.same[3]
    if not hit:
        hit = every & partial
        if hit == every:
            return prepared.same[2]
        if not hit:
            hit = every & present
            if hit == every:
                return prepared.same[1]
            if not hit:
                return prepared.same[0]
    no_clear, no_partial, no_present = ~clear, ~partial, ~present
    return tuple(
        [
            _CLEAR
            if not bits & no_clear
            else _PARTIAL
            if not bits & no_partial
            else _PRESENT
            if not bits & no_present
            else _HIDDEN
            for bits in prepared.bits
        ]
    )


def too_low(s: Snapshot, assurance: Assurance) -> int:
    """Name the bits a sign-in is too weak for: high wants RESISTANT, everything else MULTI."""
    if assurance < Assurance.MULTI:
        return _ALL
    return 0 if assurance >= Assurance.RESISTANT else s.sens[2]


def too_old(s: Snapshot, operation: Operation, proof_age: int, passkey_age: int) -> int:
    """Name the bits for which the proof of who is asking is too old; writing and erasing show nothing, so none.

    Args:
        s: the policy in force.
        operation: reading and searching wear slower than what leaves the house.
        proof_age: microseconds since the last proof of any kind; negative (a clock set back) is too old.
        passkey_age: microseconds since the last proof by passkey.

    """
    if operation in _WHOLE:
        return 0
    ordinary, raised, high = s.sens
    mask = 0 if 0 <= passkey_age <= 5 * MINUTE else high
    if operation in _OUTWARD:
        return mask | (0 if 0 <= proof_age <= 15 * MINUTE else ordinary | raised)
    return mask | (0 if 0 <= proof_age <= 12 * HOUR else raised)


def decide(
    s: Snapshot,
    q: Query,
    limits: Sequence[Limit] = (),
    *,
    assigned: bool = False,
    case_open: bool = False,
    acting_assigned: bool = False,
    assurance: Assurance = Assurance.RESISTANT,
    proof_age: int = 0,
    passkey_age: int | None = None,
    served: frozenset[str] | None = None,
    now: Micros | None = None,
) -> Verdict:
    """Decide one ask about one customer: in which form each field may be used.

    Args:
        s: the policy in force.
        q: the ask.
        limits: the customer's own choices and holds, as read with the data.
        assigned: the customer is assigned to the actor.
        case_open: the case named in the ask is open and the customer's.
        acting_assigned: the customer is assigned to the person acted for.
        assurance: how the actor signed in.
        proof_age: microseconds since the actor last proved who they are.
        passkey_age: the same by passkey; the same as `proof_age` if left out.
        served: the categories this process holds, if not all.
        now: the instant; without it a limit that ends still closes, but opens nothing.

    Raises:
        Denied: `purpose-required` or `purpose-unknown`, with the actor's own purposes as the hint.
        Invalid: `field-unknown`.
        Unavailable: `policy-changing`, the snapshot's time is over.

    """
    if now is not None and now >= s.turns_at:
        raise Unavailable("the policy in hand is out of date", hint="compile it again", code="policy-changing")
    if q.purpose not in s.purposes:
        raise _no_purpose(q, s.people.get(q.actor, STRANGER))
    prepared = prepare(s, q.fields)
    case_open = case_open and q.case is not None
    within, others = assigned | case_open << 1, acting_assigned | case_open << 1
    weak = too_low(s, assurance)
    stale = too_old(s, q.operation, proof_age, proof_age if passkey_age is None else passkey_age)
    taken = _taken(s, q, limits, now) if limits or s.purposes[q.purpose].needs_consent else _NOT_TAKEN
    away = weak | taken.every
    if q.operation in _OUTWARD:  # a masked value that leaves the house has left it all the same
        away |= stale
    want = Level.CLEAR if q.operation in _WHOLE else q.asked
    masked = stale if want == Level.CLEAR else _ALL
    if q.acting_for is None:
        rated = levels(s, q.actor, q.purpose, q.operation, prepared, within, away, masked)
    else:
        mine = _masks(s, s.people.get(q.actor, STRANGER), q.purpose, q.operation, within)
        theirs = _masks(s, s.people.get(q.acting_for, STRANGER), q.purpose, q.operation, others)
        rated = _rate(
            prepared, mine[0] & theirs[0] & ~away, mine[1] & theirs[1] & ~away, mine[2] & theirs[2] & ~(away | masked)
        )
    found: Mapping[str, Level]
    if served is None and want >= Level.PARTIAL:
        one = rated[0] if rated else Level.HIDDEN
        found = prepared.named[one] if rated is prepared.same[one] else dict(zip(q.fields, rated, strict=True))
    else:
        found = {
            name: _HIDDEN if served is not None and home not in served else min(level, want)
            for name, home, level in zip(prepared.fields, prepared.homes, rated, strict=True)
        }

    def explain() -> tuple[Reason, ...]:
        return _reasons(s, q, found, want, (within, others), taken, weak, served)

    return Verdict(found, s.epoch, explain)


def _no_purpose(q: Query, view: ActorView) -> Denied:
    mine = sorted({cell[0] for cell in view.cells})
    hint = f"your purposes: {', '.join(mine)}" if mine else "you have no purposes yet: ask for access"
    if not q.purpose:
        return Denied("an ask names its purpose", hint=hint, code="purpose-required")
    return Denied("the data map has no such purpose", hint=hint, code="purpose-unknown")


def _taken(s: Snapshot, q: Query, limits: Sequence[Limit], now: Micros | None) -> _Taken:
    purpose = s.purposes[q.purpose]
    consented = objection = restriction = hold = 0
    for limit in limits:
        if not limit.counts(now):
            continue
        kind = limit.kind
        if kind == LimitKind.CONSENT:
            if limit.purpose in purpose.lineage:
                consented |= _mask(s, limit.category, 0)
        elif kind == LimitKind.HOLD:
            if q.operation == Operation.ERASE:
                hold |= _mask(s, limit.category, _ALL)
        elif limit.purpose is None or limit.purpose in purpose.lineage:
            if kind == LimitKind.OBJECTION and purpose.objectable:
                objection |= _mask(s, limit.category, _ALL)
            elif kind == LimitKind.RESTRICTION and not purpose.survives_restriction:
                restriction |= _mask(s, limit.category, _ALL)
    return _Taken(~consented if purpose.needs_consent else 0, objection, restriction, hold)


def _mask(s: Snapshot, category: str | None, unknown: int) -> int:
    """Turn a limit's category into bits; what this data map doesn't know closes everything and opens nothing."""
    if category is None:
        return _ALL
    mask = s.under.get(category, 0)
    if not mask:
        for key, bit in s.bit.items():
            if reaches(category, key):
                mask |= bit
    return mask or unknown


def _reasons(
    s: Snapshot,
    q: Query,
    found: Mapping[str, Level],
    want: Level,
    within: tuple[int, int],
    taken: _Taken,
    weak: int,
    served: frozenset[str] | None,
) -> tuple[Reason, ...]:
    view = s.people.get(q.actor, STRANGER)
    mine = _masks(s, view, q.purpose, q.operation, within[0])
    theirs = None
    if q.acting_for is not None:
        theirs = _masks(s, s.people.get(q.acting_for, STRANGER), q.purpose, q.operation, within[1])
    asks = [planes for cell, planes in view.asks.items() if cell[0] == q.purpose and cell[1] == q.operation]
    said: dict[tuple[str, str], list[str]] = {}
    for name, level in found.items():
        if level < want:
            bits = s.field_bits[name]
            why = _why(bits, want, view, mine, theirs, asks)
            if why is None:
                why = _limited(bits, taken)
            if why is None and served is not None and s.home[name] not in served:
                why = ("category-elsewhere", "held by another machine")
            if why is None and bits & weak:
                why = ("step-up-required", "the sign-in is too weak for")
            said.setdefault(why or ("step-up-required", "a fresh proof of who you are is needed for"), []).append(name)
    helpers = tuple(person for person in s.granters if person != q.actor)
    return tuple(
        Reason(
            code,
            f"{says}: {', '.join(names)} for {q.purpose}",
            helpers if code == "not-granted" else (),
            tuple(names),
        )
        for (code, says), names in said.items()
    )


def _why(
    bits: int, want: Level, view: ActorView, mine: Masks, theirs: Masks | None, asks: list[Planes]
) -> tuple[str, str] | None:
    plane = want - 1
    if want and bits & ~mine[plane]:
        if any(bits & mask for _, mask in view.due):
            return "lesson-due", "a lesson is due before"
        if any(not bits & ~planes[plane] for planes in asks):
            return "not-granted", "only on request"
        return "not-granted", "not granted" if bits & ~mine[0] else "granted only in part"
    if want and theirs is not None and bits & ~theirs[plane]:
        return "not-granted", "not granted to the person acted for"
    return None


def _limited(bits: int, taken: _Taken) -> tuple[str, str] | None:
    if bits & taken.hold:
        return "held", "under a legal hold"
    if bits & taken.restriction:
        return "restricted", "the customer restricted the use of"
    if bits & taken.objection:
        return "objected", "the customer objected to the use of"
    if bits & taken.consent:
        return "no-consent", "the customer has not consented to the use of"
    return None
