"""Amazon SNS: its signatures in both versions, its certificates, and its subscriptions, over real sockets."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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
from services.notifications.callbacks.sns_certificates import MAX_KEPT, MAX_PER_MINUTE, MAX_UNDER_WAY, Place, SnsCertificates
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.wait import eventually

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
    """A small HTTP server in Amazon's place. answers: status line and body by path; what was asked for is kept.

    open: while it is not set, nothing is answered. arrived: set by the first request.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answers: dict[str, tuple[str, bytes]] = field(default_factory=lambda: {FILE: ("200 OK", certificate())})
    open: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        self.asked.append(path)
        self.arrived.set()
        await self.open.wait()
        status, body = self.answers.get(path.partition("?")[0], ("200 OK", b"<ok/>"))
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running_amazon() -> AsyncIterator[Amazon]:
    amazon = Amazon()
    amazon.open.set()
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


def messages(amazon: Amazon | None = None, *, patience_s: float = 30.0) -> SnsMessages:
    certificates, stand_in = SnsCertificates(patience_s=patience_s), amazon.url if amazon is not None else None
    return SnsMessages([TOPIC], certificates, FrozenClock(), stand_in=stand_in)


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


@pytest.mark.parametrize("kind", ["Notification", "SubscriptionConfirmation"])
async def test_who_waits_for_amazon_is_answered_within_a_second_and_finds_it_done_later(amazon: Amazon, kind: str) -> None:
    url = "https://sns.ap-south-1.amazonaws.com/?Action=ConfirmSubscription&Token=t1"
    members = {} if kind == "Notification" else {"SubscribeURL": url, "Token": "t1"}
    sns, body = messages(amazon, patience_s=0.05), signed(notification(Type=kind, **members))
    amazon.open.clear()
    with pytest.raises(CallbackNotCheckable, match="has not answered yet"):
        await sns.read(body, kind)
    amazon.open.set()
    await eventually(lambda: sns._certificates._kept)
    # It comes again, some time after all that was fetched for it.
    with suppress(CallbackNotCheckable):
        await sns.read(body, kind)
    await eventually(lambda: not sns._certificates._confirming)

    assert len(await sns.read(body, kind)) == (kind == "Notification")
    assert len(amazon.asked) == len(set(amazon.asked))


def named(number: int) -> str:
    """Where a certificate would be that nobody has heard of."""
    return f"/SimpleNotificationService-{number:x}.pem"


def from_file(path: str) -> bytes:
    return signed(notification(SigningCertURL=f"https://sns.ap-south-1.amazonaws.com{path}"))


async def refused_for_now(sns: SnsMessages, path: str) -> bool:
    """Whether a message is to be sent again because its certificate could not be had."""
    try:
        await sns.read(from_file(path), None)
    except CallbackNotCheckable:
        return True
    return False


async def test_invented_certificates_make_us_ask_amazon_some_times_a_minute_and_no_more(amazon: Amazon) -> None:
    seconds = [0.0]
    certificates = SnsCertificates(lambda: seconds[0], patience_s=30.0)
    sns = SnsMessages([TOPIC], certificates, FrozenClock(), stand_in=amazon.url)
    amazon.answers |= {named(number): ("404 Not Found", b"") for number in range(300)}
    taken = await sns.read(from_file(FILE), None)

    refused = [await refused_for_now(sns, named(number)) for number in range(100)]
    asked_in_a_minute = len(amazon.asked)
    still_taken = await sns.read(from_file(FILE), None)
    seconds[0] = 61.0
    refused += [await refused_for_now(sns, named(number)) for number in range(100, 200)]

    assert (refused, still_taken) == ([True] * 200, taken)
    assert (asked_in_a_minute, len(amazon.asked)) == (MAX_PER_MINUTE, 2 * MAX_PER_MINUTE)


async def test_only_some_certificates_are_fetched_at_once(amazon: Amazon) -> None:
    amazon.open.clear()
    sns = messages(amazon)
    amazon.answers |= {named(number): ("404 Not Found", b"") for number in range(10)}
    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(refused_for_now(sns, named(number))) for number in range(10)]
        done, _ = await asyncio.wait(reads, timeout=2, return_when=asyncio.FIRST_COMPLETED)
        amazon.open.set()

    assert ([one.result() for one in reads], bool(done)) == ([True] * 10, True)
    assert len(amazon.asked) == MAX_UNDER_WAY


async def test_messages_that_come_together_share_one_fetch_whoever_stops_waiting(amazon: Amazon) -> None:
    amazon.open.clear()
    sns = messages(amazon)
    reads = [asyncio.create_task(sns.read(from_file(FILE), None)) for _ in range(20)]
    await asyncio.wait_for(amazon.arrived.wait(), 5)
    reads[0].cancel()
    amazon.open.set()
    found = await asyncio.gather(*reads, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert [len(one) for one in found[1:] if isinstance(one, list)] == [1] * 19
    assert amazon.asked == [FILE]


async def test_certificate_in_use_is_kept_however_many_others_come(amazon: Amazon) -> None:
    seconds = [0.0]
    sns = SnsMessages([TOPIC], SnsCertificates(lambda: seconds[0], patience_s=30.0), FrozenClock(), stand_in=amazon.url)
    for number in range(2 * MAX_KEPT):
        seconds[0] += 60
        amazon.answers[named(number)] = ("200 OK", certificate())
        await sns.read(from_file(FILE), None)
        await sns.read(from_file(named(number)), None)

    assert (amazon.asked.count(FILE), len(amazon.asked)) == (1, 1 + 2 * MAX_KEPT)


async def test_fetches_share_one_client(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    make = ssl.create_default_context

    def counted(*args: Any, **options: Any) -> ssl.SSLContext:
        made.append(make(*args, **options))
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    sns = messages(amazon)
    amazon.answers |= {named(number): ("404 Not Found", b"") for number in range(5)}
    for number in range(5):
        await refused_for_now(sns, named(number))

    assert (len(amazon.asked), len(made)) == (5, 1)
