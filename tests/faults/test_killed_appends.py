"""Killed at a random system call of append and checkpoint, a home opens again by itself and has lost nothing said.

A child opens a home, appends, signs and closes; `strace` sends SIGKILL on entering one of its calls that write, sync,
rename, open, lock or map. What the child was told to be durable, it had passed on through a pipe.
"""

import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.db import connections
from tests import homes

from bailee import config as configuration
from bailee import house as houses
from bailee.config import Config
from bailee.custody.custodian import Custodian
from bailee.custody.providers.file import FileCustodian
from bailee.ledger import tables, verify_standalone
from bailee.ledger.entries import opened
from bailee.ledger.facts import ActFailed, HouseOpened, HouseStopped, LedgerRecovered

CALLS = (
    "write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,fallocate,"
    "openat,flock,fcntl,mkdir,link,chmod,mmap,munmap,close"
)
POINTS = 200
LONG = 2_000
INITS = 40
_ANY_TRACER = (0x59616D61, ctypes.c_ulong(-1))


def work(config: Config, custodian: Custodian, appends: int, said: int) -> None:
    """What is killed: open, append, sign now and then, close; each thing that is durable is said."""
    house = houses.open_house(config, custodian)
    for number in range(appends):
        [ref] = house.state(ActFailed("test.kill", f"E{number}"))
        os.write(said, f"{json.dumps([ref.index, number])}\n".encode())
        if number % 3 == 2:
            house.sign()
    house.close()
    os.write(said, b"closed\n")


def begin(job: Callable[[int], None]) -> tuple[int, int]:
    """Fork a child that waits, stopped, before its work; answers its process and the pipe it speaks into."""
    hears, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            job(said)
        finally:
            os._exit(0)
    os.close(said)
    os.waitpid(pid, os.WUNTRACED)
    return pid, hears


def run(job: Callable[[int], None], spec: str, log: str = "/dev/null") -> tuple[list[str], int]:
    """Let a child work under strace; answers what it said, and how it ended."""
    pid, hears = begin(job)
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", log, "-e", f"trace={CALLS}", *spec.split(), "-p", str(pid)],
        stderr=subprocess.PIPE,
    )
    while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(hears)
            assert tracer.stderr is not None
            pytest.skip(f"not run: strace can't trace here ({tracer.stderr.read().decode().strip()[:80]})")
        time.sleep(0.001)
    os.kill(pid, signal.SIGCONT)
    with os.fdopen(hears) as pipe:
        heard = pipe.read().splitlines()
    tracer.communicate()
    return heard, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def survives(config: Config, custodian: Custodian, heard: list[str]) -> None:
    """It opens unaided, everything said is there, and the stand-alone verifier agrees."""
    house = houses.open_house(config, custodian)
    try:
        for line in heard:
            if line != "closed":
                index, number = json.loads(line)
                row = tables.Entry.objects.get(lane=0, idx=index)
                assert opened(bytes(row.body or b""), bytes(row.leaf)).facts["error"] == f"E{number}"
        now, before = tables.Entry.objects.order_by("-idx").values_list("tag", flat=True)[:2]
        assert now == HouseOpened.tag
        assert before == HouseStopped.tag or (before == LedgerRecovered.tag and "closed" not in heard)
    finally:
        house.close()
    said = verify_standalone.verify(config.path / "data.db", verify_standalone.Key(house.verifier().vkey))
    assert said.startswith("OK ")


def traced(log: Path) -> list[tuple[str, int]]:
    """Every call of a whole run: its name, and the how-many-eth of that name it is."""
    names = re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE)
    return [(name, names[: at + 1].count(name)) for at, name in enumerate(names)]


def kill_at(count: int, appends: int, seed: int, template_base: Path, folder: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("not run: strace is not installed")
    template = homes.template(template_base, "sqlite")
    home = homes.copy(template, folder)
    config = configuration.load(home)
    homes.point(config)
    custodian = FileCustodian(config.key_file, home)
    kept = [(path, path.with_name(f"{path.name}.kept")) for path in (home, config.custody_folder)]
    for path, copy in kept:
        shutil.copytree(path, copy)
    connections.close_all()
    log = folder / "calls"
    job = partial(work, config, custodian, appends)
    heard, status = run(job, "", str(log))
    assert (heard[-1], status) == ("closed", 0)
    calls = traced(log)
    points = random.Random(seed).sample(calls, count)
    killed = 0
    for name, point in points:
        for path, copy in kept:
            shutil.rmtree(path)
            shutil.copytree(copy, path)
        heard, status = run(job, f"-e inject={name}:signal=SIGKILL:when={point}")
        killed += status == -signal.SIGKILL
        survives(config, custodian, heard)
        connections.close_all()
    assert killed > len(points) * 0.9


def test_killed_at_200_random_calls_nothing_said_is_lost(template_base: Path, tmp_path: Path) -> None:
    kill_at(POINTS, 9, 9, template_base, tmp_path)


@pytest.mark.long
def test_killed_at_2_000_calls_nothing_said_is_lost(template_base: Path, tmp_path: Path) -> None:
    kill_at(LONG, 260, 10, template_base, tmp_path)


@pytest.mark.long
def test_a_home_whose_making_was_killed_has_no_identity_or_opens(tmp_path: Path) -> None:
    """The identity is written last: where it stands, everything it needs is durable."""
    if shutil.which("strace") is None:
        pytest.skip("not run: strace is not installed")

    def fresh(folder: Path) -> Config:
        home = folder / "home"
        home.mkdir(parents=True)
        (home / "bailee.toml").write_text("[home]\nreserve_mb = 0\n")
        config = configuration.load(home)
        homes.point(config)
        connections.close_all()
        return config

    def make(config: Config, said: int) -> None:
        houses.init(config, lambda: FileCustodian.make(config.key_file, config.path))
        os.write(said, b"made\n")

    log, opens = tmp_path / "calls", 0
    run(partial(make, fresh(tmp_path / "whole")), "", str(log))
    calls = traced(log)
    for number, (name, point) in enumerate(random.Random(11).sample(calls, INITS) + calls[-INITS:]):
        config = fresh(tmp_path / str(number))
        run(partial(make, config), f"-e inject={name}:signal=SIGKILL:when={point}")
        if (config.path / configuration.IDENTITY).exists():
            house = houses.open_house(config, FileCustodian(config.key_file, config.path))
            house.close()
            said = verify_standalone.verify(config.path / "data.db", verify_standalone.Key(house.verifier().vkey))
            assert said.startswith("OK ")
            opens += 1
        connections.close_all()
    assert 0 < opens < 2 * INITS
