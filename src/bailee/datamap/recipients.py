"""The organisation, those it shares with, and the systems that hold copies (GDPR Art. 30(1))."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Part(StrEnum):
    """What a recipient is in law (GDPR Art. 4(7) to (9))."""

    PROCESSOR = "processor"
    CONTROLLER = "controller"
    AUTHORITY = "authority"


class Transfer(StrEnum):
    """What allows data to leave the region (GDPR Art. 45, 46(2), 47, 49)."""

    ADEQUACY = "adequacy"
    STANDARD_CLAUSES = "standard_clauses"
    BINDING_RULES = "binding_rules"
    CODE_OF_CONDUCT = "code_of_conduct"
    CERTIFICATION = "certification"
    DEROGATION = "derogation"


class Reach(StrEnum):
    """How another system is reached."""

    SQL = "sql"
    WEBHOOK = "webhook"
    CSV = "csv"
    TASK = "task"


class Hipaa(StrEnum):
    """What an organisation is under HIPAA (45 CFR 160.103)."""

    NONE = "none"
    COVERED_ENTITY = "covered_entity"
    BUSINESS_ASSOCIATE = "business_associate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a recipient has signed (GDPR Art. 28(3))."""

    kind: str
    signed: date | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Someone who gets data: what of it, and for what."""

    id: str
    name: str
    role: Part
    country: str
    categories: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    contract: Contract | None = None
    transfer: Transfer | None = None
    sub_processors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTable:
    """A table of another system: which column names the customer, which holds what, which are of no interest.

    A column may hold one part of an address: `contact.address.city`.
    """

    name: str
    subject: str
    fields: tuple[tuple[str, str], ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Another system that holds copies; `secret` names the secret that opens it, never the secret itself."""

    id: str
    kind: Reach
    secret: str | None = None
    country: str | None = None
    tables: tuple[SystemTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who is responsible, and the facts by which laws apply (GDPR Art. 30(1)(a); thresholds of US state laws).

    `acts_for` lists the controllers that it works for; that makes the second part of the register (Art. 30(2)).
    """

    name: str
    contact: str
    establishments: tuple[str, ...]
    address: str | None = None
    dpo: str | None = None
    representative: str | None = None
    time_zone: str | None = None
    staff: int | None = None
    revenue_usd: int | None = None
    sale_revenue_pct: int | None = None
    hipaa: Hipaa = Hipaa.NONE
    acts_for: tuple[str, ...] = ()

    @property
    def countries(self) -> frozenset[str]:
        """The countries of its establishments, without the state: `US-OR` is in `US`."""
        return frozenset(place.partition("-")[0] for place in self.establishments)
