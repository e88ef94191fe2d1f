"""Statements on devices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.devices.models import Device, Protocol
from shared.runtime.db import ReadSession, Session


class DeviceReader:
    """What is read of devices. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, device_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Device | None:
        """One device, revoked or not; with `lock` held until the unit of work ends."""
        query = select(Device).where(Device.id == device_id)
        if organization_id is not None:
            query = query.where(Device.organization_id == organization_id)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def reporting(self, protocol: Protocol, identifier: str) -> Device | None:
        """The device that calls itself so and is not revoked, of whatever organization."""
        query = select(Device).where(Device.protocol == protocol, Device.identifier == identifier, Device.revoked_at.is_(None))
        return (await self._session.scalars(query)).one_or_none()

    async def by_tokens(self, token_hashes: Sequence[bytes]) -> Sequence[Device]:
        """The devices that have these tokens and are not revoked, of whatever organization."""
        query = select(Device).where(Device.token_hash.in_(token_hashes), Device.revoked_at.is_(None))
        return (await self._session.scalars(query)).all()

    async def newest(
        self, organization_id: UUID | None, *, vehicle_id: UUID | None, after: UUID | None, limit: int
    ) -> Sequence[Device]:
        """The newest first, from after `after` on."""
        query = select(Device).order_by(Device.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Device.organization_id == organization_id)
        if vehicle_id is not None:
            query = query.where(Device.vehicle_id == vehicle_id)
        if after is not None:
            query = query.where(Device.id < after)
        return (await self._session.scalars(query)).all()


class DeviceRepository(DeviceReader):
    """What is written of devices."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any], now: datetime) -> Device | None:
        """Write a new device; None where its identifier is taken."""
        row = {**values, "version": 1, "created_at": now, "updated_at": now}
        created = insert(Device).values(**row).on_conflict_do_nothing().returning(Device)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, device_id: UUID, values: Mapping[str, Any], now: datetime) -> Device:
        """Write a change under the next version."""
        changed = (
            update(Device)
            .where(Device.id == device_id)
            .values(**values, version=Device.version + 1, updated_at=now)
            .returning(Device)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()
