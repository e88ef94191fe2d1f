"""What a provider says of one message: one vocabulary for every channel and provider, so that one place decides what follows."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MAX_DETAIL_CHARS: Final = 300
ASCII_ALONE: Final = "5.6.7"
"""A server takes no address beyond ASCII (RFC 6531 §4.2), which others do: nothing that mailbox, text or account could help."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ADDRESS: Final = re.compile(r"[^\s<>\"'(),:;\[\]]+@[^\s<>\"'(),:;\[\]]+")


class Verdict(StrEnum):
    """What became of one attempt.

    accepted: the provider took it. transient: nothing was sent, trying again is safe. throttled: transient, and about all
    messages of this account. unknown: it may have been sent. bad_recipient: the address cannot work. opted_out: the recipient
    has said stop. do_not_call: the number is on a register of those who want no advertising; of later reports alone.
    complained: the recipient has called it spam. soft_recipient: the mailbox is full or wants to be asked
    again later. blocked: content or reputation. bad_content: our payload is wrong. config: our account is wrong.
    """

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"
    BAD_RECIPIENT = "bad_recipient"
    OPTED_OUT = "opted_out"
    DO_NOT_CALL = "do_not_call"
    COMPLAINED = "complained"
    SOFT_RECIPIENT = "soft_recipient"
    BLOCKED = "blocked"
    BAD_CONTENT = "bad_content"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said.

    detail: its words, or ours where it said nothing, at most 300 characters and without the recipient's address.
    code: SMTP reply, HTTP status or the provider's own error number. enhanced: an enhanced status code (RFC 3463).
    retry_after_s: how long it asks to be left alone, with this message, or with all where the answer closes it.
    provider_message_id: how its call-backs will call the message.
    closes: the whole account takes nothing for `retry_after_s`: it is away, has refused our login or throttles us.
    remaining, reset_s: what its rate limit leaves in the present window, and in how many seconds the next one begins.
    of_recipient: it is about this recipient, or this text at this hour, and says nothing of the account.
    reached: False where our own connections were all in use, so that no call was made: nothing is known of account and message.
    took_s: how long the provider itself was at it, where that is less than the call took.
    """

    verdict: Verdict
    detail: str
    code: int | None = None
    enhanced: str | None = None
    retry_after_s: float = 0.0
    provider_message_id: str | None = None
    closes: bool = False
    remaining: int | None = None
    reset_s: float | None = None
    of_recipient: bool = False
    reached: bool = True
    took_s: float | None = None

    @property
    def is_against_account(self) -> bool:
        """Whether it refuses the account for what that sends or is known for; without a code nobody was asked."""
        return self.verdict is Verdict.BLOCKED and self.code is not None and self.enhanced != ASCII_ALONE


def without_address(answer: Answer, recipient: str) -> Answer:
    """The answer with a detail that can be kept and passed on: one line, and providers like to quote the recipient."""
    detail = " ".join(_CONTROL.sub(" ", answer.detail.encode("utf-8", "replace").decode()).split())
    if recipient.lower() in detail.lower():
        detail = re.sub(re.escape(recipient), "recipient", detail, flags=re.IGNORECASE)
    detail = detail[:MAX_DETAIL_CHARS]
    return answer if detail == answer.detail else replace(answer, detail=detail)


def without_addresses(text: str) -> str:
    """The text without anything that looks like an address: a refusal of a batch can quote any of its recipients."""
    return _ADDRESS.sub("(address)", text)[: 4 * MAX_DETAIL_CHARS]
