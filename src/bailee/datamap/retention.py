"""Retention: how long a category is kept, and what happens then (GDPR Art. 5(1)(e), 30(1)(f))."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from bailee.kernel.errors import Invalid

LAST_USE: Final = "last_use"
RELATION_END: Final = "relation_end"
FIELD: Final = "field:"
_KEEP: Final = re.compile(r"P(?=[0-9])(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?")


class Then(StrEnum):
    """What happens to a record whose time has come."""

    DESTROY = "destroy"
    ANONYMISE = "anonymise"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Keep:
    """A calendar duration: years and months first, then days, as a person would count it (ISO 8601-1, 5.5.2)."""

    months: int
    days: int

    @classmethod
    def parse(cls, written: str) -> "Keep":
        """Read `P7Y`, `P13M`, `P1Y6M`, `P2W`, `P90D`; longer than nothing.

        Raises:
            Invalid: for everything else, with the code `keep-invalid`.

        """
        found = _KEEP.fullmatch(written)
        years, months, weeks, days = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
        if not years + months + weeks + days:
            raise Invalid("that is no length of time", hint="write it as P7Y, P18M or P90D", code="keep-invalid")
        return cls(12 * years + months, 7 * weeks + days)

    def until(self, start: date) -> date:
        """The last day on which a thing that began on `start` is kept; it is due on the day after.

        Months keep the day's number, cut to the month's length: P1Y from 29 February ends on 28 February. A sum
        beyond the calendar is its last day: such a thing is never due.
        """
        year, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
        if year > date.max.year:
            return date.max
        first = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
        return first + timedelta(days=self.days) if self.days <= (date.max - first).days else date.max

    def due(self, start: date, today: date) -> bool:
        """Tell whether a thing that began on `start` should be gone by `today`."""
        return self.until(start) < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """One rule: after what, for how long, and what then.

    `after` is `last_use` (last read or change), `relation_end` (newest activity in any other category, or the mark
    "left") or `field:x` (a date of the record). A rule with `beats_erasure` outlives a customer's wish to be erased,
    for the reason in `because` (GDPR Art. 17(3)(b)).
    """

    category: str
    after: str
    keep: str
    then: Then
    purpose: str | None = None
    keep_fields: tuple[str, ...] = ()
    because: str | None = None
    beats_erasure: bool = False

    @property
    def field(self) -> str | None:
        """The name of the date that starts the period, if a date does."""
        return self.after.removeprefix(FIELD) if self.after.startswith(FIELD) else None

    @property
    def span(self) -> Keep:
        """The length of time itself."""
        return Keep.parse(self.keep)
