"""Why a payment was declined, and what follows: for the machine that retries, and for the customer who asks."""

from dataclasses import dataclass
from enum import StrEnum


class DeclineKind(StrEnum):
    """safe_now: a technical failure, the same charge may be tried again at once. later: it may work in some days, as after
    payday. ask_customer: it never will with this method or without the customer. our_setup: our account or request is wrong;
    the customer can do nothing, and no retry helps before somebody has mended it."""

    SAFE_NOW = "safe_now"
    LATER = "later"
    ASK_CUSTOMER = "ask_customer"
    OUR_SETUP = "our_setup"


class NextAction(StrEnum):
    """What a customer is offered. wait: nothing, we try again. retry: the same method once more. change_method: another card or
    account. authenticate: prove who they are. contact_bank: only their bank can help. contact_us: only we can."""

    WAIT = "wait"
    RETRY = "retry"
    CHANGE_METHOD = "change_method"
    AUTHENTICATE = "authenticate"
    CONTACT_BANK = "contact_bank"
    CONTACT_US = "contact_us"


@dataclass(frozen=True, slots=True)
class Decline:
    """code, reason: the gateway's own words for it. delay_s: the least that should pass before the next try by itself; None for
    no such try. text_key: of the customer's text in templates; customer_text: that text in English. detail: the gateway's
    sentence."""

    code: str
    reason: str
    kind: DeclineKind
    delay_s: int | None
    next_action: NextAction
    text_key: str
    customer_text: str
    detail: str = ""
