"""The garage's API: what it takes, and what its answers mean for a message."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx

from shared.runtime.outcomes import Done, Failed, Outcome, Retry

TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """One defect. key: sent as Idempotency-Key; the garage opens one order per key however often it is asked."""

    key: UUID
    inspection_id: UUID
    defect: str


class Garage:
    """A client that keeps its connections; close it when the process ends."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S)

    async def report(self, report: Report) -> Outcome:
        """Report one defect. A time-out leaves open whether it arrived; the same key makes asking again harmless."""
        body = {"inspection": str(report.inspection_id), "defect": report.defect}
        try:
            response = await self._client.post("/orders", json=body, headers={"Idempotency-Key": str(report.key)})
        except httpx.TransportError as error:
            return Retry(f"the garage does not answer ({type(error).__name__})")
        if response.is_success:
            return Done(response.json()["reference"])
        said = f"the garage said {response.status_code}"
        if response.status_code in (429, 503):
            return Retry(said, after_s=_retry_after_s(response))
        return Retry(said) if response.is_server_error else Failed(said)

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()


def _retry_after_s(response: httpx.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else 0.0
