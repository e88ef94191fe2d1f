"""POST /v1/events:batch: durable when answered, each id once, and what is wrong with one is said of that one."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from services.analytics.tests.events.arrange import BATCH, OURS, QUARANTINE, THEIRS, at, event, rows
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.service import ApiClient


@pytest.fixture
def shop(client: ApiClient) -> ApiClient:
    """A machine that sends our organization's events."""
    return client.as_role(scopes=["analytics:write", "analytics:read"], organization_id=OURS)


async def test_an_event_is_kept_as_it_was_sent_and_counts_once_however_often_it_comes(shop: ApiClient, session: Session) -> None:
    sent = event(user_id="payments.customer:7", session_id="s-1", value=250, properties={"product": "kettle"})
    first, again = [await shop.post(BATCH, json=[sent, sent]) for _ in range(2)]
    moved = await shop.post(BATCH, json=[sent | {"occurred_at": at(hours=3)}])
    theirs = await shop.as_role("operator", organization_id=THEIRS).post(BATCH, json=[sent])

    assert [one.status_code for one in (first, again, moved, theirs)] == [202] * 4
    assert first.json() == {
        "accepted": 1,
        "duplicates": 1,
        "quarantined": 0,
        "items": [{"index": 1, "outcome": "duplicate", "reason": None, "detail": None}],
    }
    assert [one.json()["duplicates"] for one in (again, moved)] == [2, 1]
    assert theirs.json()["accepted"] == 1, "ids of one organization say nothing of another's"
    kept = "SELECT event_id, name, user_id, session_id, value, properties, source FROM events WHERE organization_id = :whose"
    assert await rows(session, kept, whose=OURS) == [
        (UUID(sent["id"]), "shop.page_viewed", "payments.customer:7", "s-1", 250, {"product": "kettle"}, "api")
    ]


BAD: list[tuple[dict[str, Any] | Any, str, str]] = [
    (event(ago_s=-301), "future", "more than 5 minutes ahead"),
    (event(ago_s=31 * 86_400), "too_old", "more than 30 days ago"),
    (event(properties={"text": "x" * 33_000}), "too_large", "at most 32768 are taken"),
    (event("shop.page_veiwed"), "unknown_name", "did you mean shop.page_viewed"),
    (event("payments.order_placed", value=10**9), "reserved_name", "for its own events"),
    (event() | {"id": None}, "invalid", "id is missing"),
    (event(occurred_at="2026-03-02T09:00:00"), "invalid", "has no offset"),
    (event(value=1.5), "invalid", "value is not an integer"),
    (event(email="a@example.com"), "invalid", "there is no field email"),
    (["no event"], "invalid", "an event is an object"),
]


async def test_a_batch_with_ten_bad_events_says_why_of_each_and_takes_the_others(shop: ApiClient, session: Session) -> None:
    batch = [event(), *(bad for bad, _, _ in BAD), event()]
    answers = [await shop.post(BATCH, json=batch) for _ in range(2)]
    held = (await shop.get(QUARANTINE)).json()["items"]

    assert [one.json()["accepted"] for one in answers] == [2, 0]
    items = {one["index"]: one for one in answers[0].json()["items"]}
    assert [items[index]["reason"] for index in sorted(items)] == [reason for _, reason, _ in BAD]
    for index, (_, _, said) in enumerate(BAD, start=1):
        assert said in items[index]["detail"]
    assert sorted((one["reason"], one["times"]) for one in held) == sorted((reason, 2) for _, reason, _ in BAD)
    assert await rows(session, "SELECT count(*) FROM events") == [(2,)]


async def test_lines_are_events_and_one_that_is_none_spoils_no_other(shop: ApiClient) -> None:
    lines = b"\n".join((json.dumps(event()).encode(), b"{\xff\x00", b"", json.dumps(event()).encode()))
    answer = await shop.post(BATCH, content=lines, headers={"Content-Type": "application/x-ndjson"})

    assert (answer.json()["accepted"], answer.json()["items"][0]["detail"]) == (2, "the line is not JSON")
    assert (await shop.get(QUARANTINE)).json()["items"][0]["payload"] == "{\\xff\\u0000"


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", "{", (422, "batch_unreadable")),
        ("application/json", '{"events": []}', (422, "batch_unreadable")),
        ("text/plain", "[]", (415, "unknown_batch_type")),
        ("application/json", "[" + " " * 513_000 + "]", (413, "request_too_large")),
        ("application/json", "[]", (202, None)),
    ],
)
async def test_a_body_that_is_no_list_is_refused(shop: ApiClient, kind: str, body: str, expected: tuple[int, str | None]) -> None:
    answer = await shop.post(BATCH, content=body, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json().get("code")) == expected


async def test_whoever_may_not_write_sends_nothing(client: ApiClient, session: Session) -> None:
    callers = (client, client.as_role("viewer", organization_id=OURS))
    answers = [await caller.post(BATCH, json=[event()]) for caller in callers]
    foreign = await client.as_role("operator", organization_id=OURS).post(f"{BATCH}?organization_id={THEIRS}", json=[event()])

    assert [one.status_code for one in (*answers, foreign)] == [401, 403, 403]
    assert await rows(session, "SELECT count(*) FROM events") == [(0,)]


async def test_what_was_put_aside_for_its_name_is_taken_once_the_name_is_known(
    client: ApiClient, shop: ApiClient, session: Session
) -> None:
    await shop.post(BATCH, json=[event("shop.brochure_requested", value=3), event(ago_s=-301)])
    admin = client.as_role("admin")
    known = await admin.put(
        "/v1/event-names/shop.brochure_requested", json={"description": "One was asked for.", "unit": "pages"}
    )
    many = [await shop.post(f"{QUARANTINE}/redrive", json={"reason": reason}) for reason in ("unknown_name", "unknown_name")]
    still = await shop.post(f"{QUARANTINE}/redrive", json={})

    assert (known.status_code, known.json()["series"]) == (200, ["shop.brochure_requested", "shop.brochure_requested:value"])
    assert [one.json() for one in many] == [
        {"accepted": 1, "duplicates": 0, "refused": 0},
        {"accepted": 0, "duplicates": 0, "refused": 0},
    ]
    assert still.json() == {"accepted": 0, "duplicates": 0, "refused": 1}
    assert await rows(session, "SELECT name, value FROM events") == [("shop.brochure_requested", 3)]
    assert [one["reason"] for one in (await shop.get(QUARANTINE)).json()["items"]] == ["future"]


async def test_one_that_was_put_aside_is_mended_or_given_up_and_only_by_its_own(
    client: ApiClient, shop: ApiClient, session: Session
) -> None:
    late, wrong = event(ago_s=40 * 86_400), event() | {"value": "12"}
    await shop.post(BATCH, json=[late, wrong])
    held = {one["reason"]: f"{QUARANTINE}/{one['id']}" for one in (await shop.get(QUARANTINE)).json()["items"]}
    foreign = await client.as_role("operator", organization_id=THEIRS).post(f"{held['too_old']}/redrive", json={})
    again = await shop.post(f"{held['too_old']}/redrive", json={})
    let_in = await shop.post(f"{held['too_old']}/redrive", json={"accept_late": True})
    mended = await shop.post(f"{held['invalid']}/redrive", json={"event": wrong | {"value": 12}})
    gone = await shop.post(f"{held['invalid']}/discard", json={"note": "twice"})

    assert (foreign.status_code, again.json()["code"], again.json()["reason"]) == (404, "still_refused", "too_old")
    assert [(one.status_code, one.json()["state"]) for one in (let_in, mended)] == [(200, "redriven")] * 2
    assert (gone.status_code, gone.json()["code"]) == (404, "quarantined_event_not_found")
    assert await rows(session, "SELECT count(*), sum(value)::int FROM events") == [(2, 12)]


async def test_names_of_services_and_those_that_are_known_are_not_registered(client: ApiClient) -> None:
    admin, body = client.as_role("admin"), {"description": "Ours."}
    taken = [await admin.put(f"/v1/event-names/{name}", json=body) for name in ("trips.lost", "shop.page_viewed")]
    bound = await client.as_role("admin", organization_id=OURS).put("/v1/event-names/shop.own", json=body)

    assert [one.json()["code"] for one in (*taken, bound)] == ["name_reserved", "name_reserved", "bound_to_organization"]
    listed = {one["name"]: one["origin"] for one in (await client.as_role("viewer").get("/v1/event-names")).json()}
    assert (listed["payments.order_placed"], listed["shop.page_viewed"]) == ("service", "built_in")


@pytest.mark.commits
async def test_batches_that_meet_write_each_event_once(client: ApiClient, database: Database) -> None:
    batch = [event() | {"id": str(uuid7())} for _ in range(50)]
    wrong = event("shop.nobody_knows")
    shop = client.as_role("operator", organization_id=OURS)
    answers = await asyncio.gather(*(shop.post(BATCH, json=[*batch, wrong]) for _ in range(8)))

    assert [one.status_code for one in answers] == [202] * 8
    assert sum(one.json()["accepted"] for one in answers) == 50
    async with database.read() as session:
        assert await rows(session, "SELECT count(*), count(DISTINCT event_id) FROM events") == [(50, 50)]
        assert await rows(session, "SELECT times FROM quarantined_events") == [(8,)]
