"""Fields: one kind of value within a category, as the data map states it."""

from dataclasses import dataclass
from enum import StrEnum

from bailee.datamap.types import TYPES, FieldType


class Returns(StrEnum):
    """Whether a value goes into the package that a person gets on asking for their data."""

    YES = "yes"
    AS_LAW_SAYS = "as_law_says"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field as stated; what is left out (`None`) comes from its type or its category.

    `locates`: can find a person. `clock`: may start a retention period. `may_name_others`: may speak of someone else,
    so a package with it waits for review. `may_hold`: categories that free text may hold, so who reads it needs
    grants on those too. `expected`: how many different values are to be expected.
    """

    key: str
    type: str
    title: str | None = None
    system: str | None = None
    currency: str | None = None
    choices: tuple[str, ...] = ()
    max_mb: int | None = None
    fides: str | None = None
    mask: str | None = None
    index: tuple[str, ...] = ()
    expected: int | None = None
    leak_accepted: bool = False
    locates: bool = False
    token: bool = False
    region: str | None = None
    clock: bool = False
    returns: Returns = Returns.YES
    may_name_others: bool = False
    may_hold: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key's last part: `email` of `contact.email`."""
        return self.key.rpartition(".")[2]

    @property
    def kind(self) -> FieldType:
        """The type itself."""
        return TYPES[self.type]

    @property
    def shown(self) -> str:
        """The mask in force: as stated, or the type's own."""
        return self.mask or self.kind.default_mask

    @property
    def label(self) -> str:
        """The words a screen uses: the title, or the name made readable."""
        return self.title or readable(self.name)


def readable(name: str) -> str:
    """Turn a key into words: `given_name` into `Given name`."""
    return name.replace("_", " ").strip().capitalize()
