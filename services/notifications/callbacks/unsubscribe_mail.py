"""Mails by which people unsubscribe: what a mail program sends to the mailto of List-Unsubscribe (RFC 2369 §3.2).

Sending one is a person's own act, as pressing the button of RFC 8058 is. What it says does not matter, only to which address it
came, and that stands in the headers that name recipients. Elsewhere the address says nothing: a mail of ours that somebody sends
back has it in its own List-Unsubscribe.
"""

from collections.abc import Iterator
from email.parser import HeaderParser
from email.policy import compat32
from typing import Final
from uuid import UUID

from services.notifications.callbacks.bounce_mail import head_of
from services.notifications.callbacks.facts import UNSUBSCRIBED, Fact
from services.notifications.callbacks.verp import UnsubscribeAddresses

_RECIPIENT_HEADERS: Final = ("To", "Cc", "Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To", "X-Envelope-To")
"""`To`, and what mail servers write the recipient of the envelope into."""


def unsubscribed_delivery(raw: bytes, addresses: UnsubscribeAddresses) -> tuple[UUID | None, bool]:
    """The delivery whose address the mail came to, and whether it came to one that was made up."""
    return addresses.found_in("\n".join(_recipients(raw)))


def read_unsubscribe_mail(raw: bytes, addresses: UnsubscribeAddresses) -> list[Fact]:
    """The one fact; none for a mail to any other address."""
    delivery_id, _ = unsubscribed_delivery(raw, addresses)
    return [Fact(told=UNSUBSCRIBED, channel="email", delivery_id=delivery_id)] if delivery_id is not None else []


def _recipients(raw: bytes) -> Iterator[str]:
    headers = HeaderParser(policy=compat32).parsestr(head_of(raw))
    for name in _RECIPIENT_HEADERS:
        yield from (str(value) for value in headers.get_all(name, ()))
