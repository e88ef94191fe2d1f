"""Devices: what may report where a vehicle is."""

import hmac
from collections.abc import Callable, Sequence
from uuid import UUID

from services.trips.devices.errors import DeviceNotFound, DeviceRevoked, IdentifierTaken, VehicleRetired
from services.trips.devices.models import Device, Protocol
from services.trips.devices.repository import DeviceReader, DeviceRepository
from services.trips.devices.schemas import DeviceChange, DeviceIn
from services.trips.devices.tokens import hash_of, new_token
from services.trips.vehicles.repository import VehicleReader
from services.trips.vehicles.service import vehicle_of
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def device_of(devices: DeviceReader, device_id: UUID, organization_id: UUID | None) -> Device:
    """A device. Raises DeviceNotFound, also for another organization's."""
    return _found(await devices.find(device_id, organization_id))


class DeviceEntrance:
    """Says which device reports, by what it shows."""

    def __init__(self, devices: DeviceReader) -> None:
        self._devices = devices

    async def by_token(self, token: str) -> Device | None:
        """The device that has this token; None where there is none that may report."""
        return (await self.by_tokens([token]))[0]

    async def by_tokens(self, tokens: Sequence[str]) -> list[Device | None]:
        """The devices that have these tokens, in their order; None where there is none that may report."""
        hashes = [hash_of(token) for token in tokens]
        known = {device.token_hash: device for device in await self._devices.by_tokens(sorted(set(hashes)))}
        return [known.get(one) for one in hashes]

    async def by_identifier(self, protocol: Protocol, identifier: str, token: str | None) -> Device | None:
        """The device that calls itself so. None for an unknown one, and for one whose token is missing or wrong."""
        device = await self._devices.reporting(protocol, identifier)
        if device is None or (token is None and not device.token_required):
            return device
        return device if token is not None and hmac.compare_digest(device.token_hash, hash_of(token)) else None


class Devices:
    """Writes in one unit of work."""

    def __init__(self, devices: DeviceRepository, vehicles: VehicleReader, clock: Clock) -> None:
        self._devices = devices
        self._vehicles = vehicles
        self._clock = clock

    async def create(self, organization_id: UUID, new: DeviceIn) -> tuple[Device, str]:
        """The device, and its token. Raises VehicleNotFound, VehicleRetired and IdentifierTaken."""
        await self._report_for(new.vehicle_id, organization_id)
        token = new_token()
        values = new.model_dump() | {"id": uuid7(), "organization_id": organization_id, "token_hash": hash_of(token)}
        created = await self._devices.create(values, self._clock())
        if created is None:
            raise IdentifierTaken("a device that is not revoked has this identifier; choose another one, or revoke that device")
        return created, token

    async def change(self, device_id: UUID, organization_id: UUID | None, change: DeviceChange, check: Check) -> Device:
        """What changes nothing makes no version.

        Raises DeviceNotFound, DeviceRevoked, VehicleNotFound, VehicleRetired and what `check` raises.
        """
        known = await self._held(device_id, organization_id, check)
        values = {name: value for name, value in change.values().items() if value != getattr(known, name)}
        if not values:
            return known
        if "vehicle_id" in values:
            await self._report_for(values["vehicle_id"], known.organization_id)
        return await self._devices.change(device_id, values, self._clock())

    async def rotate(self, device_id: UUID, organization_id: UUID | None, check: Check) -> tuple[Device, str]:
        """A new token; the old one opens nothing from now on. Raises DeviceNotFound, DeviceRevoked and what `check` raises."""
        await self._held(device_id, organization_id, check)
        token = new_token()
        return await self._devices.change(device_id, {"token_hash": hash_of(token)}, self._clock()), token

    async def revoke(self, device_id: UUID, organization_id: UUID | None, check: Check) -> Device:
        """It reports nothing any more, for good; its identifier is free again. A revoked one stays as it is.

        Raises DeviceNotFound and what `check` raises.
        """
        known = _found(await self._devices.find(device_id, organization_id, lock=True))
        check(known.version)
        if known.revoked_at is not None:
            return known
        now = self._clock()
        return await self._devices.change(device_id, {"revoked_at": now}, now)

    async def _held(self, device_id: UUID, organization_id: UUID | None, check: Check) -> Device:
        known = _found(await self._devices.find(device_id, organization_id, lock=True))
        check(known.version)
        if known.revoked_at is not None:
            raise DeviceRevoked("the device was revoked and reports nothing any more; create a new one")
        return known

    async def _report_for(self, vehicle_id: UUID, organization_id: UUID) -> None:
        if (await vehicle_of(self._vehicles, vehicle_id, organization_id)).status == "retired":
            raise VehicleRetired("the vehicle was retired and is nowhere any more; name another one")


def _found(device: Device | None) -> Device:
    if device is None:
        raise DeviceNotFound("there is no device with this id; GET /v1/devices lists those that there are")
    return device
