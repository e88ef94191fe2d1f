"""What recipients answer, handed on as Twilio does: a signed form at the notifications API."""

import pytest

from deploy.sandbox.tests.conftest import Harness, Start
from deploy.sandbox.tests.sms_listener import listening
from deploy.sandbox.twilio.signature import signature


async def test_answer_is_handed_on_as_a_signed_form(start: Start) -> None:
    async with listening() as listener:
        sandbox = await start(callback_url=listener.url)

        answer = await sandbox.http.post("/twilio/answers", json={"sender": "+919812345678", "text": "STOP"})

        [call] = await listener.reach(1)
        assert (answer.status_code, call.path) == (202, "/v1/callbacks/twilio")
        expected = {"From": "+919812345678", "To": "+15005550006", "Body": "STOP", "SmsStatus": "received"}
        assert {name: call.form[name] for name in expected} == expected
        assert call.form["MessageSid"] == call.form["SmsSid"] == answer.json()["sid"]
        url = f"{listener.url}/v1/callbacks/twilio"
        assert call.headers["x-twilio-signature"] == signature("sandbox", url, call.form)


@pytest.mark.parametrize("body", [{"sender": "98123", "text": "STOP"}, {"sender": "+919812345678", "text": ""}, {"text": "STOP"}])
async def test_answer_that_is_none_is_refused(sandbox: Harness, body: dict[str, str]) -> None:
    assert (await sandbox.http.post("/twilio/answers", json=body)).status_code == 422


async def test_without_anybody_to_call_it_says_so(sandbox: Harness) -> None:
    answer = await sandbox.http.post("/twilio/answers", json={"sender": "+919812345678", "text": "STOP"})

    assert (answer.status_code, answer.json()["code"]) == (409, "nobody_to_call")
