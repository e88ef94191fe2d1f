"""What a trip costs by a tariff."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.money.rounding import divide
from services.payments.tariffs.errors import NoTariff
from services.payments.tariffs.models import PricePart, TariffRates, TariffVersion, TripFacts
from services.payments.tariffs.repository import TariffReader

_M_PER_KM: Final = 1000
_S_PER_MINUTE: Final = 60


def price(facts: TripFacts, rates: TariffRates) -> tuple[PricePart, ...]:
    """The positions that cost something; nothing for a trip that costs nothing.

    Metres and seconds are charged exactly and rounded once per position; what is missing to the minimum is a position of its own.
    """
    moving_s = max(facts.duration_s - facts.waiting_s, 0)
    charged_waiting_s = max(facts.waiting_s - rates.free_waiting_s, 0)
    distance_minor = divide(facts.distance_m * rates.per_km_minor, _M_PER_KM)
    parts = [
        PricePart("Base fare", rates.base_minor),
        PricePart(f"Distance, {_decimal(facts.distance_m, _M_PER_KM)} km", distance_minor),
        PricePart(f"Time, {_minutes(moving_s)}", divide(moving_s * rates.per_minute_minor, _S_PER_MINUTE)),
        PricePart(
            f"Waiting, {_minutes(charged_waiting_s)}", divide(charged_waiting_s * rates.waiting_minute_minor, _S_PER_MINUTE)
        ),
    ]
    missing = rates.minimum_minor - sum(part.amount_minor for part in parts)
    if missing > 0:
        parts.append(PricePart("Minimum fare", missing))
    return tuple(part for part in parts if part.amount_minor)


async def tariff_for(tariffs: TariffReader, organization_id: UUID, mobility: str, at: datetime) -> TariffVersion:
    """The version that holds at a moment. Raises NoTariff."""
    version = await tariffs.in_force(organization_id, mobility, at)
    if version is None:
        raise NoTariff(f"no tariff for {mobility} was in force at {at:%Y-%m-%d %H:%M} UTC; publish one")
    return version


def _minutes(seconds: int) -> str:
    return f"{seconds // _S_PER_MINUTE}:{seconds % _S_PER_MINUTE:02} min"


def _decimal(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")
