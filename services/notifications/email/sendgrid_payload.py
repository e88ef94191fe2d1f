"""Requests to SendGrid's v3 Mail Send (reference 2.1; twilio.com/docs/sendgrid/api-reference/mail-send).

Several mails share one request: what all of them say stands in `content`, and where they differ stands a tag that each
personalization substitutes. Tags carry a random word, so no text that a customer writes can hold one.
"""

import json
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.notifications.email.mime import Mailbox, single_line
from services.notifications.email.provider import OutgoingEmail

MAX_PERSONALIZATIONS: Final = 1000
MAX_SUBSTITUTION_BYTES: Final = 10_000
_WHOLE_BYTES: Final = 9_000
"""Mails up to this size go together whatever they say; larger ones only where they are laid out alike."""
_REFUSED_HEADERS: Final = frozenset(
    {
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
        *("to", "from", "subject", "reply-to", "cc", "bcc"),
    }
)
_NOT_IN_NAMES: Final = re.compile(r"[,;]+")
# Links go out as they were written, and unsubscribing is ours: an account's own settings must not change either.
_TRACKING: Final = {"click_tracking": {"enable": False, "enable_text": False}, "subscription_tracking": {"enable": False}}


@dataclass(frozen=True, slots=True)
class Together:
    """A request for several mails, and those that it has no room for. mails: in the order of the personalizations."""

    request: bytes
    mails: tuple[OutgoingEmail, ...]
    too_large: tuple[OutgoingEmail, ...]


def alone(email: OutgoingEmail) -> bytes:
    """A request for one mail."""
    request = _request(email, [_personalization(email, {})], email.content.text, email.content.html)
    if email.attachments:
        request["attachments"] = [
            {
                "content": b64encode(file.content).decode(),
                "type": file.media_type,
                "filename": single_line(file.filename),
                "disposition": "attachment",
            }
            for file in email.attachments
        ]
    return json.dumps(request).encode()


def together(emails: Sequence[OutgoingEmail]) -> Together:
    """A request for mails of one group (see `groups`)."""
    word = secrets.token_hex(6)
    text, in_text = _shared([email.content.text for email in emails], f"-w{word}t")
    html, in_html = _shared([email.content.html or "" for email in emails], f"-w{word}h")
    mails, too_large, personalizations = [], [], []
    for email, substituted_text, substituted_html in zip(emails, in_text, in_html, strict=True):
        substitutions = {**substituted_text, **substituted_html}
        if _bytes(substitutions) > MAX_SUBSTITUTION_BYTES:
            too_large.append(email)
        else:
            mails.append(email)
            personalizations.append(_personalization(email, substitutions))
    request = _request(emails[0], personalizations, text, html if emails[0].content.html is not None else None)
    return Together(json.dumps(request).encode(), tuple(mails), tuple(too_large))


def groups(emails: Iterable[OutgoingEmail]) -> list[list[OutgoingEmail]]:
    """Those that one request can carry, in their order: of one sender, with the same parts, and with each address once."""
    found: dict[Any, list[OutgoingEmail]] = {}
    seen: dict[Any, int] = {}
    counts: dict[Any, int] = {}
    for email in emails:
        kind = _kind(email)
        # The same address a second time in one request is refused; it goes in the next one.
        turn = seen.get((kind, email.recipient.address.lower()), 0)
        seen[(kind, email.recipient.address.lower())] = turn + 1
        place = counts.get((kind, turn), 0)
        counts[(kind, turn)] = place + 1
        found.setdefault((kind, turn, place // MAX_PERSONALIZATIONS), []).append(email)
    return list(found.values())


def _kind(email: OutgoingEmail) -> Any:
    content = email.content
    whole = _bytes({"": content.text, " ": content.html or ""})
    layout = None if whole <= _WHOLE_BYTES else (content.text.count("\n"), (content.html or "").count("\n"))
    return (email.sender.address, email.sender.name, content.html is None, layout)


def _request(email: OutgoingEmail, personalizations: Sequence[Mapping[str, Any]], text: str, html: str | None) -> dict[str, Any]:
    # Neither part may be empty, and plain text stands first.
    parts = [{"type": "text/plain", "value": text or " "}]
    if html is not None:
        parts.append({"type": "text/html", "value": html or " "})
    return {
        "personalizations": personalizations,
        "from": _mailbox(email.sender),
        "content": parts,
        "tracking_settings": _TRACKING,
    }


def _personalization(email: OutgoingEmail, substitutions: Mapping[str, str]) -> dict[str, Any]:
    ref = str(email.delivery_id)
    headers = {
        "Message-ID": email.message_id,
        "Auto-Submitted": "auto-generated",
        "X-Entity-Ref-ID": ref,
        **{name: value for name, value in email.headers if name.lower() not in _REFUSED_HEADERS},
    }
    found: dict[str, Any] = {
        "to": [_mailbox(email.recipient)],
        "subject": single_line(email.content.subject) or " ",
        "headers": headers,
        "custom_args": {"ref": ref},
    }
    return {**found, "substitutions": dict(substitutions)} if substitutions else found


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    """SendGrid does not quote names, and refuses those with a comma or semicolon (…/mail-send/limitations)."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", mailbox.name or "").split())
    return {"email": mailbox.address, **({"name": name} if name else {})}


def _shared(texts: Sequence[str], word: str) -> tuple[str, list[dict[str, str]]]:
    """What all the texts say, with tags where they differ, and what each text puts in their places."""
    if len(set(texts)) == 1:
        return texts[0], [{} for _ in texts]
    lines = [text.split("\n") for text in texts]
    rows = [[text] for text in texts] if len({len(one) for one in lines}) > 1 else lines
    whole: list[str] = []
    substitutions: list[dict[str, str]] = [{} for _ in texts]
    for number, variants in enumerate(zip(*rows, strict=True)):
        if len(set(variants)) == 1:
            whole.append(variants[0])
            continue
        opening, ending = _ends(variants)
        tag = f"{word}{number}-"
        whole.append(f"{opening}{tag}{ending}")
        for variant, substituted in zip(variants, substitutions, strict=True):
            substituted[tag] = variant[len(opening) : len(variant) - len(ending)]
    return "\n".join(whole), substitutions


def _ends(variants: Sequence[str]) -> tuple[str, str]:
    """What all variants begin and end with, without an overlap in the shortest."""
    opening = _beginning(variants)
    ending = _beginning([variant[len(opening) :][::-1] for variant in variants])[::-1]
    return opening, ending


def _beginning(variants: Sequence[str]) -> str:
    # What the first and the last in their order begin with, all between them do.
    first, last = min(variants), max(variants)
    alike = next((number for number, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:alike]


def _bytes(substitutions: Mapping[str, str]) -> int:
    return sum(len(tag) + len(value.encode("utf-8", "surrogatepass")) for tag, value in substitutions.items())
