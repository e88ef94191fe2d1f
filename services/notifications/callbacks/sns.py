"""Messages of Amazon SNS: checked, and, where they are of one of our topics, taken or their subscription confirmed.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html. A good signature says no more
than that some topic of Amazon's has sent it, so the topic is looked at before anything is fetched or confirmed.
"""

import base64
import binascii
import json
import logging
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from services.notifications.callbacks.errors import CallbackRefused
from services.notifications.callbacks.intake import Incoming
from services.notifications.callbacks.sns_certificates import Place, SnsCertificates
from shared.runtime.clock import Clock

logger = logging.getLogger(__name__)

NOTIFICATION: Final = "Notification"
_SIGNED: Final[dict[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_OPTIONAL: Final = "Subject"
_HASHES: Final[dict[str, HashAlgorithm]] = {
    "1": SHA1(),  # noqa: S303 - topics sign so unless they are told otherwise
    "2": SHA256(),
}
_ARN: Final = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d*:[^\s:]+")
_MAX_ID: Final = 200


class SnsMessages:
    """Reads what SNS posts.

    topics: TopicArns that are ours. certificates: the process's. stand_in: where SNS is instead of at Amazon's.
    """

    def __init__(
        self, topics: Collection[str], certificates: SnsCertificates, clock: Clock, *, stand_in: str | None = None
    ) -> None:
        self._topics = frozenset(topics)
        self._certificates = certificates
        self._clock = clock
        self._stand_in = stand_in

    async def read(self, body: bytes, announced: str | None) -> list[Incoming]:
        """The event of a notification; none for what concerns the subscription, which is confirmed here.

        announced: the header `x-amz-sns-message-type`. Raises CallbackRefused and CallbackNotCheckable.
        """
        envelope = _envelope(body, announced)
        kind, topic = envelope["Type"], envelope.get("TopicArn", "")
        arn = _ARN.fullmatch(topic)
        if topic not in self._topics or arn is None:
            raise CallbackRefused("foreign_topic")
        place = Place(arn[1], self._stand_in)
        await self._check(envelope, place)
        if kind == NOTIFICATION:
            return [Incoming("ses", envelope["MessageId"], envelope["Message"].encode("utf-8", "surrogatepass"))]
        if kind == "SubscriptionConfirmation":
            await self._certificates.confirm(place.subscribe_url(envelope["SubscribeURL"]))
            logger.info("sns_subscription_confirmed", extra={"topic": topic})
        else:
            # Somebody has ended it on purpose, or by mistake; confirming again would take that out of their hands.
            logger.warning("sns_subscription_ended", extra={"topic": topic})
        return []

    async def _check(self, envelope: Mapping[str, str], place: Place) -> None:
        algorithm = _HASHES.get(envelope.get("SignatureVersion", ""))
        if algorithm is None:
            raise CallbackRefused("unknown_signature_version")
        url = place.certificate_url(envelope.get("SigningCertURL") or envelope.get("SigningCertUrl") or "")
        key = await self._certificates.key(url, self._clock())
        try:
            signature = base64.b64decode(envelope.get("Signature", ""), validate=True)
            key.verify(signature, canonical(envelope).encode("utf-8", "surrogatepass"), PKCS1v15(), algorithm)
        except (InvalidSignature, binascii.Error, ValueError):
            raise CallbackRefused("bad_signature") from None


def canonical(envelope: Mapping[str, str]) -> str:
    """What is signed: each field's name and value on lines of their own, the last one ended like the others.

    A notification without a subject is signed without one; everything else must be there. Raises CallbackRefused.
    """
    names = _SIGNED[envelope["Type"]]
    if any(name not in envelope for name in names if name != _OPTIONAL):
        raise CallbackRefused("incomplete")
    return "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)


def _envelope(body: bytes, announced: str | None) -> Mapping[str, str]:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise CallbackRefused("no_envelope") from None
    if not isinstance(found, dict):
        raise CallbackRefused("no_envelope")
    fields = {name: value for name, value in found.items() if isinstance(value, str)}
    if fields.get("Type") not in _SIGNED or (announced is not None and announced != fields["Type"]):
        raise CallbackRefused("no_envelope")
    if not 0 < len(fields.get("MessageId", "")) <= _MAX_ID or not fields["MessageId"].isprintable():
        raise CallbackRefused("no_envelope")
    return fields
