"""`bailee init`: a new home, asked for or told by options; nothing is ever overwritten."""

import textwrap
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module, resources
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bailee.cli import opening, secrets
from bailee.cli.opening import HALF_MADE, Run
from bailee.cli.output import plain
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import single, verb
from bailee.config import FILE, IDENTITY, Config, load
from bailee.kernel.errors import Conflict, Invalid
from bailee.kernel.secret import Secret

if TYPE_CHECKING:
    from bailee.custody.custodian import Custodian

app = single()

SAMPLES: Final = {"shop": "clerk,support,marketing,security,auditor", "clinic": "clinician,clerk,security,auditor"}
"""The sample maps, and the roles that go with each."""


@verb(app, "init")
def init(
    run: Run,
    name: Annotated[str | None, typer.Option(help="Your name: you become the first owner.")] = None,
    email: Annotated[str | None, typer.Option(help="Your e-mail address at work.")] = None,
    map_: Annotated[
        str | None,
        typer.Option("--map", metavar="shop|clinic|FILE", help="A sample data map, or a file with your own."),
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="A role to take from the templates; repeat it. `none` for none.")
    ] = None,
    custody: Annotated[
        str | None,
        typer.Option(
            metavar="file|passphrase", help="Who keeps the root key: a file beside the home, or a passphrase."
        ),
    ] = None,
    passphrase_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Where the passphrase is read from (- for stdin); else it is asked for."),
    ] = None,
    reserve_mb: Annotated[int | None, typer.Option(help="Disk space set aside for a full disk (default 64).")] = None,
    show_key: Annotated[bool, typer.Option("--show-key", help="Also print your personal key, once.")] = False,
) -> None:
    """Make a home: keys, data map, first owner.

    Without options it asks. It writes your personal key to a file beside the home; every later command acts with it.
    """
    config = _fresh(run)
    if run.interactive and not (name and email and map_):
        run.out.say(f"A new home at {run.home}. Return takes what stands in brackets.\n")
    name = name or run.ask("Your name", instead="--name")
    email = email or run.ask("Your e-mail address", instead="--email")
    chosen = map_ or run.ask(f"Data map ({', '.join(SAMPLES)}, or a file)", instead="--map", default="shop")
    map_text = _map_text(chosen)
    roles = _roles(run, chosen, role)
    config = _configured(run, config, custody, reserve_mb)
    make = _custodian(run, config, passphrase_file)
    key_path = run.key_path
    key_path.parent.mkdir(parents=True, exist_ok=True)
    if key_path.resolve().is_relative_to(run.home.resolve()):
        raise Invalid(
            "the key file would lie inside the home", hint="a copy of the home must open nothing: name another place"
        )
    with PrivateFile(key_path) as key:
        _write_config(config, custody, reserve_mb)
        opening.set_up(run.home)
        founding: Any = import_module("bailee.cli.founding")
        wanted = founding.Wanted(map_text=map_text, name=name, email=email, roles=roles)
        if not run.out.as_json:
            run.out.say("making keys and stores …")
        made = founding.found(config, make, wanted, key, run.home / HALF_MADE, opening.public_key(run.home))
    data = {
        "home": str(run.home),
        **plain(made),
        "roles": list(roles),
        "key_file": str(key_path),
        "vkey_file": str(opening.public_key(run.home)),
        "custody": str(config.custody_folder),
    }
    if show_key:
        data["key"] = secrets.key_from(key_path).reveal()
    _tell(run, data)


def _fresh(run: Run) -> Config:
    """Refuse to touch what is there, and say what it is.

    Raises:
        Conflict: a home, the remains of an interrupted init, or stores without an identity.

    """
    home, config = run.home, load(run.home)
    if (home / HALF_MADE).exists():
        raise Conflict(
            "an earlier `bailee init` was interrupted here; nothing was kept in this home yet",
            hint=f"remove {home}, {config.custody_folder} and {run.key_path}, then run it again",
        )
    if (home / IDENTITY).exists():
        raise Conflict(f"there is a home at {home} already", hint="bailee status; or name another folder with --home")
    if (home / "data.db").exists() or (home / "keys.db").exists():
        raise Conflict(
            f"{home} holds stores, but {IDENTITY} is missing",
            hint=f"if it was a home, put {IDENTITY} back from a backup; do not make a new home over it",
        )
    if config.custody_folder.exists() and any(config.custody_folder.iterdir()):
        raise Conflict(
            f"{config.custody_folder} holds keys already",
            hint="keep them if any home or backup may need them, and name another home",
        )
    if run.key_path.exists():
        raise Conflict(f"there is a key file {run.key_path} already", hint="name another with --key-file")
    return config


def _map_text(chosen: str) -> str:
    """A sample by name, else a file; checked before anything is made."""
    toml: Any = import_module("bailee.datamap.toml")
    lint: Any = import_module("bailee.datamap.lint")
    if chosen in SAMPLES:
        return (resources.files("bailee.datamap") / "maps" / f"{chosen}.toml").read_text("utf-8")
    text = secrets.text_from(chosen)
    maps: Any = import_module("bailee.datamap.maps")
    wrong = tuple(one for one in lint.lint(toml.read(text)) if one.severity == "error")
    if wrong:
        raise maps.MapInvalid(wrong)
    return text


def _roles(run: Run, chosen: str, given: list[str] | None) -> tuple[str, ...]:
    """Roles as told, else asked for, else those that go with the sample; the owner's comes by itself."""
    templates: Any = import_module("bailee.access.templates")
    known = {one.key: one for one in templates.read_templates() if one.key != "owner"}
    usual = SAMPLES.get(chosen, "")
    if given is None and run.interactive:
        for one in known.values():
            run.out.say(textwrap.fill(f"{one.key:<10} {one.says}", 78, initial_indent="  ", subsequent_indent=" " * 13))
        given = [run.ask("Roles", instead="--role", default=usual or "none")]
    words = [word.strip() for one in (given if given is not None else [usual]) for word in one.split(",")]
    wanted = [word for word in words if word and word not in {"none", "owner"}]
    if any(word not in known for word in wanted):
        raise Invalid("there is no such role template", hint=f"there are {', '.join(known)}")
    return tuple(dict.fromkeys(wanted))


def _configured(run: Run, config: Config, custody: str | None, reserve_mb: int | None) -> Config:
    """The configuration as it will stand; what a file in the folder says already is kept."""
    if custody is None and reserve_mb is None:
        return config
    if (run.home / FILE).exists():
        raise Conflict(f"there is a {FILE} already", hint=f"set it there: {run.home / FILE}")
    if custody not in {None, "file", "passphrase"}:
        raise Invalid("--custody is unknown", hint="it is file or passphrase")
    home = config.home if reserve_mb is None else replace(config.home, reserve_mb=reserve_mb)
    keeper = config.custody if custody is None else replace(config.custody, provider=custody)
    return replace(config, home=home, custody=keeper)


def _write_config(config: Config, custody: str | None, reserve_mb: int | None) -> None:
    lines = []
    if reserve_mb is not None:
        lines += ["[home]", f"reserve_mb = {reserve_mb}"]
    if custody is not None:
        lines += ["[custody]", f'provider = "{custody}"']
    if lines:
        config.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (config.path / FILE).write_text("\n".join(lines) + "\n", "utf-8")
        (config.path / FILE).chmod(0o600)


def _custodian(run: Run, config: Config, passphrase_file: str | None) -> "Callable[[], Custodian]":
    """How the root key is made; a passphrase is asked for here, before anything exists."""
    providers = "bailee.custody.providers"
    match config.custody.provider:
        case "file":
            file: Any = import_module(f"{providers}.file")
            return lambda: _typed(file.FileCustodian.make(config.key_file, config.path))
        case "passphrase":
            module: Any = import_module(f"{providers}.passphrase")
            words = _passphrase(run, config, passphrase_file)
            if len(words.reveal()) < module.SHORTEST:
                raise Invalid(
                    f"the passphrase is shorter than {module.SHORTEST} characters", hint="seven random words do well"
                )
            return lambda: _typed(module.PassphraseCustodian.make(opening.sealed_root(config), words))
        case _:
            raise Invalid(
                "a home is not made with this custodian", hint='set [custody] provider = "file" or "passphrase"'
            )


def _typed(made: "Custodian") -> "Custodian":
    return made


def _passphrase(run: Run, config: Config, given: str | None) -> Secret[str]:
    if given is not None:
        return Secret(secrets.value_from(given))
    if config.custody.passphrase_file:
        return opening.passphrase(config, run)
    first = secrets.typed("Passphrase for this home", no_input=run.no_input, instead="--passphrase-file FILE")
    if first != secrets.typed("The same again", no_input=run.no_input, instead="--passphrase-file FILE"):
        raise Invalid("the two passphrases differ", hint="nothing was made; run it again")
    return first


def _tell(run: Run, data: dict[str, Any]) -> None:
    out = run.out
    if out.as_json:
        out.json(data)
        return
    if out.quiet:
        out.line(data["vkey"])
        return
    out.pairs(
        [
            ("home", data["home"]),
            ("root key", f"{data['custody']}  (keep it apart from the home and its backups)"),
            ("your key", f"{data['key_file']}  (mode 0600; it is you)"),
            ("roles", ", ".join(["owner", *data["roles"]])),
            ("public key", data["vkey"]),
            *([("key", data["key"])] if "key" in data else []),
        ]
    )
    out.say(
        f"\nKeep a copy of the public key ({data['vkey_file']}) elsewhere:\n"
        "with it anyone can check receipts and the ledger without trusting this machine.\n\n"
        "Next:\n"
        "  bailee people invite                   take a colleague in, with the roles of their job\n"
        "  bailee import plan FILE                bring customers in from a file or database\n"
        "  bailee customer add --purpose …        or type one in (with a key that may write)\n"
        "  bailee doctor                          check what this home rests on"
    )
