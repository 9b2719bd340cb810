"""`bailee status`: one screen about this home; needs no key, and says more to who has one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bailee.cli.opening import Run
from bailee.cli.output import day
from bailee.cli.verbs import single, verb
from bailee.kernel.errors import Denied
from bailee.kernel.permissions import Permission

if TYPE_CHECKING:
    from bailee.cli.session import Session

app = single()

_KILO = 1024


@verb(app, "status")
def status(run: Run) -> None:
    """One screen about this home: size, people, ledger, custodian."""
    with run.opened() as session:
        house, ledger = session.house, session.see_as_house("ledger.state")
        health, kept = house.custodian.probe(), session.see_as_house("vault.census")
        data: dict[str, Any] = {
            "home": str(run.home),
            "house": house.id.hex(),
            "bytes": size_of(run.home),
            "stores": "postgresql" if house.config.database.url else "sqlite",
            "map_version": session.map_version,
            "people": None,
            "customers": kept.live,
            "customers_erased": kept.erased,
            "records": kept.records,
            "ledger_entries": ledger.size,
            "checkpoint_at": ledger.checkpoint_at or None,
            "checkpoint_behind": ledger.size - ledger.checkpoint_size,
            "projections_behind": max((one.behind for one in ledger.projections), default=0),
            "projections_stopped": [one.name for one in ledger.projections if one.stopped],
            "custodian": house.custodian.describe(),
            "custodian_well": health.well,
            "resumed": session.resumed,
            "you": None,
            "roles": [],
        }
        why = _personal(session, data)
    out = run.out
    if out.as_json or out.quiet:
        out.one(data, main="home")
        return
    stopped = f", stopped: {', '.join(data['projections_stopped'])}" if data["projections_stopped"] else ""
    out.pairs(
        [
            ("home", f"{data['home']}  ({human(data['bytes'])}, {data['stores']})"),
            ("you", f"{data['you']}  ({', '.join(data['roles']) or 'no roles'})" if data["you"] else why),
            (
                "data map",
                f"version {data['map_version']}" if data["map_version"] else "none yet: bailee map adopt FILE",
            ),
            ("people", str(data["people"]) if data["people"] is not None else "needs the permission manage_people"),
            (
                "customers",
                f"{data['customers']}, {data['records']} records"
                + (f", {data['customers_erased']} erased" if data["customers_erased"] else ""),
            ),
            ("ledger", f"{data['ledger_entries']} entries, signed {day(data['checkpoint_at'])}"),
            ("projections", f"{data['projections_behind']} entries behind{stopped}"),
            ("custodian", f"{data['custodian']}, {health.says}"),
            *([("finished", f"{data['resumed']} erasures that were under way")] if data["resumed"] else []),
        ]
    )


def _personal(session: "Session", data: dict[str, Any]) -> str:
    """What only a person with a key is told; without one, why not."""
    try:
        actor = session.actor
    except Denied as error:
        return f"nobody: {error}"
    names = session.names()
    data["you"], data["roles"] = names.get(actor.id, actor.id), list(actor.roles)
    if session.may(Permission.MANAGE_PEOPLE):
        data["people"] = len(names)
    return ""


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def human(size: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KILO:
            return f"{size:.0f} {unit}" if unit in {"B", "KiB"} else f"{size:.1f} {unit}"
        size /= _KILO
    return f"{size:.1f} TiB"
