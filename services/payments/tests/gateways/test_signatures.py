"""Signatures of checkouts and call-backs, against the gateways' own vectors."""

import dataclasses
import hashlib
import hmac
from datetime import timedelta

import pytest

from services.payments.gateways.errors import ForgedWebhook
from services.payments.gateways.signatures import (
    CheckoutProof,
    LinkProof,
    OrderProof,
    SubscriptionProof,
    check_razorpay,
    check_stripe,
    proves,
)
from services.payments.tests.gateways.arrange import NOW

BODY = b'{"event":"payment.captured"}'


def signed(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


# The vectors with which Razorpay tests its own SDKs.
SECRET = "EnLs21M47BllR3X8PSFtjtbd"
ORDER_SIGNATURE = "0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f"
SUBSCRIPTION_SIGNATURE = "601f383334975c714c91a7d97dd723eb56520318355863dcf3821c0d07a17693"
LINK_SIGNATURE = "07ae18789e35093e51d0a491eb9922646f3f82773547e5b0f67ee3f2d3bf7d5b"
CALL_BACK_SIGNATURE = "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc"


def order_proof(signature: str, order_id: str = "order_IEIaMR65cu6nz3") -> OrderProof:
    return OrderProof(order_id, "pay_IH4NVgf4Dreq1l", signature)


@pytest.mark.parametrize(
    "proof",
    [
        order_proof(ORDER_SIGNATURE),
        SubscriptionProof("sub_ID6MOhgkcoHj9I", "pay_IDZNwZZFtnjyym", SUBSCRIPTION_SIGNATURE),
        LinkProof("plink_IH3cNucfVEgV68", "TSsd1989", "paid", "pay_IH3d0ara9bSsjQ", LINK_SIGNATURE),
    ],
)
def test_each_form_of_proof_is_accepted_as_razorpay_signs_it(proof: CheckoutProof) -> None:
    assert proves(proof, SECRET)
    assert not proves(proof, SECRET.lower())
    assert not proves(dataclasses.replace(proof, payment_id="pay_of_somebody_else"), SECRET)


def test_call_back_is_accepted_as_razorpay_signs_it() -> None:
    check_razorpay(b'{"a":1,"b":2,"c":{"d":3}}', {"x-razorpay-signature": CALL_BACK_SIGNATURE}, ["123456"])


@pytest.mark.parametrize("signature", ["", "0" * 64, ORDER_SIGNATURE[:-1], ORDER_SIGNATURE + "0", "ф" * 64, "\ud800"])
def test_checkout_signature_that_is_another_is_refused(signature: str) -> None:
    assert not proves(order_proof(signature), SECRET)
    assert not proves(order_proof(ORDER_SIGNATURE, "order_of_somebody_else"), SECRET)


def test_call_back_is_accepted_under_every_secret_that_is_valid() -> None:
    for secret in ("new", "old"):
        check_razorpay(BODY, {"X-Razorpay-Signature": signed(secret, BODY)}, ["new", "old"])


@pytest.mark.parametrize(
    ("headers", "secrets", "reason"),
    [
        ({}, ["new"], "unsigned"),
        ({"x-razorpay-signature": ""}, ["new"], "unsigned"),
        ({"x-razorpay-signature": signed("gone", BODY)}, ["new", "old"], "signature"),
        ({"x-razorpay-signature": signed("new", BODY + b" ")}, ["new"], "signature"),
        ({"x-razorpay-signature": signed("", BODY)}, [], "signature"),
        ({"x-razorpay-signature": "é" * 64}, ["new"], "signature"),
    ],
)
def test_call_back_of_somebody_else_is_refused_without_telling_why(
    headers: dict[str, str], secrets: list[str], reason: str
) -> None:
    with pytest.raises(ForgedWebhook) as refused:
        check_razorpay(BODY, headers, secrets)

    assert (refused.value.status, refused.value.reason) == (403, reason)
    assert refused.value.detail == ForgedWebhook("any").detail


def stripe_header(*secrets: str, age_s: int = 0, scheme: str = "v1") -> dict[str, str]:
    stamp = int((NOW - timedelta(seconds=age_s)).timestamp())
    parts = [f"{scheme}={signed(secret, f'{stamp}.'.encode() + BODY)}" for secret in secrets]
    return {"Stripe-Signature": ",".join([f"t={stamp}", *parts, "v0=ignored"])}


@pytest.mark.parametrize(
    "headers",
    [
        stripe_header("new"),
        stripe_header("old"),
        stripe_header("gone", "new"),
        stripe_header("new", age_s=300),
        stripe_header("new", age_s=-300),
    ],
)
def test_event_of_stripe_is_accepted_by_one_of_its_signatures_within_five_minutes(headers: dict[str, str]) -> None:
    check_stripe(BODY, headers, ["new", "old"], NOW)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "unsigned"),
        ({"Stripe-Signature": "t=1,v0=x"}, "unsigned"),
        ({"Stripe-Signature": "t=now,v1=x"}, "unsigned"),
        ({"Stripe-Signature": "v1=x"}, "unsigned"),
        (stripe_header("new", scheme="v0"), "unsigned"),
        (stripe_header("gone"), "signature"),
        (stripe_header("new", age_s=301), "stale"),
        (stripe_header("new", age_s=-301), "stale"),
    ],
)
def test_event_that_stripe_did_not_sign_just_now_is_refused(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(ForgedWebhook) as refused:
        check_stripe(BODY, headers, ["new", "old"], NOW)

    assert refused.value.reason == reason
