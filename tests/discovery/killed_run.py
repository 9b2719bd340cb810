"""A process that dies in the middle of an import: python -m tests.discovery.killed_run home purpose source when batch.

The keys of owner and reader come on standard input. `before`: the batch is written and not yet committed; `after`:
just committed.
"""

import os
import sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "bailee.settings"

import django

django.setup()

from tests.discovery import shops  # noqa: E402 - Django must be set up first

from bailee.discovery import imports  # noqa: E402 - Django must be set up first
from bailee.kernel.secret import Secret  # noqa: E402 - Django must be set up first
from bailee.vault.gate import Gate  # noqa: E402 - Django must be set up first


def main(home: str, purpose: str, source: str, when: str, batch: str) -> None:
    ann, bob = sys.stdin.read().split()
    shop = shops.open_at(Path(home), Secret(ann), Secret(bob), purpose)
    imports.BATCH = 20  # type: ignore[misc]  # small batches, so that there are many places to die at
    seen = 0
    keep, bring_in = imports._keep, Gate.bring_in

    def dying(*given: object) -> None:
        nonlocal seen
        seen += 1
        keep(*given)  # type: ignore[arg-type]  # handed on as it came
        if when == "before" and seen == int(batch):
            os._exit(9)

    def bringing(*given: object) -> object:
        made = bring_in(*given)  # type: ignore[arg-type]  # handed on as it came
        if when == "after" and seen == int(batch):
            os._exit(9)
        return made

    imports._keep = dying  # type: ignore[assignment]  # the same shape
    Gate.bring_in = bringing  # type: ignore[assignment,method-assign]  # the same shape
    shop.bring(shops.plan_of("chinook"), source)


if __name__ == "__main__":
    main(*sys.argv[1:])
