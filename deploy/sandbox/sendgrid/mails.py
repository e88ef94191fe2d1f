"""The mails that a request stands for, as they would reach their recipients."""

import base64
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.header import Header
from uuid import uuid4

from deploy.sandbox.entries import Receipt
from deploy.sandbox.mailbox.receipt import mail_receipt
from deploy.sandbox.sendgrid.schemas import Mailbox, MailSend, Personalization


@dataclass(frozen=True, slots=True)
class TakenMail:
    """One mail of a request. provider_id: what SendGrid calls the mail in its events (`sg_message_id`)."""

    address: str
    provider_id: str
    message_id: str
    custom_args: Mapping[str, str]
    receipt: Receipt


def taken_mails(name: str, request: MailSend, request_id: str, *, answered: bool) -> list[TakenMail]:
    """The mails of a request, in its order. request_id: X-Message-Id."""
    return [
        _taken(name, request, one, f"{request_id}.recvd-sandbox-1-{index:X}.0", answered=answered)
        for index, one in enumerate(request.personalizations)
    ]


def _taken(name: str, request: MailSend, one: Personalization, provider_id: str, *, answered: bool) -> TakenMail:
    custom_args = {**request.custom_args, **one.custom_args}
    headers = {**request.headers, **one.headers}
    given = next((value for header, value in headers.items() if header.lower() == "message-id"), None)
    message_id = given or f"<{uuid4().hex}@geopod-ismtpd-sandbox>"
    raw = _mime(request, one, {**headers, "Message-ID": message_id})
    details = {"tls": False, "login": None, "answered": answered, "provider_id": provider_id, "ref": custom_args.get("ref")}
    recipients = [mailbox.email.lower() for mailbox in (*one.to, *one.cc, *one.bcc)]
    receipt = mail_receipt(name, request.sender.email, recipients, raw, details)
    return TakenMail(recipients[0], provider_id, message_id, custom_args, receipt)


def _mime(request: MailSend, one: Personalization, headers: Mapping[str, str]) -> bytes:
    """MIME, written by hand: the standard library's takes 2 ms a mail, and a batch has 1,000 of them."""
    subject = _substituted(one.subject or request.subject or "", one)
    names = {name.lower(): (name, value) for name, value in headers.items()}
    lines = [
        f"From: {_shown([request.sender])}",
        f"To: {_shown(one.to)}",
        f"Subject: {_encoded(subject)}",
        *(f"{name}: {value}" for name, value in names.values()),
        "MIME-Version: 1.0",
    ]
    parts = [_part(part.type, _substituted(part.value, one)) for part in request.content]
    body = parts[0] if len(parts) == 1 else _multipart("alternative", "sandbox-alternative", parts)
    if request.attachments:
        files = [
            f"Content-Type: {file.type or 'application/octet-stream'}\r\n"
            f"Content-Disposition: {file.disposition}; filename*=utf-8''{_percent(file.filename)}\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n" + "\r\n".join(textwrap.wrap(file.content, 76)) + "\r\n"
            for file in request.attachments
        ]
        body = _multipart("mixed", "sandbox-mixed", [body, *files])
    return ("\r\n".join(lines) + "\r\n" + body).encode()


def _part(media_type: str, text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    canonical = "\r\n".join(lines)
    if "--sandbox-" not in text and max(map(len, lines)) < 900:
        return f"Content-Type: {media_type}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{canonical}"
    encoded = base64.encodebytes(canonical.encode()).decode().replace("\n", "\r\n")
    return f"Content-Type: {media_type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}"


def _multipart(subtype: str, boundary: str, parts: Iterable[str]) -> str:
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'


def _substituted(text: str, one: Personalization) -> str:
    for tag, value in one.substitutions.items():
        text = text.replace(tag, value)
    return text


def _shown(mailboxes: Iterable[Mailbox]) -> str:
    return ", ".join(f"{_encoded(one.name)} <{one.email}>" if one.name else f"<{one.email}>" for one in mailboxes)


def _encoded(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) < 900:
        return text
    return Header(text, "utf-8").encode(linesep="\r\n")


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
