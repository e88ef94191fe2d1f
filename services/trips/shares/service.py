"""Links by which anybody may see where one trip is: nothing of who travels, and nothing any more soon after the trip is over."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.trips.shares.errors import ShareLinkNotFound, ShareLinkOver, TooManyLinks, TripOver
from services.trips.shares.models import ShareLink
from services.trips.shares.repository import ShareReader, ShareRepository
from services.trips.trips.models import ENDED, Trip
from services.trips.trips.repository import TripReader
from services.trips.trips.service import held_trip
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

AFTERWARDS: Final = timedelta(minutes=30)
"""For how long after the end of the trip its links show something."""
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows. until: when it ends; None while the trip has not."""

    trip: Trip
    until: datetime | None


def end_of(trip: Trip) -> datetime | None:
    """When the links of a trip end; None while nobody knows."""
    return trip.ended_at + AFTERWARDS if trip.ended_at is not None else None


class ShareEntrance:
    """Says what a link shows."""

    def __init__(self, links: ShareReader, clock: Clock) -> None:
        self._links = links
        self._clock = clock

    async def enter(self, token: str) -> Shared:
        """The trip of a link. Raises ShareLinkNotFound, and ShareLinkOver for one that is revoked or whose trip is over."""
        found = await self._links.by_token(_hash_of(token))
        if found is None:
            raise ShareLinkNotFound("there is no such link; check that it was copied whole")
        link, trip = found
        until = end_of(trip)
        if link.revoked_at is not None or (until is not None and until <= self._clock()):
            raise ShareLinkOver("the trip is over, or whoever has shared it does so no more")
        return Shared(trip, until)


class Shares:
    """Writes in one unit of work."""

    def __init__(self, links: ShareRepository, trips: TripReader, clock: Clock, *, by: str) -> None:
        self._links = links
        self._trips = trips
        self._clock = clock
        self._by = by

    async def create(self, trip_id: UUID, organization_id: UUID | None) -> tuple[ShareLink, str]:
        """A new link of a trip, and what it ends in. Raises TripNotFound, TripOver and TooManyLinks."""
        trip = await held_trip(self._trips, trip_id, organization_id, _whatever)
        if trip.status in ENDED:
            raise TripOver("the trip has ended, and there is nothing to follow any more")
        if await self._links.count(trip.id) >= MOST:
            raise TooManyLinks(f"a trip has {MOST} links at most; hand one of them on")
        token = secrets.token_urlsafe(24)
        values = {
            "id": uuid7(),
            "organization_id": trip.organization_id,
            "trip_id": trip.id,
            "token_hash": _hash_of(token),
            "created_at": self._clock(),
            "created_by": self._by,
        }
        return await self._links.insert(values), token

    async def revoke(self, link_id: UUID, organization_id: UUID | None) -> ShareLink:
        """The link shows nothing from now on. Raises ShareLinkNotFound."""
        link = await self._links.revoke(link_id, organization_id, self._clock())
        if link is None:
            raise ShareLinkNotFound("there is no link with this id; GET the trip's share-links lists those that there are")
        return link


def _hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()


def _whatever(_: int) -> None:
    """A link is of the trip, whatever its version."""
