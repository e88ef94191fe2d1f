"""What follows from a decline, reason by reason."""

from collections.abc import Mapping

import pytest

from services.payments.gateways.decline_texts import DECLINE_TEXTS
from services.payments.gateways.declines import Decline, DeclineKind, DeclineRule, NextAction
from services.payments.gateways.razorpay_declines import RAZORPAY_DECLINES, RAZORPAY_DEFAULT, razorpay_decline
from services.payments.gateways.stripe_declines import STRIPE_DECLINES, STRIPE_DEFAULT, stripe_decline

HOUR, DAY = 3600, 86_400


def expected(text: str) -> dict[str, tuple[str, str | None]]:
    """Each reason with its kind and delay, as the lines below have them."""
    found: dict[str, tuple[str, str | None]] = {}
    for line in text.strip().splitlines():
        head, _, reasons = line.partition(":")
        kind, _, delay = head.strip().partition(" ")
        found |= dict.fromkeys(reasons.split(), (kind, delay or None))
    return found


RAZORPAY = expected("""
    safe_now 0: capture_failed duplicate_rrn_found gateway_technical_error invalid_response_from_gateway request_timed_out
    safe_now 0: payment_declined_due_to_high_traffic record_not_found server_error verification_failed
    safe_now 0: bank_cutoff_in_progress bank_not_available
    later 1h: bank_technical_error issuer_technical_error vpa_resolution_failed psp_not_available psp_app_not_available
    later 1h: upi_app_technical_error payment_failed
    later 1d: deemed_transaction payment_pending transaction_daily_count_exceeded transaction_daily_limit_exceeded
    later 1d: transaction_frequency_limit_exceeded payment_timed_out
    later 2d: funds_blocked_by_mandate insufficient_funds
    later 3d: card_declined debit_declined payment_declined
    later 36h05: BAD_REQUEST_MANDATE_PROMISED_DEBIT_DATE_NOT_HONOURED
    ask_customer: authentication_failed incorrect_atm_pin incorrect_otp incorrect_pin invalid_otp otp_expired payment_cancelled
    ask_customer: collect_request_pending payment_collect_request_expired payment_pending_approval payment_session_expired
    ask_customer: international_transaction_not_allowed card_expired
    ask_customer: card_number_invalid incorrect_card_details incorrect_card_expiry_date
    ask_customer: incorrect_cardholder_name incorrect_cvv debit_instrument_blocked debit_instrument_inactive
    ask_customer: otp_attempts_exceeded pin_attempts_exceeded card_not_enrolled card_type_invalid compliance_violation
    ask_customer: payment_risk_check_failed transaction_on_vpa_restricted mcc_amount_limit_exceeded transaction_limit_exceeded
    ask_customer: bank_account_invalid bank_account_validation_failed credit_failed credit_not_permitted invalid_user_details
    ask_customer: user_not_registered_for_netbanking invalid_email invalid_mobile_number mobile_number_invalid invalid_vpa
    ask_customer: invalid_device pin_not_set authorisation_declined_by_psp psp_app_not_supported psp_not_registered
    ask_customer: reqauth_mandate_not_acknowledged upi_autopay_not_supported_on_psp mandate_creation_declined
    ask_customer: mandate_creation_expired mandate_creation_failed mandate_creation_timeout credit_limit_exceeded
    ask_customer: credit_limit_expired credit_limit_inactive credit_limit_not_approved emi_greater_than_max_amount
    ask_customer: emi_plan_unavailable user_not_eligible
    our_setup: amount_less_than_minimum_amount invalid_amount payment_amount_tampered order_already_paid bank_not_enabled
    our_setup: beneficiary_account_does_not_exist beneficiary_account_dormant card_network_not_enabled collect_on_mcc_blocked
    our_setup: duplicate_refund_id duplicate_request input_validation_failed
    our_setup: invalid_currency invalid_order_id invalid_request live_mode_not_enabled merchant_not_activated
    our_setup: mismatch_in_transaction_details order_amount_mismatch order_payment_method_mismatch payment_method_not_enabled
    our_setup: pre_debit_notification_not_sent recurring_payment_not_enabled refund_limit_crossed upi_collect_not_enabled
    our_setup: upi_intent_not_enabled
""")
STRIPE = expected("""
    safe_now 0: approve_with_id processing_error reenter_transaction
    later 1h: issuer_not_available try_again_later
    later 1d: card_velocity_exceeded withdrawal_count_limit_exceeded
    later 2d: insufficient_funds
    later 3d: call_issuer do_not_honor generic_decline no_action_taken
    ask_customer: authentication_required mobile_device_authentication_required offline_pin_required
    ask_customer: online_or_offline_pin_required incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
    ask_customer: invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number invalid_pin expired_card invalid_account
    ask_customer: new_account_information_available pin_try_exceeded card_not_supported currency_not_supported
    ask_customer: do_not_try_again not_permitted restricted_card security_violation service_not_allowed transaction_not_allowed
    ask_customer: fraudulent lost_card merchant_blacklist pickup_card stolen_card revocation_of_all_authorizations
    ask_customer: revocation_of_authorization stop_payment_order
    our_setup: invalid_amount duplicate_transaction testmode_decline
""")
SECONDS = {"0": 0, "1h": HOUR, "1d": DAY, "2d": 2 * DAY, "3d": 3 * DAY, "36h05": 36 * HOUR + 300}
OFFERED = {
    DeclineKind.SAFE_NOW: {NextAction.RETRY},
    DeclineKind.LATER: {NextAction.RETRY, NextAction.WAIT, NextAction.CHANGE_METHOD, NextAction.CONTACT_BANK},
    DeclineKind.ASK_CUSTOMER: {
        NextAction.RETRY,
        NextAction.CHANGE_METHOD,
        NextAction.AUTHENTICATE,
        NextAction.CONTACT_BANK,
    },
    DeclineKind.OUR_SETUP: {NextAction.CONTACT_US},
}


def check(decline: Decline, kind: str, delay: str | None) -> None:
    assert (decline.kind.value, decline.delay_s) == (kind, SECONDS[delay] if delay is not None else None)
    assert decline.next_action in OFFERED[decline.kind]
    assert decline.customer_text == DECLINE_TEXTS[decline.text_key]


@pytest.mark.parametrize("reason", sorted(RAZORPAY.keys() | RAZORPAY_DECLINES.keys()))
def test_reason_of_razorpay_says_whether_and_when_a_retry_makes_sense(reason: str) -> None:
    check(razorpay_decline("BAD_REQUEST_ERROR", reason, "said"), *RAZORPAY[reason])


@pytest.mark.parametrize("code", sorted(STRIPE.keys() | STRIPE_DECLINES.keys()))
def test_decline_code_of_stripe_says_whether_and_when_a_retry_makes_sense(code: str) -> None:
    check(stripe_decline("card_declined", code, "said"), *STRIPE[code])


@pytest.mark.parametrize("code", sorted(STRIPE))
def test_card_from_india_is_tried_again_by_its_holder_alone(code: str) -> None:
    kind, delay = STRIPE[code]
    here, elsewhere = (stripe_decline("card_declined", code, "said", country) for country in ("IN", "DE"))

    check(here, *(("ask_customer", None) if kind in ("safe_now", "later") else (kind, delay)))
    check(elsewhere, kind, delay)
    assert (here.reason, here.text_key, here.next_action) == (elsewhere.reason, elsewhere.text_key, elsewhere.next_action)


def test_reason_that_is_new_is_taken_as_that_of_a_bank_that_says_nothing() -> None:
    at_razorpay = razorpay_decline("BAD_REQUEST_ERROR", "moon_phase_unfavourable", "Declined. " * 100)
    at_stripe = stripe_decline("moon_phase", None, "")

    for decline, rule in ((at_razorpay, RAZORPAY_DEFAULT), (at_stripe, STRIPE_DEFAULT)):
        assert (decline.kind, decline.delay_s, decline.text_key) == (DeclineKind.LATER, 3 * DAY, "bank_declined")
        assert decline.next_action is rule.next_action
    assert (at_razorpay.reason, len(at_razorpay.detail)) == ("moon_phase_unfavourable", 300)
    assert at_stripe.reason == "moon_phase"


@pytest.mark.parametrize("code", ["fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "stolen_card"])
def test_holder_of_a_stolen_card_is_told_no_more_than_that_the_bank_declined(code: str) -> None:
    assert stripe_decline("card_declined", code, "").customer_text == DECLINE_TEXTS["bank_declined"]


def test_every_text_is_said_by_some_row_and_is_a_sentence_for_customers() -> None:
    tables: tuple[Mapping[str, DeclineRule], ...] = (RAZORPAY_DECLINES, STRIPE_DECLINES)
    used = {rule.text_key for table in tables for rule in table.values()}

    assert used | {"cheque_bounced"} == DECLINE_TEXTS.keys()
    assert all(text.endswith(".") and "_" not in text for text in DECLINE_TEXTS.values())
