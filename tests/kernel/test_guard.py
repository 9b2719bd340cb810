"""A page that writes past the acts is stopped before its statement leaves the connection."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from tests.homes import World

from bailee.access.tables import Grant, Person
from bailee.kernel.guard import GUARD, WriteGuard, WriteOutsideAct
from bailee.ledger.tables import Entry, Lane
from bailee.vault.tables import Subject

WRITES = [
    "DELETE FROM subject",
    "delete from subject where 1 = 1",
    "  \n\tDELETE\nFROM subject",
    "/* harmless */ DELETE FROM subject",
    "-- harmless\nDELETE FROM subject",
    "/* SELECT */ UPDATE subject SET state = 1",
    "UPDATE subject SET state = 1",
    "INSERT INTO subject (id) VALUES (1)",
    "INSERT OR REPLACE INTO subject (id) VALUES (1)",
    "REPLACE INTO subject (id) VALUES (1)",
    "WITH old AS (SELECT 1) DELETE FROM subject",
    "WITH gone AS (DELETE FROM subject RETURNING id) SELECT * FROM gone",
    "SELECT 1; DELETE FROM subject",
    "SELECT 1; SELECT 2",
    "SELECT * INTO copy FROM subject",
    "SELECT 'a''; --' FROM subject; DELETE FROM subject",
    'SELECT "DELETE"; DELETE FROM subject',
    "EXPLAIN ANALYZE DELETE FROM subject",
    "TRUNCATE subject",
    "DROP TABLE subject",
    "ALTER TABLE subject ADD COLUMN x int",
    "CREATE TABLE x (y int)",
    "CREATE TEMP TABLE x (y int)",
    "CREATE INDEX x ON subject (id)",
    "MERGE INTO subject USING x ON true WHEN MATCHED THEN DELETE",
    "COPY subject TO '/tmp/x'",
    "COPY subject FROM STDIN",
    "GRANT ALL ON subject TO public",
    "VACUUM INTO '/tmp/copy.db'",
    "ATTACH DATABASE '/tmp/x' AS x",
    "REINDEX",
    "DO $$ BEGIN DELETE FROM subject; END $$",
    "CALL wipe()",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = OFF",
    "PRAGMA main.synchronous = 0",
    "PRAGMA synchronous(0)",
    "SET session_replication_role = replica; DELETE FROM ledger_entry",
    "LOCK TABLE subject",
    "REFRESH MATERIALIZED VIEW x",
    "SECURITY LABEL ON TABLE subject IS 'x'",
    "SELECT lo_import('/etc/passwd') ; UPDATE subject SET state = 1",
    "EXECUTE gone",
    "PREPARE gone AS DELETE FROM subject",
    "PREPARE TRANSACTION 'x'",
    "",
    ";",
    ";DELETE FROM subject",
]
READS = [
    "SELECT 1",
    "select * from subject where name = 'DELETE FROM subject'",
    "SELECT 'a;b'",
    'SELECT "delete" FROM subject;',
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "SELECT id FROM subject FOR UPDATE",
    "SELECT id FROM subject FOR NO KEY UPDATE",
    "EXPLAIN SELECT 1",
    "SHOW fsync",
    "SAVEPOINT x",
    "RELEASE SAVEPOINT x",
    "PRAGMA journal_mode",
    "PRAGMA table_info('subject')",
    "PRAGMA wal_checkpoint(TRUNCATE)",
]


@pytest.mark.check("ledger-15")
def test_a_deleting_query_set_is_stopped_and_nothing_changes(world: World) -> None:
    for table in (Subject, Person, Grant, Entry, Lane):
        before = list(table.objects.order_by("pk").values_list())
        assert before
        ways: list[Callable[[Any], object]] = [
            lambda rows: rows.delete(),
            lambda rows: rows.all()._raw_delete(rows.db),
            lambda rows: rows.update(**{rows.model._meta.fields[-1].attname: None}),
            lambda rows: rows.first().delete(),
            lambda rows: rows.first().save(),
            lambda rows: rows.bulk_create([rows.first()]),
            lambda rows: rows.bulk_update(list(rows), [rows.model._meta.fields[-1].attname]),
        ]
        for write in ways:
            with pytest.raises(WriteOutsideAct):
                write(table.objects.order_by("pk"))
            assert before == list(table.objects.order_by("pk").values_list())


@pytest.mark.check("ledger-15")
@pytest.mark.parametrize("spelling", WRITES)
def test_no_spelling_of_a_write_gets_through(sqlite_world: World, spelling: str) -> None:
    assert not GUARD.harmless(spelling)
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            with pytest.raises(WriteOutsideAct):
                cursor.execute(spelling)
            with pytest.raises(WriteOutsideAct):
                cursor.executemany(spelling, [()])


@pytest.mark.parametrize("spelling", READS)
def test_reading_is_harmless(spelling: str) -> None:
    assert GUARD.harmless(spelling)


def test_a_transaction_of_the_house_writes_and_only_while_it_is_open(world: World) -> None:
    Subject.objects.count()
    with world.house.opened() as tx:
        Subject.objects.using(tx.alias).filter(id=world.dora).update(state=1)
    with pytest.raises(WriteOutsideAct):
        Subject.objects.filter(id=world.dora).update(state=1)


def test_an_open_transaction_on_one_store_admits_nothing_on_the_other(world: World) -> None:
    from bailee.keys.models import SystemKey

    with world.house.opened(), pytest.raises(WriteOutsideAct):
        SystemKey.objects.using("keys").all().delete()
    assert SystemKey.objects.using("keys").exists()


def test_a_pair_on_the_list_is_admitted_for_that_verb_and_table_alone() -> None:
    guard = WriteGuard({"django_session": "INSERT DELETE"})
    assert guard.harmless("DELETE FROM django_session WHERE 1 = 1")
    assert guard.harmless('INSERT INTO "django_session" (a) VALUES (%s)')
    assert guard.harmless("INSERT INTO django_session (a) VALUES (%s) ON CONFLICT (a) DO UPDATE SET b = 1")
    assert not guard.harmless("UPDATE django_session SET a = 1")
    assert not guard.harmless("DELETE FROM subject")
    assert not guard.harmless("DELETE FROM django_session; DELETE FROM subject")
    assert not guard.harmless("INSERT INTO django_session SELECT 1; DELETE FROM subject")
    assert not guard.harmless("WITH x AS (DELETE FROM subject RETURNING 1) INSERT INTO django_session SELECT * FROM x")
    assert not guard.harmless("INSERT INTO django_session WITH x AS (DELETE FROM subject RETURNING 1) SELECT * FROM x")
