"""Several commands at once (RFC 2920): what the server says has the same meaning, and no mail goes where it was refused."""

import time

import pytest

from services.notifications.email import smtp_session
from services.notifications.email.smtp import SmtpProvider
from services.notifications.email.smtp_session import Envelope
from services.notifications.tests.email.conftest import Open
from services.notifications.tests.scripted_server import HANG_UP, LATER, PIPELINING, SILENCE, ScriptedServer

MAIL = Envelope("waybill@example.com", "ann@example.com", b"Subject: s\r\n\r\none\r\n")
NO_RECIPIENTS = "503 5.5.1 no valid recipients"


@pytest.fixture
def script(script: ScriptedServer) -> ScriptedServer:
    """A server that announces it on its first connections."""
    script.say("EHLO", *[PIPELINING] * 5)
    return script


async def verdict(provider: SmtpProvider, email: Envelope = MAIL) -> str:
    return (await provider.transfer(email)).verdict.value


def verbs(script: ScriptedServer) -> list[str]:
    return [command.split(" ")[0] for command in script.seen]


async def test_commands_of_a_mail_travel_together_where_the_server_announces_it(script: ScriptedServer, connect: Open) -> None:
    script.say("MAIL", LATER)
    script.say("RCPT", LATER)

    assert await verdict(connect(script.port)) == "accepted"
    assert verbs(script) == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("MAIL", "451 4.3.0 later", ("transient", 451, "4.3.0")),
        ("MAIL", "550 5.1.0 who are you", ("config", 550, "5.1.0")),
        ("MAIL", "421 4.3.2 no", ("throttled", 421, "4.3.2")),
        ("RCPT", "452 4.2.2 full", ("soft_recipient", 452, "4.2.2")),
        ("RCPT", "550 no such user", ("bad_recipient", 550, None)),
        ("RCPT", "421 4.7.0 slower", ("throttled", 421, "4.7.0")),
        ("DATA", "451 4.3.0 later", ("transient", 451, "4.3.0")),
        ("DATA", "554 no", ("blocked", 554, None)),
        (".", "554 5.6.0 malformed", ("bad_content", 554, "5.6.0")),
        ("RCPT", HANG_UP, ("transient", None, None)),
        (".", HANG_UP, ("unknown", None, None)),
    ],
)
async def test_reply_belongs_to_its_command_however_many_are_under_way(
    script: ScriptedServer, connect: Open, announced: bool, verb: str, reply: str, expected: tuple[object, ...]
) -> None:
    if not announced:
        script.answers["EHLO"].clear()
    script.say(verb, reply)
    if verb in ("MAIL", "RCPT"):
        script.say("DATA", NO_RECIPIENTS)

    answer = await connect(script.port).transfer(MAIL)

    assert (answer.verdict.value, answer.code, answer.enhanced) == expected


async def test_refused_mail_is_cleared_away_before_the_next_on_the_same_session(script: ScriptedServer, connect: Open) -> None:
    provider = connect(script.port)
    script.say("RCPT", "550 5.1.1 no")
    script.say("DATA", NO_RECIPIENTS)

    assert [await verdict(provider), await verdict(provider)] == ["bad_recipient", "accepted"]
    assert verbs(script) == ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"]
    assert script.texts == 1


async def test_server_that_wants_the_text_of_a_refused_mail_gets_none(script: ScriptedServer, connect: Open) -> None:
    provider = connect(script.port)
    script.say("RCPT", "550 5.1.1 no")

    assert [await verdict(provider), await verdict(provider)] == ["bad_recipient", "accepted"]
    assert (script.texts, script.count("EHLO")) == (1, 2)


@pytest.mark.parametrize("ending", [HANG_UP, SILENCE, "421 4.3.2 bye"])
async def test_refusal_stands_whatever_becomes_of_the_commands_behind_it(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(smtp_session, "LEAVE_S", 0.1)
    provider = connect(script.port)
    script.say("RCPT", "550 5.1.1 no")
    script.say("DATA", ending)
    began = time.monotonic()

    assert [await verdict(provider), await verdict(provider)] == ["bad_recipient", "accepted"]
    assert time.monotonic() - began < 5
    assert script.count("EHLO") == 2


@pytest.mark.parametrize("ending", [HANG_UP, "421 4.4.2 idle too long"])
async def test_session_that_the_server_has_ended_meanwhile_is_replaced(
    script: ScriptedServer, connect: Open, ending: str
) -> None:
    provider = connect(script.port)
    await provider.transfer(MAIL)
    script.say("MAIL", ending)

    assert await verdict(provider) == "accepted"
    assert (script.count("EHLO"), script.texts) == (2, 2)


@pytest.mark.parametrize("piece_bytes", [1, 7])
async def test_replies_may_come_in_pieces_and_in_many_lines(script: ScriptedServer, connect: Open, piece_bytes: int) -> None:
    script.piece_bytes = piece_bytes
    script.say("MAIL", "250-one\n250-two\n250 three")
    script.say(".", "250-2.0.0 queued\n250 2.0.0 as 7")

    answer = await connect(script.port).transfer(MAIL)

    assert (answer.verdict.value, answer.enhanced, answer.detail) == ("accepted", "2.0.0", "2.0.0 queued 2.0.0 as 7")


@pytest.mark.parametrize("reply", ["250-" + "x" * 40_000, "250-ok\nnonsense", "25\u00b3 ok"])
async def test_reply_that_is_none_ends_the_session_before_the_text(script: ScriptedServer, connect: Open, reply: str) -> None:
    provider = connect(script.port)
    script.say("RCPT", reply)

    assert [await verdict(provider), await verdict(provider)] == ["transient", "accepted"]
    assert (script.texts, script.count("EHLO")) == (1, 2)


async def test_address_that_holds_a_second_command_is_not_sent(script: ScriptedServer, connect: Open) -> None:
    evil = Envelope("waybill@example.com", "ann@example.com>\r\nRSET\r\nRCPT TO:<bob@example.com", MAIL.content)

    assert await verdict(connect(script.port), evil) == "transient"
    assert verbs(script) == ["EHLO"]
