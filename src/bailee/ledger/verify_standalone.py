"""Verify a Bailee ledger, proof or receipt with nothing but Python 3.9 or newer; this file works alone, anywhere.

    python verify_standalone.py FILE --key VKEY [--checkpoint NOTE]

FILE is a home's `data.db` (only read), an exported ledger (`bailee-ledger/1`), a `.tlog-proof`, or a receipt, alone or
with the proof of its entry. NOTE is a checkpoint kept elsewhere: only it shows that a ledger was put back to an older
state. Exit: 0 all holds; 1 tampered, with the first bad entry; 2 unreadable; 3 all holds, but no signature was checked.

Each entry is proved canonical: `_ENTRY` spells out the whole form (keys in order, no white space, plain ASCII, whole
numbers below 9·10^15) over one line per entry, and no entry holds a line break; a line that matches is canonical if its
payload `d` is. Payloads, and entries that don't match, are decoded, encoded canonically and compared.
"""
# ruff: noqa: B904, B905, PLC0415, UP006, UP035 - runs on Python 3.9 too, and `cryptography` may be absent

from __future__ import annotations

import argparse
import gc
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode, urlsafe_b64decode
from binascii import b2a_base64
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Iterable, NoReturn, Sequence, Tuple

_INT, _TEXT, _B64 = rb"(?:0|[1-8][0-9]{0,15}|9[0-9]{0,14})", rb"[ !#-\[\]-~]+", rb"[A-Za-z0-9_-]"
_ENTRY = re.compile(
    rb'^\{(?:"S":\{"n":(%(int)b),"r":"(%(hash)b)"\},)?(?:"a":"(%(text)b)",)?(?:"b":"%(text)b",)?(?:"c":%(list)b,)?'
    rb'"d":(\{[^{}\n]*\}),(?:"f":%(list)b,)?(?:"g":%(int)b,)?"h":(%(int)b),"i":(%(int)b),"k":(%(int)b),'
    rb'(?:"m":%(list)b,)?(?:"p":"(%(hash)b)",)?(?:"q":"%(text)b",)?(?:"s":"(%(alias)b)",)?"t":(%(int)b),'
    rb'(?:"u":"%(text)b",)?"v":1(?:,"w":%(int)b)?\}$'
    % {
        b"int": _INT,
        b"list": rb"\[%b(?:,%b)*\]" % (_INT, _INT),
        b"text": _TEXT,
        b"hash": _B64 + rb"{42}[AEIMQUYcgkosw048]",
        b"alias": _B64 + rb"{21}[AQgw]",
    },
    re.MULTILINE,
)
_KEYS, _EMPTY, _PRUNED, _PAGE = set("vhitkdpabsScfmugqw"), sha256(b"").digest(), b"105", 256
Head = Tuple[str, int, bytes]  # origin, size, root
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


class Tampered(Exception):
    """Something is not what was written; `index` is the first bad entry, where one can be named."""

    def __init__(self, what: str, index: int | None = None) -> None:
        super().__init__(what if index is None else f"{what} (entry {index})")
        self.index = index


class Unreadable(Exception):
    """Not a file that this program knows, or damaged beyond reading."""


def _demand(holds: object, what: str, index: int | None = None) -> None:
    if not holds:
        raise Tampered(what, index)


# -- signed notes (c2sp.org/signed-note) under Ed25519


class Key:
    """The house's public key, for all its lanes and receipts; `unchecked` counts signatures nothing here can verify."""

    def __init__(self, vkey: str) -> None:
        self.unchecked = 0
        try:
            self.name, shown, packed = vkey.strip().split("+", 2)
            raw, self.public = b64decode(packed, validate=True), b64decode(packed)[1:]
        except ValueError:
            raise Unreadable("that is no key: it looks like name+8 digits+base64")
        if len(raw) != 33 or raw[0] != 1 or self._id(self.name) != shown:
            raise Unreadable("that is no Ed25519 key of a note, or it was copied with a mistake")

    def _id(self, name: str) -> str:
        return sha256(name.encode() + b"\n\x01" + self.public).hexdigest()[:8]

    def check(self, note: str) -> tuple[str, str]:
        """Verify a note: its text, and the name under which the house signed it."""
        at = note.rfind("\n\n")
        text, lines, found = note[: at + 1], note[at + 2 :].split("\n"), ""
        _demand(at >= 0 and lines.pop() == "" and lines, "a signed note is damaged")
        for line in lines:
            dash, name, packed = line.split(" ") if line.count(" ") == 2 else ("", "", "")
            blob = _unbase64(packed)
            _demand(dash == "\u2014" and len(blob) > 4, "a signature line is damaged")
            if _house(name) == _house(self.name) and blob[:4].hex() == self._id(name):
                _demand(self._holds(text.encode(), blob[4:]), f"the signature of {name} is wrong")
                found = name
        _demand(found, "a note is not signed by this key")
        return text, found

    def head(self, note: str) -> Head:
        """Verify a checkpoint: origin, size and root."""
        text, name = self.check(note)
        lines = text.split("\n")
        _demand(len(lines) == 4 and re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]), "a checkpoint is damaged")
        _demand(lines[0] == name, "a checkpoint is signed under another name")
        return lines[0], int(lines[1]), _unbase64(lines[2])

    def _holds(self, message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            return self._openssl(message, signature)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _openssl(self, message: bytes, signature: bytes) -> bool:
        der = bytes.fromhex("302a300506032b6570032100") + self.public
        ask = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin"]
        ask += ["-in", "text", "-sigfile", "signature"]
        with tempfile.TemporaryDirectory() as folder:
            for name, body in (("key", der), ("text", message), ("signature", signature)):
                Path(folder, name).write_bytes(body)
            try:
                done = subprocess.run(ask, cwd=folder, capture_output=True, check=False)  # noqa: S603 - fixed words
            except OSError:
                self.unchecked += 1
                return True
        refused = b"Verification Failure" in done.stdout + done.stderr
        self.unchecked += done.returncode != 0 and not refused
        return not refused


def _house(name: str) -> str:
    """What the names of one house's lanes and receipts share."""
    return re.sub(r"/[0-9]+(/receipt)?\Z", "", name)


def _unbase64(packed: str) -> bytes:
    try:
        raw = b64decode(packed, validate=True)
    except ValueError:
        raw = b""
    _demand(raw and b64encode(raw).decode() == packed, "something is not base64, or not in its one spelling")
    return raw


# -- entries in order, hashed into the tree (RFC 6962)


class Chain:
    """One lane, entry after entry; `heads` are roots it must have at some sizes; an exported file has no `columns`."""

    def __init__(self, lane: int, heads: dict[int, bytes], *, columns: bool = True) -> None:
        self.lane, self.heads, self.columns, self.size, self.last_t = lane, heads, columns, 0, 0
        self.prior: bytes | None = None
        self.first: dict[str, Any] = {}
        self.frontier: list[bytes] = []
        self.nodes: list[bytes] = []  # roots of 256 entries each, for tiles
        self.sets: dict[tuple[bytes, int], int] = {}  # root and number of people: the entry that names them
        self.known: set[bytes] = set()
        self.gone: list[int] = []
        self.pruned: list[dict[str, int]] = []
        self.waiting, self.good = sorted(filter(None, heads), reverse=True), 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Verify entries and take them in; where some don't hold by halves, until the first bad one stands alone."""
        try:
            leaves, last_t = self._proved(rows)
        except (Tampered, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            if len(rows) == 1:
                raise Tampered(str(error) if isinstance(error, Tampered) else "an entry is not of its form", self.size)
            for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
                self.add(half)
            return
        self.prior, self.last_t = leaves[-1], last_t
        while self.waiting and self.waiting[-1] <= self.size + len(leaves):
            mark = self.waiting.pop()
            part, leaves = leaves[: mark - self.size], leaves[mark - self.size :]
            self.grow(part)
            _demand(self.root() == self.heads[mark], f"the signed root of {mark} entries is another one", self.good)
            self.good = mark
        self.grow(leaves)

    def _proved(self, rows: Sequence[Sequence[Any]]) -> tuple[list[bytes], int]:
        indexes, leaves, bodies, tags, times, actors, aliases = map(list, zip(*rows))
        _demand(indexes == list(range(self.size, self.size + len(rows))), "an entry is missing or stands twice")
        if bodies == [None]:
            _demand(type(leaves[0]) is bytes and len(leaves[0]) == 32, "a pruned entry has lost its leaf")
            _demand((actors, aliases) == ([None], [None]), "a pruned entry still names somebody")
            self.gone += indexes
            return leaves, max(times[0] or 0, self.last_t)
        made = [sha256(b"\x00" + body).digest() for body in bodies]
        _demand(not self.columns or leaves == made, "an entry was changed")
        _demand(max(map(len, bodies)) <= 4096, "an entry is longer than entries are")
        text = b"\n".join(bodies)
        found = _ENTRY.findall(text) if text.count(b"\n") == len(rows) - 1 else []
        if len(found) != len(rows):
            found = [_parsed(text)] if len(rows) == 1 else []
        counts, roots, whos, payloads, lanes, numbers, kinds, priors, whom, ats = zip(*found)
        at = list(map(int, ats))
        _demand(set(lanes) == {b"%d" % self.lane}, "an entry is of another lane")
        _demand(list(map(int, numbers)) == indexes, "an entry is not where it belongs")
        _demand(_lines([self.prior, *made[:-1]]) == _joined(priors), "an entry does not follow the one before it")
        _demand(at == sorted(at) and at[0] >= self.last_t, "an entry is older than the one before it")
        if self.columns:
            same = tags == list(map(int, kinds)) and times == at and _lines(aliases) == _joined(whom)
            _demand(same and actors == [one.decode() or None for one in whos], "a column differs from its entry")
        for payload in set(payloads) - self.known:
            _demand(_encoded(_decoded(payload)) == payload, "an entry is not in its one spelling")
        self.known.update(payloads)
        if len(self.known) > 100_000:
            self.known.clear()
        for count, root, index in zip(counts, roots, indexes) if any(counts) else ():
            if count:
                self.sets[urlsafe_b64decode(root + b"="), int(count)] = index
        self.pruned += [_decoded(d) for kind, d in zip(kinds, payloads) if kind == _PRUNED]
        self.first = self.first or _decoded(payloads[0])
        return made, at[-1]

    def grow(self, leaves: list[bytes]) -> None:
        """Append leaf hashes, level by level."""
        waiting, level, loose, depth = self.size, leaves, [], 0
        self.size += len(leaves)
        while level:
            if depth == 8:
                self.nodes += level
            if waiting & 1:
                level = [self.frontier.pop(), *level]
            if len(level) & 1:
                loose.append(level[-1])
            pairs = iter(level)
            level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]
            waiting, depth = waiting >> 1, depth + 1
        self.frontier += reversed(loose)

    def root(self) -> bytes:
        above = self.frontier[-1] if self.frontier else _EMPTY
        for left in self.frontier[-2::-1]:
            above = sha256(b"\x01" + left + above).digest()
        return above

    def finish(self, size: int) -> None:
        """Nothing is missing at the end, and nothing is gone but what was pruned."""
        _demand(self.size == size, f"there are {self.size} entries of {size}", min(self.size, size))
        _demand(not self.waiting, f"the ledger was truncated: {self.size} entries of {max(self.heads)}", self.size)
        for index in self.gone:
            kept = not any(one["start"] <= index < one["end"] for one in self.pruned)
            _demand(not kept, "a body is gone and no pruning is on record", index)


def _parsed(body: bytes) -> tuple[bytes, ...]:
    """The groups of `_ENTRY`, the slow and general way."""
    made = _decoded(body)
    _demand(_encoded(made) == body, "an entry is not in its one spelling")
    people, texts = made.get("S", {"n": "", "r": ""}), [made.get(key, "") for key in "aps"]
    _demand(made.keys() <= _KEYS and made["v"] == 1 and made.get("a") != "", "an entry is not of its form")
    kinds = [{type(made[key]) for key in "vhitk"}, {type(one) for one in texts}, {type(made["d"])}]
    _demand(kinds == [{int}, {str}, {dict}], "an entry is not of its form")
    whole = [people["n"], people["r"], texts[0], _encoded(made["d"]).decode(), *map(made.get, "hik"), *texts[1:]]
    return tuple(str(one).encode() for one in [*whole, made["t"]])


def _decoded(body: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(body.decode(), parse_float=_refuse, parse_constant=_refuse)


def _refuse(_: str) -> NoReturn:
    raise Tampered("an entry holds a number that is not whole")


def _encoded(value: object) -> bytes:
    """Canonical JSON (RFC 8785) of what has one: objects, arrays, texts, whole numbers below 2^53, true and false."""
    inside = [value]
    while inside:
        one = inside.pop()
        inside += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        _demand(not isinstance(one, dict) or "".join(one).isascii(), "a key of an entry is not ASCII")
        _demand(one is not None and (type(one) is not int or abs(one) < 1 << 53), "an entry has no canonical form")
    return _ENCODER.encode(value).encode()


def _lines(raw: Sequence[bytes | None]) -> bytes:
    """Each as base64url without padding, on a line of its own."""
    made = b"".join([b"\n" if one is None else b2a_base64(one) for one in raw])
    return made.translate(bytes.maketrans(b"+/", b"-_"), b"=")


def _joined(texts: Sequence[bytes]) -> bytes:
    return b"".join([one + b"\n" for one in texts])


def _root_of(hashes: list[bytes]) -> bytes:
    tree = Chain(0, {})
    tree.grow(hashes)
    return tree.root()


def _check_sets(named: dict[tuple[bytes, int], int], found: Iterable[tuple[Any, Any, Any]], *, exactly: bool) -> None:
    """Every set is sorted, unique and under its root, and is there if an entry names it."""
    there = set()
    for root, n, body in found:
        fits = (type(root), type(n), type(body)) == (bytes, int, bytes) and len(body) == 16 * n > 0
        _demand(fits, "a set of people has another size", named.get((root, n)))
        members = [body[at : at + 16] for at in range(0, len(body), 16)]
        made = _root_of([sha256(b"\x00" + one).digest() for one in members])
        fits = made == root and members == sorted(set(members))
        _demand(fits, "a set of people does not match its root", named.get((root, n)))
        there.add((root, n))
    for one in sorted(named.keys() - there, key=named.__getitem__):
        raise Tampered("the people of an entry are missing", named[one])
    _demand(not exactly or there == named.keys(), "there is a set of people that no entry names")


# -- the four kinds of file


def database(store: sqlite3.Connection, key: Key, noted: Head | None = None) -> tuple[int, bytes]:
    """Verify every lane of a home, newest first: size and root of the newest.

    A lane that diverged counts as far as the signed lane after it vouches for it; what follows there is evidence only.
    """
    lanes = store.execute(
        "SELECT id, follows, state, origin, size, root, frontier, last_leaf, last_t FROM ledger_lane ORDER BY id"
    ).fetchall()
    ends, last = [(lane[0], lane[1], lane[2] == 1) for lane in lanes], len(lanes) - 1
    _demand(
        ends == [(n, n - 1 if n else None, n == last) for n in range(last + 1)], "the lanes do not follow each other"
    )
    for stray in (
        "SELECT 1 FROM ledger_entry WHERE lane < 0 OR lane > ? LIMIT 1",
        "SELECT 1 FROM ledger_checkpoint WHERE lane < 0 OR lane > ? LIMIT 1",
        "SELECT 1 FROM ledger_tile WHERE lane < 0 OR lane > ? LIMIT 1",
    ):
        _demand(not store.execute(stray, [last]).fetchone(), "there are rows of a lane that does not exist")
    if not lanes:
        raise Unreadable("there is no ledger in this database")
    later: dict[str, Any] = {}
    named: dict[tuple[bytes, int], int] = {}
    answer, whole = (0, b""), True
    _demand(not noted or noted[0] in {lane[3] for lane in lanes}, "the checkpoint kept elsewhere is of another ledger")
    for lane, _, state, origin, size, *row in reversed(lanes):
        diverged = state == 3 and lane < last
        limit = later["follows_size"] if diverged else size
        _demand(diverged or state == 2 or lane == last, "the state of a lane is unknown")
        _demand(lane == last or later.get("follows") == origin, "a lane follows another one than it says")
        heads, signed = {}, 0
        for at, root, note in store.execute("SELECT size, root, note FROM ledger_checkpoint WHERE lane = ?", [lane]):
            if not diverged or at <= limit:
                _demand(key.head(note) == (origin, at, root), "a checkpoint speaks of another ledger", at)
                heads[at], signed = root, max(at, signed)
        _demand(heads or diverged, "no signed head of a lane is left")
        said = [(origin, later["follows_size"], urlsafe_b64decode(later["follows_root"] + "="))] if lane < last else []
        for _, at, root in said + [noted for _ in "1" if noted and noted[0] == origin]:
            _demand(heads.setdefault(at, root) == root, "the lane after it, or a checkpoint kept elsewhere, differs", 0)
        chain = Chain(lane, heads)
        rows = store.execute(
            "SELECT idx, leaf, body, tag, t, actor, alias FROM ledger_entry WHERE lane = ? AND idx < ? ORDER BY idx",
            [lane, limit if diverged else 1 << 62],
        )
        while page := rows.fetchmany(_PAGE):
            chain.add(page)
        chain.finish(limit)
        made = [chain.root(), b"".join(chain.frontier), chain.prior, chain.last_t]
        _demand(diverged or row == made, "the lane's row does not match its entries", chain.good)
        tiles = store.execute(
            "SELECT level, n, body FROM ledger_tile WHERE lane = ? ORDER BY level, n", [lane]
        ).fetchall()
        _check_tiles(tiles, chain, signed, exactly=not diverged)
        named.update(chain.sets)
        whole, later = whole and not diverged, chain.first
        answer = (chain.size, chain.root()) if lane == last else answer
    _check_sets(named, store.execute("SELECT root, n, body FROM ledger_set"), exactly=whole)
    return answer


def _check_tiles(tiles: Sequence[tuple[int, int, Any]], chain: Chain, signed: int, *, exactly: bool) -> None:
    """Tiles of 256 hashes are what the entries give, and there are as many as the newest signed head wants."""
    level, nodes, want = 1, chain.nodes, []
    while len(nodes) >= 256:
        full = [b"".join(nodes[at : at + 256]) for at in range(0, len(nodes) - 255, 256)]
        want += [(level, n, body) for n, body in enumerate(full) if (n + 1) << 8 * (level + 1) <= signed]
        nodes, level = [_root_of([body[at : at + 32] for at in range(0, 8192, 32)]) for body in full], level + 1
    for one, other in zip(tiles, want):
        _demand(one == other, "a tile does not match its entries", other[1] << 8 * (other[0] + 1))
    _demand(len(tiles) == len(want) or not exactly, "there are tiles too many, or too few", 0)


def exported(file: BinaryIO, key: Key, noted: Head | None) -> tuple[int, bytes]:
    """Verify an exported lane: header, checkpoint, a line per entry, each after the set that it is first to name."""
    note = b""
    while note.count(b"\n\n") < 2:
        line = file.readline()
        _demand(line, "the export ends in its checkpoint")
        note += line
    origin, size, root = key.head(note[:-1].decode())
    heads = {size: root, **({noted[1]: noted[2]} if noted and noted[0] == origin and noted[1] != size else {})}
    chain, sets = Chain(int(origin.rpartition("/")[2]), heads, columns=False), []
    rows: list[tuple[Any, ...]] = []
    for line in file:
        _demand(line.endswith(b"\n"), "the export is cut off", chain.size + len(rows))
        word, _, rest = line[:-1].partition(b" ") if line[:1] != b"{" else (b"", b"", b"")
        if word == b"set":
            packed, _, people = rest.partition(b" ")
            members = _unbase64(people.decode())
            sets.append((_unbase64(packed.decode()), len(members) // 16, members))
            continue
        what = (_unbase64(rest.decode()), None) if word == b"leaf" else (None, line[:-1])
        rows.append((chain.size + len(rows), *what, None, None, None, None))
        if len(rows) == _PAGE:
            chain.add(rows)
            rows = []
    if rows:
        chain.add(rows)
    chain.finish(size)
    _check_sets(chain.sets, sets, exactly=True)
    return size, root


def proof(text: str, key: Key) -> tuple[int, bytes, dict[str, Any]]:
    """Verify the lines after `c2sp.org/tlog-proof@v1`: size, root, and the entry that is in it."""
    top, _, note = text.partition("\n\n")
    form = re.match("extra ([^\n]+)\nindex (0|[1-9][0-9]{0,18})(?:\n|$)", top)
    if not form:
        raise Tampered("a proof is damaged")
    body, path = _unbase64(form[1]), top[form.end() :].split("\n") if top[form.end() :] else []
    origin, size, root = key.head(note)
    made, place, last, above = _parsed(body), int(form[2]), size - 1, sha256(b"\x00" + body).digest()
    _demand(int(made[5]) == place < size, "a proof is of another place than its entry", place)
    _demand(origin.endswith(f"/{int(made[4])}"), "a proof is of another lane than its entry", place)
    for one in map(_unbase64, path):
        _demand(last > 0, "a proof is too long", place)
        if place & 1 or place == last:
            above = sha256(b"\x01" + one + above).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            above = sha256(b"\x01" + above + one).digest()
        place, last = place >> 1, last >> 1
    _demand(last == 0 and above == root, "a proof does not lead to the signed root", int(form[2]))
    return size, root, _decoded(body)


def receipt(text: str, key: Key) -> str:
    """Verify a receipt of erasure and, where it is there, the proof that its entry is in the signed ledger."""
    note, mark, rest = text.partition("\n\nc2sp.org/tlog-proof@v1\n")
    said, name = key.check(note + "\n" * bool(mark))
    _demand(name.endswith("/receipt"), "a receipt is signed under another name")
    if not mark:
        return f"OK receipt of {name}, without proof"
    size, root, entry = proof(rest, key)
    about = [f"erasure {entry['d'].get('erasure')}", f"entry {entry['h']}/{entry['i']}"]
    _demand(set(about) <= set(said.splitlines()), "the proof is of another entry than the receipt's", entry["i"])
    return f"OK {size} {b64encode(root).decode()} receipt of {name}"


def verify(path: Path, key: Key, kept: str = "") -> str:
    """Verify a file of whatever kind; answers the line to print."""
    try:
        with path.open("rb") as file:
            return _verified(file, path, key, key.head(kept) if kept else None)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise Tampered("something is not of its form")


def _verified(file: BinaryIO, path: Path, key: Key, noted: Head | None) -> str:
    start = file.readline(64)
    if start == b"bailee-receipt/v1\n":
        return receipt((start + file.read()).decode(), key)
    if start == b"bailee-ledger/1\n":
        size, root = exported(file, key, noted)
    elif start == b"c2sp.org/tlog-proof@v1\n":
        size, root, _ = proof(file.read().decode(), key)
        _demand(not noted or noted[1] != size or noted[2] == root, "the checkpoint kept elsewhere is another one")
    elif start.startswith(b"SQLite format 3\0"):
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as store:
            store.execute("BEGIN")
            size, root = database(store, key, noted)
    else:
        raise Unreadable("that is no ledger, export, proof or receipt of Bailee")
    return f"OK {size} {b64encode(root).decode()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="data.db, exported ledger, .tlog-proof or receipt")
    parser.add_argument("--key", required=True, metavar="VKEY", help="the house's public key: name+id+base64")
    parser.add_argument("--checkpoint", type=Path, metavar="NOTE", help="a signed checkpoint kept elsewhere")
    asked = parser.parse_args()
    gc.disable()  # no cycles are made here, and looking for them takes a quarter of the time
    try:
        key = Key(asked.key)
        said = verify(asked.file, key, asked.checkpoint.read_text("utf-8") if asked.checkpoint else "")
    except Tampered as error:
        print(f"TAMPERED {error}")
        return 1
    except (Unreadable, OSError, sqlite3.Error) as error:
        print(f"UNREADABLE {error}")
        return 2
    if key.unchecked:
        said = said.replace("OK", "SIGNATURE NOT CHECKED (install `cryptography` or `openssl`), hashes agree:", 1)
    print(said)
    return 3 if key.unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
