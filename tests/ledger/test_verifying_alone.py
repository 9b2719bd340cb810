"""`verify_standalone.py`, copied alone to an empty folder and run by a bare Python, as an outsider would."""

import ast
import shutil
import sqlite3
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest
from tests.homes import World
from tests.ledger.filling import database, fill

from bailee.crypto.notes import Signer
from bailee.kernel.events import Alias
from bailee.kernel.recorded import EntryRef
from bailee.ledger import export, lanes, proofs, verify_standalone
from bailee.ledger.entries import Draft
from bailee.vault.facts import DataRead, Erased

BARE = ("-I", "-S")  # no packages, no environment, no folder of ours
ISOLATED = ("-I",)


class Outsider:
    """A folder with the program and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = shutil.copy(verify_standalone.__file__, folder / "verify_standalone.py")

    def runs(
        self, file: Path, key: str, *more: str, flags: tuple[str, ...] = BARE, path: str = "/usr/bin:/bin"
    ) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *flags, self.program, file, "--key", key, *more],
            cwd=self.folder,
            env={"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.strip()


@pytest.fixture
def outsider(tmp_path: Path) -> Outsider:
    folder = tmp_path / "outside"
    folder.mkdir()
    return Outsider(folder)


def told(world: World) -> str:
    head = lanes.head()
    assert head is not None
    return f"OK {head.size} {b64encode(head.root).decode()}"


def spoil(path: Path, edit: str) -> None:
    with closing(sqlite3.connect(path)) as store:
        store.execute("DROP TRIGGER IF EXISTS ledger_entry_no_delete")
        store.execute("DROP TRIGGER IF EXISTS ledger_entry_no_update")
        store.execute(edit)
        store.commit()


@pytest.mark.check("ledger-6")
def test_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(Path(verify_standalone.__file__).read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    foreign = {str(name).partition(".")[0] for name in names} - sys.stdlib_module_names
    assert {"cryptography"} == foreign


@pytest.mark.check("ledger-6")
def test_a_good_ledger_is_told_with_size_and_root(sqlite_world: World, outsider: Outsider) -> None:
    fill(sqlite_world.house, 300)
    sqlite_world.house.sign()
    vkey = sqlite_world.house.verifier().vkey
    assert (0, told(sqlite_world)) == outsider.runs(database(sqlite_world.house), vkey)
    assert (0, told(sqlite_world)) == outsider.runs(database(sqlite_world.house), vkey, flags=ISOLATED)


@pytest.mark.check("ledger-6")
def test_a_changed_ledger_is_told_with_the_first_bad_entry(sqlite_world: World, outsider: Outsider) -> None:
    fill(sqlite_world.house, 60)
    sqlite_world.house.sign()
    spoil(database(sqlite_world.house), "UPDATE ledger_entry SET t = t + 1 WHERE idx IN (30, 40)")
    code, said = outsider.runs(database(sqlite_world.house), sqlite_world.house.verifier().vkey)
    assert (code, said) == (1, "TAMPERED a column differs from its entry (entry 30)")


@pytest.mark.check("ledger-6")
def test_what_is_no_ledger_is_unreadable(sqlite_world: World, outsider: Outsider) -> None:
    vkey = sqlite_world.house.verifier().vkey
    other = outsider.folder / "letter.txt"
    other.write_text("Dear auditor,\n")
    cut = outsider.folder / "cut.db"
    cut.write_bytes(database(sqlite_world.house).read_bytes()[:5000])
    for path, key in ((other, vkey), (outsider.folder / "absent", vkey), (cut, vkey), (other, "no-key")):
        code, said = outsider.runs(path, key)
        assert (code, said.split()[0]) == (2, "UNREADABLE")


@pytest.mark.check("ledger-6")
def test_without_any_way_to_check_a_signature_it_says_so_loudly(sqlite_world: World, outsider: Outsider) -> None:
    fill(sqlite_world.house, 20)
    sqlite_world.house.sign()
    vkey, nowhere = sqlite_world.house.verifier().vkey, str(outsider.folder)
    code, said = outsider.runs(database(sqlite_world.house), vkey, path=nowhere)
    assert code == 3
    assert said.startswith("SIGNATURE NOT CHECKED")
    assert told(sqlite_world).removeprefix("OK ") in said
    spoil(database(sqlite_world.house), "UPDATE ledger_entry SET tag = 7 WHERE idx = 3")
    assert outsider.runs(database(sqlite_world.house), vkey, path=nowhere)[0] == 1


@pytest.mark.check("ledger-6")
def test_another_key_signed_nothing_here(sqlite_world: World, outsider: Outsider) -> None:
    other = Signer(sqlite_world.house.signer.name, bytes(range(32))).vkey
    assert outsider.runs(database(sqlite_world.house), other) == (1, "TAMPERED a note is not signed by this key")


@pytest.mark.parametrize("flags", [BARE, ISOLATED], ids=["openssl", "cryptography"])
def test_a_wrong_signature_is_seen_by_either_program(
    sqlite_world: World, outsider: Outsider, flags: tuple[str, ...]
) -> None:
    forged = Signer(sqlite_world.house.signer.name, bytes(range(32)))
    note = sqlite_world.house.sign() or ""
    text = note.partition("\n\n")[0] + "\n"
    blob = sqlite_world.house.verifier().id + forged._key.sign(text.encode())
    path = outsider.folder / "forged"
    path.write_text(f"{text}\n\u2014 {forged.name} {b64encode(blob).decode()}\n")
    more = ("--checkpoint", str(path))
    code, said = outsider.runs(database(sqlite_world.house), sqlite_world.house.verifier().vkey, *more, flags=flags)
    assert (1, f"TAMPERED the signature of {forged.name} is wrong") == (code, said)


def test_a_checkpoint_kept_elsewhere_shows_a_ledger_put_back(sqlite_world: World, outsider: Outsider) -> None:
    house = sqlite_world.house
    house.sign()
    yesterday = outsider.folder / "yesterday.db"
    with closing(sqlite3.connect(database(house))) as source, closing(sqlite3.connect(yesterday)) as copy:
        source.backup(copy)
    fill(house, 10)
    note = outsider.folder / "note"
    note.write_text(house.sign() or "")
    head = lanes.head()
    assert head is not None
    vkey, more = house.verifier().vkey, ("--checkpoint", str(note))
    assert (0, told(sqlite_world)) == outsider.runs(database(house), vkey, *more)
    assert outsider.runs(yesterday, vkey)[0] == 0
    said = f"TAMPERED the ledger was truncated: {head.size - 10} entries of {head.size} (entry {head.size - 10})"
    assert (1, said) == outsider.runs(yesterday, vkey, *more)


def test_an_exported_ledger_verifies_and_no_line_of_it_can_change(world: World, outsider: Outsider) -> None:
    fill(world.house, 120)
    world.house.sign()
    vkey, path = world.house.verifier().vkey, outsider.folder / "ledger.txt"
    head = lanes.head()
    assert head is not None
    assert head.size == export.write(path, head.lane)
    assert (0, told(world)) == outsider.runs(path, vkey)
    lines = path.read_bytes().splitlines(keepends=True)
    key = verify_standalone.Key(vkey)
    for at in range(len(lines)):
        others = [lines[:at] + lines[at + 1 :], [*lines[:at], lines[at].replace(b"1", b"2", 1), *lines[at + 1 :]]]
        others += [lines[:at], [*lines[:at], lines[at][:-1] + b" \n", *lines[at + 1 :]]]
        for other in others:
            if other == lines:
                continue
            path.write_bytes(b"".join(other))
            with pytest.raises((verify_standalone.Tampered, verify_standalone.Unreadable)):
                verify_standalone.verify(path, key)


def test_a_proof_verifies_and_no_sign_of_it_can_change(world: World, outsider: Outsider) -> None:
    fill(world.house, 50)
    world.house.sign()
    vkey, path = world.house.verifier().vkey, outsider.folder / "one.tlog-proof"
    text = proofs.prove("default", EntryRef(0, 17)).text()
    path.write_text(text)
    assert (0, told(world)) == outsider.runs(path, vkey)
    key = verify_standalone.Key(vkey)
    for at, sign in enumerate(text):
        path.write_text(text[:at] + chr(ord(sign) ^ 1) + text[at + 1 :])
        with pytest.raises((verify_standalone.Tampered, verify_standalone.Unreadable)):
            verify_standalone.verify(path, key)


def test_a_receipt_verifies_with_the_proof_of_its_entry_and_no_other(world: World, outsider: Outsider) -> None:
    house = world.house
    with house.opened() as tx:
        drafts = [Draft(event=Erased(erasure, 1, 2, 3)) for erasure in ("e-1", "e-2")]
        refs = lanes.append(tx, drafts)
    house.sign()
    signer = house.signer.named(f"{house.signer.name}/receipt")
    note = signer.sign(f"bailee-receipt/v1\nerasure e-1\nentry {refs[0]}\n")
    right, wrong = (proofs.prove("default", ref).text() for ref in refs)
    path, vkey = outsider.folder / "receipt", house.verifier().vkey
    for text, code in ((note, 0), (f"{note}\n{right}", 0), (f"{note}\n{wrong}", 1), (note.replace("e-1", "e-2"), 1)):
        path.write_text(text)
        assert code == outsider.runs(path, vkey)[0]


def test_tiles_of_a_long_ledger_are_held_against_its_entries(sqlite_world: World, outsider: Outsider) -> None:
    house = sqlite_world.house
    with house.opened() as tx:
        lanes.append(tx, [Draft(event=DataRead(), alias=Alias(bytes(16)), actor="bob")] * 66_000)
    house.sign()
    vkey, path = house.verifier().vkey, database(house)
    assert (0, told(sqlite_world)) == outsider.runs(path, vkey)
    spoil(path, "UPDATE ledger_tile SET body = zeroblob(8192)")
    assert outsider.runs(path, vkey) == (1, "TAMPERED a tile does not match its entries (entry 0)")
    spoil(path, "DELETE FROM ledger_tile")
    assert outsider.runs(path, vkey) == (1, "TAMPERED there are tiles too many, or too few (entry 0)")


def test_what_reads_two_ways_is_refused_even_under_a_right_hash(sqlite_world: World) -> None:
    body = b'{"d":{"origin":"o","reason":"r"},"h":0,"i":0,"k":101,"t":5,"v":1}'
    chain = verify_standalone.Chain(0, {}, columns=False)
    chain.add([(0, None, body, None, None, None, None)])
    for odd in (
        body.replace(b'"t":5', b'"t":5,"t":5'),
        body.replace(b'"d":{', b'"d": {'),
        body.replace(b'"o"', b'"\\u006f"'),
        body.replace(b'"t":5', b'"t":5.0'),
        body.replace(b'"t":5', b'"t":9007199254740993'),
        body.replace(b'"t":5', b'"t":05'),
        body.replace(b'"t":5', b'"t":true'),
        body.replace(b'"r"', b"null"),
        body.replace(b'"reason"', "gründe".encode().join([b'"', b'"'])),
        body.replace(b'"v":1', b'"v":1,"x":1'),
        body.replace(b'"d":{"origin":"o","reason":"r"},"h":0', b'"h":0,"d":{"origin":"o","reason":"r"}'),
        body.replace(b'"o"', b'"\xff"'),
        body.replace(b'"h":0', b'"h":1'),
        body.replace(b'"i":0', b'"i":0,"p":"' + b"A" * 43 + b'"'),
        body[:-1],
        b"[" * 3000,
        b"[" + body + b"]",
        body.replace(b'"t":5', b'"t":"5"'),
        body.replace(b'{"origin":"o","reason":"r"}', b"[]"),
        body.replace(b'"o"', b'"' + b"o" * 4096 + b'"'),
        b"null",
    ):
        with pytest.raises(verify_standalone.Tampered):
            verify_standalone.Chain(0, {}, columns=False).add([(0, None, odd, None, None, None, None)])
