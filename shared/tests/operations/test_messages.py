"""Outbox, inbox and one message's story; cancel, retry, undo."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.contracts.alerts import EvaluateShipment
from shared.contracts.notifications import SendEmail
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.errors import Transient
from shared.runtime.outbox import publish, write_pending
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Consumer, Query, Snapshot, finished

API = "/v1/operations"
WHY = {"reason": "sent by mistake"}
MAIL = SendEmail(to_email="ann@example.com", subject="Late", body="It is late.")


async def sent(session: Session, *, due_in_s: float = 0) -> UUID:
    """An e-mail that the alerts service has promised to send."""
    message_id = publish(session, MAIL, due_at=system_clock() + timedelta(seconds=due_in_s))
    await write_pending(session)
    return message_id


async def waiting(consumer: Consumer) -> UUID:
    """A message that waits for its retry."""
    consumer.error = Transient("the database of shipments is busy", retry_after_s=600)
    (handled,) = await consumer.deliver(finished(5))
    consumer.error = None
    assert handled.outcome == "retry"
    return handled.id


async def test_outbox_is_listed_newest_first_and_filtered(admin: ApiClient, session: Session) -> None:
    mails = [str(await sent(session)) for _ in range(3)]
    own = publish(session, EvaluateShipment(shipment_id=UUID(int=1)))
    await write_pending(session)

    first = (await admin.get(f"{API}/outbox", params={"name": "notifications.send_email", "limit": 2})).json()
    following = {"name": "notifications.send_email", "limit": 2, "cursor": first["next_cursor"]}
    rest = (await admin.get(f"{API}/outbox", params=following)).json()

    assert [row["id"] for row in (*first["items"], *rest["items"])] == mails[::-1]
    assert {(row["lane"], row["state"], row["sends"]) for row in first["items"]} == {("notifications.normal", "waiting", 0)}
    on_lane = (await admin.get(f"{API}/outbox", params={"lane": "alerts.evaluation", "state": "waiting"})).json()["items"]
    assert [row["id"] for row in on_lane] == [str(own)]
    assert (await admin.get(f"{API}/outbox", params={"state": "sent"})).json()["items"] == []


async def test_inbox_is_listed_and_filtered_by_state(admin: ApiClient, consumer: Consumer) -> None:
    (done,) = await consumer.deliver(finished(1))
    retry = await waiting(consumer)

    listed = {row["id"]: row for row in (await admin.get(f"{API}/inbox")).json()["items"]}
    assert {key: (row["state"], row["attempt"], row["source"]) for key, row in listed.items()} == {
        str(done.id): ("done", 1, "notifications"),
        str(retry): ("retry", 1, "notifications"),
    }
    only = (await admin.get(f"{API}/inbox", params={"state": "retry", "lane": "alerts.default"})).json()["items"]
    assert [row["id"] for row in only] == [str(retry)]
    assert (await admin.get(f"{API}/inbox", params={"state": "asleep"})).status_code == 422


async def test_story_tells_every_chapter(admin: ApiClient, consumer: Consumer) -> None:
    message = finished(5)
    (died,) = await consumer.kill(message)
    (letter,) = (await admin.get(f"{API}/dead-letters")).json()["items"]
    await admin.post(f"{API}/dead-letters/{letter['id']}/replay", json={"note": "opened again"})

    story = (await admin.get(f"{API}/messages/{died}")).json()

    inbox = story["inbox"]
    assert (inbox["state"], inbox["attempt"], inbox["error"]) == ("retry", 0, "alert 7 has been closed")
    assert (inbox["has_result"], inbox["body"], story["outbox"]) == (False, None, [])
    assert [(one["id"], one["status"], one["note"]) for one in story["dead_letters"]] == [
        (letter["id"], "replayed", "opened again")
    ]
    assert [(line["actor"], line["action"], line["reason"]) for line in story["audit"]] == [
        ("user:ann", "dead_letter.replay", "opened again")
    ]
    whole = (await admin.get(f"{API}/messages/{died}", params={"include": "body"})).json()
    assert whole["inbox"]["body"]["delivery_id"] == whole["dead_letters"][0]["body"]["delivery_id"] == str(UUID(int=5))


async def test_story_of_an_event_shows_each_of_its_rows(admin: ApiClient, session: Session) -> None:
    event_id = publish(session, finished())
    await write_pending(session)

    (row,) = (await admin.get(f"{API}/messages/{event_id}")).json()["outbox"]

    assert (row["event_id"], row["lane"], row["id"] != str(event_id)) == (str(event_id), "alerts.default", True)
    assert (await admin.get(f"{API}/messages/{row['id']}")).json()["outbox"] == [row]


async def test_unknown_message_is_not_found(admin: ApiClient) -> None:
    nobody = f"{API}/messages/{uuid4()}"
    answers = [await admin.get(nobody), *[await admin.post(f"{nobody}/{verb}", json=WHY) for verb in ("cancel", "retry")]]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "message_not_found")] * 3


async def test_cancelled_promise_waits_again_after_undo(admin: ApiClient, session: Session, query: Query) -> None:
    message_id = await sent(session, due_in_s=600)
    before = await query("SELECT * FROM outbox")

    cancelled = (await admin.post(f"{API}/messages/{message_id}/cancel", json=WHY)).json()

    assert (cancelled["outbox"], cancelled["inbox"]) == (1, 0)
    assert (await admin.get(f"{API}/outbox")).json()["items"][0]["undo_id"] == cancelled["undo_id"]
    assert await query("SELECT state FROM outbox") == [{"state": 2}]
    undone = await admin.post(f"{API}/undo/{cancelled['undo_id']}", json=WHY)
    assert (undone.json()["outbox"], await query("SELECT * FROM outbox")) == (1, before)


@pytest.mark.parametrize("state", [2, 3, 4])
async def test_cancelled_message_is_not_carried_out_until_the_undo(
    state: int, admin: ApiClient, consumer: Consumer, session: Session, query: Query
) -> None:
    message_id = await waiting(consumer)
    # As when its copy is in the broker already: it arrives all the same.
    await session.execute(
        text("UPDATE inbox SET state = :state, due_at = now(), lease_token = gen_random_uuid()"), {"state": state}
    )

    cancelled = (await admin.post(f"{API}/messages/{message_id}/cancel", json=WHY)).json()
    (arrived,) = await consumer.deliver(finished(5), ids=[message_id])

    assert (cancelled["inbox"], arrived.outcome, consumer.carried_out) == (1, "cancelled", [])
    await admin.post(f"{API}/undo/{cancelled['undo_id']}", json=WHY)
    assert await query("SELECT state, due_at <= now() AS due, finished_at, cancel_id FROM inbox") == [
        {"state": 2, "due": True, "finished_at": None, "cancel_id": None}
    ]
    await consumer.deliver(finished(5), ids=[message_id])
    assert consumer.carried_out == [UUID(int=5)]


INBOX_REFUSALS = [
    (0, "it is done since"),
    (1, "a worker is carrying it out"),
    (5, "it is dropped since"),
    (6, "dead letter"),
    (7, "/undo/"),
]


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize(("state", "says"), INBOX_REFUSALS)
async def test_received_message_that_does_not_wait_is_left_alone(
    verb: str, state: int, says: str, admin: ApiClient, consumer: Consumer, session: Session, snapshot: Snapshot
) -> None:
    message_id = await waiting(consumer)
    await session.execute(
        text("UPDATE inbox SET state = :state, finished_at = now(), due_at = now(), lease_token = gen_random_uuid()"),
        {"state": state},
    )
    before = await snapshot()

    answer = await admin.post(f"{API}/messages/{message_id}/{verb}", json=WHY)

    assert (answer.status_code, answer.json()["code"]) == (409, "message_not_waiting")
    assert says in answer.json()["detail"]
    assert await snapshot() == before


async def test_sent_promise_is_cancelled_at_its_consumer(admin: ApiClient, session: Session, snapshot: Snapshot) -> None:
    message_id = await sent(session)
    await session.execute(text("UPDATE outbox SET state = 1, sends = 1, confirm_by = now() + interval '1 hour'"))
    before = await snapshot()

    answer = await admin.post(f"{API}/messages/{message_id}/cancel", json=WHY)

    detail = "it has been sent to notifications.normal; ask the notifications service, whose it is now"
    assert (answer.status_code, answer.json()["detail"], answer.json()["state"]) == (409, detail, "sent")
    assert await snapshot() == before


async def test_undo_is_done_once(admin: ApiClient, session: Session, snapshot: Snapshot) -> None:
    message_id = await sent(session)
    undo_id = (await admin.post(f"{API}/messages/{message_id}/cancel", json=WHY)).json()["undo_id"]
    assert (await admin.post(f"{API}/undo/{undo_id}", json=WHY)).status_code == 200
    before = await snapshot()

    again, unknown = [await admin.post(f"{API}/undo/{key}", json=WHY) for key in (undo_id, uuid4())]

    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_undo")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "undo_not_found")
    assert await snapshot() == before


async def test_retry_makes_a_waiting_message_due(admin: ApiClient, consumer: Consumer, query: Query) -> None:
    message_id = await waiting(consumer)

    answer = await admin.post(f"{API}/messages/{message_id}/retry", json=WHY)

    assert answer.json() == {"outbox": 0, "inbox": 1, "undo_id": None}
    assert await query("SELECT state, attempt, due_at = now() AS due FROM inbox") == [{"state": 2, "attempt": 1, "due": True}]
    await consumer.deliver(finished(5), ids=[message_id])
    assert consumer.carried_out == [UUID(int=5)]


@pytest.mark.parametrize(("state", "column"), [(0, "due_at"), (1, "confirm_by")])
async def test_retry_of_a_promise_hurries_its_sending(
    state: int, column: str, admin: ApiClient, session: Session, query: Query
) -> None:
    message_id = await sent(session, due_in_s=600)
    later = {0: "NULL", 1: "now() + interval '1 hour'"}[state]
    await session.execute(text(f"UPDATE outbox SET state = {state}, confirm_by = {later}"))  # noqa: S608 # two constants

    answer = await admin.post(f"{API}/messages/{message_id}/retry", json=WHY)

    assert (answer.json()["outbox"], answer.json()["inbox"]) == (1, 0)
    assert await query(f"SELECT state, {column} = now() AS due FROM outbox") == [{"state": state, "due": True}]  # noqa: S608 # as above


@pytest.mark.parametrize(
    "body", [{}, {"reason": " "}, {"reason": "x" * 501}, {"reason": "fine", "force": True}, {"reason": "a\0b"}]
)
@pytest.mark.parametrize("verb", ["cancel", "retry"])
async def test_change_without_a_reason_is_refused(
    verb: str, body: dict[str, Any], admin: ApiClient, session: Session, snapshot: Snapshot
) -> None:
    message_id = await sent(session)
    before = await snapshot()

    answer = await admin.post(f"{API}/messages/{message_id}/{verb}", json=body)

    assert answer.status_code == 422
    assert await snapshot() == before
