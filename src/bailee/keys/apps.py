"""Registers the key store under its own label."""

from django.apps import AppConfig


class KeyStoreConfig(AppConfig):
    """Label `bailee_keys`, routed to the database `keys`."""

    name = "bailee.keys"
    label = "bailee_keys"
    default_auto_field = "django.db.models.BigAutoField"
