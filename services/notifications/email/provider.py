"""What carries an e-mail to the outside, and what it says of each one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What became of one attempt. One vocabulary for every provider, so that one place decides what follows.

    accepted: the provider took it. transient: nothing was sent, trying again is safe. throttled: transient, and about all
    mail of this provider. unknown: it may have been sent. bad_recipient: the address cannot work. opted_out: the recipient
    has said stop. complained: the recipient has called it spam. soft_recipient: the mailbox is full or wants to be asked
    again later. blocked: content or reputation. bad_content: our payload is wrong. config: our account is wrong.
    """

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"
    BAD_RECIPIENT = "bad_recipient"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    SOFT_RECIPIENT = "soft_recipient"
    BLOCKED = "blocked"
    BAD_CONTENT = "bad_content"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One mail to one recipient, ready to go.

    sender, recipient: the envelope's addresses, without brackets. content: the whole MIME message with CRLF line ends.
    international: the server must know SMTPUTF8 (RFC 6531), because the recipient's name before the @ is not ASCII.
    """

    sender: str
    recipient: str
    content: bytes
    international: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said.

    detail: its words, or ours where it said nothing, at most 300 characters and without the recipient's address.
    code: SMTP reply or HTTP status. enhanced: an enhanced status code (RFC 3463). retry_after_s: how long it asks to be
    left alone with this mail.
    """

    verdict: Verdict
    detail: str
    code: int | None = None
    enhanced: str | None = None
    retry_after_s: float = 0.0


class EmailProvider(Protocol):
    """Sends e-mails. Lives as long as its process, and owns its connections.

    name: as it stands in attempts. concurrency: how many mails it can carry at once.
    """

    name: str
    concurrency: int

    def closed_for_s(self) -> float:
        """Seconds for which it takes no mail at all, because asking again at once would harm; 0.0 when it is open."""
        ...

    async def send(self, email: OutgoingEmail) -> Answer:
        """Send one mail, within the provider's own time-outs. Never raises for what happens outside."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
