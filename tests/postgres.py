"""Debian's PostgreSQL, started by the tests on a unix socket of its own, as an unprivileged user, fsync on."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

_USERS = ("postgres", "nobody")


class Missing(Exception):
    """There is no server program here; the message says what to install."""


class Server:
    """One server; databases are made from templates, which takes a tenth of a second."""

    def __init__(self) -> None:
        self._bin = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="bailee-pg-"))
        self._user = _unprivileged()
        data = self.folder / "data"
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-A", "trust", "-U", "bailee", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(data))
        with (data / "postgresql.conf").open("a") as settings:
            settings.write("fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nlisten_addresses = ''\n")
            settings.write(f"unix_socket_directories = '{self.folder}'\nmax_connections = 60\nlog_statement = none\n")
            settings.write(
                "shared_buffers = 64MB\nlog_parameter_max_length = 0\nlog_parameter_max_length_on_error = 0\n"
            )
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self.folder / "log"), "start")
        atexit.register(self.stop)

    def stop(self) -> None:
        if self.folder.exists():
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop", check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql://bailee@/{name}?host={self.folder}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run statements with psql and answer what it prints."""
        done = subprocess.run(
            [
                "psql",
                "-X",
                "-q",
                "-t",
                "-A",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                self.folder,
                "-U",
                "bailee",
                "-d",
                database,
            ],
            executable=self._bin / "psql",
            input=statement,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        user = self._user
        done = subprocess.run(
            [self._bin / program, *arguments],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')[-500:]}")


@cache
def server() -> Server:
    """The one server of this test process."""
    return Server()


def _programs() -> Path:
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/bin")):
        if (folder / "initdb").exists():
            return folder
    raise Missing("not run: PostgreSQL is not installed (apt-get install postgresql)")


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: pick somebody else if we are."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("not run: there is no unprivileged user to run PostgreSQL as")
