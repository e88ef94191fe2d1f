"""Sending through real sockets: verdicts of what happens on the way, and what the pool does with its connections."""

import asyncio
import ssl
import time
from typing import Any

import pytest

from services.notifications.email import smtp
from services.notifications.email.smtp import SmtpProvider
from services.notifications.email.smtp_session import Envelope
from services.notifications.tests.email.conftest import Open
from services.notifications.tests.mail_server import MailServer, mail_server_with
from services.notifications.tests.scripted_server import HANG_UP, SILENCE, ScriptedServer
from shared.testing.wait import eventually

CONTENT = b"Message-ID: <m@example.com>\r\nSubject: s\r\n\r\n.one\r\n..two\r\n"


def mail(to: str = "ann@example.com", *, international: bool = False) -> Envelope:
    return Envelope("waybill@example.com", to, CONTENT, international)


async def verdict(provider: SmtpProvider, email: Envelope | None = None) -> str:
    return (await provider.transfer(email or mail())).verdict.value


async def closing(provider: SmtpProvider) -> tuple[str, float]:
    """What became of a mail, and for how many seconds its answer closes the account."""
    answer = await provider.transfer(mail())
    return answer.verdict.value, answer.retry_after_s if answer.closes else 0.0


async def test_accepted_mail_arrives_as_it_was_given(mail_server: MailServer, connect: Open) -> None:
    answer = await connect(mail_server.port).transfer(mail())

    received = await mail_server.http.get(f"/mail/{(await mail_server.mails())[0]['id']}/raw")
    assert (answer.verdict.value, answer.code, answer.enhanced) == ("accepted", 250, "2.0.0")
    assert received.content == CONTENT


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"action": "421"}, ("throttled", 421, "4.3.2", 60.0)),
        ({"action": "451"}, ("transient", 451, "4.3.0", 0.0)),
        ({"action": "550"}, ("bad_recipient", 550, "5.1.1", 0.0)),
        ({"action": "552"}, ("soft_recipient", 552, "5.2.2", 0.0)),
        ({"action": "550", "enhanced": "5.7.1"}, ("blocked", 550, "5.7.1", 0.0)),
        ({"action": "550", "stage": "data", "enhanced": "5.7.1"}, ("blocked", 550, "5.7.1", 0.0)),
        ({"action": "disconnect_before_data"}, ("transient", None, None, 0.0)),
    ],
)
async def test_refusal_has_its_verdict_and_the_next_mail_goes_through(
    mail_server: MailServer, connect: Open, rule: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    await mail_server.faults({"match": "gone@example.com", **rule})
    provider = connect(mail_server.port)

    answer = await provider.transfer(mail("gone@example.com"))

    assert (answer.verdict.value, answer.code, answer.enhanced, answer.retry_after_s) == expected
    assert await verdict(provider) == "accepted"
    assert [one["envelope"]["rcpt_to"] for one in await mail_server.mails()] == [["ann@example.com"]]


async def test_connection_lost_after_the_text_is_unknown_and_the_mail_is_there(mail_server: MailServer, connect: Open) -> None:
    await mail_server.faults({"action": "disconnect_after_data", "times": 1})

    assert await verdict(connect(mail_server.port)) == "unknown"
    assert [one["answered"] for one in await mail_server.mails()] == [False]


@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("GREETING", HANG_UP, "throttled"),
        ("GREETING", "421 busy", "throttled"),
        ("GREETING", "450 4.3.2 not now", "throttled"),
        ("GREETING", "554 5.7.1 no", "config"),
        ("GREETING", "250 hello", "throttled"),
        ("EHLO", "251 what", "throttled"),
        ("EHLO", HANG_UP, "throttled"),
        ("MAIL", "550 5.7.1 sender not allowed", "config"),
        ("MAIL", HANG_UP, "transient"),
        ("RCPT", HANG_UP, "transient"),
        ("DATA", HANG_UP, "transient"),
        ("DATA", "250 what", "transient"),
        (".", HANG_UP, "unknown"),
        (".", "421 4.3.2 later", "throttled"),
        (".", "nonsense", "unknown"),
        ("RCPT", "nonsense", "transient"),
        ("RCPT", "550-5.1.1 two\n550 5.1.1 lines", "bad_recipient"),
    ],
)
async def test_whatever_the_server_does_has_a_verdict(
    script: ScriptedServer, connect: Open, verb: str, reply: str, expected: str
) -> None:
    script.say(verb, reply)

    assert await verdict(connect(script.port)) == expected


@pytest.mark.parametrize(("verb", "expected"), [("GREETING", "throttled"), ("RCPT", "transient"), (".", "unknown")])
async def test_silence_ends_in_time(script: ScriptedServer, connect: Open, verb: str, expected: str) -> None:
    script.say(verb, SILENCE)
    began = time.monotonic()

    answer = await connect(script.port, time_factor=0.02).transfer(mail())

    assert (answer.verdict.value, "in time" in answer.detail or "Timed out" in answer.detail) == (expected, True)
    assert time.monotonic() - began < 5


async def test_time_for_a_mail_begins_with_that_mail(script: ScriptedServer, connect: Open) -> None:
    provider, time_s = connect(script.port, pool_size=1, time_factor=0.02), smtp.SEND_S * 0.02
    first_began = time.monotonic()
    while time.monotonic() - first_began < 0.8 * time_s:
        assert await verdict(provider) == "accepted"
    script.say(".", SILENCE)
    began = time.monotonic()

    assert await verdict(provider) == "unknown"
    assert time.monotonic() - began >= 0.9 * time_s
    assert script.count("EHLO") == 1


async def test_server_that_is_away_costs_no_try_and_is_left_alone_for_a_while(connect: Open, script: ScriptedServer) -> None:
    reserved = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    port = reserved.sockets[0].getsockname()[1]
    reserved.close()

    assert await closing(connect(port)) == ("throttled", 15.0)


async def test_detail_does_not_quote_the_recipient(script: ScriptedServer, connect: Open) -> None:
    script.say("RCPT", "550 5.1.1 <Ann@Example.com>: no such\x07 user")

    assert (await connect(script.port).transfer(mail())).detail == "5.1.1 <recipient>: no such user"


async def test_address_beyond_ascii_needs_a_server_that_takes_it(
    script: ScriptedServer, mail_server: MailServer, connect: Open
) -> None:
    email = mail("büro@example.com", international=True)

    assert await verdict(connect(script.port), email) == "blocked"
    assert await verdict(connect(mail_server.port), email) == "accepted"
    assert (script.count("MAIL"), (await mail_server.mails())[0]["envelope"]["rcpt_to"]) == (0, ["büro@example.com"])


async def test_sessions_are_used_again_and_never_more_than_the_pool_has(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "LINE_S", 60.0)
    provider = connect(script.port, pool_size=3)

    verdicts = await asyncio.gather(*(verdict(provider) for _ in range(30)))

    assert verdicts == ["accepted"] * 30
    assert (script.count("MAIL"), script.count("EHLO"), script.most_open) == (30, 3, 3)
    assert script.count("RSET") == 0


async def test_refused_mail_is_cleared_away_before_the_next_on_the_same_session(script: ScriptedServer, connect: Open) -> None:
    provider = connect(script.port)
    script.say("RCPT", "550 5.1.1 no")

    assert [await verdict(provider), await verdict(provider)] == ["bad_recipient", "accepted"]
    assert [command.split(" ")[0] for command in script.seen] == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("ending", [HANG_UP, "421 4.4.2 idle too long"])
async def test_session_that_the_server_has_ended_meanwhile_is_replaced(
    script: ScriptedServer, connect: Open, ending: str
) -> None:
    provider = connect(script.port)
    await provider.transfer(mail())
    script.say("MAIL", ending)

    assert await closing(provider) == ("accepted", 0.0)
    assert script.count("EHLO") == 2


async def test_server_that_ends_every_session_is_not_asked_for_ever(script: ScriptedServer, connect: Open) -> None:
    provider = connect(script.port)
    await provider.transfer(mail())
    script.say("MAIL", HANG_UP, HANG_UP)

    assert await verdict(provider) == "transient"
    assert script.count("EHLO") == 2


async def test_session_that_has_rested_too_long_is_not_used(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "IDLE_S", 0.0)
    provider = connect(script.port)

    assert [await verdict(provider), await verdict(provider)] == ["accepted", "accepted"]
    assert script.count("EHLO") == 2


async def test_close_says_goodbye_on_every_session(script: ScriptedServer, connect: Open) -> None:
    provider = connect(script.port, pool_size=4)
    await asyncio.gather(*(provider.transfer(mail()) for _ in range(4)))

    await provider.close()

    assert (script.count("QUIT"), script.count("EHLO")) == (4, 4)


async def test_cancelled_mail_takes_its_session_with_it_and_frees_its_place(script: ScriptedServer, connect: Open) -> None:
    provider = connect(script.port, pool_size=1)
    script.say("RCPT", SILENCE)
    sending = asyncio.create_task(provider.transfer(mail()))
    await eventually(lambda: script.count("RCPT"))
    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (await verdict(provider), script.count("EHLO")) == ("accepted", 2)


async def test_refused_login_leaves_the_server_alone_for_a_while(connect: Open) -> None:
    async with mail_server_with(smtp_user="waybill", smtp_password="right") as server:
        good, bad = (connect(server.port, user="waybill", password=password) for password in ("right", "wrong"))

        assert [await closing(good), await closing(bad)] == [("accepted", 0.0), ("config", 300.0)]
        assert [one["login"] for one in await server.mails()] == ["waybill"]


async def test_throttled_before_any_recipient_closes_the_provider_and_later_only_the_mail_waits(
    script: ScriptedServer, connect: Open
) -> None:
    at_once, later = connect(script.port), connect(script.port)
    script.say("MAIL", "421 4.3.2 no")

    assert await closing(at_once) == ("throttled", 60.0)
    script.say("RCPT", "421 4.3.2 no")
    assert await closing(later) == ("throttled", 0.0)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mail_travels_under_tls_when_the_certificate_is_trusted(connect: Open, tls: str) -> None:
    async with mail_server_with(smtp_tls=tls) as server:
        trusting = ssl.create_default_context(cadata=await server.certificate())
        provider = connect(server.port, tls=tls, tls_context=trusting)

        assert [await verdict(provider), await verdict(provider)] == ["accepted", "accepted"]
        assert [one["tls"] for one in await server.mails()] == [True, True]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_certificate_that_is_not_trusted_is_a_matter_of_settings(connect: Open, tls: str) -> None:
    async with mail_server_with(smtp_tls=tls) as server:
        provider = connect(server.port, tls=tls, tls_context=ssl.create_default_context())

        assert await closing(provider) == ("config", 300.0)
        assert await server.mails() == []


async def test_server_without_tls_or_login_gets_no_mail_where_we_want_them(mail_server: MailServer, connect: Open) -> None:
    assert await verdict(connect(mail_server.port, tls="starttls")) == "config"
    assert await verdict(connect(mail_server.port, user="waybill", password="x")) == "config"
    assert await mail_server.mails() == []
