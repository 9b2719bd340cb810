"""The command `bailee`, from its words to its exit code."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bailee import __version__

if TYPE_CHECKING:
    from types import FrameType

COMPLETE: Final = "_BAILEE_COMPLETE"


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line; answers its exit code."""
    given = list(sys.argv[1:] if args is None else args)
    if given == ["--version"]:
        sys.stdout.write(f"bailee {__version__}\n")
        return 0
    os.umask(0o077)
    _point(given)
    return _run(given)


def _run(given: list[str]) -> int:
    """Everything from here on costs Typer: `--version` and nothing else does without."""
    from typer.exceptions import TyperException  # noqa: PLC0415 - see above
    from typer.main import get_command  # noqa: PLC0415 - see above

    from bailee.cli import nouns, refusals  # noqa: PLC0415 - see above
    from bailee.cli.output import Out  # noqa: PLC0415 - see above
    from bailee.kernel.errors import HouseError  # noqa: PLC0415 - see above

    _gentle_end()
    out = Out(as_json="--json" in given)
    try:
        try:
            if os.environ.get(COMPLETE):
                import_module("typer.completion").completion_init()
            command = get_command(nouns.app)
            status: Any = command.main(given, prog_name="bailee", complete_var=COMPLETE, standalone_mode=False)
            sys.stdout.flush()
        except HouseError as error:
            status = refusals.expected(out, error)
        except TyperException as error:
            status = refusals.usage(out, error)
        except KeyboardInterrupt:
            status = refusals.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return refusals.FAILED
    except Exception as error:  # noqa: BLE001 - the outermost door: whatever broke, no value of it is shown
        return refusals.unexpected(out, error)
    if status == refusals.INTERRUPTED:
        out.refuse("stopped", "", "interrupted", refusals.INTERRUPTED)
    return int(status or 0)


def _point(given: Sequence[str]) -> None:
    """Take --home before anything else: generated verbs come from registries that are filled for one home."""
    for at, word in enumerate(given):
        if word == "--":
            return
        if word == "--home" and at + 1 < len(given):
            _at(given[at + 1])
        elif word.startswith("--home="):
            _at(word.removeprefix("--home="))


def _at(home: str) -> None:
    os.environ["BAILEE_HOME"] = os.path.abspath(os.path.expanduser(home))  # noqa: PTH100, PTH111 - pathlib costs 10 ms


def _gentle_end() -> None:
    """Let a stop from outside close the home like an end of its own."""
    import signal  # noqa: PLC0415 - 5 ms that --version must not pay

    def stop(number: int, _: "FrameType | None") -> NoReturn:
        raise SystemExit(128 + number)

    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, stop)
