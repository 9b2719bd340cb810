"""Times as people type them: a day, a moment, or how long from now."""

import re
from datetime import UTC, datetime
from typing import Final

from bailee.kernel.clock import DAY, HOUR, Micros, micros
from bailee.kernel.errors import Invalid

HELP: Final = "a day (2027-03-01), a moment (2027-03-01T09:00Z) or how long from now (90d, 12h)"
_SPAN: Final = re.compile(r"\+?([0-9]{1,5})\s*([hdwy])")
_UNITS: Final = {"h": HOUR, "d": DAY, "w": 7 * DAY, "y": 366 * DAY}
_LOOKS_LIKE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|\+?[0-9]{1,5}\s*[hdwy]")


def is_time(written: str) -> bool:
    """Whether a text reads as a time and not as a number."""
    return _LOOKS_LIKE.fullmatch(written.strip()) is not None


def moment_of(written: str, now: Micros) -> Micros:
    """Read a time; without a zone it is UTC.

    Raises:
        Invalid: it is none.

    """
    span = _SPAN.fullmatch(written.strip())
    if span:
        return Micros(now + int(span[1]) * _UNITS[span[2]])
    try:
        made = datetime.fromisoformat(written.strip())
    except ValueError as error:
        raise Invalid("that is no time", hint=HELP) from error
    return micros(made if made.tzinfo else made.replace(tzinfo=UTC))
