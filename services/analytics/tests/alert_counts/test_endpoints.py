"""GET /v1/alert-counts: days, totals, ranges that are refused, and whose counts a caller sees."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.analytics.tests.alert_counts.arrange import DAY, OURS, THEIRS, event, ours, theirs
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

PATH = "/v1/alert-counts"
RANGE = {"from": "2026-03-01", "to": "2026-03-03"}


def counts(**raised: int) -> dict[str, int]:
    """Counts as they are shown."""
    shown = {"info": 0, "warning": 0, "high": 0, "critical": 0} | raised
    return {**shown, "total": sum(shown.values())}


@pytest.fixture(autouse=True)
async def two_organizations(run_task: TaskRunner) -> None:
    """Alerts of two organizations on two days, and on the days before and after the range."""
    neighbours = [event(ours(high=9), as_of=date(2026, 2, 28)), event(theirs(high=9), as_of=date(2026, 3, 4))]
    await run_task.run(
        [event(ours(info=4, critical=1), theirs(info=2)), event(ours(warning=3), as_of=DAY - timedelta(days=1)), *neighbours]
    )


async def test_every_day_of_the_range_is_shown_with_the_totals(client: ApiClient) -> None:
    answer = await client.as_role("viewer", organization_id=OURS).get(PATH, params=RANGE)

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "days": [
                {"day": "2026-03-01", "raised": counts(warning=3)},
                {"day": "2026-03-02", "raised": counts(info=4, critical=1)},
                {"day": "2026-03-03", "raised": counts()},
            ],
            "totals": counts(info=4, warning=3, critical=1),
        },
    )


@pytest.mark.parametrize(
    ("bound_to", "named", "expected"),
    [
        (None, None, counts(info=6, warning=3, critical=1)),
        (None, THEIRS, counts(info=2)),
        (OURS, None, counts(info=4, warning=3, critical=1)),
        (OURS, OURS, counts(info=4, warning=3, critical=1)),
        (None, UUID(int=7), counts()),
    ],
)
async def test_caller_sees_the_counts_of_the_own_organization_or_of_those_that_may_be_named(
    client: ApiClient, bound_to: UUID | None, named: UUID | None, expected: dict[str, int]
) -> None:
    params = RANGE | ({"organization_id": str(named)} if named else {})

    answer = await client.as_role("viewer", organization_id=bound_to).get(PATH, params=params)

    assert answer.json()["totals"] == expected


async def test_naming_another_organization_is_refused(client: ApiClient) -> None:
    caller = client.as_role("viewer", organization_id=OURS)

    answer = await caller.get(PATH, params=RANGE | {"organization_id": str(THEIRS)})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_organization")


async def test_callers_without_the_scope_are_refused(client: ApiClient) -> None:
    wrong_scope = client.as_role(scopes=["analytics:write"])

    assert [(await caller.get(PATH, params=RANGE)).status_code for caller in (client, wrong_scope)] == [401, 403]


async def test_year_with_a_leap_day_is_read_at_once(client: ApiClient) -> None:
    answer = await client.as_role("viewer").get(PATH, params={"from": "2028-01-01", "to": "2028-12-31"})

    days = answer.json()["days"]
    assert (len(days), days[0]["day"], days[-1]["day"]) == (366, "2028-01-01", "2028-12-31")


@pytest.mark.parametrize(
    ("first", "last", "detail"),
    [
        ("2026-03-02", "2026-03-01", "from lies after to; name the earlier day as from"),
        ("2026-01-01", "2027-01-02", "the range has 367 days, at most 366 are read at once; ask in parts"),
        ("0001-01-01", "2026-03-01", "from and to lie between 2000-01-01 and 2099-12-31; name days in between"),
        ("2026-03-01", "9999-12-31", "from and to lie between 2000-01-01 and 2099-12-31; name days in between"),
    ],
)
async def test_range_that_cannot_be_read_is_refused_in_a_sentence(client: ApiClient, first: str, last: str, detail: str) -> None:
    answer = await client.as_role("viewer").get(PATH, params={"from": first, "to": last})

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (422, "invalid_range", detail)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"from": "2026-03-01"},
        RANGE | {"to": "yesterday"},
        RANGE | {"to": "2026-02-30"},
        RANGE | {"to": "2026-03-03\x00"},
        RANGE | {"to": "9" * 400},
        RANGE | {"organization_id": "x"},
    ],
)
async def test_request_that_is_not_understood_is_refused(client: ApiClient, params: dict[str, Any]) -> None:
    answer = await client.as_role("viewer").get(PATH, params=params)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
