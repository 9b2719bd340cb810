"""Tables of the key store; a thief of the data database does not have them, a thief of these has no data."""

from typing import ClassVar, Final

from django.db import models

NEW: Final = 0
OPEN: Final = 1
CLOSING: Final = 2
DESTROYED: Final = 3


class Epoch(models.Model):
    """One wrapping key of one category; the key itself lies with the custodian."""

    pk = models.CompositePrimaryKey("category", "number")
    category = models.IntegerField()
    number = models.BigIntegerField()
    state = models.SmallIntegerField()
    kcv = models.BinaryField(max_length=16)
    opened = models.BigIntegerField()
    destroyed = models.BigIntegerField(null=True)
    sealed = models.BooleanField(default=False)

    class Meta:
        db_table = "epoch"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["category"], condition=models.Q(state=OPEN), name="one_open_epoch")
        ]


class SubjectKey(models.Model):
    """One customer's key for one category, wrapped under an epoch."""

    pk = models.CompositePrimaryKey("subject", "category", "version")
    subject = models.BinaryField(max_length=16)
    category = models.IntegerField()
    version = models.IntegerField()
    epoch = models.BigIntegerField()
    wrapped = models.BinaryField(max_length=60)
    find = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "subject_key"
        indexes: ClassVar = [models.Index(fields=["category", "epoch", "subject"], name="subject_key_epoch")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["find"], condition=models.Q(find__isnull=False), name="one_find_tag")
        ]


class SystemKey(models.Model):
    """A key of the house, wrapped: `index/<field>/<transform>`, `ledger-signer`, `app/<purpose>`."""

    pk = models.CompositePrimaryKey("name", "version")
    name = models.CharField(max_length=100)
    version = models.IntegerField()
    category = models.IntegerField()
    epoch = models.BigIntegerField()
    wrapped = models.BinaryField(max_length=60)
    state = models.SmallIntegerField(default=OPEN)

    class Meta:
        db_table = "system_key"


class Tombstone(models.Model):
    """That a customer's keys were destroyed; names nobody, stops them from coming back."""

    pk = models.CompositePrimaryKey("digest", "erasure")
    digest = models.BinaryField(max_length=16)
    erasure = models.BinaryField(max_length=16)
    bounds = models.BinaryField()
    commits_digest = models.BinaryField(max_length=32)
    at = models.BigIntegerField()

    class Meta:
        db_table = "tombstone"


class KeyGuard(models.Model):
    """One row: how often the key store lost something on purpose; compared with `keys.head`."""

    id = models.SmallIntegerField(primary_key=True)
    generation = models.BigIntegerField()
    tombstones = models.BigIntegerField()

    class Meta:
        db_table = "key_guard"


class LedgerGuard(models.Model):
    """The ledger's last known head, kept apart from the ledger."""

    lane = models.IntegerField(primary_key=True)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField(max_length=2048)
    at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_guard"
