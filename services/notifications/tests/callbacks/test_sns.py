"""Amazon SNS: its signatures in both versions, its certificates, and its subscriptions, over real sockets."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from services.notifications.callbacks.errors import CallbackNotCheckable, CallbackRefused
from services.notifications.callbacks.sns import SnsMessages, canonical
from services.notifications.callbacks.sns_certificates import Place, SnsCertificates
from shared.testing.clock import MONDAY_MORNING, FrozenClock

TOPIC: Final = "arn:aws:sns:ap-south-1:123456789012:ses"
KEY: Final = rsa.generate_private_key(65_537, 2048)
FILE: Final = "/SimpleNotificationService-0123456789abcdef.pem"
DAY: Final = timedelta(days=1)


def certificate(
    key: Any = KEY,
    name: str = "sns.amazonaws.com",
    begins: datetime = MONDAY_MORNING - DAY,
    ends: datetime = MONDAY_MORNING + DAY,
) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(ends)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


@dataclass
class Amazon:
    """A small HTTP server in Amazon's place. answers: status line and body by path; what was asked for is kept."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answers: dict[str, tuple[str, bytes]] = field(default_factory=lambda: {FILE: ("200 OK", certificate())})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        self.asked.append(path)
        status, body = self.answers.get(path.partition("?")[0], ("200 OK", b"<ok/>"))
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running_amazon() -> AsyncIterator[Amazon]:
    amazon = Amazon()
    server = await asyncio.start_server(amazon.serve, "127.0.0.1", 0)
    async with server:
        amazon.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield amazon


@pytest_asyncio.fixture
async def amazon() -> AsyncIterator[Amazon]:
    async with running_amazon() as running:
        yield running


def notification(version: str = "2", **members: Any) -> dict[str, str]:
    usual = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": '{"eventType": "Delivery"}',
        "Timestamp": "2026-03-02T09:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": f"https://sns.ap-south-1.amazonaws.com{FILE}",
    }
    return {name: value for name, value in {**usual, **members}.items() if value is not None}


def signed(envelope: dict[str, str], key: rsa.RSAPrivateKey = KEY, text: str | None = None) -> bytes:
    algorithm = SHA1() if envelope["SignatureVersion"] == "1" else SHA256()  # noqa: S303 - as SNS does
    what = text if text is not None else canonical(envelope)
    return json.dumps(
        {**envelope, "Signature": base64.b64encode(key.sign(what.encode(), PKCS1v15(), algorithm)).decode()}
    ).encode()


def messages(amazon: Amazon | None = None) -> SnsMessages:
    return SnsMessages([TOPIC], SnsCertificates(), FrozenClock(), stand_in=amazon.url if amazon is not None else None)


async def refusal(sns: SnsMessages, body: bytes, announced: str | None = None) -> str:
    with pytest.raises(CallbackRefused) as refused:
        await sns.read(body, announced)
    return refused.value.reason


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, "Amazon SES Email Event Notification"])
async def test_notification_in_both_versions_is_taken_and_its_certificate_fetched_once(
    amazon: Amazon, version: str, subject: str | None
) -> None:
    sns, body = messages(amazon), signed(notification(version, Subject=subject))

    taken = [await sns.read(body, "Notification") for _ in range(2)]

    assert [(one.provider, one.event_id, one.payload) for one in taken[0]] == [
        ("ses", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", b'{"eventType": "Delivery"}')
    ]
    assert (taken[1], amazon.asked) == (taken[0], [FILE])


def test_what_is_signed_ends_with_a_line_end_and_leaves_out_a_missing_subject() -> None:
    text = canonical({**notification(), "MessageId": "m", "Message": "x", "Timestamp": "t"})

    assert text == f"Message\nx\nMessageId\nm\nTimestamp\nt\nTopicArn\n{TOPIC}\nType\nNotification\n"


async def test_messages_that_were_changed_are_refused(amazon: Amazon) -> None:
    good = notification()
    stranger = rsa.generate_private_key(65_537, 2048)
    bad = {
        "without the final line end": signed(good, text=canonical(good)[:-1]),
        "another message": signed(good, text=canonical({**good, "Message": "{}"})),
        "another key": signed(good, stranger),
        "SHA-1 called SHA-256": json.dumps({**json.loads(signed(notification("1"))), "SignatureVersion": "2"}).encode(),
        "no signature": json.dumps(good).encode(),
    }

    assert {name: await refusal(messages(amazon), body) for name, body in bad.items()} == dict.fromkeys(bad, "bad_signature")
    assert await refusal(messages(amazon), json.dumps({**good, "SignatureVersion": "3"}).encode()) == "unknown_signature_version"
    assert await refusal(messages(amazon), signed(good), "SubscriptionConfirmation") == "no_envelope"
    assert await refusal(messages(amazon), b"[1]") == "no_envelope"


async def test_foreign_topic_is_refused_before_anything_is_fetched_or_confirmed(amazon: Amazon) -> None:
    foreign = "arn:aws:sns:ap-south-1:666666666666:ses"
    url = "https://sns.ap-south-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    confirmation = notification(TopicArn=foreign, Type="SubscriptionConfirmation", SubscribeURL=url, Token="t")

    assert await refusal(messages(amazon), signed(confirmation)) == "foreign_topic"
    assert await refusal(messages(amazon), signed(notification(TopicArn=foreign))) == "foreign_topic"
    assert amazon.asked == []


LOOK_ALIKES: Final = [
    f"http://sns.ap-south-1.amazonaws.com{FILE}",
    f"https://sns.ap-south-1.amazonaws.com.evil.org{FILE}",
    f"https://evil.org/sns.ap-south-1.amazonaws.com{FILE}",
    f"https://sns.ap-south-1.amazonaws.com@evil.org{FILE}",
    f"https://sns.ap-south-1.amazonaws.com:8443{FILE}",
    f"https://sns-ap-south-1.amazonaws.com{FILE}",
    f"https://sns.eu-west-1.amazonaws.com{FILE}",
    f"https://s3.ap-south-1.amazonaws.com{FILE}",
    f"https://sns.ap-south-1.amazonaws.com/bucket{FILE}",
    "https://sns.ap-south-1.amazonaws.com/SimpleNotificationService-x.pem.exe",
    "https://sns.ap-south-1.amazonaws.com/SimpleNotificationService-../x.pem",
    f"https://sns.ap-south-1.amazonaws.com{FILE}?x=1",
    "",
    "https://[",
]


@pytest.mark.parametrize("url", LOOK_ALIKES)
async def test_certificate_of_a_look_alike_is_not_fetched(url: str) -> None:
    # A connection to anywhere would fail the test; see shared/testing/sockets.py.
    assert await refusal(messages(), signed(notification(SigningCertURL=url))) == "foreign_certificate"


@pytest.mark.parametrize("host", ["sns.ap-south-1.amazonaws.com", "sns.ap-south-1.amazonaws.com.cn"])
def test_amazons_own_addresses_are_good(host: str) -> None:
    place = Place("ap-south-1")

    assert place.certificate_url(f"https://{host}{FILE}") == f"https://{host}{FILE}"
    assert place.subscribe_url(f"https://{host}/?Action=ConfirmSubscription") == f"https://{host}/?Action=ConfirmSubscription"
    with pytest.raises(CallbackRefused):
        place.subscribe_url("https://evil.org/?Action=ConfirmSubscription")


async def test_subscription_of_our_topic_is_confirmed_and_its_end_is_not_undone(amazon: Amazon) -> None:
    url = "https://sns.ap-south-1.amazonaws.com/?Action=ConfirmSubscription&Token=t1"
    members = {"SubscribeURL": url, "Token": "t1"}
    begun = await messages(amazon).read(
        signed(notification(Type="SubscriptionConfirmation", **members)), "SubscriptionConfirmation"
    )
    ended = await messages(amazon).read(signed(notification(Type="UnsubscribeConfirmation", **members)), None)

    assert (begun, ended) == ([], [])
    assert amazon.asked == [FILE, "/?Action=ConfirmSubscription&Token=t1", FILE]


@pytest.mark.parametrize(
    "pem",
    [
        certificate(ends=MONDAY_MORNING - timedelta(seconds=1)),
        certificate(begins=MONDAY_MORNING + timedelta(seconds=1)),
        certificate(name="sns.amazonaws.com.evil.org"),
        certificate(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["has ended", "has not begun", "of somebody else", "no RSA"],
)
async def test_certificate_that_is_not_to_be_believed_is_not(amazon: Amazon, pem: bytes) -> None:
    amazon.answers[FILE] = ("200 OK", pem)

    assert await refusal(messages(amazon), signed(notification())) == "bad_certificate"


@pytest.mark.parametrize(
    "answer", [("500 Oops", b""), ("302 Found", certificate()), ("200 OK", b"no certificate"), ("200 OK", b"x" * 100_000)]
)
async def test_certificate_that_cannot_be_fetched_is_asked_for_later_and_not_at_once(
    amazon: Amazon, answer: tuple[str, bytes]
) -> None:
    amazon.answers[FILE] = answer
    sns = messages(amazon)

    for _ in range(3):
        with pytest.raises(CallbackNotCheckable):
            await sns.read(signed(notification()), None)
    assert amazon.asked == [FILE]
