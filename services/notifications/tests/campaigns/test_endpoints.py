"""Campaigns over HTTP: planning, starting, watching and stopping them."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from services.notifications.tests.campaigns.arrange import EVERYBODY, OURS, ended, know_customers, publish_offer, read, step
from shared.contracts.notifications import AdvanceCampaign, SendTemplatedEmail
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

THEIRS: Final = UUID(int=6)
BODY: Final[dict[str, Any]] = {
    "name": "Diwali offer",
    "channel": "email",
    "template_name": "offer",
    "context": {"thing": "tea"},
    "segment": EVERYBODY,
}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


async def drafted(client: ApiClient, **changes: Any) -> dict[str, Any]:
    """A draft, as the API shows it, with its path."""
    made = await client.post("/v1/campaigns", json={**BODY, **changes}, headers={"Idempotency-Key": str(uuid4())})
    assert made.status_code == 201, made.text
    return {**made.json(), "path": made.headers["Location"], "etag": made.headers["ETag"]}


async def did(client: ApiClient, draft: dict[str, Any], action: str, **body: Any) -> tuple[int, Any]:
    """Status and answer of an action; of a refusal, its code."""
    answer = await client.post(f"{draft['path']}/{action}", json=body or None)
    said = answer.json()
    return answer.status_code, said.get("code", said.get("status"))


async def test_campaign_is_planned_estimated_started_and_watched(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    draft = await drafted(operator, per_minute=6)
    estimate = (await operator.get(f"{draft['path']}/estimate")).json()
    assert await did(operator, draft, "start") == (200, "running")
    campaign = await read(session, UUID(draft["id"]))
    await step(session, clock, campaign, 1)
    await ended(session, campaign, 1, clock(), receipt="delivered")

    shown = (await operator.get(draft["path"])).json()

    assert estimate == {"recipients": 3, "unreachable": 0, "suppressed": 0, "sms": None}
    assert (shown["status"], shown["template_version"], shown["started_at"]) == ("running", 1, "2026-03-02T09:00:00Z")
    assert {name: count for name, count in shown["progress"].items() if count} == {
        "total": 3,
        "waiting": 2,
        "sent": 1,
        "delivered": 1,
    }
    recipients = (await operator.get(f"{draft['path']}/recipients", params={"limit": 2})).json()
    assert [(one["to_person"], one["state"]) for one in recipients["items"]] == [
        ("payments.customer:1", "queued"),
        ("payments.customer:2", "waiting"),
    ]
    rest = await operator.get(f"{draft['path']}/recipients", params={"cursor": recipients["next_cursor"]})
    assert [one["position"] for one in rest.json()["items"]] == [3]
    changes = (await operator.get(f"{draft['path']}/changes")).json()["items"]
    assert [(one["actor"], one["action"]) for one in changes] == [("user:test", "start"), ("user:test", "create")]


async def test_repeated_request_drafts_one_campaign(operator: ApiClient) -> None:
    headers = {"Idempotency-Key": "k"}
    twice = [await operator.post("/v1/campaigns", json=BODY, headers=headers) for _ in range(2)]
    without = await operator.post("/v1/campaigns", json=BODY)

    assert [one.json() for one in twice] == [twice[0].json()] * 2
    assert len((await operator.get("/v1/campaigns")).json()["items"]) == 1
    assert (without.status_code, without.json()["code"]) == (400, "idempotency_key_missing")


async def test_draft_is_edited_by_etag_and_a_running_campaign_is_not(operator: ApiClient, session: Session) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    draft = await drafted(operator)
    blind = await operator.put(draft["path"], json=BODY)
    edited = await operator.put(draft["path"], json={**BODY, "name": "B"}, headers={"If-Match": draft["etag"]})
    late = await operator.put(draft["path"], json={**BODY, "name": "C"}, headers={"If-Match": draft["etag"]})
    await did(operator, draft, "start")
    running = await operator.put(draft["path"], json=BODY, headers={"If-Match": "*"})

    assert [one.status_code for one in (blind, edited, late, running)] == [428, 200, 412, 409]
    assert (edited.json()["name"], running.json()["code"]) == ("B", "campaign_not_possible")
    assert (await operator.get(draft["path"])).json()["name"] == "B"


async def test_pause_resume_and_cancel_do_no_harm_when_repeated_and_end_where_they_must(
    operator: ApiClient, session: Session
) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    draft = await drafted(operator)
    early = await did(operator, draft, "pause", reason="wait")
    done = [
        await did(operator, draft, action, **body)
        for action, body in [
            *[("start", {})] * 2,
            *[("pause", {"reason": "wait"})] * 2,
            *[("resume", {})] * 2,
            *[("cancel", {"reason": "over"})] * 2,
            ("resume", {}),
            ("start", {}),
        ]
    ]

    assert early == (409, "campaign_not_possible")
    assert done == [
        *[(200, "running")] * 2,
        *[(200, "paused")] * 2,
        *[(200, "running")] * 2,
        *[(200, "cancelled")] * 2,
        *[(409, "campaign_not_possible")] * 2,
    ]
    actions = [one["action"] for one in (await operator.get(f"{draft['path']}/changes")).json()["items"]]
    assert actions == ["cancel", "resume", "pause", "start", "create"]


async def test_scheduled_campaign_waits_for_its_moment_and_can_be_taken_back(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    draft = await drafted(operator)
    past = await did(operator, draft, "schedule", at=clock().isoformat())
    at = (clock() + timedelta(hours=1)).isoformat()
    assert await did(operator, draft, "schedule", at=at) == (200, "scheduled")
    assert await did(operator, draft, "pause", reason="not yet") == (200, "draft")

    assert past == (422, "campaign_unusable")
    shown = (await operator.get(draft["path"])).json()
    assert (shown["scheduled_at"], shown["pause_cause"], shown["pause_reason"]) == (None, "asked", "not yet")
    await assert_nothing_published(session, AdvanceCampaign)


UNUSABLE: Final[list[tuple[dict[str, Any], str]]] = [
    ({"template_name": "none"}, "no version of the template none is published that has a subject, and text or html"),
    ({"context": {}}, "the context lacks thing"),
    ({"context": {"thing": 3}}, "thing must be a text"),
    ({"segment": {"reference_prefix": "trips.driver:"}}, "it would go to nobody"),
    ({"segment": None}, "it would go to nobody"),
]


@pytest.mark.parametrize(("change", "said"), UNUSABLE)
async def test_campaign_that_cannot_be_sent_is_refused_at_its_start_and_stays_a_draft(
    operator: ApiClient, session: Session, change: dict[str, Any], said: str
) -> None:
    await know_customers(session, 1)
    await publish_offer(session, variables={"thing": {"type": "string", "required": True, "description": ""}})
    draft = await drafted(operator, **change)

    refused = await operator.post(f"{draft['path']}/start")

    assert refused.status_code == 422
    assert said in refused.json()["detail"]
    assert (await operator.get(draft["path"])).json()["status"] == "draft"
    await assert_nothing_published(session)


@pytest.mark.parametrize("category", ["orders", "unheard_of"])
async def test_campaign_needs_a_category_that_can_be_declined(operator: ApiClient, category: str) -> None:
    refused = await operator.post("/v1/campaigns", json={**BODY, "category": category}, headers={"Idempotency-Key": "k"})

    assert (refused.status_code, refused.json()["code"]) == (422, "campaign_unusable")
    assert (await operator.get("/v1/campaigns")).json()["items"] == []


async def test_segment_is_narrowed_by_kind_language_zone_and_address(operator: ApiClient, session: Session) -> None:
    await know_customers(session, 2)
    await know_customers(session, 5, first=3, locale="hi-IN")
    await know_customers(session, 9, first=8, organization_id=THEIRS)

    async def size(**segment: Any) -> int:
        draft = await drafted(operator, segment=segment)
        found: int = (await operator.get(f"{draft['path']}/estimate")).json()["recipients"]
        return found

    assert [await size(**one) for one in ({}, {"locales": ["hi"]}, {"locales": ["en", "hi-IN"]}, {"has_phone": False})] == [
        5,
        3,
        5,
        0,
    ]
    assert [await size(**one) for one in ({"time_zones": ["Asia/Kolkata"]}, {"reference_prefix": "trips.driver:"})] == [0, 0]


async def test_two_people_with_one_address_are_one_recipient(operator: ApiClient, session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 2)
    await publish_offer(session)
    for reference, email in (("payments.customer:0", "C1@EXAMPLE.com"), ("payments.customer:x", "c2@example.com")):
        await operator.put(f"/v1/people/{reference}", json={"email": email})
    draft = await drafted(operator)
    await did(operator, draft, "start")

    await step(session, clock, await read(session, UUID(draft["id"])), 1)

    sent = await published(session, SendTemplatedEmail)
    assert sorted(one.to_person or "" for one in sent) == ["payments.customer:0", "payments.customer:2"]
    await assert_published(session, AdvanceCampaign, step=2)


async def test_organization_sees_and_stops_its_own_campaigns_alone(client: ApiClient, operator: ApiClient) -> None:
    draft = await drafted(operator)
    theirs, viewer = client.as_role("operator", organization_id=THEIRS), client.as_role("viewer", organization_id=OURS)

    foreign = [
        await theirs.get(draft["path"]),
        await theirs.get(f"{draft['path']}/recipients"),
        await theirs.get(f"{draft['path']}/estimate"),
        await theirs.get(f"{draft['path']}/changes"),
        await theirs.post(f"{draft['path']}/start"),
        await theirs.post(f"{draft['path']}/cancel", json={"reason": "x"}),
        await theirs.put(draft["path"], json=BODY, headers={"If-Match": "*"}),
    ]

    assert {(one.status_code, one.json()["code"]) for one in foreign} == {(404, "campaign_not_found")}
    assert (await theirs.get("/v1/campaigns")).json()["items"] == []
    assert [(await viewer.post(f"{draft['path']}/start")).status_code, (await client.get(draft["path"])).status_code] == [
        403,
        401,
    ]
    assert (await client.as_role("operator").get(draft["path"])).json()["status"] == "draft"
