"""The one flow of every door: check, run, append, commit; all or nothing. Also: opening and closing a home."""

import fcntl
import os
import re
import secrets as random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Any, Final, TypeVar

import msgspec
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from bailee import __version__
from bailee.access.policy import PolicyBook
from bailee.config import IDENTITY, Config, house_id
from bailee.crypto.notes import Signer, Verifier
from bailee.custody import durable
from bailee.custody.custodian import Custodian
from bailee.custody.epochs import HOUSE, SELF, Ring
from bailee.custody.heads import Heads, first_guard, guarded
from bailee.custody.keychain import Keychain
from bailee.kernel import actors
from bailee.kernel.actors import Actor, ActorKind
from bailee.kernel.acts import Act, Danger, Look
from bailee.kernel.clock import MINUTE, Clock, SystemClock
from bailee.kernel.errors import Conflict, Denied, HouseError, Invalid, Unavailable
from bailee.kernel.events import Event
from bailee.kernel.grip import GRIP
from bailee.kernel.guard import GUARD
from bailee.kernel.ids import HouseId, RequestId, request_id
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.kernel.recorded import Done, EntryRef, Recorded
from bailee.kernel.tx import Tx, View
from bailee.ledger import lanes, once, projections, recovery, succession
from bailee.ledger.checkpoints import EVERY, Checkpointer
from bailee.ledger.closure import Closure
from bailee.ledger.entries import Draft
from bailee.ledger.facts import (
    ActDenied,
    ActFailed,
    GateReopened,
    HouseOpened,
    HouseStopped,
    LaneOpened,
    LedgerRecovered,
)

A = TypeVar("A")
T = TypeVar("T")

STORES: Final = ("default", "keys")
SYSTEM_KEYS: Final = ("ledger-signer", "app/policy", "app/api-key", "app/import", "app/remark")
_TURN: Final = {alias: RLock() for alias in STORES}
"""SQLite has one writer: queue here, not in its busy loop."""
_FRESH: Final = 15 * MINUTE
_RETRY: Final = frozenset({"40001", "40P01"})
_DENIALS: Final = 20
_DENIALS_BATCH: Final = 50
_OPEN_MARK: Final = "open"
_REASON: Final = re.compile(r"[a-z0-9_.-]{1,100}")


@dataclass(slots=True)
class _Refusals:
    """Equal denials of one actor in one minute: the first 20 stand alone, then 50 share an entry."""

    minute: int
    alone: int = 0
    waiting: int = 0


@dataclass(slots=True)
class House:
    """One open home: its keys, its policy, its ledger. One per process."""

    config: Config
    id: HouseId
    clock: Clock
    custodian: Custodian
    ring: Ring
    keys: Keychain
    policy: PolicyBook
    signer: Signer
    heads: Heads
    checkpoints: Checkpointer = field(init=False)
    closure: Closure = field(init=False)
    brief: bool = False
    finding: recovery.Finding | None = None
    _lock: int | None = None
    _since: int = 0
    _signed_at: int = 0
    _refused: dict[tuple[str, str, str], _Refusals] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.checkpoints = Checkpointer(self.opened, self.signer, self.heads)
        self.closure = Closure(self.config.path)

    # -- transactions

    @contextmanager
    def opened(self, alias: str = "default", request: RequestId | None = None) -> Iterator[Tx]:
        """Open a durable transaction that may write; the only maker of a `Tx`.

        Raises:
            Unavailable: `ledger-closed`: the store can't be written; nothing was changed, or the outcome is unknown
                and the connection is dropped, so that nobody trusts it.

        """
        if self.finding is not None:
            raise self.finding.error()
        connection = connections[alias]
        turn = _TURN[alias] if connection.vendor == "sqlite" else nullcontext()
        try:
            with turn, transaction.atomic(using=alias, durable=True), GUARD.admit(connection):
                yield Tx(
                    grip=GRIP,
                    alias=alias,
                    now=self.clock.now(),
                    house=self.id,
                    request=request or request_id(),
                    secrets=self.keys,
                )
        except (OperationalError, InterfaceError) as error:
            if _state(error) in _RETRY:
                raise
            # Its outcome is unknown, so the connection is not trusted again; the next one reads what really is there.
            connection.close()
            self.closure.shut(_disk_words(error), self.clock.now())
            raise Unavailable(
                f"nothing can be recorded now: {_disk_words(error)}",
                hint="free space or mend the disk; the gate opens again by itself",
                code="ledger-closed",
            ) from error

    # -- the one flow

    def do(
        self, actor: Actor, what: Act[A, T], ask: A, *, once_key: str | None = None, second: Actor | None = None
    ) -> Done[T]:
        """Run one act for someone: check, run, append, commit; all or nothing.

        Args:
            actor: who asks.
            what: a registered act.
            ask: an instance of the act's ask.
            once_key: the caller's idempotency key; the same key and ask give the stored answer for 24 hours.
            second: the other person, where the act wants one.

        Raises:
            Invalid: wrong ask, or `once-mismatch`; Denied: recorded; and whatever the act raises, after a rollback.

        """
        if not isinstance(ask, what.ask):
            raise Invalid(f"{what.name} takes another ask", hint=f"it takes {what.ask.__name__}")
        self._check(actor, what.name, what.needs)
        self._danger(actor, what, second)
        for wait in (10, 40, 160, None):
            try:
                return self._run(actor, what, ask, once_key)
            except OperationalError as error:
                if wait is None or _state(error) not in _RETRY:
                    raise Unavailable("the database is busy", hint="try again") from error
                _pause(wait)
            except HouseError:
                raise
            except Exception as error:
                self._record_failure(actor, what.name, error)
                raise
        raise AssertionError("unreachable")

    def see(self, actor: Actor, what: Look[A, T], ask: A) -> T:
        """Answer a look for someone; a refusal is recorded like an act's."""
        if not isinstance(ask, what.ask):
            raise Invalid(f"{what.name} takes another ask", hint=f"it takes {what.ask.__name__}")
        self._check(actor, what.name, what.needs)
        return what.run(View(self.clock.now()), actor, ask)

    def require(self, actor: Actor, name: str, needs: Permission) -> None:
        """Check a permission for what is no act of its own (the gate's imports); a refusal is recorded."""
        self._check(actor, name, needs)

    def state(self, *facts: Event) -> list[EntryRef]:
        """Append facts of the house itself, in a transaction of their own."""
        with self.opened() as tx:
            return lanes.append(tx, [Draft(event=fact, actor=actors.SYSTEM_ID, request=tx.request) for fact in facts])

    def append(self, tx: Tx, *facts: Event) -> list[EntryRef]:
        """Append facts of a procedure's step in the transaction of that step."""
        return lanes.append(tx, [Draft(event=fact, actor=actors.SYSTEM_ID, request=tx.request) for fact in facts])

    def system(self) -> Actor:
        """The house as an actor."""
        return actors.system(self.policy.epoch, self.clock.now())

    def verifier(self) -> Verifier:
        """The public key that outsiders verify notes with."""
        return Verifier.from_vkey(self.signer.vkey)

    def appended(self, count: int) -> None:
        """Count entries written; sign a checkpoint when 10,000 came together, or a minute passed since the last."""
        self._since += count
        if (was := self.closure.now) is not None:
            self.state(GateReopened(was.since, was.why, was.refused))
            self.closure.clear()
        if self._since >= EVERY or self.clock.now() - self._signed_at > MINUTE:
            self._flush_denials(self.clock.now() // MINUTE)
            try:
                self.sign()
            except Unavailable as error:
                if error.code == "ledger-diverged":
                    raise
                # What was written stands and is answered; the next write, or the end, signs.

    def sign(self) -> str | None:
        """Sign the ledger's head now; for receipts, proofs and the end of a session."""
        note = self.checkpoints.sign()
        self._since, self._signed_at = 0, self.clock.now()
        return note

    def catch_up(self) -> None:
        """Bring the projections to the end of the ledger."""
        head = lanes.head()
        if head is not None:
            projections.catch_up(self.opened, head.lane)

    def wait(self, milliseconds: int) -> None:
        """Pause this thread, for what waits on others."""
        _pause(milliseconds)

    def succeed(self, actor: Actor, second: Actor, reason: str) -> EntryRef:
        """Go on in a new lane where the ledger does not verify: all that a house opened with `accept_diverged` can do.

        1. Two people who may, both freshly proven; a refusal can't be recorded here.
        2. The old lane is read through: how far it is whole and vouched for.
        3. One commit marks the old lane and opens the next, whose entry 0 names the old origin, that size and root.
        4. The new head is signed, guarded, and noted outside the home.

        The old entries stay as they are, as evidence. From here on the house is open.

        Args:
            actor: who decides.
            second: another person who may.
            reason: one machine word, such as `disk-replaced`.

        Raises:
            Conflict: this ledger verifies. Denied, Invalid.

        """
        old, finding = lanes.head(), self.finding
        if finding is None or old is None:
            raise Conflict("this ledger verifies; there is nothing to succeed", hint="run bailee ledger verify")
        if not _REASON.fullmatch(reason):
            raise Invalid("a reason is one machine word", hint="lower-case letters, digits, - _ and ., at most 100")
        may = self.policy.current(self.clock.now())
        for one in (actor, second):
            held = may.permissions(one.id) & one.may & {Permission.SUCCEED_LEDGER, Permission.APPROVE}
            if not held or self.clock.now() - one.fresh_at > _FRESH:
                raise Denied("succeeding a ledger takes two people who may", hint="name the key file of each")
        if actor.id == second.id or Permission.SUCCEED_LEDGER not in actor.may:
            raise Denied("succeeding a ledger takes two people who may", hint="name the key file of each")
        found = succession.trusted(old, self.heads, self.verifier())
        lane = old.lane + 1
        self.signer = self.signer.named(origin_of(self.id, lane))
        self.checkpoints = Checkpointer(self.opened, self.signer, self.heads)
        self.finding = None
        try:
            with self.opened() as tx:
                fact = succession.follow(tx, old, lane, self.signer.name, found, reason=reason, second=second.id)
                [ref] = lanes.append(tx, [self._draft(tx, actor, fact)])
        except BaseException:
            self.finding = finding
            raise
        self.sign()
        durable.write(self.config.path / _OPEN_MARK, b"")
        return ref

    def close(self, reason: str = "end of the session") -> None:
        """Stop cleanly: flush counted denials, sign, forget the keys, give the home free."""
        self._flush_denials(None)
        if not self.brief:
            self.state(HouseStopped(reason))
        self.sign()
        (self.config.path / _OPEN_MARK).unlink(missing_ok=True)
        self._release()

    def abandon(self) -> None:
        """Let go of the home without a word in the ledger; the next start recovers. For doors that only looked."""
        self._release()

    # -- inside

    def _run(self, actor: Actor, what: Act[A, T], ask: A, once_key: str | None) -> Done[T]:
        digest = sha256(what.name.encode() + b"\0" + msgspec.json.encode(ask, order="sorted")).digest()
        with self.opened() as tx:
            if once_key is not None and (found := once.find(tx, actor.id, once_key, digest)) is not None:
                value, entry = found
                return Done(msgspec.json.decode(value, type=what.value), entry)
            epoch = self.policy.read_epoch(tx.alias)
            made = what.run(tx, actor, ask)
            if type(made) is not Recorded or type(made.event) not in what.events:
                raise TypeError(f"{what.name} gave another event than it declares")
            refs = lanes.append(
                tx,
                [self._draft(tx, actor, fact) for fact in (made.event, *made.also)],
                fence=lambda: self._fence(tx, epoch),
            )
            done = Done(made.value, refs[0])
            if once_key is not None:
                once.keep(tx, actor.id, once_key, digest, made.value, refs[0])
        self.appended(len(refs))
        return done

    def _draft(self, tx: Tx, actor: Actor, fact: Event) -> Draft:
        return Draft(event=fact, actor=actor.id, session=actor.session, request=tx.request)

    def _fence(self, tx: Tx, epoch: int) -> None:
        """Roll back if the policy changed under the act, unless the act itself changed it."""
        now = self.policy.read_epoch(tx.alias)
        if now != epoch and now not in tx.sealed:
            raise Unavailable("the access policy changed meanwhile", hint="try again", code="policy-changing")

    def _check(self, actor: Actor, name: str, needs: Permission) -> None:
        allowed = needs in actor.may
        if allowed and needs not in OPEN_TO_ALL and actor.kind in {ActorKind.PERSON, ActorKind.API_KEY}:
            allowed = needs in self.policy.current(self.clock.now()).permissions(actor.id)
        if not allowed:
            self._refuse(actor, name, str(needs))
            raise Denied(f"{name} needs the permission {needs}", hint="ask an owner for the role that holds it")

    def _danger(self, actor: Actor, what: Act[Any, Any], second: Actor | None) -> None:
        if what.danger >= Danger.FRESH_FACTOR and self.clock.now() - actor.fresh_at > _FRESH:
            self._refuse(actor, what.name, "fresh proof")
            raise Denied(
                f"{what.name} wants a fresh proof of who you are", code="step-up-required", hint="sign in again"
            )
        if what.danger == Danger.SECOND_PERSON:
            held = frozenset() if second is None else self.policy.current(self.clock.now()).permissions(second.id)
            if second is None or second.id == actor.id or not held & {what.needs, Permission.APPROVE}:
                self._refuse(actor, what.name, "second person")
                raise Denied(f"{what.name} wants a second person who may do it too", hint="name their key file as well")

    def _refuse(self, actor: Actor, name: str, rule: str) -> None:
        """Record a denial; equal ones beyond 20 in a minute are counted and share an entry."""
        minute = self.clock.now() // MINUTE
        self._flush_denials(minute)
        seen = self._refused.setdefault((actor.id, name, rule), _Refusals(minute))
        if seen.alone < _DENIALS:
            seen.alone += 1
            self._deny(actor.id, actor.session, ActDenied(name, rule))
        else:
            seen.waiting += 1
            if seen.waiting >= _DENIALS_BATCH:
                self._flush_denials(minute)

    def _flush_denials(self, minute: int | None) -> None:
        """Write what was counted in other minutes than this one, and what fills an entry; None: everything."""
        for key, seen in list(self._refused.items()):
            over = seen.minute != minute
            if seen.waiting and (over or seen.waiting >= _DENIALS_BATCH):
                waiting, seen.waiting = seen.waiting, 0
                self._deny(key[0], None, ActDenied(*key[1:], waiting))
            if over:
                self._refused.pop(key, None)

    def _deny(self, who: str, session: str | None, fact: ActDenied) -> None:
        with self.opened() as tx:
            lanes.append(tx, [Draft(event=fact, actor=who, session=session, request=tx.request)])
        self.appended(1)

    def _record_failure(self, actor: Actor, name: str, error: Exception) -> None:
        with self.opened() as tx:
            fact = ActFailed(name, type(error).__name__)
            lanes.append(tx, [Draft(event=fact, actor=actor.id, session=actor.session, request=tx.request)])

    def _release(self) -> None:
        self.ring.wipe()
        for alias in STORES:
            connections[alias].close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


# -- opening


def init(config: Config, make_custodian: Callable[[], Custodian], *, clock: Clock | None = None) -> House:
    """Make a home: identity, root key, both stores, first keys, first entry.

    1. Nothing is overwritten: a folder with an identity is refused.
    2. The identity is durable before any key is bound to it.
    3. The root exists before an epoch key is wrapped under it, epochs before system keys.
    4. Entry 0 opens the lane; the head is signed, guarded and noted outside the home.

    The caller must still adopt a data map and name the first owner (`access.found`).

    Raises:
        Conflict: there is a home in this folder already.

    """
    clock = clock or SystemClock()
    if (config.path / IDENTITY).exists():
        raise Conflict("there is a home in this folder already", hint="open it, or name another folder with --home")
    durable.private_folder(config.path)
    durable.private_folder(config.custody_folder)
    lock = _take_lock(config.path) if not config.database.url else None
    custodian = make_custodian()
    identity = HouseId(random.token_bytes(16))
    _reserve(config)
    for alias in STORES:
        with GUARD.asleep():
            call_command("migrate", *(["bailee_keys"] if alias == "keys" else ["bailee"]), database=alias, verbosity=0)
    for file in config.path.glob("*.db*"):
        file.chmod(0o600)
    ring = Ring(identity, custodian, config.custody_folder)
    keys = Keychain(ring)
    house = House(
        config=config,
        id=identity,
        clock=clock,
        custodian=custodian,
        ring=ring,
        keys=keys,
        policy=PolicyBook(keys),
        signer=Signer("bailee.invalid/unborn", bytes(32)),
        heads=Heads(config.custody_folder),
        _lock=lock,
    )
    with house.opened("keys") as tx:
        ring.make(tx, SELF)
        ring.make(tx, HOUSE)
    with house.opened("keys") as tx:
        for name in SYSTEM_KEYS:
            keys.make(tx, name, HOUSE)
        house.heads.put_keys(first_guard(tx))
    origin = origin_of(identity, lanes.MAIN)
    house.signer = Signer(origin, keys.newest("ledger-signer")[1])
    house.checkpoints = Checkpointer(house.opened, house.signer, house.heads)
    with house.opened() as tx:
        lanes.open_lane(tx, lanes.MAIN, origin, follows=None)
        lanes.append(tx, [Draft(event=LaneOpened(origin, "init"), actor=actors.SYSTEM_ID, request=tx.request)])
    house.sign()
    durable.write(
        config.path / IDENTITY, msgspec.json.encode({"format": "bailee-home/1", "house": identity.hex()}) + b"\n"
    )
    durable.write(config.path / _OPEN_MARK, b"")
    return house


def open_house(
    config: Config,
    custodian: Custodian,
    *,
    clock: Clock | None = None,
    brief: bool = False,
    accept_diverged: bool = False,
) -> House:
    """Open a home and prove that it is what it was.

    1. One process per SQLite home (flock); stores say FULL, WAL and the rest, or it refuses.
    2. Tables are those of this version.
    3. Every epoch and system key opens under this root.
    4. The key store is not behind `keys.head`.
    5. The ledger's end is proved (`ledger.recovery.examine`), or the gate stays shut.
    6. After an unclean stop that is put on record before anything else.

    With `brief`, a clean start and stop are no entries of their own: one command of a person is its own record.
    With `accept_diverged`, a ledger that fails (5) gives a house that reads and writes nothing until `succeed`.
    The caller must still let the gate finish begun procedures (`vault.erasure.resume`).

    Raises:
        NotFound: no home; Conflict: open elsewhere; Invalid: half-safe settings; Unavailable: keys or ledger.

    """
    clock = clock or SystemClock()
    identity = house_id(config.path)
    lock = _take_lock(config.path) if not config.database.url else None
    try:
        _prove_settings()
        _prove_tables()
        ring = Ring(identity, custodian, config.custody_folder)
        ring.load()
        keys = Keychain(ring)
        keys.load()
        heads = Heads(config.custody_folder)
        _prove_key_store(heads)
        head = lanes.head()
        if head is None:
            raise Unavailable("this home has no ledger", hint="restore a backup", code="ledger-diverged")
        house = House(
            config=config,
            id=identity,
            clock=clock,
            custodian=custodian,
            ring=ring,
            keys=keys,
            policy=PolicyBook(keys),
            signer=Signer(head.origin, keys.newest("ledger-signer")[1]),
            heads=heads,
            brief=brief,
            _lock=lock,
        )
        finding = recovery.examine(head, heads, house.verifier())
        if finding is None:
            _note_opening(house, head)
        elif accept_diverged:
            house.finding = finding
        else:
            raise finding.error()
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise
    return house


def origin_of(identity: bytes, lane: int) -> str:
    """Name of a lane in checkpoints: host, eight digits of the house, lane."""
    return f"bailee.invalid/{identity.hex()[:8]}/{lane}"


def _note_opening(house: House, head: lanes.Head) -> None:
    mark = house.config.path / _OPEN_MARK
    facts: list[Event] = []
    if mark.exists() and lock_is_exclusive(house):
        unsure = recovery.unsure_from(head.lane, head.size, head.last_t)
        facts.append(LedgerRecovered(head.lane, head.size, unsure))
    if not house.brief:
        facts.append(HouseOpened(__version__, head.lane, tuple(sorted(house.ring.categories()))[:256]))
    durable.write(mark, b"")
    if facts:
        house.state(*facts)


def lock_is_exclusive(house: House) -> bool:
    """On PostgreSQL several processes share a home, so a mark left behind proves nothing."""
    return connections["default"].vendor == "sqlite"


def _take_lock(path: Path) -> int:
    handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 20).decode("ascii", "replace").strip() or "?"
        os.close(handle)
        raise Conflict(f"this home is open in process {holder}", hint="stop that process, or talk to it") from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle


def _reserve(config: Config) -> None:
    """Set space aside that an owner can free when the disk is full."""
    size = config.home.reserve_mb << 20
    if size:
        handle = os.open(config.path / "reserve.bin", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, size)
        except OSError as error:
            raise Unavailable(
                "there is no room for the reserve file", hint="free space, or lower [home] reserve_mb"
            ) from error
        finally:
            os.close(handle)


_SQLITE: Final = {
    "PRAGMA journal_mode": "wal",
    "PRAGMA synchronous": 2,
    "PRAGMA foreign_keys": 1,
    "PRAGMA secure_delete": 1,
    "PRAGMA cell_size_check": 1,
}
_POSTGRES: Final = {
    "SHOW fsync": {"on"},
    "SHOW full_page_writes": {"on"},
    "SHOW synchronous_commit": {"on", "remote_apply"},
}


def _prove_settings() -> None:
    """Read back what durability rests on; refuse to start half-safe."""
    for alias in STORES:
        with connections[alias].cursor() as cursor:
            if connections[alias].vendor == "sqlite":
                for asked, wanted in _SQLITE.items():
                    cursor.execute(asked)
                    found = cursor.fetchone()
                    if found is None or found[0] != wanted:
                        raise Invalid(f"bailee.E001 {asked} is not {wanted}", hint="remove the setting that changes it")
            else:
                for asked, allowed in _POSTGRES.items():
                    cursor.execute(asked)
                    if cursor.fetchone()[0] not in allowed:
                        raise Invalid(
                            f"bailee.E002 {asked} is not {'/'.join(sorted(allowed))}",
                            hint="set it so in postgresql.conf",
                        )


def _prove_tables() -> None:
    for alias, label in (("default", "bailee"), ("keys", "bailee_keys")):
        try:
            executor = MigrationExecutor(connections[alias])
            leaves = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] == label]
            unknown = [
                name
                for app, name in executor.loader.applied_migrations
                if app == label and (app, name) not in executor.loader.disk_migrations
            ]
        except DatabaseError as error:
            raise Unavailable("the store does not answer", hint="check [database] in bailee.toml") from error
        if unknown:
            raise Invalid("this home was used by a newer version", hint="upgrade before opening it")
        if executor.migration_plan(leaves):
            raise Invalid("the tables are of an older version", hint="take a backup, then run `bailee upgrade`")


def _prove_key_store(heads: Heads) -> None:
    kept = heads.keys()
    if kept is None:
        raise Unavailable(
            "the head of the key store is not in the custody folder",
            hint="put the custody folder back whole; without it an older key store can't be told from this one",
            code="ledger-diverged",
        )
    if guarded().generation < kept.generation:
        raise Unavailable(
            "the key store was put back to an older state",
            hint="restore a backup: erased customers must stay erased",
            code="ledger-diverged",
        )


def _state(error: Exception) -> str:
    return str(getattr(error.__cause__, "sqlstate", "") or "")


def _disk_words(error: Exception) -> str:
    """Name the trouble in our own words; a driver's message could quote a value."""
    said = str(error).lower()
    for sign, words in (
        ("full", "the disk is full"),
        ("readonly", "the disk is read-only"),
        ("i/o error", "the disk reports an error"),
        ("locked", "another program holds the database"),
        ("unable to open", "the database file can't be opened"),
    ):
        if sign in said:
            return words
    return "the database does not answer"


def _pause(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)
