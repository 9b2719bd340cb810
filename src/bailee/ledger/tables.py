"""Tables of the ledger; nothing here is encrypted but remarks, because nothing here is a customer's value."""

from typing import ClassVar

from django.db import models


class Lane(models.Model):
    """One sequence with its tree's frontier; `state`: 1 open, 2 closed, 3 diverged."""

    id = models.IntegerField(primary_key=True)
    origin = models.CharField(max_length=200, unique=True)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField(max_length=2048)
    last_leaf = models.BinaryField(max_length=32)
    last_t = models.BigIntegerField()
    state = models.SmallIntegerField()
    follows = models.IntegerField(null=True)

    class Meta:
        db_table = "ledger_lane"


class Entry(models.Model):
    """One fact; `body` is exactly what was hashed, the columns after it are copies for queries."""

    pk = models.CompositePrimaryKey("lane", "idx")
    lane = models.IntegerField()
    idx = models.BigIntegerField()
    leaf = models.BinaryField(max_length=32)
    body = models.BinaryField(max_length=4096, null=True)
    tag = models.IntegerField()
    t = models.BigIntegerField()
    actor = models.CharField(max_length=64, null=True)
    alias = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "ledger_entry"
        indexes: ClassVar = [
            models.Index(fields=["actor", "t"], name="ledger_entry_actor", condition=models.Q(actor__isnull=False)),
        ]


class Mention(models.Model):
    """Which entries speak of a pseudonym, alone or in a set; a projection, so that appending stays quick."""

    pk = models.CompositePrimaryKey("alias", "lane", "idx")
    alias = models.BinaryField(max_length=16)
    lane = models.IntegerField()
    idx = models.BigIntegerField()

    class Meta:
        db_table = "ledger_mention"


class SubjectSetRow(models.Model):
    """The people of a bulk read: sorted unique aliases behind their Merkle root."""

    root = models.BinaryField(max_length=32, primary_key=True)
    n = models.IntegerField()
    body = models.BinaryField()

    class Meta:
        db_table = "ledger_set"


class RemarkRow(models.Model):
    """Typed words about no customer, sealed; the entry holds their salted digest."""

    id = models.BinaryField(max_length=16, primary_key=True)
    lane = models.IntegerField()
    idx = models.BigIntegerField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "ledger_remark"


class Tile(models.Model):
    """256 hashes of one level ≥ 1; full ones only, derivable from the leaves."""

    pk = models.CompositePrimaryKey("lane", "level", "n")
    lane = models.IntegerField()
    level = models.SmallIntegerField()
    n = models.BigIntegerField()
    body = models.BinaryField(max_length=8192)

    class Meta:
        db_table = "ledger_tile"


class CheckpointRow(models.Model):
    """A signed head: origin, size, root."""

    pk = models.CompositePrimaryKey("lane", "size")
    lane = models.IntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.BigIntegerField()
    published = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "ledger_checkpoint"


class Cursor(models.Model):
    """How far one projection has read, and where it stopped."""

    pk = models.CompositePrimaryKey("projection", "lane")
    projection = models.CharField(max_length=100)
    version = models.IntegerField()
    lane = models.IntegerField()
    next = models.BigIntegerField()
    outward = models.BigIntegerField()
    failed_idx = models.BigIntegerField(null=True)
    error = models.CharField(max_length=200, null=True)
    tries = models.SmallIntegerField(default=0)
    at = models.BigIntegerField()

    class Meta:
        db_table = "ledger_cursor"


class Outbox(models.Model):
    """Effects on the outside that a projection asked for; sent at least once."""

    projection = models.CharField(max_length=100)
    lane = models.IntegerField()
    idx = models.BigIntegerField()
    ordinal = models.IntegerField()
    kind = models.CharField(max_length=100)
    body = models.BinaryField()
    state = models.SmallIntegerField(default=0)
    tries = models.IntegerField(default=0)
    next_try = models.BigIntegerField(default=0)

    class Meta:
        db_table = "outbox"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["projection", "lane", "idx", "ordinal"], name="one_effect")
        ]


class ActOnce(models.Model):
    """What an act answered to a key, for 24 hours; never a value of a customer."""

    pk = models.CompositePrimaryKey("actor", "key")
    actor = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    ask_digest = models.BinaryField(max_length=32)
    result = models.BinaryField()
    until = models.BigIntegerField()

    class Meta:
        db_table = "act_once"


class Procedure(models.Model):
    """Work that crosses two stores: numbered idempotent steps that only roll forward."""

    id = models.BinaryField(max_length=16, primary_key=True)
    kind = models.SmallIntegerField()
    step = models.SmallIntegerField()
    subject = models.BinaryField(max_length=16, null=True)
    body = models.BinaryField(null=True)
    claimed_until = models.BigIntegerField(default=0)
    tries = models.IntegerField(default=0)
    error = models.CharField(max_length=200, null=True)
    begun = models.BigIntegerField()
    ended = models.BigIntegerField(null=True)

    class Meta:
        db_table = "procedure"
        indexes: ClassVar = [models.Index(fields=["kind", "ended"], name="procedure_open")]
