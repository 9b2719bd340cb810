"""The bytes of every event, for ever: `python -m tests.kernel.golden` adds what is new and changes nothing else.

`tests/vectors/tags.json` says which tag means what; `events.json` beside it holds one instance of each event, in each
shape it ever had, as the body of an entry. A field may only be added at the end, with a default: that adds a shape.
"""

import dataclasses
import json
import os
import tempfile
import types
from enum import StrEnum
from pathlib import Path
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

VECTORS = Path(__file__).parents[1] / "vectors"
TAGS = VECTORS / "tags.json"
EVENTS = VECTORS / "events.json"


def instance(kind: type[Any]) -> Any:
    """One made-up instance, from the names and types of the fields alone."""
    hints = get_type_hints(kind)
    return kind(
        *(_value(hints[field.name], field.name, place) for place, field in enumerate(dataclasses.fields(kind), 1))
    )


def _value(hint: Any, name: str, place: int) -> Any:
    if isinstance(hint, NewType):
        return _value(hint.__supertype__, name, place)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        return tuple(
            _value(parts[0] if parts[-1] is Ellipsis else part, name, place + at) for at, part in enumerate(parts)
        )
    if get_origin(hint) in {Union, types.UnionType}:
        return _value(next(part for part in get_args(hint) if part is not type(None)), name, place)
    if issubclass(hint, StrEnum):
        return next(iter(hint))
    return {bool: True, int: 1000 + place, str: f"{name}-{place}", bytes: bytes([place, 255])}[hint]


def shape(kind: type[Any]) -> dict[str, Any]:
    """The fields of an event, in order, and the entry that its instance makes."""
    from bailee.kernel.events import Alias
    from bailee.ledger.entries import Draft, encode

    alias = Alias(bytes(range(16))) if kind.shred == "alias" else None
    draft = Draft(event=instance(kind), actor="ann", alias=alias, request="0123456789ab")
    body = encode(draft, lane=0, index=7, at=1_795_000_000_000_000, prior=bytes(32))
    return {"fields": [field.name for field in dataclasses.fields(kind)], "body": body.decode()}


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))["events"]) if path.exists() else {}


def main() -> None:
    os.environ.setdefault("BAILEE_HOME", tempfile.mkdtemp())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bailee.settings")
    import django

    django.setup()
    from tests.kernel import registries

    tags, shapes = read(TAGS), read(EVENTS)
    for tag, kind in registries.events().items():
        tags.setdefault(str(tag), {"name": kind.name, "shred": kind.shred})
        known, made = shapes.setdefault(str(tag), []), shape(kind)
        if made["fields"] not in [one["fields"] for one in known]:
            known.append(made)
    for path, found in ((TAGS, tags), (EVENTS, shapes)):
        whole = {
            "made_by": "python -m tests.kernel.golden",
            "expects": "nothing here ever changes or goes; new events and appended fields are added",
            "events": dict(sorted(found.items(), key=lambda item: int(item[0]))),
        }
        path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
