"""SendGrid's stand-in: what it refuses, what it is told to do wrong, and its signed events."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.sandbox.tests.conftest import Harness, Start, harness
from deploy.sandbox.tests.subscriber import Call, subscriber

KEY = {"Authorization": "Bearer sandbox"}
TO_ANN = {"to": [{"email": "ann@example.com"}], "custom_args": {"ref": "r1"}}
MAIL: dict[str, Any] = {
    "personalizations": [TO_ANN],
    "from": {"email": "waybill@example.com"},
    "subject": "Hello",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


async def send(sandbox: Harness, mail: Any = MAIL, headers: dict[str, str] = KEY) -> httpx.Response:
    return await sandbox.http.post("/sendgrid/v3/mail/send", json=mail, headers=headers)


async def events_of(calls: list[Call]) -> list[dict[str, Any]]:
    return [event for call in calls for event in json.loads(call.body)]


def one(**fields: Any) -> dict[str, Any]:
    return {**MAIL, "personalizations": [{**TO_ANN, **fields}]}


async def test_mail_is_taken_with_an_id_and_what_the_rate_limit_leaves(sandbox: Harness) -> None:
    answer = await send(sandbox)
    mail = (await sandbox.get("/mail"))["items"][0]

    assert (answer.status_code, answer.content) == (202, b"")
    assert mail["provider_id"].startswith(answer.headers["X-Message-Id"] + ".")
    assert (mail["provider"], mail["ref"], mail["envelope"]["rcpt_to"]) == ("sendgrid", "r1", ["ann@example.com"])
    assert answer.headers["X-RateLimit-Remaining"] == "99999"


@pytest.mark.parametrize(
    ("mail", "field"),
    [
        ({}, "personalizations"),
        ({**MAIL, "personalizations": []}, "personalizations"),
        ({**MAIL, "personalizations": [TO_ANN] * 1001}, "personalizations"),
        ({**MAIL, "personalizations": [TO_ANN, TO_ANN]}, "personalizations.1"),
        ({**MAIL, "from": {"email": "waybill"}}, "from.email"),
        ({**MAIL, "content": []}, "content"),
        ({**MAIL, "content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({**MAIL, "subject": ""}, "subject"),
        ({name: value for name, value in MAIL.items() if name != "subject"}, "subject"),
        ({**MAIL, "categories": ["c"] * 11}, "categories"),
        ({**MAIL, "surprise": 1}, "surprise"),
        (one(to=[]), "personalizations.0.to"),
        (one(to=[{"email": "ann@"}]), "personalizations.0.to.0.email"),
        (one(to=[{"email": "büro@example.com"}]), "personalizations.0.to.0.email"),
        (one(to=[{"email": "ann@example.com", "name": "Doe, Ann"}]), "personalizations.0.to.0.name"),
        (one(headers={"Reply-To": "x@example.com"}), "personalizations.0.headers"),
        (one(headers={"X-A": "a\r\nB: b"}), "personalizations.0.headers"),
        (one(custom_args={"ref": 7}), "personalizations.0.custom_args.ref"),
        (one(substitutions={"-a-": "x" * 10_000}), "personalizations.0.substitutions"),
        ({**MAIL, "attachments": [{"content": "no base64", "filename": "a"}]}, "attachments.0.content"),
    ],
)
async def test_request_that_the_documents_do_not_allow_is_refused_by_its_field(
    sandbox: Harness, mail: dict[str, Any], field: str
) -> None:
    answer = await send(sandbox, mail)

    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert await sandbox.count() == 0


@pytest.mark.parametrize("key", [None, "sandbox", "Bearer wrong", "bearer sandbox"])
async def test_request_without_the_key_is_refused(sandbox: Harness, key: str | None) -> None:
    answer = await send(sandbox, headers={"Authorization": key} if key else {})

    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, "authorization required")


async def test_html_before_text_and_what_is_no_json_are_refused(sandbox: Harness) -> None:
    parts = [{"type": "text/html", "value": "<p>"}, {"type": "text/plain", "value": "a"}]
    post = sandbox.http.post
    broken = await post("/sendgrid/v3/mail/send", content=b"{", headers={**KEY, "Content-Type": "application/json"})
    form = await post("/sendgrid/v3/mail/send", data={"a": "b"}, headers=KEY)

    assert (await send(sandbox, {**MAIL, "content": parts})).status_code == 400
    assert (broken.status_code, form.status_code) == (400, 415)


@pytest.mark.parametrize(
    ("rule", "status", "kept"),
    [
        ({"action": 503}, 503, 0),
        ({"action": "error_inside_200"}, 200, 0),
        ({"action": "rate_limit", "seconds": 20}, 429, 0),
        ({"action": "delay", "seconds": 0.01}, 202, 1),
        ({"match": "bob@*", "action": 503}, 202, 1),
    ],
)
async def test_rule_decides_the_answer(sandbox: Harness, rule: dict[str, Any], status: int, kept: int) -> None:
    await sandbox.http.put("/faults/sendgrid", json=[rule])

    assert ((await send(sandbox)).status_code, await sandbox.count()) == (status, kept)


@pytest.mark.parametrize("recorded", [False, True])
async def test_connection_is_dropped_with_or_without_a_record(sandbox: Harness, recorded: bool) -> None:
    await sandbox.http.put("/faults/sendgrid", json=[{"action": "drop_connection", "recorded": recorded, "times": 1}])
    with pytest.raises(httpx.RemoteProtocolError):
        await send(sandbox)

    assert await sandbox.count() == int(recorded)
    assert (await send(sandbox)).status_code == 202


async def test_mail_is_on_record_while_its_answer_never_comes(sandbox: Harness) -> None:
    await sandbox.http.put("/faults/sendgrid", json=[{"action": "timeout_after_accept"}])
    sending = asyncio.create_task(send(sandbox))
    found = await sandbox.get("/mail/wait", to="ann@example.com", timeout=15)

    assert (found["reached"], found["items"][0]["answered"], sending.done()) == (True, False, False)
    sending.cancel()


async def test_request_is_kept_as_it_came_and_without_its_key(sandbox: Harness) -> None:
    await send(sandbox)
    (kept,) = (await sandbox.get("/sendgrid/requests"))["items"]

    assert await sandbox.get(f"/sendgrid/requests/{kept['id']}") == MAIL
    assert (kept["request"], "authorization" in kept["headers"]) == ("POST /sendgrid/v3/mail/send", False)
    assert (await sandbox.http.delete("/sendgrid/requests")).json() == {"deleted": 1}
    assert (await sandbox.http.get(f"/sendgrid/requests/{kept['id']}")).status_code == 404


async def test_events_are_signed_over_time_and_body_with_the_key_that_is_shown(start: Start) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await send(sandbox)
        calls = await caller.arrived(2)
        shown = (await sandbox.get("/sendgrid/event-key"))["public_key"]

    assert {call.path for call in calls} == {"/v1/callbacks/sendgrid"}
    for call in calls:
        _verify(shown, call)
    with pytest.raises(InvalidSignature):
        _verify(shown, Call("/", calls[0].headers, calls[0].body.strip()))


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("delivered", ["processed", "delivered"]),
        ("deferred", ["processed", "deferred", "delivered"]),
        ("bounce", ["processed", "bounce"]),
        ("blocked", ["processed", "bounce"]),
        ("soft_bounce", ["processed", "bounce"]),
        ("dropped", ["dropped"]),
        ("complaint", ["processed", "delivered", "spamreport"]),
        ("unsubscribe", ["processed", "delivered", "unsubscribe"]),
        ("opened", ["processed", "delivered", "open"]),
    ],
)
async def test_fate_is_told_by_its_events(start: Start, fate: str, expected: list[str]) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.put("/faults/sendgrid", json=[{"action": fate}])
        await send(sandbox)
        events = await events_of(await caller.arrived(len(expected)))

    assert sorted(event["event"] for event in events) == sorted(expected)
    assert {(event["email"], event["ref"]) for event in events} == {("ann@example.com", "r1")}
    assert len({event["sg_event_id"] for event in events}) == len(expected)
    bounce = next((event for event in events if event["event"] == "bounce"), {"type": None})
    assert bounce["type"] == {"bounce": "bounce", "soft_bounce": "bounce", "blocked": "blocked"}.get(fate)


async def test_events_repeat_with_their_ids_and_come_in_the_opposite_order(start: Start) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.put("/faults/sendgrid", json=[{"action": "delivered", "repeat": 3, "reorder": True}])
        await send(sandbox)
        events = await events_of(await caller.arrived(6))

    assert [event["event"] for event in events] == ["delivered"] * 3 + ["processed"] * 3
    assert len({event["sg_event_id"] for event in events}) == 2


async def test_events_of_a_batch_share_calls(start: Start) -> None:
    people = [{"to": [{"email": f"p{number}@example.com"}]} for number in range(700)]
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await send(sandbox, {**MAIL, "personalizations": people})
        calls = await caller.arrived(4)

    assert sorted(len(json.loads(call.body)) for call in calls) == [200, 200, 500, 500]


async def test_call_that_is_refused_comes_again(start: Start) -> None:
    async with subscriber() as caller:
        caller.statuses = [503]
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.put("/faults/sendgrid", json=[{"action": "dropped"}])
        await send(sandbox)
        calls = await caller.arrived(2)

    assert calls[0].body == calls[1].body


async def test_events_survive_a_restart_and_the_key_its_file(start: Start, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "events.pem"
    async with subscriber() as caller:
        options = {"data": tmp_path / "data", "sendgrid_event_key_file": key, "callback_url": caller.url}
        async with harness(**options) as first:
            shown = (await first.get("/sendgrid/event-key"))["public_key"]
            await first.http.put("/faults/sendgrid", json=[{"action": "dropped", "seconds": 1}])
            await send(first)
        assert caller.calls == []
        await start(**options)
        (call,) = await caller.arrived(1)

    _verify(shown, call)
    assert oct(key.stat().st_mode)[-3:] == "600"


async def test_nobody_is_called_back_without_an_address(sandbox: Harness) -> None:
    await send(sandbox)

    assert (await sandbox.get("/readyz"))["sendgrid"]["calls_back"] is False


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"action": "status"}, "status goes with the action status"),
        ({"action": "bounce", "code": "x"}, "code goes with status"),
        ({"action": "delay"}, "delay needs seconds"),
        ({"action": 500, "repeat": 2}, "repeat and reorder go with"),
        ({"action": 500, "recorded": True}, "recorded goes with drop_connection"),
        ({"action": "silent", "text": "x"}, "text goes with"),
        ({"action": 500, "seconds": 1}, "seconds goes with"),
    ],
)
async def test_rule_that_makes_no_sense_is_refused(sandbox: Harness, rule: dict[str, Any], says: str) -> None:
    refused = await sandbox.http.put("/faults/ses", json=[rule])

    assert (refused.status_code, says in refused.json()["detail"]) == (422, True)


def _verify(shown: str, call: Call) -> None:
    key = serialization.load_der_public_key(base64.b64decode(shown))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    timestamp = call.headers["x-twilio-email-event-webhook-timestamp"].encode()
    signature = base64.b64decode(call.headers["x-twilio-email-event-webhook-signature"])
    key.verify(signature, timestamp + call.body, ec.ECDSA(hashes.SHA256()))


async def test_each_list_has_those_who_came_onto_it(sandbox: Harness) -> None:
    fates = [("gone", "bounce"), ("cross", "complaint"), ("tired", "unsubscribe")]
    rules = [{"match": f"{name}@*", "action": action} for name, action in fates]
    dropped = [{"match": "none@*", "action": "dropped", "text": "Invalid"}, {"match": "old@*", "action": "dropped"}]
    await sandbox.http.put("/faults/sendgrid", json=rules + dropped)
    people = [{"to": [{"email": f"{name}@example.com"}]} for name in ("gone", "cross", "tired", "none", "old", "ann")]
    await send(sandbox, {**MAIL, "personalizations": people})
    headers = {"Authorization": "Bearer sandbox"}
    lists = {
        name: (await sandbox.http.get(f"/sendgrid/v3/suppression/{name}", headers=headers)).json()
        for name in ("bounces", "spam_reports", "unsubscribes", "invalid_emails")
    }

    assert {name: [entry["email"].partition("@")[0] for entry in entries] for name, entries in lists.items()} == {
        "bounces": ["gone"],
        "spam_reports": ["cross"],
        "unsubscribes": ["tired"],
        "invalid_emails": ["none"],
    }
    assert {name: sorted(entries[0]) for name, entries in lists.items()} == {
        "bounces": ["created", "email", "reason", "status"],
        "spam_reports": ["created", "email", "ip"],
        "unsubscribes": ["created", "email"],
        "invalid_emails": ["created", "email", "reason"],
    }
    assert (await sandbox.http.get("/sendgrid/v3/suppression/blocks", headers=headers)).status_code == 422
