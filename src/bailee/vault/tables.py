"""Tables of the vault, in the data database; every value of a customer is inside an envelope."""

from typing import ClassVar

from django.db import models


class Subject(models.Model):
    """One customer; `state`: 1 live, 2 suspended, 3 erasing, 4 erased."""

    id = models.BinaryField(max_length=16, primary_key=True)
    collection = models.IntegerField(default=1)
    state = models.SmallIntegerField()
    closing = models.BinaryField(default=b"")
    version = models.BigIntegerField()

    class Meta:
        db_table = "subject"


class Record(models.Model):
    """All fields of one category of one record, in one envelope."""

    pk = models.CompositePrimaryKey("subject", "id")
    subject = models.BinaryField(max_length=16)
    id = models.BinaryField(max_length=16)
    category = models.IntegerField()
    version = models.BigIntegerField()
    schema = models.IntegerField()
    envelope = models.BinaryField()

    class Meta:
        db_table = "record"
        indexes: ClassVar = [models.Index(fields=["subject", "category"], name="record_category")]


class UniqueIndex(models.Model):
    """At most one customer per value: the primary key is the constraint."""

    pk = models.CompositePrimaryKey("field", "key_version", "digest")
    field = models.IntegerField()
    key_version = models.IntegerField()
    digest = models.BinaryField(max_length=16)
    subject = models.BinaryField(max_length=16)
    record = models.BinaryField(max_length=16)

    class Meta:
        db_table = "unique_index"
        indexes: ClassVar = [models.Index(fields=["subject"], name="unique_index_subject")]


class BlindIndex(models.Model):
    """A few bits of a keyed digest: finds candidates, never tells values apart for certain."""

    pk = models.CompositePrimaryKey("field", "transform", "key_version", "bits", "subject", "record", "ordinal")
    field = models.IntegerField()
    transform = models.SmallIntegerField()
    key_version = models.IntegerField()
    bits = models.BigIntegerField()
    subject = models.BinaryField(max_length=16)
    record = models.BinaryField(max_length=16)
    ordinal = models.SmallIntegerField()

    class Meta:
        db_table = "blind_index"
        indexes: ClassVar = [models.Index(fields=["subject"], name="blind_index_subject")]


class SearchIndex(models.Model):
    """How many bits one search index has, fixed when it was planned; `state`: 1 live, 2 building."""

    pk = models.CompositePrimaryKey("field", "transform", "key_version")
    field = models.IntegerField()
    transform = models.SmallIntegerField()
    key_version = models.IntegerField()
    bits = models.SmallIntegerField()
    state = models.SmallIntegerField()

    class Meta:
        db_table = "search_index"


class BulkUnlock(models.Model):
    """Leave for one person to read many customers at once, for a purpose, for some minutes."""

    id = models.CharField(max_length=36, primary_key=True)
    actor = models.CharField(max_length=64)
    purpose = models.CharField(max_length=100)
    most = models.IntegerField()
    until = models.BigIntegerField()

    class Meta:
        db_table = "bulk_unlock"


class Receipt(models.Model):
    """A signed note of one erasure; holds no pseudonym and no customer id."""

    id = models.BinaryField(max_length=16, primary_key=True)
    erasure = models.BinaryField(max_length=16, unique=True)
    note = models.TextField()
    proof = models.TextField()
    reached_at = models.BigIntegerField(null=True)

    class Meta:
        db_table = "receipt"


class Preference(models.Model):
    """One customer's consent, objection or restriction for a purpose."""

    pk = models.CompositePrimaryKey("subject", "purpose", "kind")
    subject = models.BinaryField(max_length=16)
    purpose = models.CharField(max_length=100)
    kind = models.CharField(max_length=12)
    at = models.BigIntegerField()

    class Meta:
        db_table = "preference"


class Hold(models.Model):
    """That a customer's data must not be destroyed, why, and until when that is looked at again."""

    id = models.BinaryField(max_length=16, primary_key=True)
    subject = models.BinaryField(max_length=16)
    category = models.CharField(max_length=100, null=True)
    owner = models.CharField(max_length=36)
    review_on = models.BigIntegerField()

    class Meta:
        db_table = "hold"
        indexes: ClassVar = [models.Index(fields=["subject"], name="hold_subject")]
