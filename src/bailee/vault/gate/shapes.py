"""What an ask for certain fields looks like under one policy and map; worked out once, used by every ask like it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bailee.access.compile import STRANGER, Prepared, Snapshot
from bailee.access.decide import prepare
from bailee.access.words import Level, Scope
from bailee.datamap.compile import CompiledField, CompiledMap

VISIBLE: Final = Level.PRESENT
WITHHELD: Final = "not granted for this purpose"
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way an ask can come out: which fields are shown in which form."""

    levels: tuple[Level, ...]
    clear: tuple[int, ...]
    masked: tuple[int, ...]
    visible: bool
    by_category: Mapping[int, tuple[tuple[CompiledField, Level], ...]]
    withheld: Mapping[str, str]


@dataclass(slots=True)
class Shape:
    """The fields of an ask, resolved; `caps` is the most each may be shown: the value only where that was asked for."""

    prepared: Prepared
    fields: tuple[CompiledField, ...]
    categories: tuple[int, ...]
    caps: tuple[Level, ...]
    outcomes: dict[tuple[Level, ...], Outcome] = field(default_factory=dict)

    def outcome(self, rated: tuple[Level, ...]) -> Outcome:
        """Apply the caps to what the policy allows."""
        found = self.outcomes.get(rated)
        if found is None:
            found = self.outcomes[rated] = self._made(tuple(map(min, rated, self.caps)))
        return found

    def _made(self, levels: tuple[Level, ...]) -> Outcome:
        shown = [(one, level) for one, level in zip(self.fields, levels, strict=True) if level >= VISIBLE]
        return Outcome(
            levels,
            tuple(sorted(one.id for one, level in shown if level is Level.CLEAR)),
            tuple(sorted(one.id for one, level in shown if level is not Level.CLEAR)),
            bool(shown) or not self.fields,
            {
                number: tuple((one, level) for one, level in shown if one.category_id == number)
                for number in self.categories
            },
            {one.key: WITHHELD for one, level in zip(self.fields, levels, strict=True) if level < VISIBLE},
        )


class Shapes:
    """The shapes of one snapshot and map; dropped with them."""

    def __init__(self, snapshot: Snapshot, compiled: CompiledMap) -> None:
        self.snapshot = snapshot
        self.compiled = compiled
        self._made: dict[tuple[tuple[str, ...], tuple[str, ...]], Shape] = {}
        self._tied: dict[tuple[str, str], bool] = {}

    def of(self, fields: tuple[str, ...], clear: tuple[str, ...]) -> Shape:
        """The shape of an ask.

        Raises:
            Invalid: `field-unknown`.

        """
        found = self._made.get((fields, clear))
        if found is None:
            resolved = {one.key: one for one in (self.compiled.resolve(name) for name in (*fields, *clear))}
            wanted = {self.compiled.resolve(name).key for name in clear}
            found = Shape(
                prepare(self.snapshot, tuple(resolved)),
                tuple(resolved.values()),
                tuple(sorted({one.category_id for one in resolved.values()})),
                tuple(Level.CLEAR if key in wanted else Level.PARTIAL for key in resolved),
            )
            if len(self._made) >= _KEPT:  # askers choose the fields, so what is kept must not grow with them
                self._made.clear()
            self._made[fields, clear] = found
        return found

    def tied(self, actor: str, purpose: str) -> bool:
        """Whether some of an actor's access for a purpose hangs on an assignment or a case."""
        found = self._tied.get((actor, purpose))
        if found is None:
            cells = self.snapshot.people.get(actor, STRANGER).cells
            found = any(cell[0] == purpose and cell[2] is not Scope.ALL for cell in cells)
            if len(self._tied) >= _KEPT:
                self._tied.clear()
            self._tied[actor, purpose] = found
        return found
