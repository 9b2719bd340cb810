"""Registry → commands: `bailee do area.verb` for every act, `bailee see area.nouns` for every look."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
import typer
from typer.core import TyperGroup

from bailee.cli import opening, secrets, times
from bailee.cli.opening import Run
from bailee.cli.output import plain
from bailee.cli.secrets import PrivateFile
from bailee.cli.verbs import SETTINGS, Verb, wrapped
from bailee.kernel.acts import ACTS, LOOKS, Act, Danger, Doors, Look
from bailee.kernel.asks import parse
from bailee.kernel.clock import Micros
from bailee.kernel.errors import Invalid
from bailee.kernel.secret import Secret

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

SPOKEN_FOR: Final = {"access.found": "init", "vault.erase": "customer erase"}
"""Acts that only make sense within a longer command, and its name."""

_LONG: Final = 1_000
"""A text that may be longer than this comes from a file."""


def acts() -> Iterator[tuple[str, str]]:
    """Every act of this door, by name, with what it does."""
    for name, one in sorted(ACTS.items()):
        if Doors.CLI in one.doors and name not in SPOKEN_FOR:
            yield name, one.says


def looks() -> Iterator[tuple[str, str]]:
    """Every look of this door."""
    for name, one in sorted(LOOKS.items()):
        if Doors.CLI in one.doors:
            yield name, one.says


def doing() -> "Command":
    """The group `do`."""
    return Registered(
        "do", acts, lambda name: _act(ACTS[name]), "Run any act by its name; each is checked and recorded."
    )


def seeing() -> "Command":
    """The group `see`."""
    return Registered("see", looks, lambda name: _look(LOOKS[name]), "Ask any look by its name; nothing is changed.")


class Registered(TyperGroup):
    """A group whose commands are the registry's; it is filled only when it is used."""

    def __init__(
        self, name: str, known: Callable[[], Iterator[tuple[str, str]]], make: Callable[[str], "Command"], says: str
    ) -> None:
        super().__init__(
            name=name, help=says, no_args_is_help=True, rich_markup_mode=None, context_settings=dict(SETTINGS)
        )
        self._known, self._make = known, make

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - Typer's shape
        opening.registries()
        return [name for name, _ in self._known()]

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        if cmd_name in SPOKEN_FOR and self.name == "do":
            raise Invalid(f"{cmd_name} is part of a longer command", hint=f"bailee {SPOKEN_FOR[cmd_name]}")
        return self._make(cmd_name) if cmd_name in self.list_commands(ctx) else None

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002 - Typer's shape
        opening.registries()
        with formatter.section("Commands"):
            formatter.write_dl(list(self._known()))


# -- one act, one look


def _act(what: Act[Any, Any]) -> "Command":
    own = list(_options(what.ask))
    gives_secret = _has_secret(what.value)
    if gives_secret:
        own.append(
            _option(
                "secret_file", Path | None, None, "--secret-file", "Where the secret is written (0600, new).", "FILE"
            )
        )
    if what.danger is Danger.SECOND_PERSON:
        own.append(
            _option("second_key_file", Path | None, None, "--second-key-file", "The key of the second person.", "FILE")
        )

    def run_act(
        run: Run, secret_file: Path | None = None, second_key_file: Path | None = None, **given: object
    ) -> None:
        if gives_secret and secret_file is None:
            raise Invalid("this act gives out a secret", hint="--secret-file FILE says where it is written")
        with run.opened() as session:
            second = None if second_key_file is None else session.actor_of(secrets.key_from(second_key_file))
            ask = _read(what.ask, given, session.now)
            if secret_file is not None:
                with PrivateFile(secret_file) as file:
                    done = session.do(what.name, ask, second=second)
                    file.write("".join(f"{one.reveal()}\n" for one in _secrets(done.value)))
            else:
                done = session.do(what.name, ask, second=second)
        value = plain(done.value)
        data = {"value": value, "entry": str(done.entry)}
        if secret_file is not None:
            data["secret_file"] = str(secret_file)
        run.out.one(data, main="value")

    run_act.__doc__ = f"{what.says}\n\nNeeds the permission {what.needs}."
    return _command(what.name, run_act, own)


def _look(what: Look[Any, Any]) -> "Command":
    own = list(_options(what.ask))

    def run_look(run: Run, **given: object) -> None:
        with run.opened() as session:
            made = plain(session.see(what.name, _read(what.ask, given, session.now)))
        if isinstance(made, list):
            rows = [row if isinstance(row, dict) else {"value": row} for row in made]
            columns = {key: key.replace("_", " ").capitalize() for row in rows[:1] for key in row}
            run.out.rows(rows, columns or {"value": "Value"}, empty="nothing")
        else:
            run.out.one(made if isinstance(made, dict) else {"value": made}, main=next(iter(made), "") if made else "")

    run_look.__doc__ = f"{what.says}\n\nNeeds the permission {what.needs}."
    return _command(what.name, run_look, own)


def _command(name: str, work: Callable[..., None], own: list[inspect.Parameter]) -> "Command":
    work.__name__ = name.replace(".", "_")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=Verb, context_settings=dict(SETTINGS))(wrapped(work, own))
    return typer.main.get_command(app)


# -- an ask's fields as options


def _options(ask: type[Any]) -> Iterator[inspect.Parameter]:
    """Every option is a text, a list of texts or a flag, so that no type is said twice: `kernel.asks` reads them."""
    hints = get_type_hints(ask, include_extras=True)
    for one in fields(ask):
        bare, metas = _bare(hints[one.name])
        required = one.default is MISSING and one.default_factory is MISSING
        flag = one.name.replace("_", "-")
        if bare is bool:
            yield _option(one.name, bool | None, None, f"--{flag}/--no-{flag}", _default(one.default))
        elif get_origin(bare) is tuple:
            help_ = "By comma, or repeat it." if not required else "By comma; `none` for none."
            yield _option(one.name, list[str] | None, inspect.Parameter.empty if required else None, f"--{flag}", help_)
        elif _from_file(bare, metas):
            yield _option(
                one.name,
                str | None,
                inspect.Parameter.empty if required else None,
                f"--{flag}-file",
                "Read from a file (- for stdin).",
                "FILE",
            )
        else:
            yield _option(
                one.name,
                str if required else str | None,
                inspect.Parameter.empty if required else None,
                f"--{flag}",
                f"{_hint(bare, metas)} {_default(one.default)}".strip(),
                _metavar(bare),
            )


def _option(
    name: str,
    kind: Any,  # noqa: ANN401 - a type, made at run time
    default: object,
    flag: str,
    help_: str,
    metavar: str | None = None,
) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(flag, help=help_ or None, metavar=metavar, show_default=False)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _read(ask: type[Any], given: Mapping[str, Any], now: Micros) -> dict[str, Any]:
    """What was typed, as `kernel.asks` takes it: files read, lists split, times turned into microseconds."""
    hints = get_type_hints(ask, include_extras=True)
    made: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        bare, metas = _bare(hints[name])
        if get_origin(bare) is tuple:
            if value:
                made[name] = tuple(
                    word.strip() for one in value for word in one.split(",") if word.strip() not in {"", "none"}
                )
        elif _from_file(bare, metas):
            text = secrets.text_from(value)
            made[name] = parse(text.encode()) if is_dataclass(bare) else text
        elif bare is int and times.is_time(value):
            made[name] = times.moment_of(value, now)
        else:
            made[name] = value
    return made


def _bare(hint: object) -> tuple[Any, tuple[Any, ...]]:
    """The type under `Annotated` and `| None`, and the bounds beside it."""
    metas: tuple[Any, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            metas += tuple(more)
        elif type(None) in get_args(hint):
            hint = Union[tuple(one for one in get_args(hint) if one is not type(None))]  # noqa: UP007 - built at run time
        else:
            return getattr(hint, "__supertype__", hint), metas


def _from_file(bare: object, metas: tuple[Any, ...]) -> bool:
    if is_dataclass(bare) or bare is Secret or get_origin(bare) is Secret:
        return True
    longest = [one.max_length for one in metas if isinstance(one, msgspec.Meta) and one.max_length is not None]
    return bare is str and any(one > _LONG for one in longest)


def _hint(bare: object, metas: tuple[Any, ...]) -> str:
    if isinstance(bare, type) and issubclass(bare, Enum):
        return f"One of {', '.join(str(one.value) for one in bare)}."
    if bare is int:
        least = next((one.ge for one in metas if isinstance(one, msgspec.Meta)), None)
        most = next((one.le for one in metas if isinstance(one, msgspec.Meta)), None)
        if most is not None and most < 2**53 - 1:
            return f"A number from {least} to {most}."
        return "A number, or a time: 2027-03-01, 90d."
    for one in metas:
        if isinstance(one, msgspec.Meta) and one.pattern and one.pattern.startswith("^(") and "|" in one.pattern:
            return f"One of {one.pattern.strip('^$()').replace('|', ', ')}." if "\\" not in one.pattern else ""
    return ""


def _metavar(bare: object) -> str | None:
    return "NUMBER" if bare is int else None


def _default(default: object) -> str:
    if default is MISSING or default is None or default in ("", ()):
        return ""
    return f"(else {getattr(default, 'value', default)})"


# -- secrets in what an act gives back


def _has_secret(kind: object) -> bool:
    origin = get_origin(kind) or kind
    if origin is Secret:
        return True
    if isinstance(kind, type) and is_dataclass(kind):
        return any(_has_secret(one) for one in get_type_hints(kind).values())
    return any(_has_secret(one) for one in get_args(kind))


def _secrets(value: object) -> Iterator[Secret[str]]:
    if isinstance(value, Secret):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _secrets(getattr(value, one.name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _secrets(part)
