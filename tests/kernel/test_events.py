"""An event is for ever: its number, its name, its fields and its bytes."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from tests.kernel import golden, registries

from bailee.kernel.events import KINDS, Event, event, payload, sentence
from bailee.ledger.entries import opened

GOLDEN = {int(tag): shapes for tag, shapes in golden.read(golden.EVENTS).items()}
TAGS = {int(tag): kept for tag, kept in golden.read(golden.TAGS).items()}


@pytest.mark.check("ledger-3")
def test_every_event_keeps_its_tag_its_name_and_what_it_knows_of_people() -> None:
    assert {tag: {"name": kind.name, "shred": kind.shred} for tag, kind in sorted(registries.events().items())} == TAGS


@pytest.mark.check("ledger-3")
@pytest.mark.parametrize("tag", sorted(GOLDEN))
def test_every_event_still_makes_its_golden_bytes(tag: int) -> None:
    kind = registries.events()[tag]
    newest = GOLDEN[tag][-1]
    assert newest == golden.shape(kind)


@pytest.mark.check("ledger-3")
@pytest.mark.parametrize("tag", sorted(GOLDEN))
def test_fields_were_only_ever_appended_with_defaults(tag: int) -> None:
    kind = registries.events()[tag]
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # every event is a dataclass
    for shape in GOLDEN[tag]:
        count = len(shape["fields"])
        assert shape["fields"] == [field.name for field in fields[:count]]
        assert all(field.default is not dataclasses.MISSING for field in fields[count:])


@pytest.mark.check("ledger-3")
@pytest.mark.parametrize("tag", sorted(GOLDEN))
def test_every_shape_it_ever_had_still_reads_as_a_sentence(tag: int) -> None:
    for shape in GOLDEN[tag]:
        entry = opened(shape["body"].encode(), bytes(32))
        assert (tag, set(shape["fields"])) == (entry.tag, set(entry.facts))
        assert "{" not in sentence(tag, entry.facts)


@pytest.mark.check("ledger-3")
def test_every_event_has_its_golden_bytes_and_none_is_gone() -> None:
    assert sorted(GOLDEN) == sorted(registries.events())


@pytest.mark.check("ledger-3")
def test_a_tag_or_a_name_is_used_once() -> None:
    taken = registries.events()[2]
    for tag, name in ((2, "test.other"), (99_999, "act.denied")):
        with pytest.raises(TypeError, match=f"belongs to {taken.__name__}"):
            event(tag=tag, name=name, says="x", shred=None)(dataclass(frozen=True)(type("Other", (Event,), {})))
    assert KINDS[2] is taken
    assert 99_999 not in KINDS


@pytest.mark.check("ledger-3")
def test_what_an_event_knows_of_people_is_never_left_out() -> None:
    with pytest.raises(TypeError, match="shred"):
        event(tag=99_998, name="test.silent", says="x")  # type: ignore[call-arg]  # mypy refuses it as well


@pytest.mark.parametrize(
    "kind", [float, dict[str, str], Any, datetime, list[int], set[str], object, tuple[float, ...], "float"]
)
def test_a_field_of_a_forbidden_type_is_refused_at_import(kind: Any) -> None:
    made = dataclasses.make_dataclass("Odd", [("value", kind)], bases=(Event,), frozen=True)
    with pytest.raises(TypeError, match=r"test\.odd\.value"):
        event(tag=99_997, name="test.odd", says="{value}", shred=None)(made)
    assert 99_997 not in KINDS


def test_a_sentence_names_fields_that_exist() -> None:
    made = dataclasses.make_dataclass("Odd", [("value", int)], bases=(Event,), frozen=True)
    with pytest.raises((TypeError, KeyError)):
        event(tag=99_996, name="test.sentence", says="{other}", shred=None)(made)
    assert 99_996 not in KINDS


def test_a_value_out_of_its_bounds_never_becomes_an_entry() -> None:
    from bailee.ledger.facts import ActFailed, HouseOpened, LedgerCheckpointed

    for fact in (
        ActFailed("x" * 201, "e"),
        ActFailed("a\nb", "e"),
        ActFailed("a\u202e\u0000b", "e"),
        LedgerCheckpointed(2**53, b""),
        LedgerCheckpointed(1, bytes(65)),
        HouseOpened("1", 0, tuple(range(257))),
        HouseOpened("1", 0, (1.5,)),  # type: ignore[arg-type]  # what mypy would have refused
    ):
        with pytest.raises(TypeError) as refused:
            payload(fact)
        assert "a\n" not in str(refused.value)
        assert "xxx" not in str(refused.value)


def test_no_entry_about_somebody_carries_a_request_or_an_erasure() -> None:
    for kind in registries.events().values():
        if kind.shred == "alias":
            names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # every event is a dataclass
            assert not names & {"erasure", "request", "case_id", "ticket", "subject"}, kind.name


def test_the_vectors_say_how_they_were_made() -> None:
    for path in (golden.TAGS, golden.EVENTS):
        assert json.loads(path.read_text("utf-8"))["made_by"] == "python -m tests.kernel.golden"
