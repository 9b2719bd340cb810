"""Tables of access; categories and purposes as keys, times in microseconds UTC."""

from typing import ClassVar

from django.db import models


class Person(models.Model):
    """Somebody, or a service, that may sign in or act; appears in the ledger by id only."""

    id = models.CharField(max_length=36, primary_key=True)
    kind = models.CharField(max_length=10)
    email_norm = models.CharField(max_length=320, unique=True)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10)
    state_since = models.BigIntegerField()
    manager = models.CharField(max_length=36, null=True)
    owner = models.CharField(max_length=36, null=True)
    external_id = models.CharField(max_length=200, null=True)

    class Meta:
        db_table = "person"


class Role(models.Model):
    """A job: what it may run, and how long a grant to it may last before it is reviewed."""

    key = models.CharField(max_length=100, primary_key=True)
    title = models.CharField(max_length=200)
    owner = models.CharField(max_length=36, null=True)
    review_days = models.IntegerField()
    permissions = models.TextField()

    class Meta:
        db_table = "role"


class Membership(models.Model):
    """Who holds a role, until when; never for ever."""

    person = models.CharField(max_length=36)
    role = models.CharField(max_length=100)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    origin = models.CharField(max_length=20)
    approved_by = models.CharField(max_length=36, null=True)
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "membership"
        indexes: ClassVar = [models.Index(fields=["person", "role", "until"], name="membership_person")]


class Grant(models.Model):
    """That a role or a person may use a category or field for a purpose, in one form, until an instant."""

    role = models.CharField(max_length=100, null=True)
    person = models.CharField(max_length=36, null=True)
    category = models.CharField(max_length=200)
    purpose = models.CharField(max_length=100)
    operation = models.SmallIntegerField()
    level = models.SmallIntegerField()
    scope = models.CharField(max_length=10)
    mode = models.CharField(max_length=12)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    approved_by = models.CharField(max_length=36, null=True)
    origin = models.CharField(max_length=12)

    class Meta:
        db_table = "grant"
        indexes: ClassVar = [
            models.Index(fields=["role"], name="grant_role"),
            models.Index(fields=["person"], name="grant_person"),
            models.Index(fields=["until"], name="grant_until"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(role__isnull=True) ^ models.Q(person__isnull=True), name="grant_to_one"
            )
        ]


class Forbid(models.Model):
    """What beats every grant; `*` stands for all."""

    role = models.CharField(max_length=100, null=True)
    person = models.CharField(max_length=36, null=True)
    category = models.CharField(max_length=200)
    purpose = models.CharField(max_length=100)
    operation = models.CharField(max_length=10)
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "forbid"


class Policy(models.Model):
    """One row: the epoch of the compiled policy, with digest and MAC over the rows it was compiled from."""

    id = models.SmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    mac = models.BinaryField(max_length=32)
    sealed_at = models.BigIntegerField()

    class Meta:
        db_table = "policy"


class Assignment(models.Model):
    """That a customer is assigned to a person, or is the customer of an open case."""

    subject = models.BinaryField(max_length=16)
    person = models.CharField(max_length=36)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    case_code = models.CharField(max_length=64, null=True)

    class Meta:
        db_table = "assignment"
        indexes: ClassVar = [models.Index(fields=["subject", "person"], name="assignment_subject")]


class ApiKey(models.Model):
    """A personal or service key; only its MAC is kept."""

    id = models.CharField(max_length=12, primary_key=True)
    person = models.CharField(max_length=36)
    kind = models.CharField(max_length=10)
    mac = models.BinaryField(max_length=32)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    last_used = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)

    class Meta:
        db_table = "api_key"
        indexes: ClassVar = [models.Index(fields=["person"], name="api_key_person")]


class UseDay(models.Model):
    """How often somebody used a category for a purpose on a day; a projection of the ledger."""

    pk = models.CompositePrimaryKey("person", "category", "purpose", "operation", "day")
    person = models.CharField(max_length=36)
    category = models.IntegerField()
    purpose = models.CharField(max_length=100)
    operation = models.SmallIntegerField()
    day = models.IntegerField()
    reads = models.BigIntegerField()
    reveals = models.BigIntegerField()

    class Meta:
        db_table = "use_day"
