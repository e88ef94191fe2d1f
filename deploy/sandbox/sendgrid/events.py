"""Signed events: what becomes of mails, told to the Event Webhook.

twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import base64
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.sandbox.mailbox.rules import MailRule
from deploy.sandbox.mailbox.suppressed import Suppressed
from deploy.sandbox.sendgrid.mails import TakenMail

EVENTS_AT_ONCE = 500
_GAP_S = 0.02

_STORIES: dict[str, tuple[str, ...]] = {
    "delivered": ("processed", "delivered"),
    "deferred": ("processed", "deferred", "delivered"),
    "bounce": ("processed", "bounce"),
    "soft_bounce": ("processed", "bounce"),
    "blocked": ("processed", "bounce"),
    "dropped": ("dropped",),
    "complaint": ("processed", "delivered", "spamreport"),
    "unsubscribe": ("processed", "delivered", "unsubscribe"),
    "opened": ("processed", "delivered", "open"),
    "silent": (),
}
_BOUNCES = {
    "bounce": ("bounce", "5.1.1", "550 5.1.1 The email account that you tried to reach does not exist", "Invalid Address"),
    "soft_bounce": ("bounce", "4.2.2", "452 4.2.2 The email account is over quota", "Mailbox Unavailable"),
    "blocked": ("blocked", "4.7.0", "421 4.7.0 Our system has detected an unusual rate of mail", "Reputation"),
}


class EventKey:
    """The key that signs events: EC P-256, as SendGrid's."""

    def __init__(self, file: Path | None) -> None:
        self._key = _key(file)

    @property
    def public(self) -> str:
        """Base64 of the SubjectPublicKeyInfo, as SendGrid's console shows it."""
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self._key.public_key().public_bytes(encoding, form)).decode()

    def headers(self, body: bytes) -> dict[str, str]:
        """The headers that prove a body: the signature is over the time stamp and the raw bytes behind it."""
        timestamp = str(int(time.time()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "Content-Type": "application/json;charset=utf-8",
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }


def plans(mails: Iterable[tuple[TakenMail, MailRule | None]]) -> list[tuple[float, list[dict[str, Any]]]]:
    """What to call back with, and after how many seconds; events of the same moment share a call, 500 at most."""
    calls: dict[float, list[dict[str, Any]]] = defaultdict(list)
    now = time.time()
    for mail, rule in mails:
        story = [_event(mail, name, rule, round(now)) for name in _STORIES[rule.action if rule else "delivered"]]
        begin = (rule.seconds or 0.0) if rule else 0.0
        times = [begin + step * _GAP_S for step in range(len(story))]
        if rule is not None and rule.reorder:
            times.reverse()
        for at, event in zip(times, story, strict=True):
            for repetition in range(rule.repeat if rule else 1):
                calls[at + repetition * _GAP_S / 10].append(event)
    return [(at, part) for at in sorted(calls) for part in _split(calls[at])]


def body_of(events: Sequence[dict[str, Any]]) -> bytes:
    """A JSON array with a line end behind it, as theirs have."""
    return (json.dumps(list(events)) + "\r\n").encode()


def bounce_reason(rule: MailRule) -> str:
    """What the far server is said to have answered."""
    return rule.text or _BOUNCES[rule.action][2]


def listed(address: str, rule: MailRule | None) -> Suppressed | None:
    """The entry of one of SendGrid's lists that a mail's fate leaves behind."""
    match rule:
        case MailRule(action="bounce"):
            return Suppressed(address, "bounce", bounce_reason(rule), int(time.time()))
        case MailRule(action="complaint" | "unsubscribe"):
            return Suppressed(address, rule.action, "", int(time.time()))
        case MailRule(action="dropped", text="Invalid"):
            return Suppressed(address, "invalid", "Mail domain mentioned in email address is unknown", int(time.time()))
        case _:
            return None


def _event(mail: TakenMail, name: str, rule: MailRule | None, now: int) -> dict[str, Any]:
    event: dict[str, Any] = {
        "email": mail.address,
        "timestamp": now,
        "smtp-id": mail.message_id,
        "event": name,
        "sg_event_id": base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("="),
        "sg_message_id": mail.provider_id,
        **mail.custom_args,
    }
    if name == "delivered":
        event["response"] = "250 OK"
    if name == "deferred":
        event |= {"response": (rule.text if rule else None) or "451 4.7.1 Try again later", "attempt": "1"}
    if name == "dropped":
        event |= {"reason": (rule.text if rule else None) or "Bounced Address", "status": "5.0.0"}
    if name == "open":
        event |= {"useragent": "Mozilla/5.0", "ip": "203.0.113.7", "sg_machine_open": False}
    if name == "bounce" and rule is not None:
        kind, status, _, classification = _BOUNCES[rule.action]
        event |= {"type": kind, "status": status, "reason": bounce_reason(rule), "bounce_classification": classification}
    return event


def _split(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [events[start : start + EVENTS_AT_ONCE] for start in range(0, len(events), EVENTS_AT_ONCE)]


def _key(file: Path | None) -> ec.EllipticCurvePrivateKey:
    if file is not None and file.exists():
        key = serialization.load_pem_private_key(file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise SystemExit(f"sandbox: SANDBOX_SENDGRID_EVENT_KEY_FILE: {file} holds no EC key on the curve P-256")
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return key
