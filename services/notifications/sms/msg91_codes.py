"""What MSG91's errors and delivery reports mean (msg91.com/help/api, …/how-can-i-get-the-delivery-reports-on-my-webhook-url)."""

import re
from typing import Final

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.sms.told import Told

VERDICTS: Final[dict[int, Verdict]] = {
    101: Verdict.BAD_RECIPIENT,  # no number
    102: Verdict.BAD_CONTENT,  # no text
    103: Verdict.CONFIG,  # no sender id
    106: Verdict.CONFIG,  # no authkey
    201: Verdict.CONFIG,  # authentication
    202: Verdict.BAD_RECIPIENT,  # no valid number
    203: Verdict.CONFIG,  # no valid sender id
    207: Verdict.CONFIG,  # no valid authkey
    208: Verdict.CONFIG,  # the IP address is blacklisted
    301: Verdict.CONFIG,  # the balance is used up
    302: Verdict.CONFIG,  # the account has expired
    303: Verdict.CONFIG,  # the account is banned
    306: Verdict.TRANSIENT,  # the route is not available now
    310: Verdict.BAD_CONTENT,  # too long
    311: Verdict.UNKNOWN,  # the same was asked for less than 10 seconds ago, and that may have been taken
    400: Verdict.BAD_CONTENT,  # the template is missing or does not fit
    401: Verdict.CONFIG,
    418: Verdict.CONFIG,  # the IP address is not on the authkey's list
    429: Verdict.THROTTLED,
    651: Verdict.TRANSIENT,  # DLT: outside of the hours of its class
}

CURRENCY: Final = "INR"
"""In which accounts are charged that say nothing else; reports have amounts without a currency."""

OUT_OF_HOURS: Final = 651
OUT_OF_HOURS_WAIT_S: Final = 600.0
"""Until a text is looked at again that came to the network right after its hours; by then it is held (dlt/gate.py)."""

ABOUT_HEADER: Final = frozenset({103, 203})
"""Refusals of the sender id, which each registered text brings along: other texts are still sent."""

# Where an error comes without a code, its words are all that there is; what they do not tell is taken for the text's fault. They
# never tell that a number cannot work: they speak of mobiles and recipients where it is our template that is wrong, and a number
# that was taken for dead is not written to any more.
_WORDS: Final = (
    (re.compile(r"\bauth|\bip\b|whitelist|balance|account|expired|banned", re.IGNORECASE), Verdict.CONFIG),
    (re.compile(r"limit|too many", re.IGNORECASE), Verdict.THROTTLED),
)
_SAID_OUT_OF_HOURS: Final = re.compile(rf"\b{OUT_OF_HOURS}\b")

_REPORTS: Final[dict[str, Told]] = {
    "1": Told("delivered", Receipt.DELIVERED, None),
    "2": Told("failed", Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT),
    "16": Told("rejected", Receipt.BLOCKED, Verdict.BLOCKED),
    "17": Told("blocked_number", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    "25": Told("rejected", Receipt.BLOCKED, Verdict.BLOCKED),
}


def is_out_of_hours(message: str) -> bool:
    """Whether an error's words say that the network takes no text of this class at this hour."""
    return _SAID_OUT_OF_HOURS.search(message) is not None


def verdict_of(message: str) -> Verdict:
    """What an error without a known code means, by its words."""
    if is_out_of_hours(message):
        return Verdict.TRANSIENT
    return next((verdict for pattern, verdict in _WORDS if pattern.search(message)), Verdict.BAD_CONTENT)


def fate_of_report(status: str, promo: bool, reason: str = "") -> Told:
    """What a delivery report says.

    status: its code, as text. promo: whether the text is of class P, because code 9 (the number is on the national do-not-call
    register) is about these alone: of any other text it says nothing of the number, and none of the account, of which nothing was
    refused for what it is. reason: `failedReason` or `desc` of the report.
    """
    if status == "9":
        return Told("do_not_disturb", Receipt.SUPPRESSED, Verdict.DO_NOT_CALL if promo else None)
    if status == "2" and is_out_of_hours(reason):
        return Told("rejected", Receipt.BOUNCED_SOFT, Verdict.TRANSIENT)
    return _REPORTS.get(status, Told("unknown", None, None))
