"""`bailee version`: what runs here."""

import platform
import sqlite3
from importlib import metadata

from bailee import __version__
from bailee.cli.opening import Run
from bailee.cli.verbs import single, verb

app = single()


@verb(app, "version")
def version(run: Run) -> None:
    """Say which version this is, and of what it rests on."""
    run.out.one(
        {
            "bailee": __version__,
            "python": platform.python_version(),
            "django": metadata.version("django"),
            "sqlite": sqlite3.sqlite_version,
            "cryptography": metadata.version("cryptography"),
            "system": f"{platform.system()} {platform.machine()}",
        },
        main="bailee",
    )
