"""Trips as something that is invoiced: priced by the tariff that was in force when they were completed."""

from datetime import date

from services.payments.invoices.customer_repository import BuyerReader
from services.payments.invoices.errors import SourceNotBillable, SourceNotKnownYet
from services.payments.invoices.models import DraftLine, InvoiceDraft, Source
from services.payments.legal_entities.service import Sellers
from services.payments.periods.zones import day_at
from services.payments.tariffs.models import BillableTrip, TariffVersion
from services.payments.tariffs.pricing import price, tariff_for
from services.payments.tariffs.repository import TariffReader, TariffRepository


class TripSource:
    """Works in one unit of work."""

    def __init__(self, tariffs: TariffReader, trips: TariffRepository, buyers: BuyerReader, sellers: Sellers) -> None:
        self._tariffs = tariffs
        self._trips = trips
        self._buyers = buyers
        self._sellers = sellers

    async def draft(self, source: Source) -> InvoiceDraft:
        """What a completed trip comes to. Raises SourceNotKnownYet, SourceNotBillable, NoTariff and NoLegalEntity."""
        assert source.trip_id is not None, "that is what makes it a trip"
        trip = await self._trips.lock_trip(source.trip_id)
        if trip is None:
            raise SourceNotKnownYet("trips has not told of this trip's completion; check the id, and that the trip has ended")
        if trip.customer_id is None:
            raise SourceNotBillable("the trip names no customer of payments, so nobody can be billed for it")
        buyer = await self._buyers.find(trip.customer_id, organization_id=trip.organization_id)
        if buyer is None:
            raise SourceNotKnownYet("the trip's customer is not known to payments; create the customer, and it goes on")
        tariff = await tariff_for(self._tariffs, trip.organization_id, trip.mobility, trip.completed_at)
        seller = await self._sellers.of(trip.organization_id, None)
        day = day_at(trip.completed_at, seller.time_zone)
        return InvoiceDraft(
            organization_id=trip.organization_id,
            legal_entity_id=seller.id,
            customer_id=trip.customer_id,
            buyer=buyer,
            currency=tariff.rates.currency,
            lines=_lines(trip, tariff, day),
            supplied_from=day,
            supplied_to=day,
            source=source,
        )


def _lines(trip: BillableTrip, tariff: TariffVersion, day: date) -> list[DraftLine]:
    rates = tariff.rates
    what = f"Trip {trip.trip_number}, {trip.mobility.replace('_', ' ')}, {day:%d.%m.%Y}"
    named = [(f"{what}: {part.description}", part.amount_minor) for part in price(trip.facts, rates)]
    # A trip that costs nothing is invoiced all the same: its completion waits for the invoice.
    return [DraftLine(text, rates.sac, 1, "NOS", amount, 0, rates.tax_rate_bp) for text, amount in named or [(what, 0)]]
