"""Deliveries and e-mails over HTTP: what callers see, and what they may not."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifications.deliveries.repository import DeliveryRepository, DeliveryRow
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
EMAIL = {"to_email": "ann@example.com", "subject": "Late", "body": "3 days."}

_STANDS = text("""
    UPDATE deliveries SET status = :status, finished_at = CASE WHEN :status <> 'sending' THEN created_at END WHERE id = :id
""")
_OPEN_ATTEMPT = text("INSERT INTO delivery_attempts (delivery_id, number, provider, started_at) VALUES (:id, 1, 'smtp', now())")


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization who may read and write."""
    return client.as_role("operator", organization_id=OURS)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def add(session: Session, clock: FrozenClock, organization_id: UUID | None = OURS, **fields: Any) -> UUID:
    """A delivery that waits, a second after the one before."""
    delivery_id = uuid7()
    columns: dict[str, Any] = dict.fromkeys(DeliveryRow._fields)
    given = {
        "channel": "email",
        "category": "general",
        "to_address": "ann@example.com",
        "subject": "Late",
        "message_id_header": f"<{delivery_id}@example.com>",
        "retries": 0,
    }
    row = DeliveryRow(**{**columns, **given, "id": delivery_id, "organization_id": organization_id, **fields})
    await DeliveryRepository(session).add([row], clock.advance(timedelta(seconds=1)))
    return delivery_id


async def test_email_is_promised_shown_as_queued_sent_and_its_timeline_told(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    accepted = await operator.post("/v1/emails", json={**EMAIL, "lane": "urgent", "subject_key": "order:7"}, headers=key())
    where = accepted.headers["Location"]
    before = (await operator.get(where)).json()
    message = await assert_published(session, SendEmail, to_email="ann@example.com", organization_id=OURS, subject_key="order:7")
    await run_task(message, ids=[UUID(accepted.json()["id"])])

    after = (await operator.get(where)).json()
    assert (accepted.status_code, where) == (202, f"/v1/deliveries/{accepted.json()['id']}")
    assert [(one.name, one.lanes) for one in await outbox_of(session)] == [
        ("notifications.send_email", ("notifications.urgent",)),
        ("notifications.deliveries_ended", ("analytics.normal",)),
    ]
    assert (before["status"], before["timeline"], before["organization_id"]) == ("queued", [], str(OURS))
    assert (after["status"], after["retries"], after["error"]) == ("sent", 0, None)
    assert [(one["number"], one["provider"], one["outcome"], one["code"]) for one in after["timeline"]] == [
        (1, "smtp", "accepted", 250)
    ]
    assert (await mail_server.newest())["Message-ID"] == after["message_id_header"]


async def test_email_is_asked_for_once_per_key(operator: ApiClient, session: Session) -> None:
    headers = key()
    answers = [await operator.post("/v1/emails", json=EMAIL, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    await assert_published(session, SendEmail)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to_email": "nobody"}, "invalid_request"),
        ({"to_email": "a>b@example.com"}, "address_unusable"),
        ({"subject": "a\r\nBcc: all@example.com"}, "invalid_request"),
        ({"to_name": "A\nB"}, "invalid_request"),
        ({"subject_key": "\x00"}, "invalid_request"),
        ({"body": ""}, "invalid_request"),
        ({"body": "ü" * 33_000}, "message_too_large"),
        ({"valid_until": "2026-03-02T09:00:00"}, "invalid_request"),
        ({"lane": "callbacks"}, "invalid_request"),
        ({"organization_id": str(THEIRS)}, "invalid_request"),
    ],
)
async def test_email_that_cannot_be_sent_is_refused_and_leaves_nothing(
    operator: ApiClient, session: Session, change: dict[str, Any], code: str
) -> None:
    refused = await operator.post("/v1/emails", json={**EMAIL, **change}, headers=key())

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await operator.get("/v1/deliveries")).json()["items"] == []
    await assert_nothing_published(session)


async def test_list_shows_the_newest_first_in_pages_and_by_status(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    ids = [str(await add(session, clock)) for _ in range(5)]
    first = (await operator.get("/v1/deliveries", params={"limit": 3, "status": "queued"})).json()
    second = (
        await operator.get("/v1/deliveries", params={"limit": 3, "status": "queued", "cursor": first["next_cursor"]})
    ).json()

    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert (len(first["items"]), second["next_cursor"]) == (3, None)
    assert (await operator.get("/v1/deliveries", params={"status": "sent"})).json()["items"] == []
    assert (await operator.get("/v1/deliveries", params={"status": "lost"})).status_code == 422


async def test_list_is_narrowed_to_each_way_in_which_a_delivery_can_stand(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    await add(session, clock)
    ids = {status: await add(session, clock) for status in ("sending", "sent", "failed", "dropped")}
    for status, delivery_id in ids.items():
        await session.execute(_STANDS, {"id": delivery_id, "status": status})
    await session.execute(_OPEN_ATTEMPT, {"id": ids["sending"]})

    found = {status: (await operator.get("/v1/deliveries", params={"status": status})).json()["items"] for status in ids}
    assert {status: [one["id"] for one in items] for status, items in found.items()} == {
        status: [str(delivery_id)] for status, delivery_id in ids.items()
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("template_name", "delay"),
        ("requester", "alerts.alert:7"),
        ("subject_key", "a key with % and '"),
        ("to_address", "Ann+x@example.com"),
    ],
)
async def test_list_is_narrowed_to_exactly_what_is_named(
    operator: ApiClient, session: Session, clock: FrozenClock, field: str, value: str
) -> None:
    named: dict[str, Any] = {field: value}
    wanted, _ = await add(session, clock, **named), await add(session, clock)
    await add(session, clock, **{**named, field: value.upper()})
    await add(session, clock, THEIRS, **named)

    assert [one["id"] for one in (await operator.get("/v1/deliveries", params={field: value})).json()["items"]] == [str(wanted)]
    assert (await operator.get("/v1/deliveries", params={field: "\x00"})).json().get("items", []) == []


async def test_list_is_narrowed_to_a_time(operator: ApiClient, session: Session, clock: FrozenClock) -> None:
    ids = [str(await add(session, clock)) for _ in range(4)]
    span = {"created_after": "2026-03-02T10:00:02+01:00", "created_before": "2026-03-02T09:00:04Z"}
    refused = [
        await operator.get("/v1/deliveries", params={"created_after": one}) for one in ("2026-03-02T09:00:00", "0.5", "9" * 50)
    ]

    assert [one["id"] for one in (await operator.get("/v1/deliveries", params=span)).json()["items"]] == ids[2:0:-1]
    assert [one.status_code for one in refused] == [422] * 3


async def test_caller_without_an_organization_may_name_one(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    ours, _ = await add(session, clock), await add(session, clock, THEIRS)
    named = {"organization_id": str(OURS)}
    foreign = await client.as_role("viewer", organization_id=THEIRS).get("/v1/deliveries", params=named)

    shown = (await client.as_role("viewer").get("/v1/deliveries", params=named)).json()["items"]
    assert [one["id"] for one in shown] == [str(ours)]
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_organization")


async def test_organization_sees_its_own_and_a_caller_without_one_sees_all(
    client: ApiClient, operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    ours, theirs, nobodys = [await add(session, clock, owner) for owner in (OURS, THEIRS, None)]
    everybody = (await client.as_role("viewer").get("/v1/deliveries")).json()["items"]

    assert [one["id"] for one in everybody] == [str(nobodys), str(theirs), str(ours)]
    assert [one["id"] for one in (await operator.get("/v1/deliveries")).json()["items"]] == [str(ours)]
    statuses = [(await operator.get(f"/v1/deliveries/{one}")).status_code for one in (ours, theirs, nobodys)]
    assert statuses == [200, 404, 404]


async def test_unknown_delivery_is_not_found(operator: ApiClient) -> None:
    missing = await operator.get(f"/v1/deliveries/{uuid4()}")

    assert (missing.status_code, missing.json()["code"]) == (404, "delivery_not_found")


async def test_reading_and_sending_need_their_scopes(client: ApiClient, session: Session) -> None:
    viewer = client.as_role("viewer")

    assert (await viewer.post("/v1/emails", json=EMAIL, headers=key())).status_code == 403
    assert (await client.as_role(scopes=["notifications:write"]).get("/v1/deliveries")).status_code == 403
    assert (await client.get("/v1/deliveries")).status_code == 401
    await assert_nothing_published(session)
