"""/v1/devices: create, read, list, change, give a new token and revoke."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.trips import deps
from services.trips.auth import ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.devices.errors import DeviceNotFound, DeviceRevoked, IdentifierTaken, VehicleRetired
from services.trips.devices.models import Device
from services.trips.devices.repository import DeviceReader
from services.trips.devices.schemas import DeviceChange, DeviceIn, DeviceOut, DeviceWithToken
from services.trips.devices.service import device_of
from services.trips.paging import after_id
from services.trips.vehicles.errors import VehicleNotFound
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/devices", tags=["devices"])

DeviceId = Annotated[UUID, Path(description="The device's id.")]


class Desk:
    """Changes one device for a request, and shows what it has become."""

    def __init__(self, request: Request, principal: TripsWrite, db: WriteDb, etag: ETag) -> None:
        self.organization_id = principal.organization_id
        self.devices = deps.devices(db, runtime_of(request).clock)
        self._etag = etag

    def show(self, device: Device) -> DeviceOut:
        """The device as it is now, with its tag."""
        self._etag.show(device.version)
        return DeviceOut.model_validate(device)

    def show_once(self, device: Device, token: str) -> DeviceWithToken:
        """The same with its token."""
        return DeviceWithToken(**self.show(device).model_dump(), token=token)


AtDesk = Annotated[Desk, Depends(made(Desk))]


@router.get("", name="list", summary="List devices")
async def list_devices(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    vehicle_id: Annotated[UUID | None, Query(description="Only those of this vehicle.")] = None,
) -> Page[DeviceOut]:
    """The newest first; revoked ones, too. No token is ever shown again."""
    rows = await DeviceReader(db).newest(organization_id, vehicle_id=vehicle_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, DeviceOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a device", responses=problems(VehicleNotFound, VehicleRetired, IdentifierTaken))
async def create(body: DeviceIn, organization_id: WritableOrganization, response: Response, desk: AtDesk) -> DeviceWithToken:
    """The token is in this answer alone. An identifier is unique, so a repeated request creates nothing; if the answer was
    lost, ask for a new token. That is why it takes no Idempotency-Key: a kept answer would keep the token."""
    device, token = await desk.devices.create(organization_id, body)
    response.headers["Location"] = f"/v1/devices/{device.id}"
    return desk.show_once(device, token)


@router.get("/{device_id:uuid}", summary="Read a device", responses=problems(DeviceNotFound))
async def get(device_id: DeviceId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> DeviceOut:
    """As it is now, without its token."""
    device = await device_of(DeviceReader(db), device_id, organization_id)
    etag.show(device.version)
    return DeviceOut.model_validate(device)


@router.patch(
    "/{device_id:uuid}",
    summary="Change a device",
    responses=problems(DeviceNotFound, DeviceRevoked, VehicleNotFound, VehicleRetired),
)
async def change(device_id: DeviceId, body: DeviceChange, desk: AtDesk, if_match: IfMatch) -> DeviceOut:
    """Put it into another vehicle, or call it otherwise. What it has reported stays with the vehicle that it was in."""
    return desk.show(await desk.devices.change(device_id, desk.organization_id, body, if_match.check))


@router.post(
    "/{device_id:uuid}/token",
    status_code=201,
    summary="Give a device a new token",
    responses=problems(DeviceNotFound, DeviceRevoked),
)
async def rotate(device_id: DeviceId, desk: AtDesk, if_match: IfMatch) -> DeviceWithToken:
    """The old token opens nothing from now on. Repeated, the version has moved on, so it needs no Idempotency-Key."""
    device, token = await desk.devices.rotate(device_id, desk.organization_id, if_match.check)
    return desk.show_once(device, token)


@router.post("/{device_id:uuid}/revoke", summary="Revoke a device", responses=problems(DeviceNotFound))
async def revoke(device_id: DeviceId, desk: AtDesk, if_match: IfMatch) -> DeviceOut:
    """It reports nothing any more, for good. Its identifier may be given to a new one."""
    return desk.show(await desk.devices.revoke(device_id, desk.organization_id, if_match.check))
