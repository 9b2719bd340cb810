"""Tables of the data map: its versions, and the numbers its names have for ever."""

from typing import ClassVar

from django.db import models


class MapVersion(models.Model):
    """One adopted map; append-only."""

    version = models.IntegerField(primary_key=True)
    digest = models.BinaryField(max_length=32)
    toml = models.TextField()
    activated_at = models.BigIntegerField()
    by = models.CharField(max_length=64)

    class Meta:
        db_table = "map_version"


class MapName(models.Model):
    """The number of a category, field or purpose: stable for ever, never reused."""

    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=200)
    number = models.IntegerField()

    class Meta:
        db_table = "map_name"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="map_name_key"),
            models.UniqueConstraint(fields=["kind", "number"], name="map_name_number"),
        ]
