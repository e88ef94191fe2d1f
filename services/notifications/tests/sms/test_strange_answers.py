"""Answers that no provider should give, and what is made of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.sandbox.smtp.tls import server_context
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.sms.msg91 import Msg91Account, Msg91Provider
from services.notifications.sms.twilio import TwilioAccount, TwilioProvider
from services.notifications.tests.sms.http_script import HttpScript, http_script
from services.notifications.tests.sms.sms_server import DLT, SID, sms


@pytest_asyncio.fixture
async def script() -> AsyncIterator[HttpScript]:
    """A server that says what the test tells it to."""
    async with http_script() as server:
        yield server


async def by_twilio(script: HttpScript, time_factor: float = 1.0) -> Answer:
    """The answer of Twilio's client to what the server says."""
    provider = TwilioProvider(TwilioAccount(SID, "token", "+15005550006", url=script.url), time_factor=time_factor)
    try:
        return await provider.send(sms())
    finally:
        await provider.close()


async def by_msg91(script: HttpScript) -> Answer:
    """The answer of MSG91's client to what the server says."""
    provider = Msg91Provider(Msg91Account("key", url=script.url))
    try:
        return await provider.send(sms(dlt=DLT))
    finally:
        await provider.close()


async def test_status_of_success_is_none_of_msg91s_own_codes(script: HttpScript) -> None:
    # 202 would be a number that cannot work, and stay on the list for ever.
    script.answer(202, '{"type": "error", "message": "template paused"}')

    answer = await by_msg91(script)

    assert (answer.verdict, answer.code) == (Verdict.BAD_CONTENT, 202)


UNREADABLE = ["", "not json", "[]", "null", "{}", '{"sid": "SM1"}', '{"sid": ["SM"]}', "[" * 5000 + "]" * 5000]


@pytest.mark.parametrize("body", UNREADABLE)
async def test_success_that_cannot_be_read_is_unknown_and_no_acceptance(script: HttpScript, body: str) -> None:
    for _ in range(2):
        script.answer(201, body)

    answers = [await by_twilio(script), await by_msg91(script)]

    assert [(one.verdict, one.provider_message_id) for one in answers] == [(Verdict.UNKNOWN, None)] * 2


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ('{"type": "success", "message": "3462697a4d65"}', "accepted"),
        ('{"type": "success"}', "unknown"),
        ('{"type": "success", "message": "<html>"}', "unknown"),
        ('{"type": "error", "message": "template mismatch"}', "bad_content"),
        ('{"type": "ERROR", "message": "x", "code": "418"}', "config"),
    ],
)
async def test_success_of_msg91_is_a_success_only_when_its_type_says_so(script: HttpScript, body: str, verdict: str) -> None:
    script.answer(200, body)

    assert (await by_msg91(script)).verdict is Verdict(verdict)


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_redirect_is_not_followed_with_a_message_and_a_login(script: HttpScript, status: int) -> None:
    script.answer(status, "", f"Location: {script.url}/elsewhere")

    answer = await by_twilio(script)

    assert (answer.verdict, answer.closes, len(script.seen)) == (Verdict.CONFIG, True, 1)


async def test_connection_closed_after_the_request_is_unknown(script: HttpScript) -> None:
    script.replies.append(b"")

    assert (await by_twilio(script)).verdict is Verdict.UNKNOWN


async def test_answer_that_breaks_off_is_unknown(script: HttpScript) -> None:
    script.replies.append(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")

    assert (await by_twilio(script)).verdict is Verdict.UNKNOWN


async def test_silence_ends_in_time_and_is_unknown(script: HttpScript) -> None:
    script.replies.append(None)
    began = asyncio.get_running_loop().time()

    answer = await by_twilio(script, time_factor=0.01)

    assert answer.verdict is Verdict.UNKNOWN
    assert asyncio.get_running_loop().time() - began < 5


async def test_server_that_we_do_not_trust_is_a_matter_of_settings_and_gets_no_request() -> None:
    async with http_script(server_context()[0]) as script:
        answer = await by_twilio(script)

    assert (answer.verdict, answer.closes, answer.retry_after_s, script.seen) == (Verdict.CONFIG, True, 300, [])
