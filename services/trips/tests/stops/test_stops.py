"""Where vehicles stood, by the points that are known."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trips.positions.geodesy import metres_between
from services.trips.stops.detection import StopRule, find_stops
from services.trips.tests.fleet import THEIRS, Fleet, code, fleet_of
from services.trips.tests.positions.arrange import POSITIONS, ago, point, reporter
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

STANDING = [(300, 0), (240, 30), (180, -20), (120, 10)]
DRIVING = [(60, 800), (0, 1600)]


@dataclass(slots=True)
class Place:
    """A point of a track. looked_at: how often somebody wanted to know where it is."""

    recorded_at: datetime
    north: float
    longitude: float
    looked_at: int = 0

    @property
    def latitude(self) -> float:
        """In degrees."""
        self.looked_at += 1
        return self.north


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


DAY: list[tuple[str, list[tuple[float, float]], StopRule]] = [
    ("stands", [(10 * n, 5 * (n % 7)) for n in range(8000)], StopRule(2000, timedelta(days=1))),
    ("stands twice", [(10 * n, 30_000 * (n // 4000)) for n in range(8000)], StopRule(2000, timedelta(hours=12))),
    ("stands often", [(10 * n, 3000 * (n // 700 % 2)) for n in range(8000)], StopRule(2000, timedelta(hours=2))),
    ("creeps", [(10 * n, n) for n in range(8000)], StopRule(2000, timedelta(hours=6))),
    ("comes and goes", [(10 * n, 3 * abs(n % 6000 - 3000)) for n in range(8000)], StopRule(2000, timedelta(hours=8))),
]


@pytest.mark.parametrize(("places", "rule"), [case[1:] for case in DAY], ids=[case[0] for case in DAY])
def test_a_day_without_a_stop_is_looked_through_once(places: list[tuple[float, float]], rule: StopRule) -> None:
    points = track(*places)

    assert find_stops(points, rule) == []
    # Each distance looks at two points.
    assert sum(point.looked_at for point in points) <= 10 * len(points)


@given(
    st.lists(st.tuples(st.sampled_from([10, 30, 60, 400]), st.integers(-2, 2)), max_size=60),
    st.sampled_from([20, 50, 120]),
    st.sampled_from([30, 120, 600]),
)
def test_stops_are_what_their_definition_says(steps: list[tuple[int, int]], radius_m: float, lasts_s: int) -> None:
    sums = itertools.accumulate(steps, lambda place, step: (place[0] + step[0], place[1] + 30 * step[1]))
    points = track(*sums)
    rule = StopRule(radius_m, timedelta(seconds=lasts_s), gap=timedelta(seconds=300))

    assert [(one.began_at, one.points) for one in find_stops(points, rule)] == list(by_definition(points, rule))


def by_definition(points: list[Place], rule: StopRule) -> Iterator[tuple[datetime, int]]:
    """When stops begin, and how many points they have: each point is tried with all that follow it."""
    first = 0
    while first < len(points):
        end = first + 1
        while end < len(points) and points[end].recorded_at - points[end - 1].recorded_at <= rule.gap:
            if metres_between(points[first].latitude, 72.8, points[end].latitude, 72.8) > rule.radius_m:
                break
            end += 1
        if points[end - 1].recorded_at - points[first].recorded_at >= rule.lasts:
            yield points[first].recorded_at, end - first
            first = end
        else:
            first += 1


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
