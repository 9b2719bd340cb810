"""On SQLite customers' keys are stored by their primary key: one page touch per key."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _forwards(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor != "sqlite":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'subject_key' AND sql IS NOT NULL")
        found = cursor.fetchall()
    editor.execute("DROP TABLE subject_key")
    for kind, sql in sorted(found, key=lambda one: one[0] != "table"):
        editor.execute(f"{sql} WITHOUT ROWID" if kind == "table" else sql)


class Migration(migrations.Migration):
    """Runs once, on an empty table."""

    dependencies = [("bailee_keys", "0001_first")]
    operations = [migrations.RunPython(_forwards, migrations.RunPython.noop)]
