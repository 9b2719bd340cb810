"""Purposes: what data is used for, and what makes that lawful (GDPR Art. 5(1)(b), 6, 9)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PAYMENT: Final = "essential.service.payment_processing"
MARKETING: Final = "marketing"


class Basis(StrEnum):
    """What makes a purpose lawful (GDPR Art. 6(1)(a) to (f))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Special(StrEnum):
    """What lifts the ban on special categories (GDPR Art. 9(2)(a) to (j))."""

    EXPLICIT_CONSENT = "explicit_consent"
    EMPLOYMENT = "employment"
    VITAL_INTERESTS = "vital_interests"
    MEMBERS = "members"
    MADE_PUBLIC = "made_public"
    LEGAL_CLAIMS = "legal_claims"
    PUBLIC_INTEREST = "public_interest"
    CARE = "care"
    PUBLIC_HEALTH = "public_health"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A purpose as stated; `use` is its public name, `text` the wording of a consent, `balance` the balancing note."""

    key: str
    title: str
    use: str
    basis: Basis | None = None
    special: Special | None = None
    text: str | None = None
    balance: str | None = None
    law: str | None = None
    survives_restriction: bool = False

    @property
    def needs_consent(self) -> bool:
        """Nothing may be used for it until the person has said yes (GDPR Art. 6(1)(a))."""
        return self.basis is Basis.CONSENT

    @property
    def objectable(self) -> bool:
        """The person may say no: legitimate interests, public task, any marketing (GDPR Art. 21(1) and (2))."""
        return self.basis in {Basis.LEGITIMATE_INTERESTS, Basis.PUBLIC_TASK} or self.marketing

    @property
    def marketing(self) -> bool:
        """Its public name is below `marketing`."""
        return self.use == MARKETING or self.use.startswith(f"{MARKETING}.")

    @property
    def payment(self) -> bool:
        """Its public name is payment, or below it."""
        return self.use == PAYMENT or self.use.startswith(f"{PAYMENT}.")
