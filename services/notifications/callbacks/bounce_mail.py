"""Bounces and complaints that come as mail: delivery status notifications (RFC 3464), feedback reports (RFC 5965), and, where
servers write as they please, what flufl.bounce makes of their words.

Whom a mail is about is told by the address that it was sent to, or that its report names (see verp.py), and of a complaint by the
Message-ID of the mail that it quotes; by nothing else that it says: everybody can write bounces. What is too deep or too large to
be one is not looked into.
"""

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32, default
from typing import Final
from uuid import UUID

from flufl.bounce import all_failures

from services.notifications.callbacks.bounce_status import told_of
from services.notifications.callbacks.facts import UNSUBSCRIBED, Fact, code_of, id_of, plain
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
_REPORT: Final = re.compile(rb"message/((?:global-)?delivery-status|feedback-report)", re.IGNORECASE)
_STATUS_TYPES: Final = frozenset({"text/x-delivery-status", "text/x-global-delivery-status"})
_FEEDBACK_TYPE: Final = "text/x-feedback-report"
_COMMENT: Final = re.compile(r"\([^()]*\)")
_XTEXT: Final = re.compile(r"\+([2-7][0-9A-F])")
_OUR_HEADERS: Final = ("Message-ID", "X-Entity-Ref-ID")
"""Both hold the delivery's id, of mails that we have put together ourselves."""
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
    "opt-out": UNSUBSCRIBED,
    "opt-out-list": UNSUBSCRIBED,
    "not-spam": Told("not_spam", None, None),
}


def named_delivery(raw: bytes, addresses: BounceAddresses) -> tuple[UUID | None, bool]:
    """The delivery whose address stands in the mail's own headers, and whether there is one that was made up."""
    return addresses.found_in(head_of(raw))


def head_of(raw: bytes) -> str:
    """A mail's own headers, as far as anybody reads them."""
    return re.split(rb"\r?\n\r?\n", raw[:_HEADER_BYTES], maxsplit=1)[0].decode("ascii", "replace")


def read_bounce_mail(raw: bytes, addresses: BounceAddresses) -> list[Fact]:
    """The facts, one for each recipient that a report names; none for a mail that is no report, or cannot be read as one."""
    seen = raw[:_READ_BYTES]
    if len(_NESTING.findall(seen)) > _MAX_NESTED:
        return []
    try:
        # As text, the library undoes whatever encoding a report came under, which it does for no message.
        mail: Message = message_from_bytes(_REPORT.sub(rb"text/x-\1", seen), policy=default)
        parts = list(_parts(mail))
        delivery_id, _ = named_delivery(raw, addresses)
        for part in parts:
            if part.get_content_type() == _FEEDBACK_TYPE:
                # A feedback loop has an address of its own; the report and the mail that it quotes name ours.
                return list(_feedback(part, delivery_id or _quoted_delivery(seen, parts, addresses)))
        for part in parts:
            if part.get_content_type() in _STATUS_TYPES and (found := list(_statuses(part, delivery_id))):
                return found
        return list(_by_words(seen, parts, delivery_id)) if delivery_id is not None else []
    except _MALFORMED:
        return []


def _quoted_delivery(seen: bytes, parts: Sequence[Message], addresses: BounceAddresses) -> UUID | None:
    """The delivery of the mail that a complaint quotes: by our bounce address, else by the Message-ID, which is kept where
    addresses are blacked out. Both are known to the reader of the mail and to nobody else, and cannot be guessed."""
    texts = (seen.decode("ascii", "replace"), *(_decoded(part) for part in parts if part.get_content_maintype() == "text"))
    named = next((found for text in texts if (found := addresses.found_in(text)[0]) is not None), None)
    if named is not None:
        return named
    for part in parts:
        for name in _OUR_HEADERS:
            value = _field(_quoted_headers(part), name)
            found = id_of(value.strip("<> ").partition("@")[0].lower()) if value is not None else None
            if found is not None:
                return found
    return None


def _quoted_headers(part: Message) -> Message:
    """The headers of a mail that a part quotes; none for any other part."""
    kind, payload = part.get_content_type(), part.get_payload()
    if kind == "message/rfc822" and isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return HeaderParser(policy=default).parsestr(_decoded(part) if kind == "text/rfc822-headers" else "")


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
    for block in _blocks(part):
        action = _plain_field(block, "Action").lower()
        status, said = _plain_field(block, "Status").partition(" ")[0], _after_type(_field(block, "Diagnostic-Code"))
        told = told_of(status, said or "") if action == "failed" else _ACTIONS.get(action)
        if told is not None:
            named = list(dict.fromkeys(_recipients(block)))
            yield Fact(
                told=told,
                channel="email",
                delivery_id=delivery_id,
                recipient=named[0] if named else None,
                spellings=tuple(named[1:]),
                code=code_of(status),
                detail=plain(said),
            )


def _recipients(block: Message) -> Iterator[str]:
    """Whom a block is about: as we have written it, in xtext perhaps (RFC 3461 §4), and as the last server had it. The delivery
    tells which of them is its recipient: some servers put nonsense into one or the other."""
    for name in ("Original-Recipient", "Final-Recipient"):
        recipient = _after_type(_plain_field(block, name))
        if recipient is not None:
            yield recipient
            yield _XTEXT.sub(lambda code: chr(int(code[1], 16)), recipient)


def _blocks(part: Message) -> list[Message]:
    """The block on the mail as a whole, which names no recipient, and one per recipient."""
    blocks = re.split(r"\r?\n\s*\r?\n", _decoded(part).strip())[: _MAX_RECIPIENTS + 1]
    return [HeaderParser(policy=default).parsestr(block) for block in blocks if block.strip()]


def _feedback(part: Message, delivery_id: UUID | None) -> Iterator[Fact]:
    for fields in _blocks(part)[:1]:
        kind = _plain_field(fields, "Feedback-Type").lower()
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
            return _decoded(part)[:_MAX_WORDS]
    return ""


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("ascii", "replace") if isinstance(payload, bytes) else ""


def _plain_field(block: Message, name: str) -> str:
    """A field without the comments that RFC 822 allows everywhere; empty where there is none."""
    value, comment = _field(block, name) or "", ""
    while comment != value:
        comment, value = value, _COMMENT.sub(" ", value)
    return " ".join(value.split())


def _field(block: Message, name: str) -> str | None:
    value = block.get(name)
    return str(value).strip() if value is not None else None


def _after_type(value: str | None) -> str | None:
    """`rfc822; ann@example.com` and `smtp; 550 …` without their types."""
    if value is None:
        return None
    return (value.partition(";")[2] if ";" in value else value).strip().strip("<>") or None
