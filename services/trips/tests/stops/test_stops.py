"""Where vehicles stood, by the points that are known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.trips.stops.detection import StopRule, find_stops
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of
from services.trips.tests.positions.arrange import POSITIONS, ago, point, reporter
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

STANDING = [(300, 0), (240, 30), (180, -20), (120, 10)]
DRIVING = [(60, 800), (0, 1600)]


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a track."""

    recorded_at: datetime
    latitude: float
    longitude: float


def track(*places: tuple[float, float], longitude: float = 72.8) -> list[Place]:
    """Points as (seconds, metres north)."""
    return [Place(MONDAY_MORNING + timedelta(seconds=at), 19 + north / 111_195, longitude) for at, north in places]


def spans(points: list[Place], rule: StopRule | None = None) -> list[tuple[float, float]]:
    """From when to when the stops are, in seconds."""
    found = find_stops(points, rule or StopRule())
    return [((one.began_at - MONDAY_MORNING).total_seconds(), (one.ended_at - MONDAY_MORNING).total_seconds()) for one in found]


def test_a_stop_is_three_minutes_within_a_hundred_metres() -> None:
    assert spans(track((0, 0), (60, 1000), (120, 1050), (240, 960), (241, 2000))) == [(60, 240)]
    assert spans(track((0, 0), (60, 1000), (120, 1050), (239, 960), (240, 2000))) == []


def test_creeping_is_no_stop_and_two_stops_are_two() -> None:
    assert spans(track(*[(60 * n, 60.0 * n) for n in range(20)])) == []
    assert spans(track((0, 0), (200, 20), (260, 500), (300, 520), (600, 480))) == [(0, 200), (260, 600)]


def test_after_an_hour_without_points_nobody_knows_where_it_was() -> None:
    assert spans(track((0, 0), (3600, 0))) == [(0, 3600)]
    assert spans(track((0, 0), (200, 0), (3801, 0), (4100, 0))) == [(0, 200), (3801, 4100)]


def test_a_stop_on_the_180th_meridian_lies_there() -> None:
    east, west = track((0, 0), longitude=179.9999), track((200, 0), longitude=-179.9999)
    (found,) = find_stops([*east, *west], StopRule())

    assert abs(abs(found.longitude) - 180) < 1e-6


async def test_stops_of_a_vehicle_count_points_that_come_late(fleet: Fleet, client: ApiClient) -> None:
    api, vehicle_id = await reporter(fleet, client)
    path = f"/v1/vehicles/{vehicle_id}/stops?since={ago(hours=1)}"
    await api.post(f"{POSITIONS}/batch", json=[point(*place) for place in (*STANDING, *DRIVING)])
    (first,) = (await fleet.ok("GET", path))["stops"]
    await api.post(POSITIONS, json=point(200, north_m=2000))
    later = (await fleet.ok("GET", path))["stops"]
    shorter = (await fleet.ok("GET", f"{path}&lasts_s=60"))["stops"]

    assert (first["began_at"], first["duration_s"], first["points"]) == ("2026-03-02T08:55:00Z", 180, 4)
    assert (later, [one["duration_s"] for one in shorter]) == ([], [60, 60])


async def test_stops_of_a_trip_begin_where_it_does(fleet: Fleet) -> None:
    trip_id = await fleet.assigned()
    waiting = await fleet.ok("GET", f"/v1/trips/{trip_id}/stops")
    await fleet.drive(trip_id, "en_route_pickup")
    started = await fleet.ok("GET", f"/v1/trips/{trip_id}/stops")

    assert (waiting, started["since"], started["stops"]) == (None, "2026-03-02T09:00:00Z", [])


async def test_what_cannot_be_answered_is_refused(fleet: Fleet, client: ApiClient) -> None:
    _, vehicle_id = await reporter(fleet, client)
    path = f"/v1/vehicles/{vehicle_id}/stops"
    long = await fleet.api.get(f"{path}?since={ago(days=2)}")
    turned = await fleet.api.get(f"{path}?since={ago(hours=1)}&until={ago(hours=2)}")
    foreign = await fleet_of(client, THEIRS).api.get(f"{path}?since={ago(hours=1)}")

    assert [code(one) for one in (long, turned)] == [(422, "period_too_long")] * 2
    assert code(foreign) == (404, "vehicle_not_found")
