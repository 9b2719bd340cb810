"""The story can fail: a leak, a false verifier or a false answer stops it with exit 1."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests import homes

from bailee import config as configuration
from bailee.access.words import Level
from bailee.cli import demo as door
from bailee.cli.opening import Run
from bailee.cli.output import Out
from bailee.demo import evidence, moving, reading, thief
from bailee.demo.company import invent
from bailee.demo.story import Scene, Step

Meddle = Callable[[str, Scene], None]
CUSTOMERS = 24
RUN = Run(out=Out(quiet=True), home=Path("nowhere"), key_file=None, no_input=True)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A stage in a folder of its own; Django's connections lead there."""
    made = Scene(tmp_path / "stage", company=invent(CUSTOMERS))
    made.folder.mkdir()
    homes.point(configuration.load(made.home))
    yield made
    made.end()
    for alias in ("default", "keys"):
        connections[alias].close()


def _played(scene: Scene, some: tuple[Step[Scene], ...], meddle: Meddle | None = None) -> tuple[int, dict[str, Any]]:
    out = scene.folder / "demo.json"
    status = door.played(RUN, door.Story(scene, some, ()), check=True, pause=False, out=out, meddle=meddle)
    return status, json.loads(out.read_text())


def test_one_plain_value_in_the_home_is_a_leak(scene: Scene) -> None:
    def leak(step: str, stage: Scene) -> None:
        if step == "theft":
            (stage.home / "error.log").write_text(f"could not send to {stage.company.customers[7].email}\n")

    status, report = _played(scene, moving.STEPS, leak)
    assert (status, report["held"]) == (1, False)
    assert report["steps"][-1]["figures"]["wrong"].startswith("in the stolen home can be read: 1 e-mail addresses")


def test_a_verifier_that_always_agrees_is_found_out(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agree(step: str, stage: Scene) -> None:
        if step == "tamper":
            (tmp_path / "agree.py").write_text("print('OK 1')\n")
            monkeypatch.setattr(thief, "VERIFIER", tmp_path / "agree.py")

    some = (*moving.STEPS[:3], reading.STEPS[0], evidence.STEPS[0])
    status, report = _played(scene, some, agree)
    assert status == 1
    assert report["steps"][-1]["figures"] == {"wrong": "the verifier did not find the byte that was changed"}


def test_a_mask_that_shows_too_much_is_found_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Scene.read

    def careless(self: Scene, *given: Any, **named: Any) -> dict[str, list[tuple[Level, str]]]:
        shown = read(self, *given, **named)
        phone = self.heroes()[0].phone
        return {
            name: [(level, phone if name == "contact.phone" else text) for level, text in found]
            for name, found in shown.items()
        }

    monkeypatch.setattr(Scene, "read", careless)
    status, report = _played(scene, (*moving.STEPS[:3], reading.STEPS[0]))
    assert status == 1
    assert report["steps"][-1]["figures"] == {"wrong": "clerk saw more of contact.phone than its mask"}


def test_what_breaks_is_no_success(scene: Scene) -> None:
    def gone(step: str, stage: Scene) -> None:
        if step == "import":
            stage.shop.unlink()

    status, report = _played(scene, moving.STEPS, gone)
    assert (status, report["held"], len(report["steps"])) == (1, False, 3)
