"""How organizations sell: their settings, and what orders make of them."""

from datetime import timedelta
from uuid import UUID

from services.payments.orders.errors import SellerNotSetUp, SettingsNotFound
from services.payments.orders.models import OrderSettings
from services.payments.orders.sellers import Seller
from services.payments.orders.service import Check
from services.payments.orders.settings_repository import OrderSettingsReader, OrderSettingsRepository
from services.payments.orders.settings_schemas import OrderSettingsIn
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict, PreconditionRequired


class SettingsSellers:
    """Sellers as the settings of their orders describe them."""

    def __init__(self, settings: OrderSettingsReader) -> None:
        self._settings = settings

    async def of(self, organization_id: UUID) -> Seller:
        """Raises SellerNotSetUp."""
        found = await self._settings.find(organization_id)
        if found is None:
            raise SellerNotSetUp("it is not known how the organization is taxed; PUT /v1/order-settings first")
        return Seller(
            state_code=found.state_code,
            has_lut=found.has_lut,
            round_to_minor=found.round_to_minor,
            price_tolerance_bp=found.price_tolerance_bp,
            pay_within=timedelta(hours=found.pay_within_h),
        )


async def settings_of(settings: OrderSettingsReader, organization_id: UUID) -> OrderSettings:
    """Raises SettingsNotFound."""
    found = await settings.find(organization_id)
    if found is None:
        raise SettingsNotFound("the organization has no settings for orders yet; PUT them")
    return found


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
