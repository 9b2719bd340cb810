"""The ledger takes no update and no delete; hot tables on SQLite are stored by their primary key."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_BY_KEY = (
    "ledger_entry",
    "ledger_tile",
    "ledger_mention",
    "subject",
    "record",
    "unique_index",
    "blind_index",
    "import_row",
)

_SQLITE = (
    """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
       BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END""",
    """CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
       WHEN NEW.lane IS NOT OLD.lane OR NEW.idx IS NOT OLD.idx OR NEW.leaf IS NOT OLD.leaf OR NEW.tag IS NOT OLD.tag
         OR NEW.t IS NOT OLD.t OR (NEW.body IS NOT OLD.body AND NEW.body IS NOT NULL)
         OR (NEW.actor IS NOT OLD.actor AND NEW.actor IS NOT NULL)
         OR (NEW.alias IS NOT OLD.alias AND NEW.alias IS NOT NULL)
       BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END""",
)
_POSTGRES = (
    """CREATE FUNCTION ledger_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP <> 'UPDATE' THEN RAISE EXCEPTION 'entries are never deleted'; END IF;
         IF NEW.lane IS DISTINCT FROM OLD.lane OR NEW.idx IS DISTINCT FROM OLD.idx
            OR NEW.leaf IS DISTINCT FROM OLD.leaf OR NEW.tag IS DISTINCT FROM OLD.tag OR NEW.t IS DISTINCT FROM OLD.t
            OR (NEW.body IS DISTINCT FROM OLD.body AND NEW.body IS NOT NULL)
            OR (NEW.actor IS DISTINCT FROM OLD.actor AND NEW.actor IS NOT NULL)
            OR (NEW.alias IS DISTINCT FROM OLD.alias AND NEW.alias IS NOT NULL)
         THEN RAISE EXCEPTION 'entries are never changed'; END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER ledger_entry_kept BEFORE UPDATE OR DELETE ON ledger_entry
       FOR EACH ROW EXECUTE FUNCTION ledger_entry_is_kept()""",
    """CREATE TRIGGER ledger_entry_not_emptied BEFORE TRUNCATE ON ledger_entry
       FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_is_kept()""",
)


def _forwards(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        for table in _BY_KEY:
            _store_by_key(editor, table)
        for statement in _SQLITE:
            editor.execute(statement)
    else:
        for statement in _POSTGRES:
            editor.execute(statement)


def _store_by_key(editor: BaseDatabaseSchemaEditor, table: str) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = %s AND sql IS NOT NULL", [table])
        found = cursor.fetchall()
    made = [sql for kind, sql in found if kind == "table"]
    indexes = [sql for kind, sql in found if kind == "index"]
    editor.execute(f'DROP TABLE "{table}"')
    editor.execute(f"{made[0]} WITHOUT ROWID")
    for sql in indexes:
        editor.execute(sql)


class Migration(migrations.Migration):
    """Runs once, on empty tables."""

    dependencies = [("bailee", "0001_first")]
    operations = [migrations.RunPython(_forwards, migrations.RunPython.noop)]
