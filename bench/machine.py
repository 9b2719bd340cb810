"""The machine a figure was taken on: cores, cost of a sync, speed of AES, load, versions."""

import os
import platform
import sqlite3
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SYNC_BELIEVED: Final = 20.0
"""Microseconds: a disk that syncs quicker than this does not sync."""

_LIBRARIES: Final = ("bailee", "cryptography", "django", "msgspec", "cedarpy")


def described(folder: Path) -> dict[str, Any]:
    """Everything about the machine that a reader needs beside a figure."""
    return {
        "cpu": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory": _line("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "filesystem": _filesystem(folder),
        "fsync_us": round(sync_cost(folder), 1),
        "aes": f"{round(aes_speed())} MB/s AES-256-GCM",
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "unknown",
    }


def versions() -> dict[str, str]:
    """The versions that the lines of this process ran on; a peer's stands in its own line."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def load() -> float:
    """The load of the last minute."""
    return round(os.getloadavg()[0], 2)


def sync_cost(folder: Path) -> float:
    """Microseconds of one fdatasync after writing 4 KiB, median of 100."""
    costs = []
    with tempfile.TemporaryFile(dir=folder) as file:
        handle = file.fileno()
        for place in range(100):
            os.pwrite(handle, b"\xa5" * 4096, place % 16 * 4096)
            begun = perf_counter()
            os.fdatasync(handle)
            costs.append(perf_counter() - begun)
    return 1e6 * median(costs)


def aes_speed() -> float:
    """Megabytes per second of AES-256-GCM over 1 MiB."""
    key, nonce, clear = AESGCM(bytes(32)), bytes(12), bytes(1 << 20)
    costs = []
    for _ in range(9):
        begun = perf_counter()
        key.encrypt(nonce, clear, None)
        costs.append(perf_counter() - begun)
    return len(clear) / median(costs) / 1e6


def commit(root: Path) -> tuple[str, bool]:
    """The commit this ran on, and whether files differ from it."""
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        return head, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", True


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def _filesystem(folder: Path) -> str:
    where = folder.resolve()
    best, kind = "", "unknown"
    for line in _read("/proc/mounts").splitlines():
        _, point, name, *_ = line.split()
        if (point == "/" or where.is_relative_to(point)) and len(point) >= len(best):
            best, kind = point, name
    return kind


def _line(path: str, name: str) -> str:
    for line in _read(path).splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError:
        return ""
