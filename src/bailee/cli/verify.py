"""`bailee verify`: check what was handed out, with the public key alone; no home, no database, no network."""

import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import secrets
from bailee.cli.opening import Run, public_key
from bailee.cli.verbs import single, verb
from bailee.kernel.errors import Invalid, NotFound, Unreadable
from bailee.ledger import verify_standalone

app = single()


@verb(app, "verify")
def verify(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A receipt, a .tlog-proof, a ledger export, or a data.db.")],
    vkey: Annotated[
        str | None,
        typer.Option(
            metavar="VKEY|FILE", help="The public key you kept, or a file with it (else the one beside the home)."
        ),
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(metavar="FILE", help="A signed checkpoint kept elsewhere.")] = None,
) -> None:
    """Check a receipt, a proof or a ledger with the public key. Exit 1 if it was tampered with."""
    said = checked(file, _vkey(run, vkey), secrets.text_from(str(checkpoint)) if checkpoint else "")
    run.out.one({"holds": True, "file": str(file), "says": said}, main="says")
    if vkey is None:
        run.out.say("Checked with the key beside this home; an outsider brings the copy they kept.")


def checked(file: Path, vkey: str, checkpoint: str = "") -> str:
    """Verify one file of any kind; answers what holds.

    Raises:
        Unreadable: tampered, with the first bad entry. Invalid: no file of Bailee, or no key.

    """
    try:
        key = verify_standalone.Key(vkey)
        said = verify_standalone.verify(file, key, checkpoint)
    except verify_standalone.Tampered as error:
        raise Unreadable(f"tampered: {error}", hint="keep the file as it is, and compare with other copies") from error
    except verify_standalone.Unreadable as error:
        raise Invalid(str(error), hint="give a receipt, proof, export or data.db, and --vkey") from error
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {file}", hint="check the name") from error
    except (OSError, sqlite3.Error, ValueError) as error:
        raise Invalid(f"{file} can't be read", hint="give a receipt, proof, export or data.db") from error
    return said


def _vkey(run: Run, given: str | None) -> str:
    if given is not None and "+" in given and not Path(given).exists():
        return given
    path = Path(given) if given is not None else public_key(run.home)
    if given is None and not path.exists():
        raise Invalid("the public key is needed", hint="--vkey, with what `bailee init` printed or a file with it")
    return secrets.text_from(str(path)).strip()
