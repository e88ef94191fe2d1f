"""The fault rules of SMTP, seen from a client's end of the connection and from the mailbox."""

import asyncio
from typing import Any

import aiosmtplib
import pytest

from deploy.sandbox.tests.conftest import SENDER, Harness

GONE = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPReadTimeoutError)


@pytest.mark.parametrize(
    ("rule", "code", "answer"),
    [
        ({"action": "550"}, 550, "5.1.1 No such mailbox"),
        ({"action": 552}, 552, "5.2.2 Mailbox full"),
        ({"action": "451", "enhanced": "4.7.1", "text": "Greylisted"}, 451, "4.7.1 Greylisted"),
        ({"action": "421"}, 421, "4.3.2 Service shutting down, try again later"),
    ],
)
async def test_a_recipient_is_refused_with_the_code_and_nothing_is_recorded(
    sandbox: Harness, rule: dict[str, Any], code: int, answer: str
) -> None:
    await sandbox.faults({"match": "gone@example.com", **rule})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await sandbox.send("Gone@example.com")
    assert (refused.value.recipients[0].code, refused.value.recipients[0].message) == (code, answer)
    assert await sandbox.count() == 0


async def test_a_refused_recipient_leaves_the_others_their_mail(sandbox: Harness) -> None:
    await sandbox.faults({"match": "gone@*", "action": "550"})
    await sandbox.send(["gone@example.com", "here@example.com"])
    assert (await sandbox.get("/mail/1"))["envelope"]["rcpt_to"] == ["here@example.com"]


async def test_a_refusal_at_the_stage_data_records_nothing_and_the_session_goes_on(sandbox: Harness) -> None:
    await sandbox.faults({"action": "552", "stage": "data", "times": 1})
    async with sandbox.smtp() as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await client.sendmail(SENDER, ["ann@example.com"], b"first")
        await client.sendmail(SENDER, ["ann@example.com"], b"second")
    assert refused.value.code == 552
    assert (await sandbox.get("/mail/1"))["text"] == "second\r\n"
    assert await sandbox.count() == 1


async def test_after_a_421_the_connection_is_closed(sandbox: Harness) -> None:
    await sandbox.faults({"action": "421", "times": 1})
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.smtp_port)
    writer.write(b"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
    answers = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert answers.splitlines()[-1] == b"421 4.3.2 Service shutting down, try again later"
    await sandbox.send("c@d.example")


async def test_a_rule_strikes_its_number_of_times_and_then_all_goes_well(sandbox: Harness) -> None:
    await sandbox.faults({"id": "twice", "match": "*@example.com", "action": "451", "times": 2})
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await sandbox.send("ann@example.com")
    await sandbox.send("ann@example.com")
    rule = (await sandbox.get("/faults/smtp"))["rules"][0]
    assert (rule["id"], rule["hits"], rule["left"]) == ("twice", 2, 0)
    assert await sandbox.count() == 1


async def test_the_first_rule_that_matches_decides(sandbox: Harness) -> None:
    await sandbox.faults({"match": "ann@example.com", "action": "552"}, {"match": "*", "action": "550"})
    codes = []
    for to in ("ann@example.com", "bob@example.com"):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await sandbox.send(to)
        codes.append(refused.value.recipients[0].code)
    assert codes == [552, 550]


async def test_a_connection_dropped_after_the_mail_leaves_it_on_record(sandbox: Harness) -> None:
    await sandbox.faults({"action": "disconnect_after_data", "times": 1})
    body = b"Message-ID: <same@x>\r\n\r\nonce\r\n"
    with pytest.raises(GONE):
        await sandbox.send("ann@example.com", body)
    await sandbox.send("ann@example.com", body)
    assert [mail["answered"] for mail in (await sandbox.get("/mail"))["items"]] == [True, False]
    assert (await sandbox.get("/mail/stats"))["repeated"] == [{"message_id": "<same@x>", "count": 2}]


async def test_a_connection_dropped_before_the_mail_records_nothing(sandbox: Harness) -> None:
    await sandbox.faults({"action": "disconnect_before_data", "times": 1})
    with pytest.raises(GONE):
        await sandbox.send("ann@example.com")
    assert await sandbox.count() == 0
    await sandbox.send("ann@example.com")
    assert await sandbox.count() == 1


async def test_a_late_answer_is_late_while_the_mail_is_on_record_at_once(sandbox: Harness) -> None:
    await sandbox.faults({"match": "*@slow.example", "action": "delay", "seconds": 3600})
    sending = asyncio.create_task(sandbox.send("ann@slow.example"))
    assert (await sandbox.get("/mail/wait", to="ann@slow.example", timeout=15))["reached"] is True
    await sandbox.send("bob@quick.example")
    assert not sending.done()
    sending.cancel()


async def test_a_delay_at_the_recipient_comes_before_anything_is_recorded(sandbox: Harness) -> None:
    await sandbox.faults({"action": "delay", "stage": "rcpt", "seconds": 0.2})
    began = asyncio.get_running_loop().time()
    await sandbox.send("ann@example.com")
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_mail_that_bounces_later_brings_a_delivery_status_to_its_sender(sandbox: Harness) -> None:
    await sandbox.faults(
        {"match": "full@*", "action": "bounce_later", "seconds": 0.05, "enhanced": "5.2.2", "text": "Mailbox full"}
    )
    await sandbox.send(
        ["full@example.com", "ann@example.com"], b"Message-ID: <m@x>\r\nSubject: s\r\n\r\nbody", "bounce+7@waybill.example"
    )
    found = await sandbox.get("/mail/wait", to="bounce+7@waybill.example", timeout=15)
    mail = await sandbox.get(f"/mail/{found['items'][0]['id']}")
    status, headers = [(await sandbox.http.get(part["url"])).text for part in mail["attachments"]]
    assert mail["envelope"] == {"mail_from": "", "rcpt_to": ["bounce+7@waybill.example"]}
    kind = next(header["value"] for header in mail["headers"] if header["name"] == "Content-Type")
    assert kind.startswith('multipart/report; report-type="delivery-status"')
    assert status.split("\n\n")[1].splitlines() == [
        "Final-Recipient: rfc822; full@example.com",
        "Action: failed",
        "Status: 5.2.2",
        "Remote-MTA: dns; sandbox.localhost",
        "Diagnostic-Code: smtp; 550 5.2.2 Mailbox full",
    ]
    assert headers.splitlines() == ["Message-ID: <m@x>", "Subject: s"]


async def test_a_mail_from_the_null_sender_never_bounces(sandbox: Harness) -> None:
    await sandbox.faults({"action": "bounce_later", "seconds": 0})
    await sandbox.send("ann@example.com", sender="")
    await sandbox.send("bob@example.com", sender="carol@example.com")
    assert (await sandbox.get("/mail/wait", to="carol@example.com", timeout=15))["reached"] is True
    assert await sandbox.count() == 3


async def test_a_rule_is_switched_off_on_and_removed(sandbox: Harness) -> None:
    await sandbox.faults({"id": "a", "action": "550", "times": 1}, {"id": "b", "match": "x@example.com", "action": "451"})
    assert (await sandbox.http.patch("/faults/smtp/a", json={"enabled": False})).json()["rules"][0]["enabled"] is False
    await sandbox.send("ann@example.com")
    await sandbox.http.patch("/faults/smtp/a", json={"enabled": True})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await sandbox.send("ann@example.com")
    assert (await sandbox.http.delete("/faults/smtp/a")).status_code == 204
    assert [rule["id"] for rule in (await sandbox.get("/faults"))["smtp"]["rules"]] == ["b"]
    assert (await sandbox.http.delete("/faults/smtp")).status_code == 204
    assert (await sandbox.get("/faults/smtp"))["rules"] == []


async def test_a_rule_is_added_behind_the_others(sandbox: Harness) -> None:
    await sandbox.faults({"id": "a", "action": "550"})
    added = await sandbox.http.post("/faults/smtp", json={"id": "b", "action": "451"})
    assert (added.status_code, [rule["id"] for rule in added.json()["rules"]]) == (201, ["a", "b"])
    again = await sandbox.http.post("/faults/smtp", json={"id": "b", "action": "451"})
    assert (again.status_code, again.json()["code"]) == (422, "repeated_rule_id")
    wrong = await sandbox.http.post("/faults/smtp", json={"match": "", "action": "451"})
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "match: String should have at least 1 character")
    assert len((await sandbox.get("/faults/smtp"))["rules"]) == 2


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"action": "553"}, "0.action: Input should be 'delay'"),
        ({}, "0.action: Field required"),
        ({"action": "delay"}, "seconds goes with delay and bounce_later"),
        ({"action": "550", "seconds": 1}, "seconds goes with delay and bounce_later"),
        ({"action": "550", "times": 0}, "0.times: Input should be greater than or equal to 1"),
        ({"action": "550", "text": "two\r\nlines"}, "0.text: String should match pattern"),
        ({"action": "550", "enhanced": "4.1.1"}, "enhanced must begin with 5 for 550"),
        ({"action": "disconnect_after_data", "stage": "rcpt"}, "leave stage out"),
        ({"action": "delay", "seconds": 1, "text": "x"}, "leave text and enhanced out"),
        ({"action": "550", "macth": "x"}, "0.macth: Extra inputs are not permitted"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_and_the_old_ones_stay(
    sandbox: Harness, rule: dict[str, Any], says: str
) -> None:
    await sandbox.faults({"id": "old", "action": "550"})
    refused = await sandbox.http.put("/faults/smtp", json=[rule])
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert says in refused.json()["detail"]
    assert [kept["id"] for kept in (await sandbox.get("/faults/smtp"))["rules"]] == ["old"]


async def test_a_body_that_is_not_json_and_an_unknown_provider_or_rule_are_named(sandbox: Harness) -> None:
    not_json = await sandbox.http.put("/faults/smtp", content=b"{", headers={"Content-Type": "application/json"})
    no_provider = await sandbox.http.put("/faults/pigeon", json=[])
    no_rule = await sandbox.http.patch("/faults/smtp/x", json={"enabled": True})
    assert (not_json.status_code, not_json.json()["code"]) == (400, "not_json")
    assert (no_provider.status_code, no_provider.json()["detail"]) == (
        404,
        "There is no provider pigeon; there is: razorpay, stripe, smtp, sendgrid, ses, twilio, msg91, carrier.",
    )
    assert (no_rule.status_code, no_rule.json()["code"]) == (404, "rule_not_found")
