"""What the trips service says of a person's day, read when the digest is made."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.runtime.errors import Transient

MAX_BYTES: Final = 256 * 1024
TIMEOUT_S: Final = 10.0


class TripsAway(Transient):
    """The trips service does not answer, or with something that is no summary."""

    code, title = "trips_away", "The trips service cannot be asked"


class TripLine(BaseModel):
    """One trip of the day."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: str = Field(min_length=1, max_length=100)
    pickup_at: AwareDatetime
    pickup: str = Field(max_length=300)
    dropoff: str = Field(max_length=300)
    status: str = Field(max_length=50)


class TripSummary(BaseModel):
    """A person's day. distance_m: metres driven on trips that were completed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    trips: list[TripLine] = Field(max_length=1000)
    completed: int = Field(ge=0)
    distance_m: int = Field(ge=0)


class TripSummaries:
    """Asks the trips service. connect: makes the client, whose base URL is the service's, at the first question."""

    def __init__(self, connect: Callable[[], httpx.AsyncClient], time_factor: float = 1.0) -> None:
        self._connect = connect
        self._timeout_s = TIMEOUT_S * time_factor
        self._client: httpx.AsyncClient | None = None

    async def of(self, person: str, day: date) -> TripSummary | None:
        """The summary, or None where there is nothing to say of the person. Raises TripsAway."""
        path = f"/v1/people/{quote(person, safe='')}/trip-summary"
        try:
            async with asyncio.timeout(self._timeout_s):
                status, body = await self._read(path, day)
        except (httpx.HTTPError, TimeoutError) as error:
            raise TripsAway(f"the trips service did not answer ({type(error).__name__})") from None
        if status == httpx.codes.NOT_FOUND:
            return None
        if status != httpx.codes.OK:
            raise TripsAway(f"the trips service answered {status}")
        try:
            return TripSummary.model_validate_json(body)
        except ValidationError:
            raise TripsAway("the trips service answered with something that is no trip summary") from None

    async def close(self) -> None:
        """Give back connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _read(self, path: str, day: date) -> tuple[int, bytes]:
        if self._client is None:
            self._client = self._connect()
        async with self._client.stream("GET", path, params={"date": day.isoformat()}) as response:
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    raise TripsAway(f"the trip summary has more than {MAX_BYTES} bytes")
            return response.status_code, body
