"""Bounces and complaints that come as mail: delivery status notifications (RFC 3464), feedback reports (RFC 5965), and, where
servers write as they please, what flufl.bounce makes of their words.

Whom a mail is about is told by the address that it was sent to, or that its report names (see verp.py), and by nothing else
that it says: everybody can write bounces. What is too deep or too large to be one is not looked into.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32, default
from typing import Final
from uuid import UUID

from flufl.bounce import all_failures

from services.notifications.callbacks.bounce_status import told_of
from services.notifications.callbacks.facts import Fact, code_of, plain
from services.notifications.callbacks.verp import BounceAddresses
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.sms.told import Told

MAX_MAIL_BYTES: Final = 5_000_000
_READ_BYTES: Final = 512 * 1024
"""What a report says stands in front of the mail that it quotes."""
_HEADER_BYTES: Final = 64 * 1024
_MAX_NESTED: Final = 30
_MAX_PARTS: Final = 60
_MAX_RECIPIENTS: Final = 20
_MAX_WORDS: Final = 20_000
_NESTING: Final = re.compile(rb"multipart\s*/|message\s*/", re.IGNORECASE)
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FEEDBACK_TYPE: Final = "message/feedback-report"
_MALFORMED: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library raises where headers or parts are not as they should be."""

_DELAYED: Final = Told("deferred", Receipt.DEFERRED, None)
_ACTIONS: Final[dict[str, Told]] = {
    "delayed": _DELAYED,
    "delivered": Told("delivered", Receipt.DELIVERED, None),
    "relayed": Told("relayed", Receipt.PROCESSED, None),
    "expanded": Told("expanded", Receipt.PROCESSED, None),
}
_COMPLAINED: Final = Told("complained", Receipt.COMPLAINED, Verdict.COMPLAINED)
_FEEDBACK: Final[dict[str, Told]] = {
    "abuse": _COMPLAINED,
    "fraud": _COMPLAINED,
    "virus": _COMPLAINED,
    "other": _COMPLAINED,
    "opt-out": Told("unsubscribed", None, Verdict.OPTED_OUT),
    "opt-out-list": Told("unsubscribed", None, Verdict.OPTED_OUT),
    "not-spam": Told("not_spam", None, None),
}


def named_delivery(raw: bytes, addresses: BounceAddresses) -> tuple[UUID | None, bool]:
    """The delivery whose address stands in the mail's own headers, and whether there is one that was made up."""
    head = re.split(rb"\r?\n\r?\n", raw[:_HEADER_BYTES], maxsplit=1)[0]
    return addresses.found_in(head.decode("ascii", "replace"))


def read_bounce_mail(raw: bytes, addresses: BounceAddresses) -> list[Fact]:
    """The facts, one for each recipient that a report names; none for a mail that is no report, or cannot be read as one."""
    seen = raw[:_READ_BYTES]
    if len(_NESTING.findall(seen)) > _MAX_NESTED:
        return []
    try:
        mail: Message = message_from_bytes(seen, policy=default)
        parts = list(_parts(mail))
        delivery_id, _ = named_delivery(raw, addresses)
        for part in parts:
            if part.get_content_type() in _STATUS_TYPES:
                return list(_statuses(part, delivery_id))
        for part in parts:
            if part.get_content_type() == _FEEDBACK_TYPE:
                # A feedback loop has an address of its own; the report and the mail that it quotes name ours.
                delivery_id = delivery_id or addresses.found_in(seen.decode("ascii", "replace"))[0]
                return list(_feedback(part, delivery_id))
        return list(_by_words(seen, parts, delivery_id)) if delivery_id is not None else []
    except _MALFORMED:
        return []


def _parts(mail: Message) -> Iterator[Message]:
    """The parts from the outside in, without those of a mail that is quoted: it may be a report itself."""
    waiting, count = [mail], 0
    while waiting and count < _MAX_PARTS:
        part = waiting.pop(0)
        count += 1
        yield part
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            waiting += [one for one in part.get_payload() if isinstance(one, Message)]


def _statuses(part: Message, delivery_id: UUID | None) -> Iterator[Fact]:
    for block in _blocks(part)[: _MAX_RECIPIENTS + 1]:
        action = (_field(block, "Action") or "").lower()
        # A comment may follow the code.
        status, said = (_field(block, "Status") or "").partition(" ")[0], _after_type(_field(block, "Diagnostic-Code"))
        told = told_of(status, said or "") if action == "failed" else _ACTIONS.get(action)
        if told is not None:
            recipient = _field(block, "Original-Recipient") or _field(block, "Final-Recipient")
            yield Fact(
                told=told,
                channel="email",
                delivery_id=delivery_id,
                recipient=_after_type(recipient),
                code=code_of(status),
                detail=plain(said),
            )


def _blocks(part: Message) -> list[Message]:
    """The block on the mail as a whole, which names no recipient, and one per recipient."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return _parsed_blocks(payload) if isinstance(payload, str) else []
    blocks = [one for one in payload if isinstance(one, Message)]
    if len(blocks) == 1 and isinstance(rest := blocks[0].get_payload(), str):
        # Of the type for addresses beyond ASCII (RFC 6533), the library knows the first block alone.
        blocks += _parsed_blocks(rest)
    return blocks


def _parsed_blocks(text: str) -> list[Message]:
    blocks = re.split(r"\r?\n\s*\r?\n", text.strip())[: _MAX_RECIPIENTS + 1]
    return [HeaderParser(policy=default).parsestr(block) for block in blocks if block.strip()]


def _feedback(part: Message, delivery_id: UUID | None) -> Iterator[Fact]:
    payload = part.get_payload()
    fields = payload[0] if isinstance(payload, list) and payload else _parsed_blocks(str(payload))[0]
    if isinstance(fields, Message):
        kind = (_field(fields, "Feedback-Type") or "").lower()
        told = _FEEDBACK.get(kind)
        if told is not None:
            # Whom it names is often blacked out, and our own address says it as well.
            yield Fact(told=told, channel="email", delivery_id=delivery_id, code=code_of(kind))


def _by_words(seen: bytes, parts: list[Message], delivery_id: UUID) -> Iterator[Fact]:
    temporary, permanent = all_failures(message_from_bytes(seen, policy=compat32))
    words = " ".join(_words(parts).split())
    for recipient in sorted(permanent)[:_MAX_RECIPIENTS]:
        told = told_of(None, words)
        yield Fact(told=told, channel="email", delivery_id=delivery_id, recipient=recipient.decode("utf-8", "replace"))
    for recipient in sorted(temporary)[:_MAX_RECIPIENTS]:
        yield Fact(told=_DELAYED, channel="email", delivery_id=delivery_id, recipient=recipient.decode("utf-8", "replace"))


def _words(parts: list[Message]) -> str:
    for part in parts:
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload[:_MAX_WORDS].decode("ascii", "replace")
    return ""


def _field(block: Message, name: str) -> str | None:
    value = block.get(name)
    return str(value).strip() if value is not None else None


def _after_type(value: str | None) -> str | None:
    """`rfc822; ann@example.com` and `smtp; 550 …` without their types."""
    if value is None:
        return None
    return (value.partition(";")[2] if ";" in value else value).strip().strip("<>") or None
