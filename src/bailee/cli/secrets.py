"""What must not stand on a command line: typed at a prompt, read from stdin or a file, written to a private file."""

import getpass
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self, TextIO

from bailee.custody.durable import sync_folder
from bailee.kernel.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from bailee.kernel.secret import Secret

STDIN: Final = "-"
MOST: Final = 1 << 20
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def interactive(*, no_input: bool) -> bool:
    """Whether somebody sits there to be asked."""
    return not no_input and sys.stdin.isatty() and sys.stderr.isatty()


def typed(what: str, *, no_input: bool, instead: str) -> Secret[str]:
    """Ask for a secret without showing it.

    Raises:
        Invalid: nobody is there to ask; `instead` says how to give it otherwise.

    """
    if not interactive(no_input=no_input):
        raise Invalid(f"{what} is needed, and there is nobody to ask", hint=instead)
    return Secret(getpass.getpass(f"{what}: ", stream=sys.stderr))


def line(what: str, *, no_input: bool, instead: str, default: str = "") -> str:
    """Ask for one line that may be seen; the question goes to stderr, the answer stays out of the shell's history."""
    if not interactive(no_input=no_input):
        raise Invalid(f"{what} is needed, and there is nobody to ask", hint=instead)
    sys.stderr.write(f"{what} [{default}]: " if default else f"{what}: ")
    sys.stderr.flush()
    given = sys.stdin.readline()
    if not given:
        raise Invalid("the input ended", hint=instead)
    return given.strip() or default


def text_from(source: str) -> str:
    """Read a text from a file, or from stdin for `-`; at most 1 MiB of UTF-8.

    Raises:
        NotFound: no such file. Invalid: too large, or not UTF-8.

    """
    try:
        if source == STDIN:
            raw = sys.stdin.buffer.read(MOST + 1)
        else:
            with Path(source).expanduser().open("rb") as handle:
                raw = handle.read(MOST + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {source}", hint="check the name; `-` reads from stdin") from error
    except OSError as error:
        raise Invalid(f"{source} can't be read: {error.strerror}", hint="check the name and its rights") from error
    if len(raw) > MOST:
        raise Invalid(f"{_named(source)} is larger than 1 MiB", hint="split it", code="too-large")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{_named(source)} is not UTF-8", hint="save it as UTF-8") from error


def value_from(source: str) -> str:
    """Read one value: the text without its last line break."""
    return text_from(source).removesuffix("\n").removesuffix("\r")


def key_from(path: Path) -> Secret[str]:
    """Read a personal key from a file that only its owner can read.

    Raises:
        Denied: `credential-missing` or `credential-invalid`: not there, or open to others.

    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise Denied(
            f"there is no key file {path}",
            hint="name yours with --key-file FILE or BAILEE_KEY_FILE; an owner makes a new one: bailee people key",
            code="credential-missing",
        ) from error
    except OSError as error:
        raise Denied(
            f"the key file {path} can't be read", hint="check whose it is", code="credential-missing"
        ) from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Denied(f"{path} is no file", hint="name the key file itself", code="credential-invalid")
        if found.st_mode & _OTHERS:
            raise Denied(
                f"the key file {path} is open to other users",
                hint=f"chmod 600 {path}, and ask for a new key if anybody else may have read it",
                code="credential-invalid",
            )
        if found.st_uid != os.geteuid():
            raise Denied(f"the key file {path} belongs to another user", hint="use your own", code="credential-invalid")
        return Secret(file.read(1024).decode("ascii", "replace").strip())


class PrivateFile:
    """A new file, mode 0600, made before the work so that its result has a place; never overwrites.

    Raises:
        Conflict: there is such a file. Unavailable: it can't be made.

    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser()
        try:
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError as error:
            raise Conflict(f"there is a file {path} already", hint="name another; nothing is overwritten") from error
        except OSError as error:
            raise Unavailable(f"{path} can't be written: {error.strerror}", hint="name another place") from error
        self._written = False

    def write(self, text: str) -> None:
        """Write once, durably."""
        with self.lines() as stream:
            stream.write(text)

    @contextmanager
    def lines(self) -> Iterator[TextIO]:
        """Write piece by piece, durably at the end; what was written stays even if the work stops."""
        self._written = True
        with os.fdopen(os.dup(self._handle), "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(self.path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close; a file that nothing was written to is taken away again."""
        os.close(self._handle)
        if not self._written:
            self.path.unlink(missing_ok=True)


def _named(source: str) -> str:
    return "the input" if source == STDIN else source
