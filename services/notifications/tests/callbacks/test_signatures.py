"""Signatures of SendGrid and Twilio, by the vectors that both publish (sendgrid-python, twilio-python)."""

import hashlib
from typing import Final

import pytest

from services.notifications.callbacks.errors import CallbackRefused
from services.notifications.callbacks.signatures import SendGridSignature, TwilioSignature, check_secret

KEY: Final = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
OTHER_KEY: Final = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA=="
)
SIGNATURE: Final = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
OTHER_SIGNATURE: Final = "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3j/0="
TIMESTAMP: Final = "1600112502"
BODY: Final = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)


def test_sendgrids_own_vector_is_good_with_its_trailing_line_end() -> None:
    SendGridSignature(KEY).check(BODY, SIGNATURE, TIMESTAMP)


@pytest.mark.parametrize(
    ("key", "body", "signature", "timestamp"),
    [
        (OTHER_KEY, BODY, SIGNATURE, TIMESTAMP),
        (KEY, BODY.strip(), SIGNATURE, TIMESTAMP),
        (KEY, b"payload", SIGNATURE, TIMESTAMP),
        (KEY, BODY, OTHER_SIGNATURE, TIMESTAMP),
        (KEY, BODY, SIGNATURE, "timestamp"),
        (KEY, BODY, SIGNATURE[:-4], TIMESTAMP),
        (KEY, BODY, "no base64!", TIMESTAMP),
        (KEY, BODY, "", TIMESTAMP),
        (KEY, BODY, None, TIMESTAMP),
        (KEY, BODY, SIGNATURE, None),
    ],
)
def test_sendgrid_events_that_were_changed_or_are_unsigned_are_refused(
    key: str, body: bytes, signature: str | None, timestamp: str | None
) -> None:
    with pytest.raises(CallbackRefused):
        SendGridSignature(key).check(body, signature, timestamp)


URL: Final = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM: Final = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
TWILIO: Final = TwilioSignature("12345")


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com", ".com:1234"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com", ".com:1234").replace("https", "http"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
)
def test_twilios_own_vectors_are_good_with_the_port_and_without(url: str, signature: str) -> None:
    fields = TWILIO.check(url, FORM, signature)

    assert dict(fields)["From"] == "+14158675309"


def test_twilios_vector_of_repeated_fields_counts_each_value_once() -> None:
    fields = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "5678")]

    assert TWILIO.of(URL, fields) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


def test_twilios_vector_of_a_json_body_is_checked_by_its_hash_in_the_url() -> None:
    body = b'{"property": "value", "boolean": true}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"

    assert TWILIO.check(url, body, "a9nBmqA0ju/hNViExpshrM61xv4=") == []
    with pytest.raises(CallbackRefused):
        TWILIO.check(url, body + b" ", "a9nBmqA0ju/hNViExpshrM61xv4=")


@pytest.mark.parametrize(
    ("url", "body", "signature"),
    [
        (URL, FORM + b"&Digits=9", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL + "&x=1", FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
        (URL, FORM, None),
        (URL, b"\xff\xfe", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, b"a=1&" * 300, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ],
)
def test_twilio_requests_that_were_changed_or_are_unsigned_are_refused(url: str, body: bytes, signature: str | None) -> None:
    with pytest.raises(CallbackRefused):
        TWILIO.check(url, body, signature)


def test_secret_is_known_whole_or_not_at_all() -> None:
    given = ["a-long-secret", "a-long-secre", "a-long-secret ", "", None, "ä" * 13]

    assert [check_secret(one, "a-long-secret") for one in given] == [True, False, False, False, False, False]
