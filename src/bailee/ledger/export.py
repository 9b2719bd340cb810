"""A lane as one text file, for whoever keeps or verifies it elsewhere: `bailee-ledger/1`.

Header line, newest checkpoint, blank line; then every entry under that checkpoint, in order, one line each, exactly the
bytes that were hashed. `set <root> <members>` (base64) stands before the first entry that names it, and `leaf <hash>`
where a body was pruned. It is verified with `verify_standalone.py`.
"""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bailee.crypto.notes import split
from bailee.custody.durable import sync_folder
from bailee.kernel.errors import NotFound, Unavailable, Unreadable
from bailee.ledger import tables
from bailee.ledger.entries import opened

FORMAT: Final = "bailee-ledger/1"
_PAGE: Final = 2_000


def write(path: Path, lane: int) -> int:
    """Write everything signed of a lane, page by page; answers how many entries.

    The caller signs the ledger first, if what came since the last checkpoint is wanted too.

    Raises:
        NotFound: nothing of this lane was signed yet.
        Unavailable: the file can't be written; an older file of that name is still there.
        Unreadable: `tampered`: an entry or a set is not there.

    """
    point = tables.CheckpointRow.objects.filter(lane=lane).order_by("-size").first()
    if point is None:
        raise NotFound("nothing of this lane is signed yet", hint="see bailee ledger tail")
    split(point.note)
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(f"{FORMAT}\n{point.note}\n".encode())
            file.writelines(_lines(lane, point.size))
            file.flush()
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Unavailable(
            f"{path.name} can't be written: {error.strerror}", hint="free space, or another folder"
        ) from error
    return point.size


def _lines(lane: int, size: int) -> Iterator[bytes]:
    seen: set[bytes] = set()
    entries = tables.Entry.objects.filter(lane=lane).order_by("idx").values_list("idx", "leaf", "body")
    for start in range(0, size, _PAGE):
        end = min(start + _PAGE, size)
        rows = list(entries.filter(idx__gte=start, idx__lt=end))
        if [row[0] for row in rows] != list(range(start, end)):
            raise Unreadable("an entry of the ledger is missing", hint="run bailee ledger verify")
        for _, leaf, body in rows:
            if body is None:
                yield b"leaf " + b64encode(leaf) + b"\n"
                continue
            if bytes(body).startswith(b'{"S":'):  # keys are sorted: only an entry that names a set begins so
                people = opened(bytes(body), bytes(leaf)).people
                if people is not None and people.root not in seen:
                    seen.add(people.root)
                    yield _set(people.root)
            yield bytes(body) + b"\n"


def _set(root: bytes) -> bytes:
    row = tables.SubjectSetRow.objects.filter(root=root).first()
    if row is None:
        raise Unreadable("the people of an entry are missing", hint="run bailee ledger verify")
    return b"set " + b64encode(root) + b" " + b64encode(row.body) + b"\n"
