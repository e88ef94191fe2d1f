"""Links into the frontend that notices carry."""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote
from uuid import UUID

from services.notifications.policies.repository import PolicyReader
from shared.contracts.notifications import Notice

_PAGES: Final = {
    "order_id": ("order_url", "orders"),
    "payment_id": ("payment_url", "payments"),
    "subscription_id": ("subscription_url", "subscriptions"),
    "invoice_id": ("invoice_url", "invoices"),
    "trip_id": ("trip_url", "trips"),
}


def links_of(notice: Notice, frontend_url: str) -> dict[str, str]:
    """`order_url` where the notice has an `order_id`, and so on, and `dashboard_url`. An id is one segment of the path."""
    base = frontend_url.rstrip("/")
    found = {"dashboard_url": base}
    for field, (name, page) in _PAGES.items():
        value = getattr(notice, field, None)
        if value is not None:
            found[name] = f"{base}/{page}/{quote(value, safe='')}"
    return found


class Frontends:
    """Where links lead: FRONTEND_URL, or an organization's own."""

    def __init__(self, policies: PolicyReader, default: str) -> None:
        self._policies = policies
        self._default = default

    async def of(self, organization_ids: Collection[UUID | None]) -> Mapping[UUID | None, str]:
        """The frontend of each organization; that of None is the default."""
        named = sorted({one for one in organization_ids if one is not None})
        policies = await self._policies.find_many(named) if named else {}
        own = {key: policy.frontend_url for key, policy in policies.items() if policy.frontend_url is not None}
        return {None: self._default, **{one: own.get(one, self._default) for one in named}}
