"""The key store is a database of its own: nothing else goes there, and it goes nowhere else."""

from django.db.models import Model

KEYS = "keys"
_LABEL = "bailee_keys"


class KeyStoreRouter:
    """Send `bailee_keys` to the database `keys` and everything else to `default`."""

    def db_for_read(self, model: type[Model], **_: object) -> str:
        return KEYS if model._meta.app_label == _LABEL else "default"  # noqa: SLF001 - Django's public name for it

    db_for_write = db_for_read

    def allow_relation(self, one: Model, other: Model, **_: object) -> bool:
        return self.db_for_read(type(one)) == self.db_for_read(type(other))

    def allow_migrate(self, db: str, app_label: str, **_: object) -> bool:
        return (app_label == _LABEL) == (db == KEYS)
