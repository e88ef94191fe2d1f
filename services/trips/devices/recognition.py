"""Recognising devices that report all the time: what the database said of one is believed for some seconds.

So a device that was revoked or given another token is let in for five seconds more at most, in each process. Who is not known is
asked about each time: a new device reports at once. Those who come together are asked about together.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from services.trips.devices.models import Device, Protocol
from services.trips.devices.service import DeviceEntrance
from services.trips.positions.point_models import Reporter
from shared.runtime.db import ReadSession
from shared.runtime.group_commit import GroupCommit

BELIEVED_S: Final = 5.0
GATHER_S: Final = 0.002
TOGETHER: Final = 500
MOST: Final = 20_000
"""How many are remembered before all are forgotten."""

_Key = tuple[str, str | None, str | None]


class DeviceRecognition:
    """The devices that one process has seen lately. open_entrance: looks into the database."""

    def __init__(
        self,
        read: Callable[[], AbstractAsyncContextManager[ReadSession]],
        entrance: Callable[[ReadSession], DeviceEntrance],
        time_factor: float = 1.0,
    ) -> None:
        self._read = read
        self._entrance = entrance
        self._believed_s = BELIEVED_S * time_factor
        self._known: dict[_Key, tuple[float, Reporter]] = {}
        self._asking = GroupCommit(self._ask, linger_s=GATHER_S, most=TOGETHER, capacity=MOST)

    async def by_token(self, token: str) -> Reporter | None:
        """Who reports with this token; None for a token that is no device's."""
        key: _Key = ("token", None, token)
        if (known := self._remembered(key)) is not None:
            return known
        (device,) = await self._asking.submit([token])
        return self._remember(key, device)

    async def by_identifier(self, protocol: Protocol, identifier: str, token: str | None) -> Reporter | None:
        """Who calls itself so. None for an unknown one, and for one whose token is missing or wrong."""
        key: _Key = (protocol, identifier, token)
        if (known := self._remembered(key)) is not None:
            return known
        async with self._read() as session:
            return self._remember(key, await self._entrance(session).by_identifier(protocol, identifier, token))

    async def _ask(self, tokens: Sequence[str]) -> list[Device | None]:
        async with self._read() as session:
            return await self._entrance(session).by_tokens(tokens)

    def _remembered(self, key: _Key) -> Reporter | None:
        until, reporter = self._known.get(key, (0.0, None))
        return reporter if time.monotonic() < until else None

    def _remember(self, key: _Key, device: Device | None) -> Reporter | None:
        if device is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= MOST:
            self._known.clear()
        reporter = Reporter(device.vehicle_id, device.organization_id, device.id)
        self._known[key] = (time.monotonic() + self._believed_s, reporter)
        return reporter
