"""What Twilio's error codes and message states mean (twilio.com/docs/api/errors, …/messaging/api/message-resource)."""

from typing import Final

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.sms.told import Told

VERDICTS: Final[dict[int, Verdict]] = {
    # Our account.
    20003: Verdict.CONFIG,  # authentication
    20005: Verdict.CONFIG,  # the account is not active
    20404: Verdict.CONFIG,  # no such account
    20429: Verdict.THROTTLED,  # too many requests
    21212: Verdict.CONFIG,  # From is neither a number nor a sender id
    21408: Verdict.CONFIG,  # no permission for the recipient's country
    21603: Verdict.CONFIG,  # no sender
    21606: Verdict.CONFIG,  # the sender cannot send SMS
    21608: Verdict.CONFIG,  # a trial account, and a number that it has not verified
    21609: Verdict.CONFIG,  # StatusCallback is no URL
    21611: Verdict.THROTTLED,  # the sender's queue is full
    21659: Verdict.CONFIG,  # the sender is no number of Twilio's
    21660: Verdict.CONFIG,  # the sender is another account's
    21701: Verdict.CONFIG,  # there is no such messaging service
    21703: Verdict.CONFIG,  # the messaging service has no sender
    30002: Verdict.CONFIG,  # the account is suspended
    63038: Verdict.THROTTLED,  # the account's messages of a day are used up
    # The recipient.
    21211: Verdict.BAD_RECIPIENT,  # To is no number
    21265: Verdict.BAD_RECIPIENT,  # To is a short code
    21604: Verdict.BAD_RECIPIENT,  # To is missing
    21610: Verdict.OPTED_OUT,  # has answered STOP
    21612: Verdict.BAD_RECIPIENT,  # cannot be routed
    21614: Verdict.BAD_RECIPIENT,  # takes no SMS
    21635: Verdict.BAD_RECIPIENT,  # a landline
    30003: Verdict.SOFT_RECIPIENT,  # the handset is off or out of reach
    30005: Verdict.BAD_RECIPIENT,  # an unknown handset
    30006: Verdict.BAD_RECIPIENT,  # a landline
    # The text.
    21602: Verdict.BAD_CONTENT,  # no body
    21617: Verdict.BAD_CONTENT,  # a body of more than 1,600 characters
    30004: Verdict.BLOCKED,  # blocked
    30007: Verdict.BLOCKED,  # filtered by a carrier
    # Who we are, as the recipient's carrier sees it: told afterwards alone, of one country's numbers, so no account is at fault.
    30018: Verdict.BLOCKED,  # the carrier wants sender ids to be registered before
    30024: Verdict.BLOCKED,  # the sender is not provisioned at the carrier
    30032: Verdict.BLOCKED,  # a toll-free sender that is not verified
    30034: Verdict.BLOCKED,  # a sender that belongs to no campaign of US A2P 10DLC
    # The way there.
    30001: Verdict.TRANSIENT,  # queue overflow
    30008: Verdict.TRANSIENT,  # unknown error
}

ABOUT_SENDER: Final = frozenset({21212, 21603, 21606, 21659, 21660})
"""Refusals of the sender: of the whole account only where the message brought none of its own."""

ABOUT_RECIPIENT: Final = frozenset({21408, 21608})
"""Refusals by what the account may send to: others still get theirs."""

_ON_ITS_WAY: Final = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
_ARRIVED: Final = frozenset({"delivered", "read", "partially_delivered"})
_FAILED: Final = frozenset({"undelivered", "failed", "canceled"})
STATES: Final = _ON_ITS_WAY | _ARRIVED | _FAILED | {"receiving", "received"}

_RECEIPTS: Final[dict[Verdict, Receipt]] = {
    Verdict.BAD_RECIPIENT: Receipt.BOUNCED_HARD,
    Verdict.OPTED_OUT: Receipt.SUPPRESSED,
    Verdict.BLOCKED: Receipt.BLOCKED,
    Verdict.BAD_CONTENT: Receipt.BLOCKED,
    Verdict.CONFIG: Receipt.BLOCKED,
}


def fate_of(status: str, error_code: int | None) -> Told:
    """What a message's state says. status: MessageStatus of a call-back, or `status` of the resource."""
    if status in _ON_ITS_WAY:
        return Told(status, Receipt.PROCESSED, None)
    if status in _ARRIVED:
        return Told(status, Receipt.DELIVERED, None)
    if status in _FAILED:
        verdict = VERDICTS.get(error_code) if error_code is not None else None
        return Told(status, _RECEIPTS.get(verdict, Receipt.BOUNCED_SOFT) if verdict else Receipt.BOUNCED_SOFT, verdict)
    # Of messages to us, and what Twilio may say one day.
    return Told(status if status in STATES else "unknown", None, None)
