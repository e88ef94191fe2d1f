"""How organizations sell: what their legal entity says of taxes, and the settings of their orders."""

from uuid import UUID

from services.payments.orders.errors import SellerNotSetUp
from services.payments.orders.models import OrderSettings, Seller
from services.payments.orders.service import Check
from services.payments.orders.settings_repository import OrderSettingsReader, OrderSettingsRepository
from services.payments.orders.settings_schemas import OrderSettingsIn, OrderSettingsOut
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict, PreconditionRequired


class EntitySellers:
    """Sellers as their default legal entities describe them, which issue the invoices."""

    def __init__(self, settings: OrderSettingsReader) -> None:
        self._settings = settings

    async def of(self, organization_id: UUID) -> Seller:
        """Raises SellerNotSetUp."""
        seller = await self._settings.seller(organization_id)
        if seller is None:
            raise SellerNotSetUp("it is not known who sells and how that is taxed; POST /v1/legal-entities first")
        return seller


async def settings_of(settings: OrderSettingsReader, organization_id: UUID) -> OrderSettingsOut:
    """Those that count, which are the usual ones until somebody writes others."""
    found = await settings.find(organization_id)
    if found is None:
        return OrderSettingsOut(organization_id=organization_id, version=0, **OrderSettingsIn().model_dump())
    return OrderSettingsOut.model_validate(found)


class OrderSettingsChanges:
    """Writes settings."""

    def __init__(self, settings: OrderSettingsRepository, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def put(self, organization_id: UUID, new: OrderSettingsIn, check: Check, *, by: str) -> OrderSettings:
        """Create or replace. Orders that were placed keep the terms that they have.

        Raises Conflict where somebody else was first, and what `check` raises for settings that there are.
        """
        known = await self._settings.find(organization_id, lock=True)
        try:
            check(known.version if known is not None else 0)
        except PreconditionRequired:
            if known is not None:
                raise
        values = new.model_dump() | {"organization_id": organization_id}
        kept = await self._settings.put(values, seen=known.version if known is not None else 0, by=by, at=self._clock())
        if kept is None:
            raise Conflict("somebody else has written the settings just now; read them and repeat the change")
        return kept
