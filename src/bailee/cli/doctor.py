"""`bailee doctor`: everything a home rests on, looked at now, each with what to do; every check has an id for ever."""

import os
import resource
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from bailee.cli import secrets
from bailee.cli.opening import HALF_MADE, Run, public_key
from bailee.cli.output import day, plain
from bailee.cli.status import human
from bailee.cli.verbs import single, verb
from bailee.config import FILE, IDENTITY, Config
from bailee.kernel.clock import HOUR, SECOND, micros, stopwatch
from bailee.kernel.errors import Conflict, Denied, HouseError, Unavailable

if TYPE_CHECKING:
    from bailee.cli.session import Session

app = single()

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_GONE_AT_BOOT: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})
_OVER_THE_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph", "afs"}
)
_COPIES: Final = (
    ".db",
    ".sqlite",
    ".sqlite3",
    ".bak",
    ".tar",
    ".tgz",
    ".gz",
    ".zst",
    ".xz",
    ".zip",
    ".dump",
    ".sql",
    ".key",
)
_SLOW: Final = 0.05
_SAMPLE: Final = 5
_MOST_FILES: Final = 10_000


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


_STYLE: Final = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red", State.UNKNOWN: "dim"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    id: str
    name: str
    state: State
    says: str
    fix: str = ""


@dataclass
class Patient:
    """A home under examination."""

    run: Run
    config: Config | None = None


@verb(app, "doctor")
def doctor(run: Run) -> int:
    """Check everything this home rests on, with what to do about it. Exit 1 if something fails."""
    found = list(examine(run))
    failed = sum(one.state is State.FAIL for one in found)
    out = run.out
    if out.as_json:
        for one in found:
            out.json(plain(one))
    elif out.quiet:
        for one in found:
            if one.state in {State.FAIL, State.WARN}:
                out.line(f"{one.id} {one.state} {one.says}")
    else:
        for one in found:
            out.mark(f"{one.state:<7}", _STYLE[one.state], f"{one.id}  {one.name}: {one.says}")
            if one.fix and one.state is not State.OK:
                out.line(f"         → {one.fix}")
        warned = sum(one.state is State.WARN for one in found)
        out.say(f"\n{len(found)} checks: {failed} failed, {warned} to look at")
    return 1 if failed else 0


def examine(run: Run) -> Iterator[Check]:
    """Look at files and machine first, then open the home and look inside."""
    patient = Patient(run)
    yield _configuration(patient)
    yield _made(patient)
    if patient.config is not None and run.home.is_dir():
        for look in (_disk, _sync, _file_system, _home_modes, _custody_modes, _custody_apart, _copies):
            yield look(patient, patient.config)
    yield from (_key_file(patient), _swap(), _dumps(), _user())
    if patient.config is not None and (run.home / IDENTITY).exists():
        yield from _inside(patient)


# -- configuration and what is there


def _configuration(patient: Patient) -> Check:
    name = "configuration"
    try:
        patient.config = patient.run.config()
    except HouseError as error:
        return Check("bailee.D001", name, State.FAIL, str(error), error.hint)
    there = (patient.run.home / FILE).exists()
    return Check("bailee.D001", name, State.OK, f"{FILE} is read whole" if there else "all defaults")


def _made(patient: Patient) -> Check:
    home, name = patient.run.home, "home"
    if (home / HALF_MADE).exists():
        says, fix = (
            "`bailee init` was interrupted here",
            "remove this home and its custody folder, then run bailee init again",
        )
        return Check("bailee.D002", name, State.FAIL, says, fix)
    if not (home / IDENTITY).exists():
        return Check("bailee.D002", name, State.FAIL, f"there is no home at {home}", "bailee init, or --home DIR")
    return Check("bailee.D002", name, State.OK, str(home))


# -- disk


def _disk(patient: Patient, config: Config) -> Check:
    room, reserve = os.statvfs(config.path), config.home.reserve_mb << 20
    free = room.f_bavail * room.f_frsize
    kept = config.path / "reserve.bin"
    says = f"{human(free)} free"
    fix = "free space on this disk; the gate closes when nothing can be recorded"
    if free < max(reserve, 64 << 20):
        return Check("bailee.D003", "disk", State.FAIL, says, fix)
    if reserve and (not kept.exists() or kept.stat().st_size < reserve):
        says += f", but the reserve of {config.home.reserve_mb} MiB is not set aside"
        return Check("bailee.D003", "disk", State.WARN, says, "it was used up: free space, then make reserve.bin again")
    if free < 10 * max(reserve, 64 << 20):
        return Check("bailee.D003", "disk", State.WARN, says, fix)
    return Check("bailee.D003", "disk", State.OK, f"{says}, reserve {config.home.reserve_mb} MiB")


def _sync(patient: Patient, config: Config) -> Check:
    path, name = config.path / ".doctor", "durable writes"
    spent = []
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            for _ in range(_SAMPLE):
                taken = stopwatch()
                os.pwrite(handle, bytes(4096), 0)
                os.fsync(handle)
                spent.append(taken())
        finally:
            os.close(handle)
            path.unlink()
    except OSError as error:
        return Check(
            "bailee.D004", name, State.FAIL, f"the disk refuses: {error.strerror}", "mend the disk, or its rights"
        )
    says = f"{median(spent) * 1000:.1f} ms each"
    if median(spent) > _SLOW:
        return Check("bailee.D004", name, State.WARN, says, "every answer waits for one: use a faster disk")
    return Check("bailee.D004", name, State.OK, says)


def _file_system(patient: Patient, config: Config) -> Check:
    kind, name = mounted(config.path), "file system"
    if not kind:
        return Check("bailee.D005", name, State.UNKNOWN, "this system does not say")
    if kind in _GONE_AT_BOOT:
        return Check("bailee.D005", name, State.FAIL, f"{kind}: gone after a restart", "move the home to a disk")
    if kind in _OVER_THE_NETWORK:
        fix = "SQLite is not safe over a network: move the home to a local disk, or use PostgreSQL"
        return Check("bailee.D005", name, State.FAIL, f"{kind}: over the network", fix)
    if kind == "overlay":
        fix = "a container's own layer goes with the container: mount a volume"
        return Check("bailee.D005", name, State.WARN, "overlay: a container's layer", fix)
    return Check("bailee.D005", name, State.OK, kind)


def mounted(path: Path) -> str:
    """The kind of file system a path lies on; empty where the system does not say."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    target = str(path.resolve())
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind


# -- rights


def _open_to_others(folder: Path) -> list[str]:
    """Names in a folder, and the folder itself, that others may use; and links are not followed."""
    found = [folder.name] if folder.stat().st_mode & _OTHERS else []
    for one in islice(sorted(folder.rglob("*")), _MOST_FILES):
        mode = one.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _OTHERS:
            found.append(str(one.relative_to(folder.parent)))
    return found


def _modes(number: str, name: str, folder: Path, state: State) -> Check:
    try:
        found = _open_to_others(folder)
    except OSError as error:
        return Check(number, name, State.UNKNOWN, f"can't be looked at: {error.strerror}", "run as its owner")
    if found:
        says = f"open to other users: {', '.join(found[:3])}{' …' if len(found) > 3 else ''}"
        return Check(number, name, state, says, f"chmod -R go= {folder}")
    return Check(number, name, State.OK, "for its owner only")


def _home_modes(patient: Patient, config: Config) -> Check:
    if config.path.stat().st_mode & _OTHERS:
        return _modes("bailee.D006", "rights of the home", config.path, State.FAIL)
    return _modes("bailee.D006", "rights of the home", config.path, State.WARN)


def _custody_modes(patient: Patient, config: Config) -> Check:
    if not config.custody_folder.is_dir():
        says, fix = "the custody folder is not there", f"put {config.custody_folder} back: without it nothing opens"
        return Check("bailee.D007", "rights of the custody folder", State.FAIL, says, fix)
    return _modes("bailee.D007", "rights of the custody folder", config.custody_folder, State.FAIL)


def _custody_apart(patient: Patient, config: Config) -> Check:
    name, home = "keys apart from data", config.path.resolve()
    for one in (config.custody_folder, config.key_file):
        if one.resolve().is_relative_to(home):
            fix = "move it out of the home, and set [custody] folder: a copy of the home must open nothing"
            return Check("bailee.D008", name, State.FAIL, "root keys lie inside the home", fix)
    if config.database.url and config.database.keys_url in {"", config.database.url}:
        fix = "set [database] keys_url to another database"
        return Check("bailee.D008", name, State.WARN, "one database holds data and key store, or only one is set", fix)
    return Check(
        "bailee.D008", name, State.OK, f"custody in {config.custody_folder}; leave it out of the home's backups"
    )


def _copies(patient: Patient, config: Config) -> Check:
    name, found = "copies beside the home", []
    try:
        for one in islice(config.path.parent.iterdir(), _MOST_FILES):
            mode = one.lstat().st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IROTH and one.name.endswith(_COPIES):
                found.append(one.name)
    except OSError as error:
        return Check("bailee.D009", name, State.UNKNOWN, f"can't be looked at: {error.strerror}")
    if found:
        says = f"everybody can read {', '.join(sorted(found)[:3])}{' …' if len(found) > 3 else ''}"
        return Check("bailee.D009", name, State.WARN, says, "chmod 600, or move what is a backup away")
    return Check("bailee.D009", name, State.OK, "none that everybody can read")


def _key_file(patient: Patient) -> Check:
    name, path = "your key file", patient.run.key_path
    if not path.exists():
        return Check("bailee.D010", name, State.UNKNOWN, f"none at {path}", "name yours with --key-file")
    try:
        secrets.key_from(path)
    except Denied as error:
        return Check("bailee.D010", name, State.FAIL, str(error), error.hint)
    return Check("bailee.D010", name, State.OK, str(path))


# -- the machine


def _swap() -> Check:
    try:
        lines = Path("/proc/swaps").read_text("utf-8").splitlines()[1:]
    except OSError:
        return Check("bailee.D011", "swap", State.UNKNOWN, "this system does not say")
    if any(not line.startswith(("/dev/zram", "/dev/dm-", "/dev/mapper/")) for line in lines):
        return Check(
            "bailee.D011", "swap", State.WARN, "keys in memory may reach the disk", "switch swap off, or encrypt it"
        )
    return Check("bailee.D011", "swap", State.OK, "none that is in the clear")


def _dumps() -> Check:
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
        fix = "ulimit -c 0, or LimitCORE=0 in the service"
        return Check("bailee.D012", "core dumps", State.WARN, "a crash would write memory to disk", fix)
    return Check("bailee.D012", "core dumps", State.OK, "off")


def _user() -> Check:
    if os.geteuid() == 0:
        return Check("bailee.D013", "user", State.WARN, "this runs as root", "run it as a user of its own")
    return Check("bailee.D013", "user", State.OK, "not root")


# -- inside


_INSIDE: Final = {
    "bailee.D014": "store settings",
    "bailee.D015": "tables",
    "bailee.D016": "custodian",
    "bailee.D017": "end of the ledger",
    "bailee.D018": "clock",
    "bailee.D019": "checkpoint",
    "bailee.D020": "projections",
    "bailee.D021": "unfinished work",
    "bailee.D022": "data map",
    "bailee.D023": "public key",
}


def _inside(patient: Patient) -> Iterator[Check]:
    try:
        with patient.run.opened() as session:
            made = list(_looked(patient, session))
    except HouseError as error:
        made = list(_closed(error))
    yield from made


def _looked(patient: Patient, session: "Session") -> Iterator[Check]:
    house, state, now = session.house, session.see_as_house("ledger.state"), session.now
    yield _told(
        "bailee.D014", State.OK, "FULL, WAL and the rest read back" if not house.config.database.url else "read back"
    )
    yield _told("bailee.D015", State.OK, "those of this version")
    health = house.custodian.probe()
    fix = "do not restart anything; put the key back where it was"
    yield _told(
        "bailee.D016", State.OK if health.well else State.FAIL, f"{house.custodian.describe()}, {health.says}", fix
    )
    yield _told(
        "bailee.D017", State.OK, f"{state.size} entries agree with what remembers them; all: bailee ledger verify"
    )
    signed = micros(datetime.fromisoformat(state.checkpoint_at)) if state.checkpoint_at else None
    if signed is not None and now < signed - SECOND:
        says = f"{(signed - now) // SECOND} s behind the last checkpoint"
        yield _told(
            "bailee.D018", State.FAIL, says, "set the clock; times in the ledger stand still until it catches up"
        )
    else:
        yield _told("bailee.D018", State.OK, "not behind the ledger")
    behind = state.size - state.checkpoint_size
    if signed is None or (behind > 0 and now - signed > HOUR):
        yield _told(
            "bailee.D019", State.WARN, f"{behind} entries are not signed yet", "any command that ends cleanly signs"
        )
    else:
        yield _told("bailee.D019", State.OK, f"signed {day(state.checkpoint_at)}, {behind} entries since")
    stopped = [one.name for one in state.projections if one.stopped]
    if stopped:
        yield _told("bailee.D020", State.FAIL, f"stopped: {', '.join(stopped)}", f"bailee ledger replay {stopped[0]}")
    else:
        yield _told(
            "bailee.D020", State.OK, f"{max((one.behind for one in state.projections), default=0)} entries behind"
        )
    left = session.unfinished()
    if left:
        yield _told(
            "bailee.D021",
            State.FAIL,
            f"{left} erasures have begun and not ended",
            "open the home again: they roll forward",
        )
    elif session.resumed:
        yield _told(
            "bailee.D021",
            State.WARN,
            f"{session.resumed} erasures were under way; they are done now",
            "find out what stopped them",
        )
    else:
        yield _told("bailee.D021", State.OK, "none")
    if session.has_map:
        yield _told("bailee.D022", State.OK, f"version {session.map_version}")
    else:
        yield _told("bailee.D022", State.FAIL, "none is in force", "bailee map adopt FILE")
    path = public_key(patient.run.home)
    kept = path.read_text("utf-8").strip() if path.exists() else ""
    if kept == house.signer.vkey:
        yield _told("bailee.D023", State.OK, f"{path}; keep a copy elsewhere")
    else:
        yield _told("bailee.D023", State.WARN, f"{path} does not hold it", f"it is {house.signer.vkey}")


def _told(number: str, state: State, says: str, fix: str = "") -> Check:
    return Check(number, _INSIDE[number], state, says, fix)


def _closed(error: HouseError) -> Iterator[Check]:
    """What can be said of a home that did not open: the one check that failed, and nothing about the others."""
    guilty = _guilty(error)
    for number, name in _INSIDE.items():
        if number == guilty:
            yield Check(number, name, State.FAIL, str(error), error.hint)
        else:
            says = str(error) if isinstance(error, Conflict) else "the home did not open"
            yield Check(number, name, State.UNKNOWN, says)


def _guilty(error: HouseError) -> str:
    said = str(error)
    if isinstance(error, Conflict):
        return ""
    if said.startswith(("bailee.E001", "bailee.E002")):
        return "bailee.D014"
    if "version" in said or "store does not answer" in said:
        return "bailee.D015"
    if error.code in {"ledger-diverged", "ledger-closed"}:
        return "bailee.D017"
    if isinstance(error, Unavailable) and error.code != "custody-unreachable":
        return "bailee.D021"
    return "bailee.D016"
