"""Mails to the bounce address reach the notifications API, as a mail server's pipe would bring them."""

import pytest

from deploy.sandbox.settings import Settings
from deploy.sandbox.tests.conftest import Start
from deploy.sandbox.tests.subscriber import subscriber

OURS = {"bounce_address": "bounce@bounces.example.com", "bounce_secret": "a-mail-servers-secret"}
SENDER = "bounce+0123.45@bounces.example.com"


async def test_later_bounce_is_handed_over_and_stays_in_the_mailbox(start: Start) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url, **OURS)
        await sandbox.faults({"action": "bounce_later", "seconds": 0})
        await sandbox.send("gone@example.com", sender=SENDER)
        (call,) = await caller.arrived(1)
        kept = await sandbox.count(SENDER)

    assert (call.path, call.headers["authorization"], kept) == (
        "/v1/callbacks/bounce-mail",
        "Bearer a-mail-servers-secret",
        1,
    )
    assert call.headers["content-type"] == "message/rfc822"
    assert f"To: {SENDER}\r\n".encode() in call.body
    assert b"Final-Recipient: rfc822; gone@example.com\r\nAction: failed" in call.body


async def test_mail_that_comes_to_the_bounce_address_is_handed_over_byte_for_byte(start: Start) -> None:
    raw = b"Subject: Undelivered\r\nX-Byte: \xff\r\n\r\nYour mail\r\n"
    async with subscriber() as caller:
        caller.statuses = [503]
        sandbox = await start(callback_url=caller.url, **OURS)
        for to in ("bouncer@bounces.example.com", "bounce@elsewhere.example", "Bounce@Bounces.example.com"):
            await sandbox.send(to, raw, sender="")
        calls = await caller.arrived(2)

    assert [call.body for call in calls] == [raw, raw]


@pytest.mark.parametrize("alone", [{"bounce_address": "bounce@example.com"}, {"bounce_secret": "s"}])
def test_address_and_secret_belong_together(alone: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match="SANDBOX_BOUNCE_ADDRESS and SANDBOX_BOUNCE_SECRET belong together"):
        Settings.load(**alone)
