"""How a mail goes on record, whichever provider took it."""

from collections.abc import Sequence
from typing import Any

from deploy.sandbox.entries import Receipt
from deploy.sandbox.mailbox.headers import header_block, header_value

CHANNEL = "mail"


def mail_receipt(provider: str, sender: str, recipients: Sequence[str], raw: bytes, details: dict[str, Any]) -> Receipt:
    """A mail, filed under its Message-ID and subject."""
    block = header_block(raw)
    reference, subject = header_value(block, b"message-id"), header_value(block, b"subject")
    return Receipt(CHANNEL, provider, reference, sender, tuple(recipients), subject or "", raw, details)
