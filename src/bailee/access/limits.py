"""What one customer's own choices and legal holds take away; rows live with the vault and are read with the data."""

from dataclasses import dataclass
from enum import StrEnum

from bailee.kernel.clock import Micros


class LimitKind(StrEnum):
    """CONSENT is the only kind that opens something; the others close (GDPR 7, 18, 21)."""

    OBJECTION = "objection"
    RESTRICTION = "restriction"
    CONSENT = "consent"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Limit:
    """One choice of one data subject; no purpose, category or end stands for all and for ever.

    A consent always names its purpose (GDPR 4(11): specific), so one without gives nothing. A hold concerns the data,
    so its purpose is not looked at.
    """

    kind: LimitKind
    purpose: str | None
    category: str | None
    until: Micros | None

    def counts(self, now: Micros | None) -> bool:
        """Whether it counts at an instant; with no instant at hand, what ends closes but does not open."""
        if self.until is None:
            return True
        if now is None:
            return self.kind is not LimitKind.CONSENT
        return now < self.until
