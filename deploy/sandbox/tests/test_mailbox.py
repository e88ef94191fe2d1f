"""The mailbox API: what was sent is found, read, waited for, counted and deleted."""

import asyncio
from email.message import EmailMessage

import httpx
import pytest

from deploy.sandbox.app import create_app
from deploy.sandbox.changes import Changes
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.provider import Core
from deploy.sandbox.settings import Settings
from deploy.sandbox.smtp.handler import Handler
from deploy.sandbox.smtp.provider import SmtpProvider
from deploy.sandbox.tests.conftest import Harness, Start
from deploy.sandbox.timers import Timers


def _late(message_id: str = "<late@waybill.example>") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Waybill <alerts@waybill.example>", "Zoë <zoe@example.com>", "Verspätung: € 12"
    mail["Message-ID"] = message_id
    mail.set_content("Too late.\n")
    mail.add_alternative("<html><head></head><p>Too late <img src='cid:logo'></p></html>", subtype="html")
    alternative = mail.get_payload(1)
    assert isinstance(alternative, EmailMessage)
    alternative.add_related(b"\x89PNG", "image", "png", cid="<logo>")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Größe.pdf")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


async def test_a_mail_is_read_with_its_envelope_headers_and_parts(sandbox: Harness) -> None:
    answer = await sandbox.send(["Zoe@Example.com", "blind@example.com"], _late())
    mail = await sandbox.get("/mail/1")
    assert answer == "2.0.0 OK, recorded as 1"
    assert mail["envelope"] == {"mail_from": "alerts@waybill.example", "rcpt_to": ["zoe@example.com", "blind@example.com"]}
    assert (mail["message_id"], mail["subject"]) == ("<late@waybill.example>", "Verspätung: € 12")
    assert (mail["text"], mail["defects"], mail["answered"]) == ("Too late.\r\n", [], True)
    assert {"name": "To", "value": "Zoë <zoe@example.com>"} in mail["headers"]
    assert [(part["filename"], part["content_type"], part["content_id"]) for part in mail["attachments"]] == [
        (None, "image/png", "logo"),
        ("Größe.pdf", "application/pdf", None),
    ]


async def test_the_raw_mail_and_its_attachments_come_back_byte_for_byte(sandbox: Harness) -> None:
    sent = _late()
    await sandbox.send("zoe@example.com", sent)
    raw = await sandbox.http.get("/mail/1/raw")
    attachment = await sandbox.http.get("/mail/1/attachments/1")
    assert raw.content == sent
    assert attachment.content == b"%PDF-1.7"
    assert attachment.headers["content-disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"


async def test_the_html_part_is_shown_without_script_or_outside_content(sandbox: Harness) -> None:
    await sandbox.send("zoe@example.com", _late())
    shown = await sandbox.http.get("/mail/1/html")
    policy = shown.headers["content-security-policy"]
    assert shown.text.startswith(
        "<html><head><base target=\"_blank\"></head><p>Too late <img src='data:image/png;base64,iVBORw=='>"
    )
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:;")
    assert "script" not in policy


async def test_mails_are_found_by_recipient_subject_and_message_id(sandbox: Harness) -> None:
    await sandbox.send("ann@example.com", b"Subject: 100% late\r\nMessage-ID: <1@x>\r\n\r\n.")
    await sandbox.send(["bob@example.com", "ann@other.example"], b"Subject: Invoice_1\r\nMessage-ID: <2@x>\r\n\r\n.")

    async def ids(**params: str) -> list[int]:
        return [mail["id"] for mail in (await sandbox.get("/mail", **params))["items"]]

    assert await ids() == [2, 1]
    assert await ids(to="ANN@example.com") == [1]
    assert await ids(to="ann@*") == [2, 1]
    assert await ids(to="ann") == []
    assert await ids(subject="0% L") == [1]
    assert await ids(subject="%") == [1]
    assert await ids(message_id="<2@x>") == [2]
    assert await ids(search="other") == [2]
    assert await ids(to="ann@*", search="waybill", subject="invoice") == [2]


async def test_pages_follow_one_another_without_gap_or_repetition(sandbox: Harness) -> None:
    async with sandbox.smtp() as client:
        for number in range(5):
            await client.sendmail("a@example.com", ["b@example.com"], f"Subject: {number}\r\n\r\n.".encode())
    first = await sandbox.get("/mail", limit=2)
    second = await sandbox.get("/mail", limit=2, cursor=first["next_cursor"])
    third = await sandbox.get("/mail", limit=2, cursor=second["next_cursor"])
    pages = [[mail["subject"] for mail in page["items"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert third["next_cursor"] is None


async def test_a_wait_ends_as_soon_as_the_count_is_reached(sandbox: Harness) -> None:
    waiting = asyncio.create_task(sandbox.get("/mail/wait", to="late@example.com", count=2, timeout=15))
    await sandbox.send("late@example.com")
    await sandbox.send("other@example.com")
    await sandbox.send("late@example.com")
    result = await waiting
    assert (result["reached"], result["count"], [mail["id"] for mail in result["items"]]) == (True, 2, [3, 1])


async def test_a_wait_that_is_not_fulfilled_says_so_at_its_time_out(sandbox: Harness) -> None:
    await sandbox.send("late@example.com")
    result = await sandbox.get("/mail/wait", to="late@example.com", count=2, timeout=0.05)
    assert (result["reached"], result["count"], len(result["items"])) == (False, 1, 1)


async def test_duplicates_are_seen_by_their_message_id(sandbox: Harness) -> None:
    for body in (_late("<a@x>"), _late("<a@x>"), _late("<b@x>"), b"no headers"):
        await sandbox.send("zoe@example.com", body)
    assert await sandbox.get("/mail/stats") == {
        "messages": 4,
        "message_ids": 2,
        "surplus": 1,
        "without_message_id": 1,
        "pruned": 0,
        "repeated": [{"message_id": "<a@x>", "count": 2}],
    }


async def test_one_mail_the_mails_of_an_address_or_all_are_deleted(sandbox: Harness) -> None:
    for to in ("ann@example.com", "bob@example.com", "bob@example.com", "cid@example.com"):
        await sandbox.send(to)
    assert (await sandbox.http.delete("/mail/1")).status_code == 204
    assert (await sandbox.http.get("/mail/1")).status_code == 404
    assert (await sandbox.http.delete("/mail", params={"to": "bob@example.com"})).json() == {"deleted": 2}
    assert await sandbox.count() == 1
    assert (await sandbox.http.delete("/mail")).json() == {"deleted": 1}
    assert await sandbox.count() == 0


async def test_a_slip_of_the_pen_in_a_deletion_deletes_nothing(sandbox: Harness) -> None:
    await sandbox.send("ann@example.com")
    refused = await sandbox.http.delete("/mail", params={"too": "ann@example.com"})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"] == [{"field": "too", "message": "Extra inputs are not permitted"}]
    assert await sandbox.count() == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/mail/1", 404, "mail_not_found"),
        ("/mail/x", 422, "invalid"),
        ("/mail/99999999999999999999", 422, "invalid"),
        ("/mail?limit=0", 422, "invalid"),
        ("/mail?cursor=x", 422, "invalid"),
        ("/mail?cursor=99999999999999999999", 422, "invalid"),
        ("/mail/wait?timeout=nan", 422, "invalid"),
        ("/nothing", 404, "not_found"),
        ("/smtp/certificate.pem", 404, "no_tls"),
    ],
)
async def test_bad_requests_are_answered_with_a_problem(sandbox: Harness, path: str, status: int, code: str) -> None:
    answer = await sandbox.http.get(path)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_oldest_mails_go_when_there_are_too_many(start: Start) -> None:
    sandbox = await start(max_messages=3)
    for number in range(5):
        await sandbox.send(f"{number}@example.com")
    kept = [mail["id"] for mail in (await sandbox.get("/mail"))["items"]]
    assert kept == [5, 4, 3]
    assert (await sandbox.get("/mail/stats"))["pruned"] == 2


async def test_the_page_and_its_files_are_served_under_a_strict_policy(sandbox: Harness) -> None:
    page = await sandbox.http.get("/")
    assert '<script type="module" src="/page/page.js">' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for name in ("page.js", "mail.js", "sms.js", "payment.js", "faults.js", "dom.js", "page.css", "icon.svg"):
        assert (await sandbox.http.get(f"/page/{name}")).status_code == 200


async def test_a_change_is_told_to_whoever_follows(sandbox: Harness) -> None:
    before = (await sandbox.get("/changes"))["revision"]
    following = asyncio.create_task(sandbox.get("/changes", since=before, timeout=15))
    await sandbox.send("ann@example.com")
    assert (await following)["revision"] > before


@pytest.mark.parametrize("mode", ["none", "starttls", "tls"])
async def test_readiness_includes_the_greeting_of_smtp(start: Start, mode: str) -> None:
    assert (await (await start(smtp_tls=mode)).get("/readyz"))["status"] == "ready"


@pytest.mark.parametrize("greeting", [b"", b"554 5.3.2 not now\r\n"])
async def test_an_open_port_that_does_not_greet_is_not_ready(greeting: bytes) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    changes = Changes()
    ledger = Ledger(None, limit=10, changes=changes)
    core = Core(Settings(), changes, ledger, Timers(ledger))
    provider = SmtpProvider(core)
    async with (
        await asyncio.start_server(hang_up, "127.0.0.1", 0) as server,
        httpx.AsyncClient(transport=httpx.ASGITransport(create_app(core, [provider])), base_url="http://sandbox") as http,
    ):
        provider.port = server.sockets[0].getsockname()[1]
        unready, live = await http.get("/readyz"), await http.get("/livez")
    ledger.close()

    assert (unready.status_code, unready.json()["code"], live.status_code) == (503, "smtp_failed", 200)
    assert f"port {provider.port} does not greet" in unready.json()["detail"]


def test_the_handler_has_no_slots_which_aiosmtpd_cannot_look_at_on_every_python() -> None:
    assert "__slots__" not in vars(Handler)


async def test_health_says_how_to_reach_smtp(sandbox: Harness) -> None:
    assert await sandbox.get("/livez") == {"status": "ok"}
    ready = await sandbox.get("/readyz")
    assert ready["smtp"] == {
        "host": "127.0.0.1", "port": sandbox.smtp_port, "tls": "none", "login": False, "max_message_bytes": 26_214_400,
    }  # fmt: skip
