"""What one command was told, and how it opens the home: nothing of the house is imported before that."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bailee import config as configuration
from bailee.cli import secrets
from bailee.cli.output import Out
from bailee.config import Config
from bailee.kernel.errors import Conflict, Denied, Invalid
from bailee.kernel.secret import Secret

if TYPE_CHECKING:
    from bailee.cli.session import Session
    from bailee.custody.custodian import Custodian

KEY_ENV: Final = "BAILEE_KEY_FILE"
HALF_MADE: Final = "init.begun"
"""Stands in a home while `bailee init` works on it."""

_TOLD: Final[dict[str, Any]] = {}
"""Options that stood before the noun: `bailee --json status`."""


@dataclass(frozen=True)
class Run:
    """One command as it was called."""

    out: Out
    home: Path
    key_file: Path | None
    no_input: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Run":
        """Put the options before the noun and those after the verb together."""
        told = {name: value or _TOLD.get(name) for name, value in given.items()}
        home = told["home"]
        key_file = told["key_file"] or os.environ.get(KEY_ENV)
        return cls(
            out=Out(as_json=bool(told["as_json"]), quiet=bool(told["quiet"])),
            home=configuration.default_home() if home is None else Path(home).expanduser().absolute(),
            key_file=Path(key_file).expanduser().absolute() if key_file else None,
            no_input=bool(told["no_input"]),
        )

    @property
    def interactive(self) -> bool:
        return secrets.interactive(no_input=self.no_input)

    @property
    def key_path(self) -> Path:
        """Where the personal key is looked for: as told, else beside the home."""
        return self.key_file or beside(self.home)

    def config(self) -> Config:
        """Read the home's configuration."""
        return configuration.load(self.home)

    @contextmanager
    def opened(self) -> Iterator["Session"]:
        """Open the home, and close it whatever happens.

        Raises:
            NotFound: no home; Conflict: open elsewhere, or half made; Unavailable: keys or ledger.

        """
        config = self.config()
        if (self.home / HALF_MADE).exists():
            raise Conflict(
                "`bailee init` was interrupted here, so this home is only half made",
                hint=f"remove {self.home} and {config.custody_folder}, then run bailee init again",
            )
        configuration.house_id(self.home)
        set_up(self.home)
        session: Session = import_module("bailee.cli.session").Session.begin(
            config, custodian(config, self), lambda: secrets.key_from(self.key_path)
        )
        try:
            yield session
        except BaseException:
            session.end(quietly=True)
            raise
        session.end()

    def ask(self, what: str, *, instead: str, default: str = "") -> str:
        """Ask for a line that may be seen."""
        return secrets.line(what, no_input=self.no_input, instead=instead, default=default)


def remember(told: Mapping[str, Any]) -> None:
    """Keep the options that stood before the noun."""
    _TOLD.clear()
    _TOLD.update(told)


def beside(home: Path) -> Path:
    """Where `init` puts the owner's key: beside the home, so that a copied home opens nothing."""
    return home.with_name(f"{home.name}.key")


def public_key(home: Path) -> Path:
    """Where `init` puts the public key."""
    return home.with_name(f"{home.name}.vkey")


def set_up(home: Path) -> None:
    """Wake Django for one home; once per process."""
    os.environ["BAILEE_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "bailee.settings"
    import_module("django").setup()


def registries() -> None:
    """Fill the registries of acts and looks; no home is needed."""
    set_up(configuration.default_home())


def sealed_root(config: Config) -> Path:
    """Where the passphrase custodian keeps its sealed root."""
    return config.key_file if config.custody.key_file else config.custody_folder / "root.json"


def custodian(config: Config, run: Run) -> "Custodian":
    """The keeper of the root key that the configuration names.

    Raises:
        Invalid: an unknown one, or one for the demo only; and whatever the custodian raises.

    """
    providers = "bailee.custody.providers"
    match config.custody.provider:
        case "file":
            made: Custodian = import_module(f"{providers}.file").FileCustodian(config.key_file, config.path)
        case "passphrase":
            made = import_module(f"{providers}.passphrase").PassphraseCustodian(
                sealed_root(config), lambda: passphrase(config, run)
            )
        case "memory":
            raise Invalid("a root key in memory is for the demo only", hint='set [custody] provider = "file"')
        case _:
            raise Invalid("[custody] provider is unknown", hint='it is "file" or "passphrase"')
    return made


def passphrase(config: Config, run: Run) -> Secret[str]:
    """The passphrase from the file that the configuration names, else typed."""
    if config.custody.passphrase_file:
        folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
        named = config.custody.passphrase_file.replace("${CREDENTIALS_DIRECTORY}", folder)
        try:
            return secrets.key_from((config.path / named).resolve())
        except Denied as error:
            words = str(error).replace("key file", "passphrase file")
            raise Invalid(words, hint="[custody] passphrase_file names it; its mode is 0600") from error
    return secrets.typed(
        "Passphrase of this home", no_input=run.no_input, instead="name a file: [custody] passphrase_file"
    )
