"""Messages of Amazon SNS over HTTP, signed (docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from deploy.sandbox.ses.events import timestamp

_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_VALID = timedelta(days=397)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it goes out: its body, and the headers that name its kind."""

    body: bytes
    headers: dict[str, str]


class Topic:
    """A topic with a key and a certificate of this start. base_url: where the sandbox's SES is, as its clients see it."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.file = f"SimpleNotificationService-{token_hex(16)}.pem"
        self._key = rsa.generate_private_key(65_537, 2048)
        self.certificate = _certificate(self._key)

    def notification(self, message: Mapping[str, Any], message_id: str, base_url: str, version: str) -> Envelope:
        """A Notification. message_id: the same each time the message is told again."""
        members = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": self.arn,
            "Message": json.dumps(message),
            "Timestamp": timestamp(),
            "UnsubscribeURL": f"{base_url}/?Action=Unsubscribe&SubscriptionArn={self.arn}:{message_id}",
        }
        return self._envelope(members, base_url, version)

    def confirmation(self, token: str, base_url: str, version: str) -> Envelope:
        """A SubscriptionConfirmation."""
        words = f"You have chosen to subscribe to the topic {self.arn}.\nTo confirm the subscription, visit the SubscribeURL."
        members = {
            "Type": "SubscriptionConfirmation",
            "MessageId": str(uuid4()),
            "Token": token,
            "TopicArn": self.arn,
            "Message": words,
            "SubscribeURL": f"{base_url}/?Action=ConfirmSubscription&TopicArn={self.arn}&Token={token}",
            "Timestamp": timestamp(),
        }
        return self._envelope(members, base_url, version)

    def _envelope(self, members: dict[str, str], base_url: str, version: str) -> Envelope:
        # Each name and each value on a line of its own, the last one's end included.
        signed = "".join(f"{name}\n{members[name]}\n" for name in _SIGNED[members["Type"]] if name in members)
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), _HASHES[version]())
        whole = {
            **members,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": f"{base_url}/{self.file}",
        }
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": members["Type"],
            "x-amz-sns-message-id": members["MessageId"],
            "x-amz-sns-topic-arn": self.arn,
        }
        return Envelope(json.dumps(whole, indent=2).encode(), headers)


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
