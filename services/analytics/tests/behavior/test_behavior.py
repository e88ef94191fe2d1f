"""What people do: funnels that a plain walk through the events confirms, cohorts, and scores that explain themselves."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from services.analytics.events.event_models import NewEvent
from services.analytics.tests.events.arrange import rows
from services.analytics.tests.kpis.arrange import NOW, OURS, THEIRS, happen, told
from shared.contracts.analytics import AnalyzeUserBehavior
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

STEPS: Final = ("shop.product_viewed", "shop.cart_filled", "shop.checkout_started", "payments.order_placed")
RANGE: Final = {"from": "2026-02-01", "to": "2026-03-02"}


async def analyse(run_task: TaskRunner, times: int = 1) -> None:
    """Work it out as of the tests' Monday morning."""
    for _ in range(times):
        assert (await run_task(AnalyzeUserBehavior(slot=NOW))).outcome == "done"


def walk(events: list[tuple[UUID, NewEvent]], within: timedelta) -> list[int]:
    """How many come to each step, found by going through each one's events."""
    of: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for _, event in events:
        of[str(event.user_id)].append((event.occurred_at, event.name))
    reached = [0] * len(STEPS)
    for done in of.values():
        entered = min((at for at, name in done if name == STEPS[0]), default=None)
        moment = entered
        for number, step in enumerate(STEPS):
            if moment is None or entered is None:
                break
            moment = min((at for at, name in done if name == step and moment <= at <= entered + within), default=None)
            reached[number] += moment is not None
    return reached


async def test_a_funnel_is_what_going_through_the_events_finds(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner
) -> None:
    draw = random.Random(7)
    events = []
    for user in range(60):
        for _ in range(draw.randint(1, 20)):
            at = NOW - timedelta(seconds=draw.randint(1, 30_000))
            events.append((OURS, told(draw.choice(STEPS), at, user=f"u{user}")))
    await happen(session, joined_database, clock, events)
    await analyse(run_task)

    params: dict[str, Any] = RANGE | {"step": list(STEPS), "within_days": 5}
    answer = await client.as_role("viewer", organization_id=OURS).get("/v1/funnels", params=params)
    foreign = await client.as_role("viewer", organization_id=THEIRS).get("/v1/funnels", params=params)

    expected = walk(events, timedelta(days=5))
    steps = answer.json()["steps"]
    assert [one["users"] for one in steps] == expected
    assert expected[0] > expected[-1] > 0
    assert steps[1]["share_of_first"] == round(expected[1] / expected[0], 4)
    assert (answer.json()["freshness"]["is_fresh"], steps[0]["median_s"]) == (True, 0)
    assert [one["users"] for one in foreign.json()["steps"]] == [0] * 4


async def test_what_somebody_did_more_than_a_hundred_times_on_a_day_counts_at_the_last_time(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner
) -> None:
    viewed, filled, checkout, _ = STEPS
    began = NOW.replace(hour=1) - timedelta(days=3)
    events = [
        (OURS, told(name, began + timedelta(minutes=minute), user=user))
        for user, views in {"person": 100, "program": 101}.items()
        for name, minutes in ((viewed, range(views)), (filled, (50,)), (checkout, (60,)))
        for minute in minutes
    ]
    await happen(session, joined_database, clock, events)
    await analyse(run_task)

    params: dict[str, Any] = RANGE | {"step": [filled, viewed, checkout]}
    answer = await client.as_role("viewer", organization_id=OURS).get("/v1/funnels", params=params)
    assert [one["users"] for one in answer.json()["steps"]] == [2, 2, 1]


async def test_a_step_that_comes_again_is_another_event(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner
) -> None:
    viewed, filled = STEPS[:2]
    done = {"once": (viewed, filled), "twice": (viewed, filled, viewed), "again": (viewed, viewed)}
    began = NOW - timedelta(days=3)
    events = [
        (OURS, told(name, began + timedelta(minutes=minute), user=user))
        for user, names in done.items()
        for minute, name in enumerate(names)
    ]
    await happen(session, joined_database, clock, events)
    await analyse(run_task)

    reader, shown = client.as_role("viewer", organization_id=OURS), []
    for steps in ((viewed, viewed), (viewed, filled, viewed)):
        answer = await reader.get("/v1/funnels", params=RANGE | {"step": list(steps)})
        shown.append([one["users"] for one in answer.json()["steps"]])
    assert shown == [[3, 2], [3, 2, 1]]


async def test_cohorts_say_who_comes_again(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner
) -> None:
    monday = NOW - timedelta(days=21)
    visits = {"a": (0, 7, 14, 21), "b": (0, 15), "c": (8, 15), "d": (1,), "e": (21,)}
    events = [
        (OURS, told("app.session_started", monday + timedelta(days=day), user=user))
        for user, days in visits.items()
        for day in days
    ]
    await happen(session, joined_database, clock, events)
    await analyse(run_task, times=2)

    answer = await client.as_role("viewer").get("/v1/retention", params={"from": "2026-02-09", "to": "2026-03-02"})

    shown = {one["began"]: (one["users"], [kept["users"] for kept in one["retained"]]) for one in answer.json()["cohorts"]}
    assert shown == {
        "2026-02-09": (3, [3, 1, 2, 1]),
        "2026-02-16": (1, [1, 1, 0]),
        "2026-02-23": (0, [0, 0]),
        "2026-03-02": (1, [1]),
    }


async def test_scores_that_are_worked_out_twice_are_the_sum_of_their_points_and_say_why(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner
) -> None:
    days = {"daily": range(30), "gone": range(20, 40, 2), "once": (3,), "lost": (80,)}
    events = [
        (OURS, told(name, NOW - timedelta(days=day), user=user))
        for user, when in days.items()
        for day in when
        for name in (("shop.page_viewed", "shop.cart_filled") if user == "daily" else ("shop.page_viewed",))
    ]
    await happen(session, joined_database, clock, events)
    await analyse(run_task, times=2)
    viewer = client.as_role("viewer", organization_id=OURS)

    page = (await viewer.get("/v1/behavior/users", params={"limit": 3})).json()
    rest = (await viewer.get("/v1/behavior/users", params={"limit": 3, "cursor": page["next_cursor"]})).json()
    users = {one["user_id"]: one for one in (*page["items"], *rest["items"])}
    summary = (await viewer.get("/v1/behavior")).json()

    assert {user: (one["engagement"], one["churn_risk"]) for user, one in users.items()} == {
        "daily": (85, "low"),
        "gone": (13 + 10 + 3, "high"),
        "once": (36 + 2 + 3, "low"),
        "lost": (0, "high"),
    }
    said = "silent for 20 days, usually there every 2.00 days; of the last 30 days there on 5 with 1 kinds of events"
    assert users["gone"]["explanation"] == said
    assert (summary["users"], summary["active_today"], summary["active_30_days"]) == (4, 1, 3)
    assert summary["churn_risk"] == {"low": 2, "medium": 0, "high": 2}
    only = (await viewer.get("/v1/behavior/users", params={"churn_risk": "high"})).json()["items"]
    assert [one["user_id"] for one in only] == ["gone", "lost"]
    assert await rows(session, "SELECT count(*) FROM changed_event_days") == [(0,)]


@pytest.mark.parametrize(
    ("path", "params", "code", "said"),
    [
        (
            "funnels",
            RANGE | {"step": ["shop.cart_filed", "shop.checkout_started"]},
            "unknown_step",
            "step 1; did you mean shop.cart_filled",
        ),
        ("funnels", RANGE | {"step": ["shop.cart_filled"]}, "invalid_request", ""),
        ("funnels", {"from": "2026-03-02", "to": "2026-03-01", "step": list(STEPS)}, "invalid_range", "from lies after to"),
        ("retention", {"from": "2024-01-01", "to": "2026-03-01"}, "invalid_range", "at most 366 days"),
    ],
)
async def test_what_cannot_be_read_is_refused(client: ApiClient, path: str, params: dict[str, Any], code: str, said: str) -> None:
    answer = await client.as_role("viewer").get(f"/v1/{path}", params=params)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.json()["detail"]
