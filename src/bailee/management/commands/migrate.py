"""Django's `migrate`, run with the write guard asleep: the one command that may change tables."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate

from bailee.kernel.guard import GUARD


class Command(DjangoMigrate):
    """Make or change the tables of both stores."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        with GUARD.asleep():
            return super().handle(*args, **options)
