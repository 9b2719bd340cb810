"""Reads one home's `bailee.toml` and the environment, once, at start; unknown keys are refused by name."""

import difflib
import json
import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from bailee.kernel.errors import Invalid, NotFound
from bailee.kernel.ids import HouseId

FILE: Final = "bailee.toml"
IDENTITY: Final = "house.json"
_LOCAL: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseConfig:
    """Where data and keys lie; empty means SQLite in the home."""

    url: str = ""
    keys_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyConfig:
    """Who holds the root key: `file`, `passphrase` or `memory` (demo only)."""

    provider: str = "file"
    folder: str = ""
    key_file: str = ""
    passphrase_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeConfig:
    """The home directory's own settings; `reserve_mb` is what is freed for owners when the disk is full."""

    reserve_mb: int = 64
    region: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything configurable of one home."""

    path: Path
    home: HomeConfig = field(default_factory=HomeConfig)
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    custody: CustodyConfig = field(default_factory=CustodyConfig)

    @property
    def custody_folder(self) -> Path:
        """Primary key blobs and heads; outside the home, so that a copied home opens nothing."""
        if self.custody.folder:
            return (self.path / self.custody.folder).resolve()
        return self.path.with_name(self.path.name + ".custody")

    @property
    def key_file(self) -> Path:
        if self.custody.key_file:
            return (self.path / self.custody.key_file).resolve()
        return self.custody_folder / "root.key"


_SECTIONS: Final = {"home": HomeConfig, "database": DatabaseConfig, "custody": CustodyConfig}


def default_home() -> Path:
    """`$BAILEE_HOME`, else `bailee` under the user's data directory (XDG)."""
    if given := os.environ.get("BAILEE_HOME"):
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser().absolute() / "bailee"


def load(path: Path) -> Config:
    """Read the configuration of a home; a missing file means all defaults.

    Raises:
        Invalid: unknown section or key (with the nearest valid name), wrong type, a password written into a URL.

    """
    try:
        written = tomllib.loads((path / FILE).read_text("utf-8")) if (path / FILE).exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{FILE} is not valid TOML: {error}", hint="mend the line named") from error
    for name, value in os.environ.items():
        section, separator, key = name.removeprefix("BAILEE_").lower().partition("__")
        if name.startswith("BAILEE_") and separator:
            written.setdefault(section, {})[key] = int(value) if value.isdigit() else value
    made = {}
    for section, values in written.items():
        kind = _SECTIONS.get(section)
        if kind is None or not isinstance(values, dict):
            raise Invalid(f"{FILE}: there is no section [{section}]", hint=_nearest(section, _SECTIONS))
        made[section] = _section(section, kind, values)
    config = Config(path=path, **made)
    for url in (config.database.url, config.database.keys_url):
        if url:
            database(url)
    return config


def _section(name: str, kind: type[Any], values: dict[str, Any]) -> Any:
    known = {one.name: int if one.type in {int, "int"} else str for one in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise Invalid(f"{FILE}: [{name}] knows no `{key}`", hint=_nearest(key, known))
        if not isinstance(value, known[key]):
            raise Invalid(f"{FILE}: [{name}] {key} has the wrong type", hint=f"it is a {known[key].__name__}")
    return kind(**values)


def _nearest(given: str, known: Any) -> str:
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}"


def database(url: str) -> dict[str, Any]:
    """Turn a `postgresql://` URL into Django's dictionary.

    Raises:
        Invalid: another engine, a password in the URL, or a link over the network that is not `sslmode=verify-full`.

    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise Invalid("a database URL looks like postgresql://user@host/name", hint="leave it out for SQLite")
    if parts.password:
        raise Invalid("a password must not stand in bailee.toml", hint="add ?passfile=… (mode 0600) to the URL")
    if host not in _LOCAL and not host.startswith("/") and options.get("sslmode") != "verify-full":
        raise Invalid("the link to this database is not verified", hint="add ?sslmode=verify-full")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": options,
    }


def house_id(path: Path) -> HouseId:
    """Read the home's identity: 16 bytes every key and every entry is bound to.

    Raises:
        NotFound: the folder is no home yet.
        Invalid: the identity is of an unknown format.

    """
    try:
        written = json.loads((path / IDENTITY).read_text("ascii"))
        if written["format"] != "bailee-home/1":
            raise Invalid("this home was made by a newer version", hint="upgrade before opening it")
        return HouseId(bytes.fromhex(written["house"]))
    except FileNotFoundError as error:
        raise NotFound("there is no home in this folder", hint="run `bailee init`, or name one with --home") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{IDENTITY} is damaged", hint="put it back from a backup") from error
