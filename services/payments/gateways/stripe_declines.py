"""What follows from each decline code of Stripe (docs.stripe.com/declines/codes).

A code that is not listed, and `generic_decline`, are taken as those of a bank that does not say why: tried again after three
days. A card that was issued in India is never tried again by itself, as Stripe does not either (docs.stripe.com/billing/
revenue-recovery/smart-retries): RBI's rules on mandates hold for each such debit, and its holder is told of one and not of more.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.payments.gateways.declines import (
    DAY_S,
    HOUR_S,
    Decline,
    DeclineKind,
    DeclineRule,
    NextAction,
    after,
    ask,
    at_once,
    ours,
    rows,
)

STRIPE_DEFAULT: Final = after(3 * DAY_S, "bank_declined", NextAction.CONTACT_BANK)

STRIPE_DECLINES: Final[Mapping[str, DeclineRule]] = rows(
    (at_once(), ("approve_with_id", "processing_error", "reenter_transaction")),
    (after(HOUR_S, "bank_unavailable", NextAction.RETRY), ("issuer_not_available", "try_again_later")),
    (after(DAY_S, "limit_exceeded"), ("card_velocity_exceeded", "withdrawal_count_limit_exceeded")),
    (after(2 * DAY_S, "insufficient_funds"), ("insufficient_funds",)),
    (
        after(3 * DAY_S, "bank_declined", NextAction.CONTACT_BANK),
        ("call_issuer", "do_not_honor", "generic_decline", "no_action_taken"),
    ),
    (
        ask("authentication", NextAction.AUTHENTICATE),
        (
            "authentication_required",
            "mobile_device_authentication_required",
            "offline_pin_required",
            "online_or_offline_pin_required",
        ),
    ),
    (
        ask("card_details", NextAction.RETRY),
        (
            "incorrect_address",
            "incorrect_cvc",
            "incorrect_number",
            "incorrect_pin",
            "incorrect_zip",
            "invalid_cvc",
            "invalid_expiry_month",
            "invalid_expiry_year",
            "invalid_number",
            "invalid_pin",
        ),
    ),
    (ask("card_expired"), ("expired_card",)),
    (ask("card_inactive", NextAction.CONTACT_BANK), ("invalid_account", "new_account_information_available", "pin_try_exceeded")),
    (ask("card_unsupported"), ("card_not_supported", "currency_not_supported")),
    (
        ask("bank_declined", NextAction.CONTACT_BANK),
        (
            "do_not_try_again",
            "not_permitted",
            "restricted_card",
            "security_violation",
            "service_not_allowed",
            "transaction_not_allowed",
        ),
    ),
    (ask("bank_declined"), ("fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "stolen_card")),
    (ask("mandate_ended"), ("revocation_of_all_authorizations", "revocation_of_authorization", "stop_payment_order")),
    (ours("amount_not_possible"), ("invalid_amount",)),
    (ours("paid_already"), ("duplicate_transaction",)),
    (ours(), ("testmode_decline",)),
)
ONE_TRY: Final = frozenset({"IN"})
"""The countries whose cards are charged once each time that their holders are told (docs.stripe.com/india-recurring-payments)."""
_BY_ITSELF: Final = frozenset({DeclineKind.SAFE_NOW, DeclineKind.LATER})


def stripe_decline(code: str, decline_code: str | None, detail: str, card_country: str | None = None) -> Decline:
    """The decline of a charge with this error. code: `card_declined` and the like, decline_code: the bank's reason.

    card_country: where the card was issued, two letters; None where it is no card or Stripe does not say.
    """
    reason = decline_code or code
    rule = STRIPE_DECLINES.get(reason, STRIPE_DEFAULT)
    if card_country in ONE_TRY and rule.kind in _BY_ITSELF:
        rule = replace(rule, kind=DeclineKind.ASK_CUSTOMER, delay_s=None)
    return rule.of(code, reason, detail)
