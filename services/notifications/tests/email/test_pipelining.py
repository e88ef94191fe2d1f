"""Several commands at once (RFC 2920): what the server says has the same meaning, and no mail goes where it was refused."""

import asyncio
import time

import pytest
import pytest_asyncio

from services.notifications.email import smtp, smtp_session
from services.notifications.email.smtp import SmtpProvider
from services.notifications.email.smtp_session import Envelope
from services.notifications.tests.email.conftest import Open
from services.notifications.tests.scripted_server import DEAF, HANG_UP, HELD, LATER, PIPELINING, SILENCE, ScriptedServer
from shared.testing.wait import eventually

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
    if verb == "MAIL":
        script.say("RCPT", "503 5.5.1 need MAIL first")
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

    assert await verdict(connect(script.port), evil) == "bad_content"
    assert script.seen == []


async def verdicts(provider: SmtpProvider, *mails: Envelope) -> list[str]:
    """What becomes of mails that are handed over at once."""
    return list(await asyncio.gather(*(verdict(provider, one) for one in mails)))


def to(name: str, *, international: bool = False) -> Envelope:
    return Envelope(MAIL.sender, f"{name}@example.com", MAIL.content, international)


def recipients(script: ScriptedServer) -> list[str]:
    """Whom mails were addressed to, in the order in which the server heard of them."""
    return [line.removeprefix("RCPT TO:<").partition("@")[0] for line in script.seen if line.startswith("RCPT")]


@pytest_asyncio.fixture
async def quick(script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch) -> SmtpProvider:
    """One connection, over which a mail has gone; nothing depends on how slow the machine is."""
    monkeypatch.setattr(smtp_session, "QUICK_S", 60.0)
    monkeypatch.setattr(smtp, "LINE_S", 60.0)
    provider = connect(script.port, pool_size=1)
    assert await verdict(provider) == "accepted"
    script.seen.clear()
    script.texts = 0
    return provider


async def test_next_mails_commands_travel_behind_the_text(script: ScriptedServer, quick: SmtpProvider) -> None:
    # Each text is answered only once the next mail's first command has come.
    script.say(".", LATER, LATER)

    assert await verdicts(quick, to("ann"), to("bob"), to("eve")) == ["accepted"] * 3
    assert verbs(script) == ["MAIL", "RCPT", "DATA"] * 3
    assert recipients(script) == ["ann", "bob", "eve"]


@pytest.mark.parametrize("announced", [True, False])
async def test_next_mails_commands_wait_where_the_server_is_slow_or_does_not_announce_it(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch, announced: bool
) -> None:
    monkeypatch.setattr(smtp_session, "QUICK_S", 0.0 if announced else 60.0)
    if not announced:
        script.answers["EHLO"].clear()
    provider = connect(script.port, pool_size=1, time_factor=0.1)
    assert await verdict(provider) == "accepted"
    script.say(".", SILENCE)

    first, second = await asyncio.gather(provider.transfer(to("ann")), provider.transfer(to("bob")))

    assert (first.verdict.value, first.reached, second.verdict.value, second.reached) == ("unknown", True, "transient", False)
    assert recipients(script) == ["ann", "ann"]


@pytest.mark.parametrize(
    ("reply", "first", "connections"),
    [
        ("554 5.6.0 malformed", "bad_content", 0),
        ("554 5.6.0 malformed: Subject: a\r250 b", "bad_content", 0),
        ("354 what", "unknown", 1),
        ("421 4.3.2 bye", "throttled", 1),
        (HANG_UP, "unknown", 1),
    ],
)
async def test_what_becomes_of_a_text_is_not_said_of_the_mail_behind_it(
    script: ScriptedServer, quick: SmtpProvider, reply: str, first: str, connections: int
) -> None:
    script.say(".", reply)

    assert await verdicts(quick, to("ann"), to("bob")) == [first, "accepted"]
    assert (script.texts, script.count("EHLO")) == (2, connections)


async def test_refusal_of_a_mail_behind_a_text_is_its_own_and_cleared_away(script: ScriptedServer, quick: SmtpProvider) -> None:
    script.say("RCPT", "250 ok", "550 5.1.1 no")
    script.say("DATA", "354 go on", NO_RECIPIENTS)

    assert await verdicts(quick, to("ann"), to("bob"), to("eve")) == ["accepted", "bad_recipient", "accepted"]
    assert verbs(script) == [*["MAIL", "RCPT", "DATA"] * 2, "RSET", "MAIL", "RCPT", "DATA"]
    assert script.texts == 2


async def test_session_that_cannot_be_cleared_is_replaced_and_the_mail_is_not_blamed(
    script: ScriptedServer, quick: SmtpProvider
) -> None:
    script.say("RCPT", "550 5.1.1 no")
    script.say("DATA", NO_RECIPIENTS)
    script.say("RSET", "502 5.5.1 what")

    assert await verdicts(quick, to("ann"), to("bob")) == ["bad_recipient", "accepted"]
    assert script.count("EHLO") == 1


async def test_replies_that_are_out_of_step_close_nothing(script: ScriptedServer, quick: SmtpProvider) -> None:
    script.say(".", "250 ok\n550 5.1.1 no such user")

    first, second = await asyncio.gather(quick.transfer(to("ann")), quick.transfer(to("bob")))

    assert (first.verdict.value, second.verdict.value, second.closes) == ("accepted", "transient", False)
    assert (await verdict(quick), script.texts) == ("accepted", 2)


async def test_mail_behind_a_text_that_is_given_up_goes_out_anew(script: ScriptedServer, quick: SmtpProvider) -> None:
    script.say(".", SILENCE)
    first = asyncio.create_task(verdict(quick, to("ann")))
    second = asyncio.create_task(verdict(quick, to("bob")))
    await eventually(lambda: script.texts == 1)
    first.cancel()

    assert await second == "accepted"
    assert (script.texts, script.count("EHLO")) == (2, 1)


async def test_mail_that_is_given_up_in_the_line_is_not_sent(script: ScriptedServer, quick: SmtpProvider) -> None:
    script.say("RCPT", SILENCE)
    mails = [asyncio.create_task(verdict(quick, to(name))) for name in ("ann", "bob", "eve")]
    await eventually(lambda: script.count("RCPT") == 1)
    mails[1].cancel()
    mails[0].cancel()

    assert await mails[2] == "accepted"
    assert (script.texts, recipients(script)) == (1, ["ann", "eve"])


async def test_mail_that_is_given_up_behind_a_text_leaves_that_text_its_reply(
    script: ScriptedServer, quick: SmtpProvider
) -> None:
    script.say(".", HELD)
    mails = [asyncio.create_task(verdict(quick, to(name))) for name in ("ann", "bob", "eve")]
    await eventually(lambda: script.texts == 1)
    mails[1].cancel()
    script.release.set()

    assert [await mails[0], await mails[2]] == ["accepted", "accepted"]
    assert (script.texts, script.count("EHLO")) == (2, 1)


async def test_server_that_drops_what_stands_behind_a_text_is_given_one_mail_at_a_time(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_session, "QUICK_S", 60.0)
    monkeypatch.setattr(smtp, "LINE_S", 60.0)
    script.drops_behind_texts = True
    provider = connect(script.port, pool_size=1, time_factor=0.1)
    assert await verdict(provider) == "accepted"

    assert await verdicts(provider, to("ann"), to("bob")) == ["accepted", "transient"]
    assert await verdicts(provider, to("ann"), to("bob")) == ["accepted"] * 2


async def test_mail_that_stood_too_long_behind_a_text_keeps_its_own(
    script: ScriptedServer, quick: SmtpProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "BEHIND_SHARE", 1.0)

    first, second = await asyncio.gather(quick.transfer(to("ann")), quick.transfer(to("bob")))

    assert (first.verdict.value, second.verdict.value, second.reached) == ("accepted", "transient", False)
    assert (await verdict(quick), script.texts) == ("accepted", 2)


async def test_mail_behind_a_text_that_the_server_never_reads_ends_in_time(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_session, "QUICK_S", 60.0)
    provider = connect(script.port, pool_size=1, time_factor=0.04)
    assert await verdict(provider) == "accepted"
    script.say("DATA", DEAF)
    long = Envelope(MAIL.sender, "ann@example.com", MAIL.content + b"x" * 20_000_000)

    first, second = await asyncio.gather(provider.transfer(long), provider.transfer(to("bob")))

    assert (first.verdict.value, second.verdict.value, second.reached) == ("unknown", "transient", False)
    assert await verdict(provider) == "accepted"


async def test_time_that_the_server_took_over_another_mail_is_not_a_mails_own(
    script: ScriptedServer, quick: SmtpProvider
) -> None:
    script.say(".", HELD)
    asyncio.get_running_loop().call_later(0.3, script.release.set)

    first, second = await asyncio.gather(quick.transfer(to("ann")), quick.transfer(to("bob")))

    assert first.took_s is not None
    assert second.took_s is not None
    assert first.took_s > max(0.25, second.took_s)


@pytest.mark.parametrize(
    ("mail", "expected"),
    [(to("b\u00fcro", international=True), "blocked"), (to("bob>\r\nRSET\r\nRCPT TO:<eve"), "bad_content")],
)
async def test_mail_that_cannot_be_sent_is_refused_at_its_own_turn(
    script: ScriptedServer, quick: SmtpProvider, mail: Envelope, expected: str
) -> None:
    assert await verdicts(quick, to("ann"), mail, to("eve")) == ["accepted", expected, "accepted"]
    assert recipients(script) == ["ann", "eve"]


async def test_many_mails_over_few_sessions_all_arrive_once(
    script: ScriptedServer, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "LINE_S", 60.0)
    script.piece_bytes = 5
    names = [f"person{number}" for number in range(40)]

    assert await verdicts(connect(script.port, pool_size=3), *map(to, names)) == ["accepted"] * 40
    assert sorted(recipients(script)) == sorted(names)
    assert (script.texts, script.count("EHLO"), script.most_open) == (40, 3, 3)
