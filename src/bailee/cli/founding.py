"""Making a home: stores, keys, data map, first owner, roles; what `bailee init` does once it has its answers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bailee import house as houses
from bailee.access import keys, people, roles
from bailee.cli.secrets import PrivateFile
from bailee.config import Config
from bailee.custody import durable
from bailee.custody.custodian import Custodian
from bailee.datamap import versions
from bailee.kernel.ids import text
from bailee.kernel.permissions import OPEN_TO_ALL, Permission
from bailee.vault.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the new home shall be."""

    map_text: str
    name: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Founded:
    """The new home: its id, its public key, its first owner."""

    house: str
    vkey: str
    owner: str
    categories: tuple[str, ...]
    purposes: tuple[str, ...]


def found(
    config: Config, make: Callable[[], Custodian], wanted: Wanted, key: PrivateFile, mark: Path, vkey_path: Path
) -> Founded:
    """Make a home and hand its first owner their key.

    1. The mark stands before anything else, so that a home whose making was interrupted is told apart.
    2. Stores, root key, identity, first entry (`house.init`).
    3. The data map, by the house itself: nobody else is there yet, and the owner's role is fitted to the map.
    4. The owner, and their key on disk before anything rests on it.
    5. Roles, by the owner; the public key beside the home; then the mark goes.
    """
    durable.private_folder(config.path)
    durable.write(mark, b"bailee init began here and has not ended\n")
    house = houses.init(config, make)
    try:
        first = replace(house.system(), may=OPEN_TO_ALL | {Permission.SHAPE_DATA})
        house.do(first, versions.adopt, versions.Adopt(toml=wanted.map_text, base_version=0))
        gate = Gate(house)
        compiled = gate.prepare()
        issued = house.do(house.system(), people.found, people.Found(name=wanted.name, email=wanted.email)).value
        key.write(f"{issued.key.reveal()}\n")
        owner = keys.actor_of(house.policy, house.keys, issued.key, house.clock.now())
        if wanted.roles:
            house.do(owner, roles.add_roles, roles.AddRoles(roles=wanted.roles))
        house.catch_up()
        house.close("end of init")
    except BaseException:
        house.abandon()
        raise
    durable.write(vkey_path, f"{house.signer.vkey}\n".encode(), mode=0o644)
    mark.unlink()
    durable.sync_folder(mark.parent)
    return Founded(
        text(house.id),
        house.signer.vkey,
        issued.person,
        _own(compiled.categories.values()),
        _own(compiled.purposes.values()),
    )


def _own(parts: object) -> tuple[str, ...]:
    return tuple(one.key for one in parts if not one.built_in)  # type: ignore[attr-defined]  # categories and purposes alike
