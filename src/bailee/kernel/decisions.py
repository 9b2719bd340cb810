"""A decision must be required, not tested: it has no truth value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from bailee.kernel.errors import Denied


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may be done, why, and who can help."""

    allow: bool
    because: str
    rule: str = ""
    hint: str = ""

    if not TYPE_CHECKING:  # hidden from the type checker, which so refuses every `if decision:` before it runs

        def __bool__(self) -> NoReturn:
            raise TypeError("a decision is required, not tested: call .require()")

    def require(self) -> "Decision":
        """Return the decision, or raise `Denied` with its reason."""
        if self.allow is not True:
            raise Denied(self.because, hint=self.hint)
        return self
