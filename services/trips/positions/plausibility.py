"""What cannot be true of a reported point: by itself, and beside the one before it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.trips.positions.geodesy import metres_between
from services.trips.positions.point_models import Known, Point, Reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken. kept: for how long points are, so that an older one could never be read.

    ahead: by how much a device's clock may go before ours. jitter_m: by how much places of one that stands still differ.
    """

    kept: timedelta = timedelta(days=30)
    ahead: timedelta = timedelta(minutes=5)
    accuracy_m: float = 200.0
    null_island_deg: float = 0.0001
    speed_mps: float = 70.0
    jitter_m: float = 500.0


class Plausibility:
    """Judges points by the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def alone(self, point: Point, now: datetime) -> tuple[Reason, str] | None:
        """Why a point cannot be true, whatever came before; None where it can."""
        limits = self.limits
        if point.recorded_at > now + limits.ahead:
            return (
                "future",
                f"recorded_at is more than {_words(limits.ahead)} ahead of the server's clock; set the device's clock",
            )
        if point.recorded_at < now - limits.kept:
            return "past", f"recorded_at is older than the {_words(limits.kept)} for which positions are kept"
        if abs(point.latitude) < limits.null_island_deg and abs(point.longitude) < limits.null_island_deg:
            return "null_island", "latitude and longitude are 0, which receivers say when they know no place"
        if point.accuracy_m is not None and point.accuracy_m > limits.accuracy_m:
            return "inaccurate", f"accuracy_m is above {limits.accuracy_m:g}, which says no place"
        return None

    def jumps(self, point: Point, known: Known) -> bool:
        """Whether no vehicle gets from there to here in the time between, in either direction of time."""
        seconds = abs((point.recorded_at - known.at).total_seconds())
        if seconds * self.limits.speed_mps > 20_100_000:
            return False
        metres = metres_between(point.latitude, point.longitude, known.latitude, known.longitude)
        return metres > self.limits.jitter_m and metres > self.limits.speed_mps * seconds


def _words(duration: timedelta) -> str:
    return f"{duration.days} days" if duration.days else f"{duration.seconds // 60} minutes"
