"""What an actor may do to the house itself; data is granted by category and purpose, never by permission."""

from enum import StrEnum


class Permission(StrEnum):
    """A right to run acts or looks; given by roles."""

    ANYONE = "anyone"
    SELF = "self"
    MANAGE_PEOPLE = "manage_people"
    GRANT_ACCESS = "grant_access"
    EDIT_POLICY = "edit_policy"
    APPROVE_POLICY = "approve_policy"
    APPROVE = "approve"
    RUN_REVIEW = "run_review"
    MAKE_KEYS = "make_keys"
    ASSIGN_SUBJECT = "assign_subject"
    FREEZE = "freeze"
    ASK_POLICY = "ask_policy"
    SHAPE_DATA = "shape_data"
    IMPORT = "import"
    READ_LEDGER = "read_ledger"
    VERIFY_LEDGER = "verify_ledger"
    EXPORT_LEDGER = "export_ledger"
    SUCCEED_LEDGER = "succeed_ledger"
    ERASE = "erase"
    HOLD = "hold"
    RESPOND = "respond"
    ROTATE_KEYS = "rotate_keys"
    MANAGE_CUSTODY = "manage_custody"
    SEAL = "seal"
    UNSEAL = "unseal"
    RUN_BACKUPS = "run_backups"
    CHANGE_SETTINGS = "change_settings"
    MANAGE_WEBHOOKS = "manage_webhooks"
    RETAIN = "retain"


OPEN_TO_ALL = frozenset({Permission.ANYONE, Permission.SELF})
