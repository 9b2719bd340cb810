"""An open home in the hands of one person: acts, looks and the gate, for as long as one command runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bailee import house as houses
from bailee.access import keys
from bailee.config import Config
from bailee.custody.custodian import Custodian
from bailee.datamap import versions
from bailee.datamap.compile import CompiledMap
from bailee.house import House
from bailee.kernel import asks, ids
from bailee.kernel.actors import Actor
from bailee.kernel.acts import ACTS, LOOKS
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Conflict, HouseError, NotFound
from bailee.kernel.ids import RecordId, SubjectId
from bailee.kernel.permissions import Permission
from bailee.kernel.recorded import Done, EntryRef
from bailee.kernel.secret import Secret
from bailee.ledger import export as ledger_export
from bailee.ledger import procedures, projections, proofs
from bailee.ledger.log import Line
from bailee.vault import erasure, export, history
from bailee.vault.erasure import Erase, Erasure, Plan
from bailee.vault.export import Exported
from bailee.vault.gate import Gate
from bailee.vault.words import Answer, Ask, Find, Write, Written


@dataclass
class Session:
    """One open home."""

    house: House
    gate: Gate
    read_key: Callable[[], Secret[str]]
    resumed: int = 0

    @classmethod
    def begin(cls, config: Config, custodian: Custodian, read_key: Callable[[], Secret[str]]) -> "Session":
        """Open a home, finish what was begun, make what the map needs, bring the projections to the end."""
        house = houses.open_house(config, custodian, brief=True)
        try:
            gate = Gate(house)
            session = cls(house, gate, read_key)
            if session.has_map:
                session.resumed = erasure.resume(house)
                gate.prepare()
            house.catch_up()
        except BaseException:
            house.abandon()
            raise
        return session

    def end(self, *, quietly: bool = False) -> None:
        """Close the home; what can't be put on record any more is recovered at the next start."""
        self.gate.stop()
        try:
            self.house.catch_up()
            self.house.close()
        except HouseError:
            self.house.abandon()
            if not quietly:
                raise

    # -- who

    @cached_property
    def actor(self) -> Actor:
        """The person behind the key file.

        Raises:
            Denied: no key file, one open to others, or a key that is not valid here.

        """
        return self.actor_of(self.read_key())

    def actor_of(self, key: Secret[str]) -> Actor:
        return keys.actor_of(self.house.policy, self.house.keys, key, self.now)

    def may(self, permission: Permission) -> bool:
        """Whether the person holds a permission; asks nothing of the house, so no refusal is recorded."""
        return permission in self.actor.may

    @property
    def now(self) -> Micros:
        return self.house.clock.now()

    # -- acts and looks, by name

    def do(
        self, name: str, given: Mapping[str, Any], *, second: Actor | None = None, strict: bool = False
    ) -> Done[Any]:
        """Run an act from a dictionary of texts."""
        what = ACTS[name]
        return self.house.do(self.actor, what, asks.read(dict(given), what.ask, strict=strict), second=second)

    def see(self, name: str, given: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - what the look answers
        """Answer a look from a dictionary of texts."""
        what = LOOKS[name]
        return self.house.see(self.actor, what, asks.read(dict(given or {}), what.ask, strict=False))

    def see_as_house(self, name: str) -> Any:  # noqa: ANN401 - what the look answers
        """Answer a look that anyone may ask, without a key."""
        what = LOOKS[name]
        return self.house.see(self.house.system(), what, what.ask())

    # -- the data map

    @property
    def map(self) -> CompiledMap:
        return versions.current()

    @property
    def map_version(self) -> int:
        return versions.version()

    @property
    def has_map(self) -> bool:
        try:
            versions.current()
        except NotFound:
            return False
        return True

    @staticmethod
    def differences(before: str, after: str) -> str:
        return versions.differences(before, after)

    def fields_for(self, purpose: str) -> tuple[str, ...]:
        """The fields of the categories that list a purpose; all of them for one that the map does not know."""
        compiled = self.map
        known = compiled.purposes.get(purpose)
        if known is None or known.built_in:
            return self.all_fields()
        return tuple(name for key in known.categories for name in compiled.categories[key].fields)

    def all_fields(self) -> tuple[str, ...]:
        """Every field of the map that is not the house's own."""
        compiled = self.map
        return tuple(key for key, one in compiled.fields.items() if not compiled.categories[one.category].built_in)

    # -- customers

    def read(self, purpose: str, subject: str, fields: Sequence[str], clear: Sequence[str], case: str | None) -> Answer:
        return self.gate.read(
            Ask(
                actor=self.actor,
                purpose=purpose,
                subjects=(SubjectId(ids.parse(subject)),),
                fields=tuple(fields),
                clear=tuple(clear),
                case=case,
            )
        )

    def find(
        self,
        purpose: str,
        field: str,
        how: str,
        value: str,
        fields: Sequence[str],
        case: str | None,
        after: str | None,
        limit: int,
    ) -> Answer:
        return self.gate.find(
            Find(
                actor=self.actor,
                purpose=purpose,
                field=field,
                how=how,
                value=value,
                fields=tuple(fields),
                case=case,
                after=None if after is None else SubjectId(ids.parse(after)),
                limit=limit,
            )
        )

    def write(
        self,
        purpose: str,
        fields: Mapping[str, Any],
        subject: str | None = None,
        record: str | None = None,
        version: int | None = None,
    ) -> Written:
        """Write fields of one customer; what is refused is raised."""
        made = self.gate.write(
            self.actor,
            purpose,
            [
                Write(
                    fields=fields,
                    subject=None if subject is None else SubjectId(ids.parse(subject)),
                    record=None if record is None else RecordId(ids.parse(record)),
                    expect_version=version,
                )
            ],
        )[0]
        if isinstance(made, HouseError):
            raise made
        return made

    def erasure_plan(self, ask: Mapping[str, Any]) -> Plan:
        return erasure.plan(self.actor, self.house, asks.read(dict(ask), Erase, strict=False))

    def erase(self, ask: Mapping[str, Any]) -> Erasure:
        return erasure.erase(self.house, self.actor, asks.read(dict(ask), Erase, strict=False))

    def export(self, purpose: str, subject: str, case: str | None) -> Exported:
        return export.export_customer(
            self.gate, self.actor, purpose, SubjectId(ids.parse(subject)), self.now, case=case
        )

    def history(self, subject: str, limit: int) -> tuple[Line, ...]:
        return history.history(self.house, self.gate, self.actor, SubjectId(ids.parse(subject)), limit)

    # -- evidence

    def prove(self, lane: int, index: int) -> str:
        """The proof file of one entry; signs the ledger's end first, so that every entry has one."""
        self.house.require(self.actor, "ledger.proof", Permission.READ_LEDGER)
        self.house.sign()
        return proofs.prove("default", EntryRef(lane, index)).text()

    def export_ledger(self, path: Path) -> int:
        """Write the open lane to a new file; answers how many entries.

        Raises:
            Conflict: there is such a file.

        """
        self.house.require(self.actor, "ledger.export", Permission.EXPORT_LEDGER)
        if path.exists():
            raise Conflict(f"there is a file {path} already", hint="name another; nothing is overwritten")
        self.house.sign()
        return ledger_export.write(path, self.see_as_house("ledger.state").lane)

    def replay(self, name: str) -> None:
        """Empty a projection's tables and fold the ledger into them again."""
        self.house.require(self.actor, "ledger.replay", Permission.CHANGE_SETTINGS)
        lane = self.see_as_house("ledger.state").lane
        with self.house.opened() as tx:
            projections.replay(tx, name, lane)
        self.house.catch_up()

    def unfinished(self) -> int:
        """How many procedures have begun and not ended."""
        return len(procedures.unfinished(erasure.KIND))

    def names(self) -> dict[str, str]:
        """People's names by id, as far as this person may know them."""
        if not self.may(Permission.MANAGE_PEOPLE):
            return {}
        return {one.id: one.name for one in self.see("access.people")}
