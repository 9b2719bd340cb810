"""Wiring: at start every module of every area is imported, so that the registries are complete."""

from importlib import import_module
from pkgutil import walk_packages

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

import bailee
from bailee.kernel.guard import GUARD

_AREAS = ("custody", "ledger", "datamap", "access", "vault", "discovery")


class BaileeConfig(AppConfig):
    """One application, one label, one migration history."""

    name = "bailee"
    label = "bailee"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(_watch, dispatch_uid="bailee.guard")
        for area in _AREAS:
            package = import_module(f"bailee.{area}")
            for module in walk_packages(package.__path__, f"{package.__name__}."):
                if not module.name.endswith("verify_standalone"):
                    import_module(module.name)
        import_module(f"{bailee.__name__}.house")


def _watch(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Put the write guard on every connection, once."""
    if GUARD not in connection.execute_wrappers:
        connection.execute_wrappers.append(GUARD)
