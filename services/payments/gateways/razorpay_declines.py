"""What follows from each reason for which Razorpay declines a payment (razorpay.com/docs/errors: reasons, list of errors).

A reason that is not listed is taken as that of a bank that does not say why: tried again after three days, once the customer
has been told. Reasons that Razorpay adds are technical or a bank's more often than not, and a charge that is tried twice in a
week harms nobody.
"""

from collections.abc import Mapping
from typing import Final

from services.payments.gateways.declines import (
    DAY_S,
    HOUR_S,
    Decline,
    DeclineRule,
    NextAction,
    after,
    ask,
    at_once,
    ours,
    rows,
)

NOTICE_S: Final = 36 * HOUR_S + 300
"""How long after its notice a mandate may be debited at the earliest (recurring payments, create subsequent payments)."""

RAZORPAY_DEFAULT: Final = after(3 * DAY_S, "bank_declined", NextAction.CONTACT_BANK)

RAZORPAY_DECLINES: Final[Mapping[str, DeclineRule]] = rows(
    (
        at_once(),
        (
            "capture_failed",
            "duplicate_rrn_found",
            "gateway_technical_error",
            "invalid_response_from_gateway",
            "payment_declined_due_to_high_traffic",
            "record_not_found",
            "request_timed_out",
            "server_error",
            "verification_failed",
        ),
    ),
    (at_once("bank_unavailable"), ("bank_cutoff_in_progress", "bank_not_available")),
    (
        after(HOUR_S, "bank_unavailable", NextAction.RETRY),
        ("bank_technical_error", "issuer_technical_error", "vpa_resolution_failed"),
    ),
    (after(HOUR_S, "upi_app", NextAction.RETRY), ("psp_not_available", "psp_app_not_available", "upi_app_technical_error")),
    (after(HOUR_S, "technical", NextAction.RETRY), ("payment_failed",)),
    # A stored method is charged again by dunning, once it is known that the first charge has come to nothing.
    (after(DAY_S, "timed_out", NextAction.RETRY), ("payment_timed_out",)),
    (after(DAY_S, "pending", NextAction.WAIT), ("deemed_transaction", "payment_pending")),
    (
        after(DAY_S, "limit_exceeded"),
        (
            "transaction_daily_count_exceeded",
            "transaction_daily_limit_exceeded",
            "transaction_frequency_limit_exceeded",
        ),
    ),
    (after(2 * DAY_S, "insufficient_funds"), ("funds_blocked_by_mandate", "insufficient_funds")),
    (after(3 * DAY_S, "bank_declined", NextAction.CONTACT_BANK), ("card_declined", "debit_declined", "payment_declined")),
    (after(NOTICE_S, "pending", NextAction.WAIT), ("BAD_REQUEST_MANDATE_PROMISED_DEBIT_DATE_NOT_HONOURED",)),
    (
        ask("authentication", NextAction.AUTHENTICATE),
        ("authentication_failed", "incorrect_atm_pin", "incorrect_otp", "incorrect_pin", "invalid_otp", "otp_expired"),
    ),
    (
        ask("timed_out", NextAction.RETRY),
        (
            "collect_request_pending",
            "payment_collect_request_expired",
            "payment_pending_approval",
            "payment_session_expired",
        ),
    ),
    (ask("cancelled", NextAction.RETRY), ("payment_cancelled",)),
    (
        ask("card_details", NextAction.RETRY),
        (
            "card_number_invalid",
            "incorrect_card_details",
            "incorrect_card_expiry_date",
            "incorrect_cardholder_name",
            "incorrect_cvv",
        ),
    ),
    (ask("card_expired"), ("card_expired",)),
    (
        ask("card_inactive", NextAction.CONTACT_BANK),
        ("debit_instrument_blocked", "debit_instrument_inactive", "otp_attempts_exceeded", "pin_attempts_exceeded"),
    ),
    (ask("card_unsupported"), ("card_not_enrolled", "card_type_invalid", "international_transaction_not_allowed")),
    (ask("bank_declined", NextAction.CONTACT_BANK), ("compliance_violation",)),
    (ask("bank_declined"), ("payment_risk_check_failed", "transaction_on_vpa_restricted")),
    (ask("limit_exceeded"), ("mcc_amount_limit_exceeded", "transaction_limit_exceeded")),
    (
        ask("account_details"),
        (
            "bank_account_invalid",
            "bank_account_validation_failed",
            "credit_failed",
            "credit_not_permitted",
            "invalid_user_details",
            "user_not_registered_for_netbanking",
        ),
    ),
    (ask("contact_details", NextAction.RETRY), ("invalid_email", "invalid_mobile_number", "mobile_number_invalid")),
    (ask("upi_id", NextAction.RETRY), ("invalid_vpa",)),
    (ask("upi_set_up", NextAction.RETRY), ("invalid_device", "pin_not_set")),
    (
        ask("upi_app"),
        (
            "authorisation_declined_by_psp",
            "psp_app_not_supported",
            "psp_not_registered",
            "reqauth_mandate_not_acknowledged",
            "upi_autopay_not_supported_on_psp",
        ),
    ),
    (
        ask("mandate_not_set_up", NextAction.RETRY),
        ("mandate_creation_declined", "mandate_creation_expired", "mandate_creation_failed", "mandate_creation_timeout"),
    ),
    (
        ask("credit_unavailable"),
        (
            "credit_limit_exceeded",
            "credit_limit_expired",
            "credit_limit_inactive",
            "credit_limit_not_approved",
            "emi_greater_than_max_amount",
            "emi_plan_unavailable",
            "user_not_eligible",
        ),
    ),
    (ours("amount_not_possible"), ("amount_less_than_minimum_amount", "invalid_amount", "payment_amount_tampered")),
    (ours("paid_already"), ("order_already_paid",)),
    (
        ours(),
        (
            "bank_not_enabled",
            "beneficiary_account_does_not_exist",
            "beneficiary_account_dormant",
            "card_network_not_enabled",
            "collect_on_mcc_blocked",
            "duplicate_refund_id",
            "duplicate_request",
            "input_validation_failed",
            "invalid_currency",
            "invalid_order_id",
            "invalid_request",
            "live_mode_not_enabled",
            "merchant_not_activated",
            "mismatch_in_transaction_details",
            "order_amount_mismatch",
            "order_payment_method_mismatch",
            "payment_method_not_enabled",
            "pre_debit_notification_not_sent",
            "recurring_payment_not_enabled",
            "refund_limit_crossed",
            "upi_collect_not_enabled",
            "upi_intent_not_enabled",
        ),
    ),
)


def razorpay_decline(code: str, reason: str, detail: str) -> Decline:
    """The decline of a payment with this error."""
    return RAZORPAY_DECLINES.get(reason, RAZORPAY_DEFAULT).of(code, reason, detail)
