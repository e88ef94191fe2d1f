"""Dead letters: look, group, replay, mend, discard."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.runtime.errors import Permanent
from shared.runtime.operations.dead_letters.errors import PayloadTooLarge
from shared.runtime.operations.dead_letters.service import _validated
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Consumer, Query, Snapshot, finished, letters_of, raw_letter

LETTERS = "/v1/operations/dead-letters"
NOTE = {"note": "the alert was opened again"}


async def test_letters_are_listed_newest_first_without_payloads(admin: ApiClient, consumer: Consumer) -> None:
    await consumer.kill(finished(1), finished(2), finished(3))

    first = (await admin.get(LETTERS, params={"limit": 2})).json()
    rest = (await admin.get(LETTERS, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    shown = [*first["items"], *rest["items"]]
    assert [item["id"] for item in shown] == sorted((item["id"] for item in shown), reverse=True)
    assert (len(shown), rest["next_cursor"]) == (3, None)
    assert {(item["reason"], item["name"], item["lane"], item["attempts"], item["body"]) for item in shown} == {
        ("permanent_error", "notifications.delivery_finished", "alerts.default", 1, None)
    }


async def test_letters_are_found_by_what_they_died_of(admin: ApiClient, consumer: Consumer, session: Session) -> None:
    (died,) = await consumer.kill(finished())
    raw = await raw_letter(session)

    assert [one["message_id"] for one in await letters_of(admin, reason="permanent_error")] == [str(died)]
    assert [one["id"] for one in await letters_of(admin, fingerprint="f0")] == [str(raw)]
    assert await letters_of(admin, name="notifications.send_email") == []
    assert await letters_of(admin, status="discarded") == []
    assert await letters_of(admin, since="2999-01-01T00:00:00Z") == []
    assert len(await letters_of(admin, since="2020-01-01T00:00:00Z")) == 2


async def test_letters_of_the_same_cause_are_one_group(admin: ApiClient, consumer: Consumer) -> None:
    await consumer.kill(finished(1), error=Permanent("alert 7 has been closed"))
    await consumer.kill(finished(2), error=Permanent("alert 8 has been closed"))
    await consumer.kill(finished(3), error=Permanent("the shipment is gone"))

    first = (await admin.get(f"{LETTERS}/groups", params={"limit": 1})).json()
    rest = (await admin.get(f"{LETTERS}/groups", params={"cursor": first["next_cursor"]})).json()

    groups = {group["letters"]: group for group in (*first["items"], *rest["items"])}
    assert sorted(groups) == [1, 2]
    assert groups[2]["error"] in ("alert 7 has been closed", "alert 8 has been closed")
    assert (groups[1]["error"], groups[1]["reason"], groups[1]["error_class"]) == (
        "the shipment is gone",
        "permanent_error",
        "Permanent",
    )
    assert [one["id"] for one in await letters_of(admin, fingerprint=groups[1]["fingerprint"])] == [groups[1]["newest_id"]]


async def test_letters_of_more_causes_than_a_page_shows_are_all_counted(admin: ApiClient, session: Session) -> None:
    die = text("""
        INSERT INTO dead_letters (id, reason, name, body, fingerprint, status)
        SELECT gen_random_uuid(), 'failed',
               CASE WHEN number <= 250 THEN 'alerts.common' WHEN number <= 500 THEN 'x' || number END,
               '{}', 'f' || number, CASE WHEN number = 502 THEN 'discarded' ELSE 'open' END
          FROM generate_series(1, 502) AS number
    """)
    await session.execute(die)

    counts = (await admin.get(f"{LETTERS}/counts")).json()

    assert (counts["open"], counts["items"][0]) == (501, {"subject": "alerts.common", "letters": 250})
    assert (len(counts["items"]), counts["others"]) == (200, 501 - 250 - 199)


async def test_payload_is_shown_to_an_administrator_who_asks(admin: ApiClient, consumer: Consumer, session: Session) -> None:
    await consumer.kill(finished(5))
    (letter,) = await letters_of(admin)
    raw = await raw_letter(session)

    assert (await admin.get(f"{LETTERS}/{letter['id']}")).json()["body"] is None
    assert (await admin.get(f"{LETTERS}/{letter['id']}", params={"include": "body"})).json()["body"]["delivery_id"] == str(
        UUID(int=5)
    )
    assert (await admin.get(f"{LETTERS}/{raw}", params={"include": "body"})).json()["body"] == "not json"


async def test_replayed_message_is_carried_out_once_under_its_own_id(admin: ApiClient, consumer: Consumer, query: Query) -> None:
    message = finished(5)
    (died,) = await consumer.kill(message)
    (letter,) = await letters_of(admin)

    answer = await admin.post(f"{LETTERS}/{letter['id']}/replay", json=NOTE)

    assert (answer.status_code, answer.json()) == (200, {"letter_id": letter["id"], "message_id": str(died)})
    (row,) = await query(
        "SELECT state, attempt, crashes, due_at <= now() AS due, finished_at, body->>'delivery_id' AS body FROM inbox"
    )
    assert row == {"state": 2, "attempt": 0, "crashes": 0, "due": True, "finished_at": None, "body": str(UUID(int=5))}
    for _ in range(2):
        (handled,) = await consumer.deliver(message, ids=[died])
        assert (handled.outcome, handled.attempt) == ("done", 1)
    assert consumer.carried_out == [UUID(int=5)]


async def test_replaying_twice_is_one_replay(admin: ApiClient, consumer: Consumer, snapshot: Snapshot) -> None:
    await consumer.kill(finished())
    (letter,) = await letters_of(admin)
    await admin.post(f"{LETTERS}/{letter['id']}/replay", json=NOTE)
    before = await snapshot()

    for path, body in (("replay", NOTE), ("replay-edited", {**NOTE, "body": {}}), ("discard", NOTE)):
        again = await admin.post(f"{LETTERS}/{letter['id']}/{path}", json=body)
        assert (again.status_code, again.json()["code"]) == (409, "dead_letter_settled")
        assert again.json()["detail"].startswith("it was replayed by user:ann at ")
    assert await snapshot() == before


async def test_message_that_dies_again_has_a_letter_again(admin: ApiClient, consumer: Consumer) -> None:
    message = finished()
    (died,) = await consumer.kill(message)
    (first,) = await letters_of(admin)
    await admin.post(f"{LETTERS}/{first['id']}/replay", json=NOTE)
    consumer.error = Permanent("closed once more")

    await consumer.deliver(message, ids=[died])

    (second,) = await letters_of(admin)
    assert (second["message_id"], second["error"], second["attempts"]) == (str(died), "closed once more", 1)
    assert [one["id"] for one in await letters_of(admin, status="replayed")] == [first["id"]]


async def test_letter_without_its_inbox_row_is_replayed_behind_a_new_fence(
    admin: ApiClient, consumer: Consumer, session: Session
) -> None:
    message = finished(5)
    (died,) = await consumer.kill(message)
    await session.execute(text("DELETE FROM inbox"))
    (letter,) = await letters_of(admin)

    assert (await admin.post(f"{LETTERS}/{letter['id']}/replay", json=NOTE)).status_code == 200

    for _ in range(2):
        await consumer.deliver(message, ids=[died])
    assert consumer.carried_out == [UUID(int=5)]


@pytest.mark.parametrize("state", [0, 1, 2, 3, 4, 5, 7])
async def test_only_what_is_dead_is_replayed(
    state: int, admin: ApiClient, consumer: Consumer, session: Session, snapshot: Snapshot
) -> None:
    await consumer.kill(finished())
    await session.execute(
        text("UPDATE inbox SET state = :state, due_at = now(), lease_token = gen_random_uuid()"), {"state": state}
    )
    (letter,) = await letters_of(admin)
    before = await snapshot()

    answer = await admin.post(f"{LETTERS}/{letter['id']}/replay", json=NOTE)

    assert (answer.status_code, answer.json()["code"]) == (409, "message_not_dead")
    assert await snapshot() == before


@pytest.mark.parametrize("lane", [None, "alerts.default", "payments.batch"])
async def test_raw_envelope_is_replayed_only_edited(
    lane: str | None, admin: ApiClient, session: Session, snapshot: Snapshot, query: Query
) -> None:
    raw = await raw_letter(session, lane=lane)
    before = await snapshot()

    refused = await admin.post(f"{LETTERS}/{raw}/replay", json=NOTE)
    assert (refused.status_code, refused.json()["code"]) == (409, "dead_letter_needs_editing")
    nameless = await admin.post(f"{LETTERS}/{raw}/replay-edited", json={**NOTE, "body": {}})
    assert (nameless.status_code, nameless.json()["code"]) == (422, "unknown_contract")
    assert await snapshot() == before

    body = finished(9).model_dump(mode="json")
    sent = await admin.post(
        f"{LETTERS}/{raw}/replay-edited", json={**NOTE, "body": body, "name": "notifications.delivery_finished"}
    )

    assert sent.status_code == 200
    (row,) = await query("SELECT id, lane, state, attempt, replay_of FROM inbox")
    assert row == {"id": UUID(sent.json()["message_id"]), "lane": "alerts.default", "state": 2, "attempt": 0, "replay_of": None}
    (settled,) = await letters_of(admin, status="replayed")
    assert settled["replayed_as"] == sent.json()["message_id"]


async def test_mended_message_goes_out_under_a_new_id(admin: ApiClient, consumer: Consumer, query: Query) -> None:
    (died,) = await consumer.kill(finished(5, requester="alerts.alert:7"))
    (letter,) = await letters_of(admin)
    mended = finished(5, requester="alerts.alert:8")

    answer = await admin.post(f"{LETTERS}/{letter['id']}/replay-edited", json={**NOTE, "body": mended.model_dump(mode="json")})

    new_id = UUID(answer.json()["message_id"])
    rows = await query("SELECT id, state, source, replay_of FROM inbox ORDER BY state")
    assert rows == [
        {"id": new_id, "state": 2, "source": "notifications", "replay_of": died},
        {"id": died, "state": 6, "source": "notifications", "replay_of": None},
    ]
    assert (await consumer.deliver(mended, ids=[new_id]))[0].outcome == "done"
    (line,) = (await admin.get("/v1/operations/audit")).json()["items"]
    assert (line["action"], line["details"]) == (
        "dead_letter.replay_edited",
        {"message_id": str(new_id), "changed": ["requester"]},
    )


UNFIT: list[tuple[dict[str, Any], str, str]] = [
    ({"body": {"status": "sent"}}, "invalid_request", "#/body/delivery_id"),
    ({"body": {}, "lane": "alerts.evaluation"}, "unknown_contract", "reaches alerts on alerts.default only"),
    ({"body": {}, "name": "notifications.send_email"}, "unknown_contract", "give the name of a message that alerts carries out"),
    ({"body": {}, "name": "alerts.nothing"}, "unknown_contract", "notifications.delivery_finished"),
    ({"body": []}, "invalid_request", "#/body"),
    ({}, "invalid_request", "#/body"),
]


@pytest.mark.parametrize(("edit", "code", "names"), UNFIT)
async def test_edit_that_does_not_fit_the_contract_is_refused(
    edit: dict[str, Any], code: str, names: str, admin: ApiClient, consumer: Consumer, snapshot: Snapshot
) -> None:
    await consumer.kill(finished())
    (letter,) = await letters_of(admin)
    before = await snapshot()

    answer = await admin.post(f"{LETTERS}/{letter['id']}/replay-edited", json={**NOTE, **edit})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert names in answer.text
    assert await snapshot() == before


async def test_what_a_contract_does_not_know_does_not_travel(admin: ApiClient, consumer: Consumer, query: Query) -> None:
    await consumer.kill(finished(5))
    (letter,) = await letters_of(admin)
    body = finished(5).model_dump(mode="json")

    answer = await admin.post(f"{LETTERS}/{letter['id']}/replay-edited", json={**NOTE, "body": {**body, "colour": "red"}})

    new_id = UUID(answer.json()["message_id"])
    assert await query("SELECT body->'colour' AS colour FROM inbox WHERE id = :id", id=new_id) == [{"colour": None}]


def test_edited_payload_over_64_kb_is_refused() -> None:
    with pytest.raises(PayloadTooLarge, match="at most 65536 travel"):
        _validated(SendEmail, {"to_email": "ann@example.com", "subject": "x", "body": "x" * 40_000, "body_html": "x" * 40_000})


async def test_discarded_letter_is_kept_with_its_note(admin: ApiClient, consumer: Consumer, query: Query) -> None:
    await consumer.kill(finished())
    (letter,) = await letters_of(admin)

    answer = await admin.post(f"{LETTERS}/{letter['id']}/discard", json={"note": "a test order"})

    assert answer.status_code == 204
    (settled,) = await letters_of(admin, status="discarded")
    assert (settled["id"], settled["note"], settled["settled_by"]) == (letter["id"], "a test order", "user:ann")
    assert await query("SELECT state FROM inbox") == [{"state": 6}]


async def test_unknown_letter_is_not_found(admin: ApiClient) -> None:
    nowhere = f"{LETTERS}/{uuid4()}"
    answers = [
        await admin.get(nowhere),
        await admin.post(f"{nowhere}/replay", json=NOTE),
        await admin.post(f"{nowhere}/replay-edited", json={**NOTE, "body": {}}),
        await admin.post(f"{nowhere}/discard", json=NOTE),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "dead_letter_not_found")] * 4
