"""Commands as processes of their own: exit codes, colours, waiting, and what is imported."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
from tests.cli.desk import copy, process

ASKING: Final = (
    ("init", "--home", "elsewhere"),
    ("people", "invite"),
    ("customer", "find", "--by", "email", "--purpose", "billing"),
    ("customer", "add", "--purpose", "billing"),
)


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return copy(template, tmp_path)


@pytest.mark.check("api-13")
@pytest.mark.parametrize("words", ASKING)
def test_without_input_nothing_hangs(folder: Path, words: tuple[str, ...]) -> None:
    """Stdin stays open and says nothing: whoever reads it waits for ever."""
    said = process(folder, *words, "--no-input", "--key-file", "bob.key" if words[0] == "customer" else "new.key")
    assert (said.status, said.out) == (2, "")
    assert "nobody to ask" in said.err


@pytest.mark.check("api-13")
def test_exit_codes_of_a_process(folder: Path) -> None:
    assert process(folder, "status", stdin="").status == 0
    assert process(folder, "stat", stdin="").status == 2
    assert process(folder, "status", "--home", "nowhere", stdin="").status == 5


@pytest.mark.check("api-13")
def test_colour_is_for_terminals_that_want_it(folder: Path) -> None:
    assert "\x1b" not in process(folder, "doctor", stdin="").out
    assert "\x1b" in on_terminal(folder, "version")
    assert "\x1b" not in on_terminal(folder, "version", NO_COLOR="1")


@pytest.mark.check("api-13")
def test_ctrl_c_is_130(folder: Path) -> None:
    with start(
        folder, "customer", "find", "--by", "email", "--purpose", "billing", "-", "--key-file", "bob.key"
    ) as one:
        time.sleep(1)
        one.send_signal(signal.SIGINT)
        assert one.wait(timeout=30) == 130


def test_a_stop_from_outside_closes_the_home(folder: Path) -> None:
    """`customer add` waits for an answer at its prompt, while the home is open."""
    leader, follower = pty.openpty()
    words = ("customer", "add", "--purpose", "billing", "--key-file", "bob.key")
    with start(folder, *words, terminal=follower) as one:
        seen = b""
        while b"contact.given_name: " not in seen:
            seen += os.read(leader, 4096)
        assert (folder / "home" / "open").exists()
        one.send_signal(signal.SIGTERM)
        assert one.wait(timeout=30) == 128 + signal.SIGTERM
    os.close(leader)
    os.close(follower)
    assert not (folder / "home" / "open").exists()


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["people", "--help"], ["completion", "fish"]])
def test_what_needs_no_home_wakes_no_framework(folder: Path, words: list[str]) -> None:
    program = (
        "import sys; from bailee.cli.app import main\n"
        f"try: main({words!r})\n"
        "finally: assert not {'django', 'sqlalchemy', 'phonenumbers', 'cryptography'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=folder, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_goes_away_is_no_traceback(folder: Path) -> None:
    command = f"{sys.executable} -m bailee help | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, cwd=folder, check=False)
    assert done.stderr == b""


def start(folder: Path, *words: str, terminal: int | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bailee", *words],
        stdin=subprocess.PIPE if terminal is None else terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if terminal is None else terminal,
        cwd=folder,
        env={**os.environ, "BAILEE_HOME": str(folder / "home")},
    )


def on_terminal(folder: Path, *words: str, **env: str) -> str:
    """What a command writes when its stdout is a terminal."""
    leader, follower = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    made = {**clean, "TERM": "xterm-256color", "BAILEE_HOME": str(folder / "home"), **env}
    with subprocess.Popen(
        [sys.executable, "-m", "bailee", *words], stdin=follower, stdout=follower, stderr=follower, cwd=folder, env=made
    ) as running:
        os.close(follower)
        said = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            said += part
        running.wait(timeout=60)
    os.close(leader)
    return said.decode()
