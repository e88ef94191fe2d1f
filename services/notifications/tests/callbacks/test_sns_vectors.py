"""Messages that Amazon SNS has really sent, with its own certificate: the vectors of AWS's SDK for Java.

github.com/aws/aws-sdk-java-v2, services-custom/sns-message-manager/src/test/resources (Apache-2.0). A signature covers the values
of fields and not the bytes of the body, so they are put together here as they arrive.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import pytest_asyncio

from services.notifications.callbacks.errors import CallbackRefused
from services.notifications.callbacks.sns import SnsMessages
from services.notifications.callbacks.sns_certificates import SnsCertificates
from services.notifications.tests.callbacks.test_sns import Amazon, running_amazon
from shared.testing.clock import FrozenClock

SENT: Final = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
FILE: Final = "/SimpleNotificationService-7506a1e35b36ef5a444dd1a8e7cc3ed8.pem"
TOPIC: Final = "arn:aws:sns:us-west-2:131990247566:dongie-standard-topic"
SUBSCRIPTION: Final = f"{TOPIC}:b24e11a2-06bd-4e73-aa29-0ed2de3b41b5"
HOST: Final = "https://sns.us-west-2.amazonaws.com"
CERTIFICATE: Final = b"""-----BEGIN CERTIFICATE-----
MIIFxTCCBK2gAwIBAgIQBkyRNHAyygLkObkxH5ju+zANBgkqhkiG9w0BAQsFADA8
MQswCQYDVQQGEwJVUzEPMA0GA1UEChMGQW1hem9uMRwwGgYDVQQDExNBbWF6b24g
UlNBIDIwNDggTTAxMB4XDTI1MTExMDAwMDAwMFoXDTI2MTAxNDIzNTk1OVowHDEa
MBgGA1UEAxMRc25zLmFtYXpvbmF3cy5jb20wggEiMA0GCSqGSIb3DQEBAQUAA4IB
DwAwggEKAoIBAQChbVNQ+DEaT5WN+l+bg0iEeF666Z6LDFc1KJr4lNl0odcXQSsk
KsZYCMVdp4I/Ikk9zWyckRTMkmQGYimpD+bTsMCP5C/sJIU0E9Y2OXjjl5Videkq
qnRL9VdE5N41Rvks7S/5MpYcSmCsmaHfwcv82Gvx2zm9CrA5Xu7K2ZqhzRQPCRSP
mHTHQr4ED63ujE+qTpPgQZ0TvgmcrAc08Z75Z7Zzs17aTNc3YhAtQx9WowN8uiHk
kgc+ONNdtwKvWZNmnbmxMHYtYc291WCP1K1Nh4TV5XNyjIebzQKDrqTCN0ItAr1x
e6Bl3BYS3SG9XHAy0q3ekITzQsKypcuaK6dTAgMBAAGjggLhMIIC3TAfBgNVHSME
GDAWgBSBuA5jiokSGOX6OztQlZ/m5ZAThTAdBgNVHQ4EFgQUBQEUzzzuVJAKzAlR
d0Q//W6HvZUwHAYDVR0RBBUwE4IRc25zLmFtYXpvbmF3cy5jb20wEwYDVR0gBAww
CjAIBgZngQwBAgEwDgYDVR0PAQH/BAQDAgWgMBMGA1UdJQQMMAoGCCsGAQUFBwMB
MDsGA1UdHwQ0MDIwMKAuoCyGKmh0dHA6Ly9jcmwucjJtMDEuYW1hem9udHJ1c3Qu
Y29tL3IybTAxLmNybDB1BggrBgEFBQcBAQRpMGcwLQYIKwYBBQUHMAGGIWh0dHA6
Ly9vY3NwLnIybTAxLmFtYXpvbnRydXN0LmNvbTA2BggrBgEFBQcwAoYqaHR0cDov
L2NydC5yMm0wMS5hbWF6b250cnVzdC5jb20vcjJtMDEuY2VyMAwGA1UdEwEB/wQC
MAAwggF/BgorBgEEAdZ5AgQCBIIBbwSCAWsBaQB3ANdtfRDRp/V3wsfpX9cAv/mC
yTNaZeHQswFzF8DIxWl3AAABmnAb33MAAAQDAEgwRgIhANXAgMEZWU326cqxqwnf
ntD0XcBjRbmvVMOp3hZ8boPXAiEAkI3NTMXcdLCChHak1ipOae7K7r3spMGUMk6Q
cEUKqBEAdgDCMX5XRRmjRe5/ON6ykEHrx8IhWiK/f9W1rXaa2Q5SzQAAAZpwG9+u
AAAEAwBHMEUCIQD+Qyok8NYaFuQkccW+XIMmxHxj6Yka2wjtg6UN/tbU5wIgcp4z
8MyC/dUfeLRuHAt0owtVgEu7xXqrMBOYlbXrfC4AdgDLOPcViXyEoURfW8Hd+8lu
8ppZzUcKaQWFsMsUwxRY5wAAAZpwG9+yAAAEAwBHMEUCIQCmu1jQUG9A2br7OqwM
FvQXtBX10yIvvDa6a2Ov1Zgg6gIgKlqRvN6WhX0pSHAN2bKmjRwIUI3X9kjS/A/m
DYULaV4wDQYJKoZIhvcNAQELBQADggEBAIbTQWQhqrG6SzwLq79tKCpI0aL0xlD+
/jrGPxpwTlK7rtAArHiEVh/bsmwLYRlIxPBiU+NE/kqeT0lhJA6/e3X3KRmnpJ6u
Z70PJGYwmZbSRsFom0vGFBMncX0qYx1iD0dooPeAkkSnM5j81rBh+FepV3HfF+tA
9gaglWLsU7Z/A0fdn9D32UPreVHloOut5EyEinvXRUAWZco9CRloyEXJr7Mxq9MZ
vYOK+5wuSPHnPij+fGlQsPxEgoTnCmU03PqNS49kL13jjEnYYdijqL+4rfHtuZbc
4hlVoZfttwg8wD3m5brhQ+GkBBNYN8HFtdVy/BnFi+SPJqv6BgB3Y00=
-----END CERTIFICATE-----
"""
_TOKEN: Final = "2336412f37fb687f5d51e6e2425929f52e8e353134f"
_SUBSCRIBED: Final = (
    f"{_TOKEN}e72d55ef8b330217d82da14007cbccefffd35b695feb8f0294d01fd9644f41e1ddfad261519a2c0bac743ff375eeb64530147d2da57f3acc"
    "54739da14c8dbd48a9d58ce996eff0d498ea6b4b9f58720d8959b52b99b8de148081720d7da17434e376614a00c992e7823e4"
)
_ENDED: Final = (
    f"{_TOKEN}d0284eae5672847af082a982c7dd18215a1485e04e559716f8b42054594757f42dee2d63c46fd3a0fa59b4d688de03db956f8bf9f8cb3167"
    "587a28b74c5d325e6a7594d24a43ac534de2dfca614ca89cebd490342c721c30a76ea03def13673437a6a3e450642580119d0"
)


def envelope(kind: str, message_id: str, message: str, at: str, version: str, signature: str, **more: str) -> dict[str, str]:
    return {
        "Type": kind,
        "MessageId": message_id,
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": f"2026-03-06T{at}Z",
        "SignatureVersion": version,
        "Signature": signature,
        "SigningCertURL": f"{HOST}{FILE}",
        **more,
    }


def confirming(token: str) -> dict[str, str]:
    return {"Token": token, "SubscribeURL": f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}"}


WITH_SUBJECT: Final = envelope(
    "Notification",
    "26858270-545e-5848-82a2-e05566af3dcf",
    "Hello! This message has a subject.",
    "19:53:21.424",
    "1",
    "jvNSgHVOF9KUOKI3bmQZhURD0kDN6txhfjiyuvnV95Dw6b2SRa7nq3AhM8agP0KUCIrRgKHqUlN6K2XBA35Lzkx1eI5RT0oXIN00pvvzGxSz0ddnuSGmDJM7bd"
    "/b1vl2RlLjz+KvkhzEtspxLnxjLsGl2EpOmztt+um7owb4475sOLdGTx1QiFV/8HqB2J0DyjeWdRZvu7Xpsf1Yd2rgmijFoz8x89Vw8pIksjczr4q16pxdh/XK"
    "WjbN2uPoC+3EeYdljL8KUvLYH9ueHSs5E9qq2iLdze4+FtANnE73XRvvSGE0KI+FGOvz1igest6qon3g1/CVy4mq3n19TsCSmA==",
    Subject="My message subject",
)
SECOND_VERSION: Final = envelope(
    "Notification",
    "9d2c5580-b61d-550c-8583-37a582870907",
    "This message uses signature version 2.",
    "20:00:26.893",
    "2",
    "kGNJ7FIM5DJxRv9bdoSJBty2WHpADFWrJ0ZQU/A2sALy6tBE5hqfUvPRlklTJ+PACFMguoFOO7W6ac/Bs4gR+JBRFhx4598X8/HWzrmaLrtB2f7nzViHbpzYN+"
    "u+OewXhxjj2lNsu0bLKv6fogkACytDIOhjZylbfJoPphDYAB7T3Ila7u+K3m2wLHH4k1cPYKyBf5FI/kAoQAVsY6qFHeb6CWfHsdM98I2gwyEvwJSzW0iyYBfq"
    "ckmthQwH3Ex53jrhQlZylXFDYmstSJAdvbLeGqIUxKyk+O25wYgBjbbbeR+2qE2UCGEQrk1Bq018wmTxdHZmDhoBjJXiGmFkfg==",
)
SUBSCRIPTION_TO_CONFIRM: Final = envelope(
    "SubscriptionConfirmation",
    "f3f2fc87-c426-4c2f-9044-b55890c0939c",
    f"You have chosen to subscribe to the topic {TOPIC}.\n"
    "To confirm the subscription, visit the SubscribeURL included in this message.",
    "19:31:32.895",
    "1",
    "Ce2Ax8UbEq0RrVH7gsjP9WZ9bzif7dUkAY4OH99Pv7FSrvs8cK+uiH3a6ig54rXWUnZRUejk8K6KeK5Q80O9iJp8KbPRKdQ0PkJ3YASdabhfK0e7evC05YR2pF"
    "oS6nNaqNzT7HrR1d1Z9iLoFxluo2Dzb7kWVB7e9jp/y+ZBXRzRIaZgscM84kahBc6QgXOFJA1/PFA4cB5qaa6tBcUFtTE63o9vJ4wMmKk93W9MoszC+dNJeVFr"
    "8VHmt3toR+3JauBCZnGdgXgsDhni4PduSfWJJxEpuOK41iYf1hW+xFNFFsv46siTFiHdHiYDfI7/VlaY4spMgkq3EndRr7rHzQ==",
    **confirming(_SUBSCRIBED),
)
SUBSCRIPTION_ENDED: Final = envelope(
    "UnsubscribeConfirmation",
    "0b71e34e-42c3-486a-9e32-b1928ec994b5",
    f"You have chosen to deactivate subscription {SUBSCRIPTION}.\n"
    "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
    "20:02:25.038",
    "2",
    "RLW/cGWZAdY96iEcvXGmAZQ851DUyWehJIUMHT3Qa0/kX7Wu2QimI44TfE8d9hTqyYFreA6ln4AS67m225DuySpBeiUBtzB/ibiU7jdZmfSiT/I/RTEU3eD0lH"
    "HZIYW0M7HAlhHyaSXdcSAbtfnhMBMION93IVl6UOR4kWYdJaJ17/u3by3zlSRs8wCIpj06S6BzuzxrINZPJl+NKZYCVdMlrjuT4etX/UfZkC0Tjchpmu/CQcui"
    "mAgswlesm8cVue0WqNPXkOr8h7HmsiGVXPN1jjkYKf2/tVJyBxur/lSksMopER8wtAIsrqY1caAZSI8YJkIndg/b+7eCwkjTBA==",
    **confirming(_ENDED),
)
ALL: Final = (WITH_SUBJECT, SECOND_VERSION, SUBSCRIPTION_TO_CONFIRM, SUBSCRIPTION_ENDED)


@pytest_asyncio.fixture
async def amazon() -> AsyncIterator[Amazon]:
    async with running_amazon() as running:
        running.answers[FILE] = ("200 OK", CERTIFICATE)
        yield running


def messages(amazon: Amazon, at: datetime = SENT) -> SnsMessages:
    return SnsMessages([TOPIC], SnsCertificates(patience_s=30.0), FrozenClock(at), stand_in=amazon.url)


async def test_notifications_of_both_versions_are_taken(amazon: Amazon) -> None:
    sns = messages(amazon)

    taken = [await sns.read(json.dumps(one).encode(), "Notification") for one in (WITH_SUBJECT, SECOND_VERSION)]

    assert [(one.event_id, one.payload.decode()) for [one] in taken] == [
        (WITH_SUBJECT["MessageId"], "Hello! This message has a subject."),
        (SECOND_VERSION["MessageId"], "This message uses signature version 2."),
    ]
    assert amazon.asked == [FILE]


async def test_a_subscription_is_confirmed_and_its_end_is_left_alone(amazon: Amazon) -> None:
    sns = messages(amazon)

    for one in (SUBSCRIPTION_TO_CONFIRM, SUBSCRIPTION_ENDED):
        assert await sns.read(json.dumps(one).encode(), one["Type"]) == []

    assert amazon.asked == [FILE, f"/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={_SUBSCRIBED}"]


@pytest.mark.parametrize("sent", ALL, ids=lambda sent: f"{sent['Type']} v{sent['SignatureVersion']}")
async def test_whatever_is_changed_in_it_is_refused(amazon: Amazon, sent: dict[str, Any]) -> None:
    sns, signed = messages(amazon), ("Message", "MessageId", "Timestamp", "Token", "Subject")
    for name in [name for name in signed if name in sent]:
        with pytest.raises(CallbackRefused) as refused:
            await sns.read(json.dumps({**sent, name: f"{sent[name]} "}).encode(), None)
        assert refused.value.reason == "bad_signature", name


async def test_a_certificate_that_has_run_out_is_believed_no_more(amazon: Amazon) -> None:
    with pytest.raises(CallbackRefused) as refused:
        await messages(amazon, datetime(2026, 10, 15, tzinfo=UTC)).read(json.dumps(SECOND_VERSION).encode(), None)

    assert refused.value.reason == "bad_certificate"
