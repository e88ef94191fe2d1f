"""Whether what is stored is what was acknowledged."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from deploy.local.simulation.patience import PatientApi
from deploy.local.simulation.vehicle import Ride

PAGE: Final = 200


@dataclass(slots=True)
class Audit:
    """What was found of all vehicles. missing: taken and not stored. strange: stored and not sent so. unanswered: never answered.

    unfinished: trips that are not completed. miscounted: vehicles whose drops the server counts otherwise.
    """

    stored: int = 0
    missing: int = 0
    strange: int = 0
    unanswered: int = 0
    unfinished: int = 0
    miscounted: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        """Nothing that was acknowledged is lost, nothing is there twice or otherwise, and every trip came to its end."""
        wrong = (self.missing, self.strange, self.unanswered, self.unfinished, self.miscounted)
        return self.stored > 0 and not any(wrong)


async def look_at(api: PatientApi, ride: Ride, found: Audit) -> None:
    """Add what is stored of one vehicle."""
    log = ride.log
    found.counts += log.counts
    stored = await _stored(api, ride.vehicle_id)
    places = {datetime.fromisoformat(one["recorded_at"]): one for one in stored}
    taken = {at for at, outcome in log.answered.items() if outcome == "taken"}
    found.stored += len(stored)
    found.missing += len(taken - places.keys())
    found.strange += len(stored) - len(places) + sum(at not in taken or not _is(log.sent[at], one) for at, one in places.items())
    found.unanswered += len(log.sent.keys() - log.answered.keys())
    found.unfinished += (await api.get(f"/v1/trips/{ride.trip['id']}"))["status"] != "completed"
    drops = (await api.get("/v1/positions/drops", vehicle_id=ride.vehicle_id, limit=PAGE))["items"]
    # A server that was killed may have counted what it could not answer, so more is no mistake then.
    counted, known = sum(one["points"] for one in drops), log.counts["rejected"]
    found.miscounted += counted < known or (counted > known and not log.counts["deliveries without a server"])


def _is(sent: dict[str, Any], stored: dict[str, Any]) -> bool:
    return (sent["latitude"], sent["longitude"]) == (stored["latitude"], stored["longitude"])


async def _stored(api: PatientApi, vehicle_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await api.get(f"/v1/vehicles/{vehicle_id}/positions", limit=PAGE, **more)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
