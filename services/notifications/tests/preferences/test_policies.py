"""Organizations' policies over HTTP."""

from typing import Any, Final
from uuid import UUID

import pytest

from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyReader
from services.notifications.preferences.models import Channel, Choice, Key
from services.notifications.tests.preferences.conftest import OURS
from shared.runtime.db import Session
from shared.testing.service import ApiClient

PATH: Final = "/v1/organization-policy"
SAID: Final[dict[str, Any]] = {
    "display_name": "Meridian Freight",
    "country": "IN",
    "locale": "en-IN",
    "time_zone": "Asia/Kolkata",
    "frontend_url": "https://portal.example.com",
    "quiet_hours": {"from": "21:00", "until": "08:00", "days": ["sat", "sun"]},
    "choices": [
        {"category": "marketing", "channel": "email", "choice": "weekly"},
        {"category": "reminders", "channel": "email", "choice": "hourly"},
    ],
    "throttle_per_hour": 3,
    "throttle_per_day": 10,
    "dedupe_hours": 48,
    "soft_bounce_count": 3,
    "soft_bounce_days": 5,
    "soft_bounce_suppress_days": 14,
}


async def test_policy_says_nothing_at_first_and_is_replaced_by_etag(operator: ApiClient, session: Session) -> None:
    before = await operator.get(PATH)
    put = await operator.put(PATH, json=SAID, headers={"If-Match": before.headers["ETag"]})
    late = await operator.put(PATH, json={}, headers={"If-Match": before.headers["ETag"]})
    blind = await operator.put(PATH, json={})
    read = await operator.get(PATH)
    kept = (await PolicyReader(session).find_many([OURS, UUID(int=6)]))[OURS]

    assert [one.status_code for one in (before, put, late, blind, read)] == [200, 200, 412, 428, 200]
    assert {value for name, value in before.json().items() if name not in ("organization_id", "choices")} == {None}
    assert put.json() == read.json() == {**SAID, "organization_id": str(OURS)}
    assert put.headers["ETag"] == read.headers["ETag"] == '"v1"'
    chosen = {Key("marketing", Channel.EMAIL): Choice.WEEKLY, Key("reminders", Channel.EMAIL): Choice.HOURLY}
    assert (kept.dedupe_hours, kept.choices) == (48, chosen)


async def test_what_is_left_out_is_left_to_waybill_again(operator: ApiClient, session: Session) -> None:
    await operator.put(PATH, json=SAID, headers={"If-Match": '"v0"'})
    emptied = await operator.put(PATH, json={}, headers={"If-Match": '"v1"'})

    assert emptied.json()["choices"] == []
    assert await PolicyReader(session).find(OURS) == Policy(OURS, revision=2)
    assert await PolicyReader(session).find(None) == Policy()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"time_zone": "Mars/Olympus"}, "organization_policy_unusable"),
        ({"locale": "de-ab1"}, "organization_policy_unusable"),
        ({"country": "ZZ"}, "organization_policy_unusable"),
        ({"throttle_per_day": 2}, "organization_policy_unusable"),
        ({"choices": [{"category": "orders", "channel": "sms", "choice": "off"}]}, "category_locked"),
        ({"choices": [{"category": "gossip", "channel": "sms", "choice": "off"}]}, "category_unknown"),
        ({"choices": [{"category": "marketing", "channel": "in_app", "choice": "daily"}]}, "choice_impossible"),
        ({"choices": [{"category": "digests", "channel": "email", "choice": "weekly"}]}, "choice_impossible"),
        ({"frontend_url": "javascript:alert(1)"}, "invalid_request"),
        ({"frontend_url": "https://a@evil.example.com"}, "invalid_request"),
        ({"display_name": "A\r\nBcc: b@example.com"}, "invalid_request"),
        ({"display_name": "\u2028"}, "invalid_request"),
        ({"throttle_per_hour": 0}, "invalid_request"),
        ({"dedupe_hours": 721}, "invalid_request"),
        ({"soft_bounce_count": True}, "invalid_request"),
        ({"quiet_hours": {"from": "21:00", "until": "08:00"}}, "invalid_request"),
        ({"opinion": 1}, "invalid_request"),
    ],
)
async def test_policy_that_cannot_be_kept_is_refused_and_leaves_nothing(
    operator: ApiClient, change: dict[str, Any], code: str
) -> None:
    refused = await operator.put(PATH, json=SAID | change, headers={"If-Match": '"v0"'})

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await operator.get(PATH)).headers["ETag"] == '"v0"'


async def test_policy_is_one_organizations(client: ApiClient, operator: ApiClient) -> None:
    await operator.put(PATH, json=SAID, headers={"If-Match": '"v0"'})
    nobody = await client.as_role("operator").get(PATH)
    overseer = await client.as_role("operator").get(PATH, params={"organization_id": str(OURS)})
    stranger = await client.as_role("operator", organization_id=UUID(int=6)).get(PATH)
    viewer = await client.as_role("viewer", organization_id=OURS).put(PATH, json={}, headers={"If-Match": '"v1"'})

    assert (nobody.status_code, nobody.json()["code"]) == (422, "organization_missing")
    assert (overseer.json()["display_name"], stranger.json()["display_name"]) == ("Meridian Freight", None)
    assert viewer.status_code == 403
