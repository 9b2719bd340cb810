"""Categories: what belongs together, is sealed under one key and is granted as one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bailee.datamap.fields import Field

THE_PERSON: Final = "the person"


class Sensitivity(StrEnum):
    """How much harm a leak does (GDPR Art. 9; "sensitive" of US state laws; HIPAA; PCI DSS; children)."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"
    SPECIAL = "special"
    PHI = "phi"
    PCI = "pci"
    MINOR = "minor"


class Sense(StrEnum):
    """The class that sign-in and step-up go by."""

    ORDINARY = "ordinary"
    RAISED = "raised"
    HIGH = "high"


class Records(StrEnum):
    """Whether a customer has one record of a category or a series of them."""

    ONE = "one"
    MANY = "many"


def sense(sensitivity: Sensitivity) -> Sense:
    """Fold sensitivity into the three classes that access works with."""
    match sensitivity:
        case Sensitivity.ORDINARY:
            return Sense.ORDINARY
        case Sensitivity.SENSITIVE | Sensitivity.MINOR:
            return Sense.RAISED
        case _:
            return Sense.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category as stated; `fides` is the default of its fields, `source` says where the values come from."""

    key: str
    title: str
    fides: str | None = None
    sensitivity: Sensitivity = Sensitivity.ORDINARY
    subjects: tuple[str, ...] = ("customer",)
    purposes: tuple[str, ...] = ()
    source: str = THE_PERSON
    records: Records = Records.MANY
    fields: tuple[Field, ...] = ()

    def field(self, name: str) -> Field | None:
        """Find a field by its last part."""
        return next((field for field in self.fields if field.name == name), None)

    def fides_of(self, field: Field) -> str | None:
        """The public name of a field: its own, or the category's."""
        return field.fides or self.fides
