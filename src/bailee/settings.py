"""Django's settings, made from the configuration of one home."""

from typing import Any

from bailee import config

CONFIG = config.load(config.default_home())

_SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; "
        "PRAGMA cell_size_check=ON; PRAGMA busy_timeout=5000; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;"
    ),
}


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": CONFIG.path / name,
        "CONN_MAX_AGE": None,
        "OPTIONS": dict(_SQLITE_OPTIONS),
    }


DATABASES = {
    "default": config.database(CONFIG.database.url) if CONFIG.database.url else _sqlite("data.db"),
    "keys": config.database(CONFIG.database.keys_url) if CONFIG.database.keys_url else _sqlite("keys.db"),
}
DATABASE_ROUTERS = ["bailee.routers.KeyStoreRouter"]
INSTALLED_APPS = ["bailee.apps.BaileeConfig", "bailee.keys.apps.KeyStoreConfig"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
DEBUG = False
SECRET_KEY = "unused: no page, cookie or token is signed by Django"  # noqa: S105 - names its own emptiness
LOGGING_CONFIG = None
