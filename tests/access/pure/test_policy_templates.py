"""The ready-made roles fitted to a small shop with a practice, and what their holders then see."""

from dataclasses import replace

import pytest
from tests.access.pure.worlds import EARLIER, LATER, NOW, member, person

from bailee.access.compile import compile_policy, policy_lints
from bailee.access.decide import decide
from bailee.access.facts import Facts
from bailee.access.limits import Limit, LimitKind
from bailee.access.templates import (
    ProposedForbid,
    ProposedGrant,
    Template,
    TemplateCategory,
    TemplateMap,
    fit,
    read_template,
    read_templates,
)
from bailee.access.words import (
    ForbidRow,
    GrantRow,
    Level,
    MapFacts,
    Mode,
    Operation,
    Origin,
    PurposeFacts,
    Query,
    RoleRow,
    Scope,
    Sense,
)
from bailee.kernel.errors import Invalid
from bailee.kernel.permissions import Permission

TEMPLATES = {template.key: template for template in read_templates()}
READ, SEARCH, WRITE, DISCLOSE = Operation.READ, Operation.SEARCH, Operation.WRITE, Operation.DISCLOSE
PARTIAL, CLEAR = Level.PARTIAL, Level.CLEAR
ALL, ASSIGNED, CASE = Scope.ALL, Scope.ASSIGNED, Scope.CASE
STANDING, ON_REQUEST = Mode.STANDING, Mode.ON_REQUEST

SHOP = TemplateMap(
    categories={
        "contact": TemplateCategory(
            fides="user.contact",
            sense=Sense.ORDINARY,
            fields={
                "contact.name": "user.name",
                "contact.email": "user.contact.email",
                "contact.phone": "user.contact.phone_number",
                "contact.street": "user.contact.address.street",
                "contact.born": "user.demographic.date_of_birth",
            },
            purposes=("care", "billing", "delivery", "support", "newsletter"),
        ),
        "billing": TemplateCategory(
            fides="user.payment",
            sense=Sense.ORDINARY,
            fields={"billing.invoice": "user.payment", "billing.total": "user.payment"},
            purposes=("billing",),
        ),
        "card": TemplateCategory(
            fides="user.financial.credit_card",
            sense=Sense.HIGH,
            fields={"card.number": "user.financial.credit_card", "card.holder": "user.name"},
            purposes=("billing", "support"),
        ),
        "bank": TemplateCategory(
            fides="user.financial.bank_account",
            sense=Sense.RAISED,
            fields={"bank.iban": "user.financial.bank_account"},
            purposes=("billing",),
        ),
        "orders": TemplateCategory(
            fides="user.behavior.purchase_history",
            sense=Sense.ORDINARY,
            fields={"orders.items": "user.behavior.purchase_history", "orders.to": "user.contact.address"},
            purposes=("delivery", "support"),
        ),
        "tickets": TemplateCategory(
            fides="user.content.private",
            sense=Sense.ORDINARY,
            fields={"tickets.message": "user.content.private"},
            purposes=("support",),
        ),
        "health": TemplateCategory(
            fides="user.health_and_medical",
            sense=Sense.HIGH,
            fields={"health.diagnosis": "user.health_and_medical", "health.notes": "user.health_and_medical"},
            purposes=("care",),
        ),
    },
    purposes={
        "billing": "essential.service.payment_processing",
        "care": "essential.service",
        "delivery": "essential.service",
        "support": "essential.service.operations.support",
        "newsletter": "marketing.communications.email",
    },
)


def ways(key: str) -> set[tuple[str, str, Operation, Level, Scope, Mode]]:
    return {(*found,) for found in fit(TEMPLATES[key], SHOP)[0]}


def test_the_nine_roles_ship() -> None:
    expected = ["owner", "security", "auditor", "privacy", "developer", "clerk", "marketing", "support", "clinician"]
    assert list(TEMPLATES) == expected


def test_a_clerk_charges_and_sees_no_support_text_and_no_health() -> None:
    assert ways("clerk") == {
        ("contact.name", "billing", READ, CLEAR, ALL, STANDING),
        ("contact.email", "billing", READ, CLEAR, ALL, STANDING),
        ("contact.street", "billing", READ, CLEAR, ALL, STANDING),
        ("contact.phone", "billing", READ, PARTIAL, ALL, STANDING),
        ("contact.name", "billing", SEARCH, PARTIAL, ALL, STANDING),
        ("contact.email", "billing", SEARCH, PARTIAL, ALL, STANDING),
        ("contact.street", "billing", SEARCH, PARTIAL, ALL, STANDING),
        ("contact.phone", "billing", SEARCH, PARTIAL, ALL, STANDING),
        ("billing", "billing", READ, CLEAR, ALL, STANDING),
        ("billing", "billing", SEARCH, CLEAR, ALL, STANDING),
        ("billing", "billing", WRITE, CLEAR, ALL, STANDING),
        ("card", "billing", READ, PARTIAL, ALL, STANDING),
        ("bank", "billing", READ, PARTIAL, ALL, STANDING),
        ("bank", "billing", READ, CLEAR, ALL, ON_REQUEST),
    }


def test_marketing_reaches_the_mail_address_and_is_barred_from_payment_and_health() -> None:
    grants, forbids = fit(TEMPLATES["marketing"], SHOP)
    assert grants == (
        ProposedGrant("contact.email", "newsletter", READ, CLEAR, ALL, STANDING),
        ProposedGrant("contact.name", "newsletter", READ, CLEAR, ALL, STANDING),
        ProposedGrant("contact.phone", "newsletter", READ, PARTIAL, ALL, STANDING),
        ProposedGrant("contact.street", "newsletter", READ, PARTIAL, ALL, STANDING),
        ProposedGrant("contact.email", "newsletter", DISCLOSE, CLEAR, ALL, STANDING),
    )
    payment, health = "payment data is not for marketing", "health data is not for marketing"
    assert forbids == (
        ProposedForbid("bank", payment),
        ProposedForbid("billing", payment),
        ProposedForbid("card", payment),
        ProposedForbid("health", health),
    )


def test_support_finds_anyone_and_sees_the_customer_of_an_open_case() -> None:
    reads = {way for way in ways("support") if way[2] is READ}
    assert reads == {
        *(
            (f"contact.{name}", "support", READ, PARTIAL, ALL, STANDING)
            for name in ("name", "email", "phone", "street")
        ),
        *((f"contact.{name}", "support", READ, CLEAR, CASE, STANDING) for name in ("name", "email", "phone", "street")),
        ("orders.to", "support", READ, PARTIAL, ALL, STANDING),
        ("orders", "support", READ, CLEAR, CASE, STANDING),
        ("tickets", "support", READ, CLEAR, CASE, STANDING),
        ("card", "support", READ, PARTIAL, CASE, STANDING),
    }


def test_a_clinician_treats_the_patients_assigned_and_has_no_part_in_delivery() -> None:
    found = ways("clinician")
    assert {way[1] for way in found} == {"care"}
    assert {way for way in found if way[0] == "health"} == {
        ("health", "care", READ, CLEAR, ASSIGNED, STANDING),
        ("health", "care", WRITE, CLEAR, ASSIGNED, STANDING),
    }


@pytest.mark.parametrize("key", ["owner", "security", "auditor", "privacy", "developer"])
def test_the_roles_that_run_the_house_see_no_customer_data(key: str) -> None:
    assert (fit(TEMPLATES[key], SHOP), TEMPLATES[key].permissions != frozenset()) == (((), ()), True)


def test_every_permission_is_in_some_template() -> None:
    given = {name for template in TEMPLATES.values() for name in template.permissions}
    assert set(Permission) - given == {Permission.ANYONE, Permission.SELF}


def test_a_category_that_does_not_list_the_purpose_is_left_out() -> None:
    contact = replace(SHOP.categories["contact"], purposes=("support",))
    grants, _ = fit(TEMPLATES["clerk"], replace(SHOP, categories={**SHOP.categories, "contact": contact}))
    assert [found.category for found in grants if found.category.startswith("contact")] == []


def test_a_house_without_such_data_gets_an_empty_role() -> None:
    assert fit(TEMPLATES["clinician"], TemplateMap(categories={}, purposes=SHOP.purposes)) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "title = 1",
        "not toml",
        'title = "x"\nsays = "y"\nreview_days = 9\npermissions = ["fly"]',
        'title = "x"\nsays = "y"\nreview_days = 9\nwings = 2',
        'title = "x"\nsays = "y"\nreview_days = 9\n[[offer]]\ndata = []\nlevel = "clear"\noperations = ["fly"]',
        'title = "x"\nsays = "y"\nreview_days = 9\n[[offer]]\ndata = []\nlevel = "clear"\noperations = []\nwings = 2',
    ],
)
def test_a_broken_template_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"the role template x|an offer"):
        read_template("x", text)


# -- the whole shop


def known() -> MapFacts:
    return MapFacts(
        categories={key: tuple(category.fields) for key, category in SHOP.categories.items()},
        purposes={
            key: PurposeFacts(
                categories=tuple(name for name, category in SHOP.categories.items() if key in category.purposes),
                needs_consent=key == "newsletter",
                objectable=key == "newsletter",
                survives_restriction=False,
            )
            for key in SHOP.purposes
        },
        sense={key: category.sense for key, category in SHOP.categories.items()},
        cards=frozenset({"card"}),
        payments=frozenset({"billing"}),
    )


def staffed(holders: dict[str, str]) -> Facts:
    """A shop whose roles all come from templates; `holders` maps people to roles."""
    grants: list[GrantRow] = []
    forbids: list[ForbidRow] = []
    for key, template in TEMPLATES.items():
        proposed, barred = fit(template, SHOP)
        for one in proposed:
            row = GrantRow(
                id=len(grants),
                role=key,
                person=None,
                since=EARLIER,
                until=LATER,
                origin=Origin.STANDING,
                **one._asdict(),
            )
            grants.append(row)
        for bar in barred:
            row_id = len(forbids)
            forbids.append(
                ForbidRow(id=row_id, role=key, person=None, category=bar.category, purpose=None, operation=None)
            )
    return Facts(
        people=tuple(person(who) for who in sorted({"ann", *holders})),
        roles=tuple(_role(template) for template in TEMPLATES.values()),
        memberships=tuple(member(who, key) for who, key in holders.items()),
        grants=tuple(grants),
        forbids=tuple(forbids),
        requirements=(),
        conditions=(),
        map=known(),
    )


def _role(template: Template) -> RoleRow:
    return RoleRow(
        key=template.key,
        title=template.title,
        owner="ann",
        review_days=max(template.review_days, 90),
        permissions=template.permissions,
    )


def test_a_shop_staffed_from_templates_passes_the_lints() -> None:
    assert policy_lints(staffed({f"holder-of-{key}": key for key in TEMPLATES}), NOW) == ()


def test_a_lone_owner_passes_the_lints() -> None:
    assert policy_lints(staffed({"ann": "owner"}), NOW) == ()


def test_a_clerk_sees_billing_and_no_support_text_and_marketing_addresses_and_no_payment() -> None:
    snapshot = compile_policy(staffed({"ann": "owner", "bob": "clerk", "mia": "marketing"}), 1, NOW)
    fields = ("billing.total", "tickets.message", "contact.email", "card.number")
    consent = Limit(LimitKind.CONSENT, "newsletter", None, None)
    found = {
        (who, purpose): tuple(
            decide(
                snapshot,
                Query(actor=who, purpose=purpose, operation=READ, fields=fields, asked=CLEAR),
                (consent,),
            ).levels.values()
        )
        for who, purpose in (("bob", "billing"), ("bob", "support"), ("mia", "newsletter"), ("mia", "billing"))
    }
    hidden = Level.HIDDEN
    assert found == {
        ("bob", "billing"): (CLEAR, hidden, CLEAR, PARTIAL),
        ("bob", "support"): (hidden,) * 4,
        ("mia", "newsletter"): (hidden, hidden, CLEAR, hidden),
        ("mia", "billing"): (hidden,) * 4,
    }
