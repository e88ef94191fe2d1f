"""A mail taken apart for people and tests. Whatever the bytes are, there is a result; `defects` names what cannot be read."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from deploy.sandbox.mailbox.headers import as_text, decoded, decoded_words

_CID = re.compile(r"""(?<=["'(])cid:([^"')\s]+)""", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is neither the text nor the HTML of the mail. content_id: without angle brackets."""

    filename: str | None
    content_type: str
    content_id: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says. headers: in their order, decoded. defects: what is wrong with the mail, as short names or sentences."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]


def read(raw: bytes) -> Content:
    """Take a mail apart."""
    try:
        return _read(raw)
    except Exception as error:  # noqa: BLE001 -- the parser fails in many ways on hostile input (depth, charsets); the mail is still shown
        defect = f"{type(error).__name__}: the parts cannot be told apart, so the whole mail is shown as text"
        return Content((), as_text(raw, None), None, (), (defect,))


def viewable_html(content: Content) -> str:
    """The HTML part for a sandboxed frame: links open outside it, embedded images are put in place."""
    images = {part.content_id: part for part in content.attachments if part.content_id and part.content_type.startswith("image/")}

    def embed(found: re.Match[str]) -> str:
        part = images.get(found[1])
        return f"data:{part.content_type};base64,{base64.b64encode(part.content).decode()}" if part else found[0]

    html, base = _CID.sub(embed, content.html or ""), '<base target="_blank">'
    head = _HEAD.search(html)
    return html[: head.end()] + base + html[head.end() :] if head else f"<!doctype html>{base}{html}"


def _read(raw: bytes) -> Content:
    message = message_from_bytes(raw)
    bodies: dict[str, str] = {}
    attachments: list[Attachment] = []
    defects = [_name(defect) for defect in message.defects]
    for part in _leaves(message):
        defects += [_name(defect) for defect in part.defects if part is not message]
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and kind not in bodies and part.get_content_disposition() != "attachment":
            bodies[kind] = as_text(_content(part), _charset(part))
        else:
            attachments.append(_attachment(part, kind))
    headers = tuple((name, decoded(value.encode("utf-8", "surrogateescape"))) for name, value in message.raw_items())
    return Content(headers, bodies.get("text/plain"), bodies.get("text/html"), tuple(attachments), tuple(defects))


def _leaves(part: Message) -> Iterator[Message]:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _leaves(child)
    else:
        yield part


def _content(part: Message) -> bytes:
    """The decoded bytes of a part. One that is itself made of messages (a forwarded mail, a delivery status) is written out."""
    if part.is_multipart():
        inner = [child.as_bytes() for child in part.get_payload() if isinstance(child, Message)]
        return b"".join(inner) if part.get_content_type() == "message/delivery-status" else b"\n".join(inner)
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attachment(part: Message, kind: str) -> Attachment:
    filename = part.get_filename()
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    return Attachment(decoded_words(filename) if filename else None, kind, content_id or None, _content(part))


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def _name(defect: Exception | type[Exception]) -> str:
    return defect.__name__ if isinstance(defect, type) else type(defect).__name__
