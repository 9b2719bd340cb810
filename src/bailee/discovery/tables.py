"""Tables of imports; row keys and row contents appear as keyed digests only."""

from typing import ClassVar

from django.db import models


class ImportRun(models.Model):
    """One run of a plan over a source; `state`: running, done, or broken off."""

    id = models.BinaryField(max_length=16, primary_key=True)
    plan_digest = models.BinaryField(max_length=32)
    source_digest = models.BinaryField(max_length=32)
    state = models.CharField(max_length=10)
    counts = models.TextField()
    started = models.BigIntegerField()
    ended = models.BigIntegerField(null=True)
    by = models.CharField(max_length=64)

    class Meta:
        db_table = "import_run"


class ImportRow(models.Model):
    """Where a row of a source went: keyed digest of its key, and of its contents when last seen.

    `key_digest` begins with 4 bytes of its source and table; `records` is 4 bytes of category and 16 of record, each.
    """

    key_digest = models.BinaryField(max_length=16, primary_key=True)
    row_digest = models.BinaryField(max_length=16)
    subject = models.BinaryField(max_length=16)
    records = models.BinaryField()

    class Meta:
        db_table = "import_row"
        indexes: ClassVar = [models.Index(fields=["subject"], name="import_row_subject")]
