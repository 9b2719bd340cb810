"""One tree of errors, raised on purpose; each door maps it once (problem, exit code, page)."""

from typing import ClassVar, Final


class HouseError(Exception):
    """Base of every error raised on purpose; never raised itself.

    `code` is a slug of the problem catalogue and may be narrowed at the raise; the message and the hint never hold
    a customer's value.
    """

    slug: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, what: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(what)
        self.hint = hint
        self.code = code or self.slug

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (type(self), str(self), self.hint, self.code))


def _rebuilt(kind: type[HouseError], what: str, hint: str, code: str) -> HouseError:
    return kind(what, hint=hint, code=code)


class Invalid(HouseError):
    """The ask breaks a rule; nothing was changed."""

    slug, status = "rule-broken", 422


class Denied(HouseError):
    """Not allowed; the refusal is recorded."""

    slug, status = "not-granted", 403


class NotFound(HouseError):
    """Absent, or not for this actor to know of: both look the same."""

    slug, status = "not-found", 404


class Conflict(HouseError):
    """Something else came first; nothing was changed."""

    slug, status = "conflict", 409


class Gone(HouseError):
    """Erased on purpose: the key is destroyed."""

    slug, status = "erased", 410


class Stale(HouseError):
    """The record has changed since it was read; retry with the version given now."""

    slug, status = "changed-meanwhile", 412


class TooMany(HouseError):
    """A limit is reached; `retry_after` is in seconds."""

    slug, status = "too-many", 429

    def __init__(self, what: str, *, hint: str = "", code: str | None = None, retry_after: int = 60) -> None:
        super().__init__(what, hint=hint, code=code)
        self.retry_after = retry_after


class Unreadable(HouseError):
    """A sealed thing does not open: `tampered`, `context-mismatch` or `key-missing`."""

    slug, status = "tampered", 500


class Unavailable(HouseError):
    """Something we depend on does not answer; nothing was read or changed."""

    slug, status = "unavailable", 503


class Halted(HouseError):
    """Stopped to protect data: going on could lose or reveal something."""

    slug, status = "halted", 503


EXITS: Final = {
    "rule-broken": 2, "purpose-required": 2, "purpose-unknown": 2, "not-searchable": 2, "body-malformed": 2,
    "cursor-invalid": 2, "idempotency-key-required": 2, "too-large": 2, "media-type": 2, "once-mismatch": 2,
    "cvc-refused": 2, "search-too-broad": 2, "index-too-revealing": 2, "field-unknown": 2, "plan-mismatch": 2,
    "credential-missing": 3, "credential-invalid": 3, "credential-expired": 3, "not-granted": 3,
    "step-up-required": 3, "lesson-due": 3, "budget-spent": 3, "unlock-required": 3,
    "ledger-closed": 4, "ledger-diverged": 4, "sealed": 4, "custody-unreachable": 4, "category-elsewhere": 4,
    "policy-changing": 4, "unavailable": 4,
    "not-found": 5, "erased": 5,
    "conflict": 6, "still-running": 6, "held": 6, "taken": 6, "changed-meanwhile": 6, "condition-required": 6,
    "too-many": 7, "partly-done": 8, "halted": 70,
}  # fmt: skip


_BY_KIND: Final[tuple[tuple[type[HouseError], int], ...]] = (
    (Invalid, 2), (Denied, 3), (Unavailable, 4), (NotFound, 5), (Gone, 5), (Conflict, 6), (Stale, 6), (TooMany, 7),
    (Halted, 70),
)  # fmt: skip


def exit_code(error: HouseError) -> int:
    """Map an error to the exit code of the command line: by its code, else by its kind; 1 is a plain failure."""
    by_kind = next((code for kind, code in _BY_KIND if isinstance(error, kind)), 1)
    return EXITS.get(error.code, by_kind)
