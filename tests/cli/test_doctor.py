"""The doctor finds what was planted, says what to do, and never stops half-way."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from tests.cli.desk import Desk

from bailee.cli.doctor import mounted


def _config(text: str) -> Callable[[Desk], None]:
    return lambda desk: _write(desk.home / "bailee.toml", text)


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _clock_back(desk: Desk) -> None:
    """A checkpoint from the future."""
    from bailee.kernel import clock

    desk._monkeypatch.setattr(clock.SystemClock, "now", lambda _: clock.Micros(1_600_000_000_000_000))


PLANTED: Final[dict[str, tuple[str, str, Callable[[Desk], object]]]] = {
    "a configuration key nobody knows": ("bailee.D001", "fail", _config("[home]\nreserve_md = 0\n")),
    "no identity": ("bailee.D002", "fail", lambda desk: (desk.home / "house.json").unlink()),
    "an init that was killed": ("bailee.D002", "fail", lambda desk: (desk.home / "init.begun").touch()),
    "a reserve that was used up": ("bailee.D003", "warn", _config("[home]\nreserve_mb = 1\n")),
    "a home that others enter": ("bailee.D006", "fail", lambda desk: desk.home.chmod(0o755)),
    "a store that others read": ("bailee.D006", "warn", lambda desk: (desk.home / "data.db").chmod(0o644)),
    "custody that others enter": ("bailee.D007", "fail", lambda desk: (desk.folder / "home.custody").chmod(0o755)),
    "a backup that everybody reads": ("bailee.D009", "warn", lambda desk: (desk.folder / "old.db").touch(0o644)),
    "a key that others read": ("bailee.D010", "fail", lambda desk: (desk.folder / "home.key").chmod(0o644)),
    "a root key that is gone": ("bailee.D016", "fail", lambda desk: (desk.folder / "home.custody/root.key").unlink()),
    "a clock set back": ("bailee.D018", "fail", _clock_back),
    "a public key nobody kept": ("bailee.D023", "warn", lambda desk: (desk.folder / "home.vkey").unlink()),
}


def examined(desk: Desk) -> tuple[int, dict[str, Any]]:
    said = desk.run("doctor", "--json")
    return said.status, {one["id"]: one for one in said.lines}


def test_a_new_home_is_well(desk: Desk) -> None:
    status, found = examined(desk)
    machine = {"bailee.D004", "bailee.D005", "bailee.D011", "bailee.D012", "bailee.D013", "bailee.D003"}
    assert [one for key, one in found.items() if key not in machine and one["state"] != "ok"] == []
    assert len(found) == 23
    assert status == any(one["state"] == "fail" for one in found.values())


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_fault_is_found(desk: Desk, name: str) -> None:
    number, state, plant = PLANTED[name]
    plant(desk)
    status, found = examined(desk)
    assert state == found[number]["state"], found
    assert found[number]["fix"]
    assert status == any(one["state"] == "fail" for one in found.values())


def test_an_open_home_is_not_called_sick(desk: Desk) -> None:
    with (desk.home / "lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        _, found = examined(desk)
    assert found["bailee.D017"]["state"] == "unknown"
    assert "open in process" in found["bailee.D017"]["says"]


def test_the_kind_of_a_file_system_is_known() -> None:
    assert mounted(Path("/proc/self")) == "proc"
