"""Starts the peers of `worker.py`, one process each, and hands their turns on; ends them by the process it began."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.words import Absent, Candidate, Turn, calibrate

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = ROOT / ".venv" / "bin" / "python"
_JOBS: Final = {
    "mongocrypt": ("pymongocrypt", "field by field, AES-256-CBC with HMAC; the key comes from its cache"),
    "tink": ("tink", "envelope AEAD, one data key per record; fields as JSON"),
    "awsesdk": ("aws-encryption-sdk", "key commitment, no signature; fields as JSON"),
}
_RUNNING: Final[dict[str, "Worker | str"]] = {}
"""What was started in this run, or why it wasn't."""


class Worker:
    """One peer in its own interpreter."""

    def __init__(self, name: str, fields: Mapping[str, Any]) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("worker.py")), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = self._ask(json.dumps(fields))
        self.version, self.why = said.get("version", ""), said.get("why", "")

    def turn(self, job: str, count: int) -> Turn:
        """Let the peer do a job so many times."""
        said = self._ask(f"{job} {count}")
        if said.get("wrong"):
            raise RuntimeError(f"a peer answers {job} wrongly")
        return Turn(count, said["seconds"])

    def end(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _ask(self, line: str) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a peer without pipes")
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            said = self._process.stdout.readline()
        except BrokenPipeError:
            said = ""
        found: dict[str, Any] = json.loads(said) if said else {"why": "it ended before it answered"}
        return found


class Peer:
    """One job of one peer, as a candidate."""

    def __init__(self, worker: Worker, job: str, name: str, why: str) -> None:
        self._worker = worker
        self._job = job
        self.who = f"{name} {worker.version}"
        self.why = why

    def turn(self, count: int) -> Turn:
        return self._worker.turn(self._job, count)

    def calibrated(self, least: float) -> int:
        return calibrate(self, least)


def started(fields: Mapping[int, Any]) -> Mapping[str, Worker | str]:
    """Start every peer that does not run yet, or say why not."""
    told = {str(number): value for number, value in fields.items()}
    for name in _JOBS:
        if name in _RUNNING:
            continue
        if not PYTHON.exists():
            _RUNNING[name] = "not installed: python -m bench setup"
            continue
        worker = Worker(name, told)
        if worker.why:
            worker.end()
        _RUNNING[name] = worker.why or worker
    return _RUNNING


def ended() -> None:
    """End every peer that was started here."""
    while _RUNNING:
        _, one = _RUNNING.popitem()
        if isinstance(one, Worker):
            one.end()


def opening(fields: Mapping[int, Any]) -> list[Candidate]:
    return _candidates(fields, "open")


def sealing(fields: Mapping[int, Any]) -> list[Candidate]:
    return _candidates(fields, "seal")


def indexing() -> Iterable[Candidate]:
    return [one for one in _candidates({1: "customer.1@mail1.example"}, "index") if "mongo" in one.who]


def _candidates(fields: Mapping[int, Any], job: str) -> list[Candidate]:
    made: list[Candidate] = []
    for name, found in started(fields).items():
        title, why = _JOBS[name]
        if isinstance(found, str):
            made.append(Absent(title, found))
        elif job != "index" or name == "mongocrypt":
            made.append(Peer(found, job, title, why))
    return made
