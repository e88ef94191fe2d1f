"""GET /v1/kpis: figures that plain SQL over the events confirms, with their freshness, and only of those who may see them."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.analytics.event_names.catalogue_models import SERVICE_EVENTS
from services.analytics.kpis.catalogue_models import CATALOGUE
from services.analytics.kpis.range_models import Range
from services.analytics.tests.events.arrange import rows
from services.analytics.tests.kpis.arrange import NOW, OURS, THEIRS, happen, told
from shared.contracts.analytics import CalculateKpis
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

YESTERDAY = NOW - timedelta(days=1)
RANGE = {"from": "2026-02-28", "to": "2026-03-02"}


@pytest.fixture(autouse=True)
async def business(session: Session, joined_database: Database, clock: FrozenClock) -> None:
    """Two organizations' orders, payments, trips and messages of yesterday and today."""
    orders = [
        (OURS, told("payments.order_placed", YESTERDAY, value, currency=currency, lines=1))
        for value, currency in ((1000, "INR"), (3000, "INR"), (500, "EUR"))
    ]
    orders += [(OURS, told("payments.order_placed", NOW, 2000, currency="INR", lines=2))]
    orders += [(THEIRS, told("payments.order_placed", NOW, 9000, currency="INR", lines=1))]
    rest = [
        told("payments.order_cancelled", NOW, 1000, currency="INR"),
        told("payments.payment_captured", NOW, 2000, currency="INR"),
        told("payments.payment_failed", NOW, 2000, currency="INR"),
        told("trips.trip_completed", NOW, distance_m=5000, duration_s=600, waiting_s=60),
        told("trips.trip_completed", NOW, distance_m=7000, duration_s=1200, waiting_s=0),
        told("trips.trip_ended_early", NOW, status="no_show"),
        told("trips.trip_ended_early", NOW, status="cancelled"),
        told("notifications.deliveries_ended", NOW, 98, outcome="email/sent"),
        told("notifications.deliveries_ended", NOW, 2, outcome="sms/failed"),
        told("notifications.deliveries_ended", NOW, 50, outcome="email/dropped"),
    ]
    await happen(session, joined_database, clock, orders + [(OURS, one) for one in rest])


async def figures(client: ApiClient, key: str, **params: Any) -> dict[str, Any]:
    """A KPI of our organization, by dimension."""
    answer = await client.as_role("viewer", organization_id=OURS).get(f"/v1/kpis/{key}", params=RANGE | params)
    assert answer.status_code == 200, answer.text
    return {part["dimension"]: part for part in answer.json()["parts"]}


async def test_figures_are_what_plain_sql_over_the_events_says(client: ApiClient, session: Session) -> None:
    parts = await figures(client, "orders.value")
    query = """
        SELECT properties ->> 'currency', occurred_at::date, sum(value)::int FROM events
         WHERE name = 'payments.order_placed' AND organization_id = :whose GROUP BY 1, 2"""
    truth = {(currency, day): total for currency, day, total in await rows(session, query, whose=OURS)}

    assert {dimension: part["whole"]["value"] for dimension, part in parts.items()} == {"EUR": 500, "INR": 6000}
    for currency, part in parts.items():
        for point in part["points"]:
            assert point["value"] == truth.get((currency, date.fromisoformat(point["at"][:10])), 0)


@pytest.mark.parametrize(
    ("key", "whole", "points"),
    [
        ("orders.placed", 4, [0, 3, 1]),
        ("orders.average_value", 2000, [None, 2000, 2000]),
        ("orders.cancellation_rate", 0.25, [None, 0, 1]),
        ("payments.failure_rate", 0.5, [None, None, 0.5]),
        ("trips.completion_rate", 0.5, [None, None, 0.5]),
        ("trips.no_show_rate", 0.25, [None, None, 0.25]),
        ("trips.distance", 12_000, [0, 0, 12_000]),
        ("trips.waiting", 30, [None, None, 30]),
        ("messages.sent", 98, [0, 0, 98]),
        ("messages.sent_rate", 0.98, [None, None, 0.98]),
        ("shipments.alerts", 0, [0, 0, 0]),
    ],
)
async def test_a_whole_is_of_all_its_steps_and_not_their_mean(
    client: ApiClient, key: str, whole: float, points: list[float | None]
) -> None:
    parts = await figures(client, key)

    part = parts.get("INR", parts.get(""))
    assert part is not None
    assert (part["whole"]["value"], [point["value"] for point in part["points"]]) == (whole, points)


async def test_percentiles_are_within_two_and_a_half_percent(client: ApiClient) -> None:
    p95 = (await figures(client, "trips.duration_p95"))[""]["whole"]["value"]
    series = await client.as_role("viewer", organization_id=OURS).get("/v1/series/trips.trip_completed:duration_s", params=RANGE)

    assert abs(p95 / 1200 - 1) <= 0.025
    (point,) = series.json()["parts"][0]["points"]
    assert (point["n"], point["total"], point["lowest"], point["highest"]) == (2, 1800, 600, 1200)
    assert abs(point["p50"] / 600 - 1) <= 0.025


async def test_the_median_of_equal_amounts_is_that_amount_on_each_day_and_over_all(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    equal = [told("payments.order_placed", at, 147_600, currency="USD", lines=1) for at in (YESTERDAY, NOW, NOW)]
    await happen(session, joined_database, clock, [(OURS, one) for one in equal])

    part = (await figures(client, "orders.median_value"))["USD"]
    series = await client.as_role("viewer", organization_id=OURS).get("/v1/series/payments.order_placed:value", params=RANGE)
    [shown] = [one for one in series.json()["parts"] if one["dimension"] == "USD"]

    assert (part["whole"]["value"], [point["value"] for point in part["points"]]) == (147_600, [None, 147_600, 147_600])
    assert [(point["p50"], point["p99"]) for point in shown["points"] if point["n"]] == [(147_600, 147_600)] * 2


async def test_hours_weeks_and_months_add_up_to_the_days(client: ApiClient) -> None:
    totals = {}
    for grain in ("minute", "hour", "day", "week", "month"):
        part = (await figures(client, "orders.placed", **({"from": "2026-03-02"} if grain == "minute" else {}), grain=grain))[""]
        totals[grain] = (sum(point["value"] for point in part["points"]), len(part["points"]))

    assert totals == {"minute": (1, 1440), "hour": (4, 72), "day": (4, 3), "week": (4, 2), "month": (4, 2)}


async def test_every_figure_says_how_old_it_is(client: ApiClient, clock: FrozenClock) -> None:
    viewer = client.as_role("viewer")
    fresh = (await viewer.get("/v1/kpis")).json()["freshness"]
    clock.advance(timedelta(minutes=10))
    stale = (await viewer.get("/v1/kpis/orders.placed", params=RANGE)).json()["freshness"]

    assert (fresh["age_s"], fresh["is_fresh"]) == (1, True)
    assert (stale["age_s"], stale["within_s"], stale["is_fresh"]) == (601, 180, False)


async def test_somebody_of_an_organization_sees_its_figures_alone(client: ApiClient) -> None:
    path = "/v1/kpis/orders.placed"
    callers = (client.as_role("viewer"), client.as_role("viewer", organization_id=THEIRS))
    seen = [(await caller.get(path, params=RANGE)).json()["parts"][0]["whole"]["value"] for caller in callers]
    foreign = await client.as_role("viewer", organization_id=OURS).get(path, params=RANGE | {"organization_id": str(THEIRS)})

    assert (seen, foreign.status_code, (await client.get(path)).status_code) == ([5, 1], 403, 401)


@pytest.mark.parametrize(
    ("path", "params", "status", "code", "said"),
    [
        ("kpis/orders.valeu", {}, 404, "kpi_not_found", "did you mean orders.value"),
        ("kpis/refund", {}, 404, "kpi_not_found", "payments.refunded"),
        ("series/payments.order_placd", {}, 404, "series_not_found", "did you mean payments.order_placed"),
        ("kpis/orders.placed", {"from": "2026-03-03"}, 422, "invalid_range", "from lies after to"),
        ("kpis/orders.placed", {"from": "2020-01-01", "grain": "hour"}, 422, "invalid_range", "more than 1500 steps"),
        ("kpis/orders.placed", {"grain": "fortnight"}, 422, "invalid_request", ""),
    ],
)
async def test_what_cannot_be_read_is_refused_with_what_was_meant(
    client: ApiClient, path: str, params: dict[str, str], status: int, code: str, said: str
) -> None:
    answer = await client.as_role("viewer").get(f"/v1/{path}", params=RANGE | params)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["detail"]


async def test_days_that_are_worked_out_twice_have_their_figures_once_and_late_events_change_them(
    client: ApiClient, session: Session, joined_database: Database, run_task: TaskRunner, clock: FrozenClock
) -> None:
    slot = NOW + timedelta(days=1)
    for _ in range(2):
        assert (await run_task(CalculateKpis(slot=slot))).outcome == "done"
    query = "SELECT day, value FROM kpi_values WHERE key = 'orders.placed' AND organization_id = :whose ORDER BY day"
    before = await rows(session, query, whose=OURS)
    await happen(session, joined_database, clock, [(OURS, told("payments.order_placed", YESTERDAY, 1, currency="INR", lines=1))])
    await run_task(CalculateKpis(slot=slot))

    assert before == [(date(2026, 3, 1), 3.0), (date(2026, 3, 2), 1.0)]
    assert await rows(session, query, whose=OURS) == [(date(2026, 3, 1), 4.0), (date(2026, 3, 2), 1.0)]
    listed = (await client.as_role("viewer", organization_id=OURS).get("/v1/kpis")).json()["kpis"]
    last = {one["key"]: one["last"] for one in listed}
    assert (last["payments.failure_rate"][0]["value"], last["payments.failure_rate"][0]["is_on_target"]) == (0.5, False)
    assert last["payments.failure_rate"][0]["day"] == "2026-03-02"


def test_every_kpi_is_of_series_that_are_counted_and_has_a_key_of_its_own() -> None:
    counted = {measure.series for one in SERVICE_EVENTS for measure in one.all_measures()}

    assert {part.series for kpi in CATALOGUE for part in kpi.parts} <= counted
    assert len({kpi.key for kpi in CATALOGUE}) == len(CATALOGUE)


def test_steps_of_a_range_follow_each_other_without_gap() -> None:
    months = [step.date() for step in Range(date(2026, 1, 31), date(2026, 3, 1), "month").steps()]
    weeks = [step.date() for step in Range(date(2026, 3, 1), date(2026, 3, 9), "week").steps()]

    assert months == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    assert weeks == [date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 9)]


@pytest.mark.parametrize("path", ["kpis/orders.value", "series/payments.order_placed:value"])
async def test_minutes_that_are_kept_no_more_are_refused_and_not_answered_as_nothing(client: ApiClient, path: str) -> None:
    begun = (NOW - timedelta(days=40)).date()

    async def read(day: date, grain: str) -> Any:
        params = {"from": day.isoformat(), "to": day.isoformat(), "grain": grain}
        return await client.as_role("viewer").get(f"/v1/{path}", params=params)

    refused = await read(begun, "minute")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_range")
    assert "ask by the hour" in refused.json()["detail"]
    assert [(await read(begun, "hour")).status_code, (await read(begun + timedelta(days=1), "minute")).status_code] == [200, 200]
