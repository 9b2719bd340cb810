"""What went wrong, as one line, a hint and an exit code; never an input, never a value."""

import difflib
import errno
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bailee.kernel.errors import HouseError, exit_code

if TYPE_CHECKING:
    from bailee.cli.output import Out

Usage = Any
"""One of Typer's errors about the command line."""

FAILED: Final = 1
USAGE: Final = 2
PARTLY: Final = 8
INTERRUPTED: Final = 130


def expected(out: "Out", error: HouseError) -> int:
    """Say an error that was raised on purpose."""
    status = exit_code(error)
    out.refuse(str(error), error.hint, error.code, status)
    return status


def usage(out: "Out", error: "Usage") -> int:
    """Say a mistake in the command line, without repeating what was typed: it may be somebody's data.

    Typer has its own copy of click and exports only the base of its errors, so they are told apart by name.
    """
    if type(error).__name__ == "NoArgsIsHelpError" and not out.as_json:
        out.help(error.ctx.get_help())
        return USAGE
    what, hint = _usage_words(error)
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "bailee"
    out.refuse(what, hint or f"{where} --help", "usage", USAGE)
    return USAGE


def _usage_words(error: "Usage") -> tuple[str, str]:
    param = getattr(error, "param", None)
    name = ""
    if param is not None:
        name = max(param.opts, key=len) if param.param_type_name == "option" else param.metavar or param.name.upper()
    match type(error).__name__:
        case "NoSuchOption":
            near = ", ".join(sorted(error.possibilities or ()))
            return "there is no such option", f"did you mean {near}?" if near else ""
        case "MissingParameter":
            return f"{name} is missing", ""
        case "BadOptionUsage":
            return f"{error.option_name} is not used like that", ""
        case "BadParameter":
            kind = error.message.rpartition(" is not ")[2] if " is not " in error.message else ""
            return f"{name} has a wrong value", f"it must be {kind}" if kind else ""
        case "NoSuchCommand":
            return error.message, ""
        case _ if "unexpected extra argument" in error.message:
            return "there is one word too many", "values are asked for, or read from a file or stdin (-)"
        case _ if error.message.startswith("No such command"):
            return "there is no such command", _nearest(error)
        case "NoArgsIsHelpError":
            return "a command is missing", f"{error.ctx.command_path} --help"
        case _:
            return "the command line is not understood", ""


def _nearest(error: "Usage") -> str:
    """The commands that may have been meant; only names that exist are ever shown."""
    context = error.ctx
    if context is None:
        return ""
    typed = error.message.partition("'")[2].partition("'")[0]
    near = difflib.get_close_matches(typed, context.command.list_commands(context), n=3)
    return f"did you mean {', '.join(near)}?" if near else f"{context.command_path} --help"


def unexpected(out: "Out", error: BaseException) -> int:
    """Say that something broke: the same reference for the same break, and the place; no value."""
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "bailee" in file.parts:
            place = f"{file.parent.name}/{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    kind = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        kind += f" {errno.errorcode.get(error.errno, '')}"
    reference = sha256(f"{kind} {place}".encode()).hexdigest()[:4].upper()
    out.refuse(
        f"something failed, reference {reference}",
        f"bailee doctor; report the reference with: {place} {kind}",
        "internal",
        FAILED,
    )
    return FAILED
