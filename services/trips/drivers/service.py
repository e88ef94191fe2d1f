"""Drivers: written here, and told of to the service that writes to them."""

from collections.abc import Callable
from uuid import UUID

from services.trips.drivers.errors import DriverErased, DriverHasTrips, DriverNotFound
from services.trips.drivers.models import Driver, reference_of
from services.trips.drivers.repository import DriverReader, DriverRepository, Hold
from services.trips.drivers.schemas import DriverChange, DriverIn
from services.trips.vehicles.repository import VehicleReader
from services.trips.vehicles.service import vehicle_of
from shared.contracts.notifications import UpsertPerson
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def driver_of(drivers: DriverReader, driver_id: UUID, organization_id: UUID | None) -> Driver:
    """A driver. Raises DriverNotFound, also for another organization's."""
    return _found(await drivers.find(driver_id, organization_id))


async def known_driver(
    drivers: DriverReader, driver_id: UUID, organization_id: UUID | None, *, hold: Hold | None = None
) -> Driver:
    """A driver who is not erased. Raises DriverNotFound and DriverErased."""
    found = _found(await drivers.find(driver_id, organization_id, hold=hold))
    if found.erased_at is not None:
        raise DriverErased("the driver was erased and is nobody any more; create a new one")
    return found


class Drivers:
    """Writes in one unit of work."""

    def __init__(self, drivers: DriverRepository, vehicles: VehicleReader, publisher: Publisher, clock: Clock) -> None:
        self._drivers = drivers
        self._vehicles = vehicles
        self._publisher = publisher
        self._clock = clock

    async def create(self, organization_id: UUID, new: DriverIn) -> Driver:
        """An active driver, whom messages reach from now on. Raises VehicleNotFound."""
        await self._must_know(new.usual_vehicle_id, organization_id)
        values = new.model_dump() | {"id": uuid7(), "organization_id": organization_id}
        driver = await self._drivers.create(values, self._clock())
        self._tell(driver)
        return driver

    async def change(self, driver_id: UUID, organization_id: UUID | None, change: DriverChange, check: Check) -> Driver:
        """What changes nothing makes no version. Raises DriverNotFound, DriverErased, VehicleNotFound and what `check` raises."""
        known = await known_driver(self._drivers, driver_id, organization_id, hold="unchanged")
        check(known.version)
        values = {name: value for name, value in change.values().items() if value != getattr(known, name)}
        if not values:
            return known
        await self._must_know(values.get("usual_vehicle_id"), known.organization_id)
        driver = await self._drivers.change(driver_id, values, self._clock())
        self._tell(driver)
        return driver

    async def erase(self, driver_id: UUID, organization_id: UUID | None, check: Check) -> None:
        """Forget name, addresses and licence. An erased one stays as it is.

        Raises DriverNotFound, DriverHasTrips and what `check` raises.
        """
        known = _found(await self._drivers.find(driver_id, organization_id, hold="alone"))
        check(known.version)
        if known.erased_at is not None:
            return
        if await self._drivers.open_trips(driver_id):
            raise DriverHasTrips("there are trips of theirs that have not ended; end them or give them to somebody else first")
        erased = await self._drivers.erase(driver_id, self._clock())
        self._publisher.publish(
            UpsertPerson(reference=reference_of(driver_id), entity_version=erased.version, organization_id=erased.organization_id)
        )

    async def _must_know(self, vehicle_id: UUID | None, organization_id: UUID) -> None:
        if vehicle_id is not None:
            await vehicle_of(self._vehicles, vehicle_id, organization_id)

    def _tell(self, driver: Driver) -> None:
        self._publisher.publish(
            UpsertPerson(
                reference=reference_of(driver.id),
                entity_version=driver.version,
                organization_id=driver.organization_id,
                name=driver.name,
                email=driver.email,
                phone=driver.phone,
                locale=driver.locale,
                time_zone=driver.time_zone,
            )
        )


def _found(driver: Driver | None) -> Driver:
    if driver is None:
        raise DriverNotFound("there is no driver with this id; GET /v1/drivers lists those that there are")
    return driver
