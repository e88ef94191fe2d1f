"""Why a payment was declined, and what follows: for the machine that retries, and for the customer who asks.

The rows of each gateway are in `razorpay_declines.py` and `stripe_declines.py`, the customers' texts in `decline_texts.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.payments.gateways.decline_texts import DECLINE_TEXTS
from shared.runtime.redaction import redact_text

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
MAX_DETAIL_CHARS: Final = 300


class DeclineKind(StrEnum):
    """What a retry by itself is good for.

    safe_now: a technical failure, the same charge may be tried again at once, on the same order. later: it may work after a
    while, as after payday. ask_customer: it never will without the customer. our_setup: our account or request is wrong; the
    customer can do nothing, and no retry helps before somebody has mended it.
    """

    SAFE_NOW = "safe_now"
    LATER = "later"
    ASK_CUSTOMER = "ask_customer"
    OUR_SETUP = "our_setup"


class NextAction(StrEnum):
    """What a customer is offered.

    wait: nothing, we try again or are told. retry: the same method once more. change_method: another card, account or way.
    authenticate: prove who they are. contact_bank: only their bank can help. contact_us: only we can.
    """

    WAIT = "wait"
    RETRY = "retry"
    CHANGE_METHOD = "change_method"
    AUTHENTICATE = "authenticate"
    CONTACT_BANK = "contact_bank"
    CONTACT_US = "contact_us"


def told(words: str) -> str:
    """Words of a gateway as they may be kept and logged: without what looks like a card's number or somebody's address."""
    return redact_text(words)[:MAX_DETAIL_CHARS]


@dataclass(frozen=True, slots=True)
class Decline:
    """One declined payment.

    code, reason: the gateway's own words for it. delay_s: the least that should pass before the next try by itself; None for no
    such try. text_key: of the customer's text in templates; customer_text: that text in English. detail: the gateway's
    sentence, for operators.
    """

    code: str
    reason: str
    kind: DeclineKind
    delay_s: int | None
    next_action: NextAction
    text_key: str
    customer_text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeclineRule:
    """What follows from a reason, as in Decline."""

    kind: DeclineKind
    delay_s: int | None
    next_action: NextAction
    text_key: str

    def of(self, code: str, reason: str, detail: str) -> Decline:
        """The decline that a gateway has told with these words."""
        text = DECLINE_TEXTS[self.text_key]
        return Decline(code, reason, self.kind, self.delay_s, self.next_action, self.text_key, text, told(detail))


def at_once(text_key: str = "technical") -> DeclineRule:
    """A technical failure."""
    return DeclineRule(DeclineKind.SAFE_NOW, 0, NextAction.RETRY, text_key)


def after(delay_s: int, text_key: str, next_action: NextAction = NextAction.CHANGE_METHOD) -> DeclineRule:
    """What may work after so many seconds."""
    return DeclineRule(DeclineKind.LATER, delay_s, next_action, text_key)


def ask(text_key: str, next_action: NextAction = NextAction.CHANGE_METHOD) -> DeclineRule:
    """What needs the customer."""
    return DeclineRule(DeclineKind.ASK_CUSTOMER, None, next_action, text_key)


def ours(text_key: str = "not_available") -> DeclineRule:
    """What only we can mend."""
    return DeclineRule(DeclineKind.OUR_SETUP, None, NextAction.CONTACT_US, text_key)


def rows(*groups: tuple[DeclineRule, Sequence[str]]) -> Mapping[str, DeclineRule]:
    """A table of reasons that are listed under their rules."""
    return {reason: rule for rule, reasons in groups for reason in reasons}
