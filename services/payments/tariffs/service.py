"""Tariffs: writing versions, and keeping what trips has told of completed trips."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.tariffs.errors import TariffTooEarly, TariffVersionExists
from services.payments.tariffs.models import BillableTrip, TariffRates, TariffVersion, TripFacts
from services.payments.tariffs.repository import TariffReader, TariffRepository
from shared.contracts.trips import TripCompleted
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

_CUSTOMER: Final = "payments.customer:"


class Tariffs:
    """Writes tariffs. What was published is never changed; a newer version takes its place from its moment on."""

    def __init__(self, reader: TariffReader, repository: TariffRepository, clock: Clock) -> None:
        self._reader = reader
        self._repository = repository
        self._clock = clock

    async def publish(
        self, organization_id: UUID, mobility: str, valid_from: datetime | None, rates: TariffRates, *, by: str
    ) -> TariffVersion:
        """The version that holds from `valid_from` on, by default from now.

        The first one of its kind may hold from an earlier moment, so that trips which wait for it can be billed.
        Raises TariffTooEarly and TariffVersionExists.
        """
        now = self._clock()
        starts = valid_from or now
        if starts < now and await self._reader.in_force(organization_id, mobility, now) is not None:
            raise TariffTooEarly("a version is in force, by which trips were priced; name a moment that is still to come")
        version = TariffVersion(uuid7(), organization_id, mobility, starts, rates, now, by)
        if not await self._repository.insert(version):
            raise TariffVersionExists("a version of this tariff holds from exactly this moment; name another one")
        return version


class BillableTrips:
    """Keeps the facts of completed trips; nothing is issued by that."""

    def __init__(self, repository: TariffRepository) -> None:
        self._repository = repository

    async def store(self, completed: Iterable[TripCompleted]) -> None:
        """Write what is new or newer. A customer who is none of ours is nobody who is billed."""
        await self._repository.store_trips([_trip(one) for one in completed])


def _trip(said: TripCompleted) -> BillableTrip:
    return BillableTrip(
        said.trip_id,
        said.organization_id,
        said.entity_version,
        said.trip_number,
        _customer(said.customer),
        said.mobility,
        TripFacts(said.distance_m, said.duration_s, said.waiting_s),
        said.completed_at,
    )


def _customer(reference: str | None) -> UUID | None:
    if reference is None or not reference.startswith(_CUSTOMER):
        return None
    try:
        return UUID(reference.removeprefix(_CUSTOMER))
    except ValueError:
        return None
