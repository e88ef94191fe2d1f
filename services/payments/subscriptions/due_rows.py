"""How rows of subscriptions become what their billing works with."""

from collections.abc import Mapping
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from services.payments.orders.models import Terms as Supply
from services.payments.orders.pricing import HOME, require_abroad, terms_of
from services.payments.orders.sellers import Taxed
from services.payments.plans.models import Terms
from services.payments.subscriptions.due_models import Due, DueRow, Entity, Unbillable, method_fault
from services.payments.subscriptions.models import Adjustment
from shared.runtime.errors import ServiceError

_NO_SELLER: Final = "it is not known who sells and how that is taxed; POST /v1/legal-entities, and it goes on by itself"


def due_of(row: DueRow, at: datetime) -> Due | Unbillable:
    """What a row says. at: the moment at which its stored method has to be good."""
    terms = _terms(row["terms"])
    delivery = delivery_of(row["delivery"], row["address"], row["state_code"])
    if row["seller"] is None:
        return Unbillable(row["id"], row["organization_id"], _NO_SELLER)
    entity = Entity(**{**row["seller"], "id": UUID(row["seller"]["id"])})
    try:
        supply = supply_of(entity, terms.currency, delivery, row["address"])
    except ServiceError as refusal:
        return Unbillable(row["id"], row["organization_id"], refusal.detail[:300])
    return Due(
        id=row["id"],
        organization_id=row["organization_id"],
        customer_id=row["customer_id"],
        status=row["status"],
        time_zone=row["time_zone"],
        anchor=row["anchor"],
        next_period_start=row["next_period_start"],
        quantity=row["quantity"],
        terms=terms,
        legal_entity_id=entity.id,
        supply=supply,
        next_quantity=row["next_quantity"],
        next_terms=_terms(row["next_terms"]) if row["next_terms"] is not None else None,
        ends_at_period_end=row["ends_at_period_end"],
        ends_on=row["ends_on"],
        skips=frozenset[date](row["skips"]),
        adjustments=tuple(Adjustment(**{**one, "id": UUID(one["id"])}) for one in row["adjustments"] or ()),
        payment_method_id=row["payment_method_id"],
        gateway=row["gateway"],
        account=row["account"],
        method_kind=row["method_kind"],
        method_label=row["method_label"],
        method_fault=method_fault(row, at),
        max_amount_minor=row["max_amount_minor"],
        delivery=delivery,
        delivery_slot=row["delivery_slot"],
    )


def delivery_of(given: Mapping[str, Any] | None, address: Mapping[str, Any] | None, state_code: str | None) -> dict[str, Any]:
    """Where it says, or else to the customer's address. The two are not mixed, for the tax depends on it."""
    said = {"address": None, "state_code": None, "latitude": None, "longitude": None} | dict(given or {})
    if said["address"] is None and said["state_code"] in (None, state_code):
        return said | {"address": address, "state_code": state_code}
    return said


def supply_of(seller: Taxed, currency: str, delivery: Mapping[str, Any], buyer: Mapping[str, Any] | None) -> Supply:
    """What the tax of a period follows from. buyer: the customer's address. Raises PlaceOfSupplyUnknown."""
    country = (delivery["address"] or {}).get("country", HOME)
    terms = terms_of(seller, currency, country, delivery["state_code"])
    require_abroad(terms, delivery["address"], buyer)
    return terms


def require_taxable(row: DueRow) -> None:
    """Raises PlaceOfSupplyUnknown where its tax depends on a state that neither its delivery nor its customer names. Who sells is
    not known to everybody yet, and nobody's delivery can mend that."""
    if row["seller"] is not None:
        entity = Entity(**{**row["seller"], "id": UUID(row["seller"]["id"])})
        delivery = delivery_of(row["delivery"], row["address"], row["state_code"])
        supply_of(entity, _terms(row["terms"]).currency, delivery, row["address"])


def _terms(version: Mapping[str, Any]) -> Terms:
    return Terms.of(SimpleNamespace(**{**version, "id": UUID(version["id"])}))
