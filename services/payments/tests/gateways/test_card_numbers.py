"""No card number is kept or logged, whoever writes one where."""

import contextlib
import dataclasses
import inspect
import io
import logging
from collections.abc import Iterator
from types import ModuleType

import pytest
import structlog
from redis.asyncio import Redis

from services.payments.gateways import answers, declines, events, facts, gateway, offline
from services.payments.gateways.answers import Declined, Refused, Unknown
from services.payments.gateways.razorpay import RazorpayAccount
from services.payments.gateways.stripe import StripeAccount
from services.payments.settings import PaymentsSettings
from services.payments.tests.gateways import stripe_wire, wire
from services.payments.tests.gateways.arrange import CHARGE, REFUND, razorpay_at, scripted, stripe_at
from services.payments.tests.gateways.test_stripe import OFF_SESSION
from shared.runtime.logging import configure_logging

NUMBERS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "378282246310005",
    "6074820000000009",
    "3530111333300000",
    "4000000000000000006",
]
FORBIDDEN = ("pan", "number", "cvv", "cvc", "expiry", "exp_month", "exp_year", "holder")


@pytest.mark.parametrize("module", [answers, declines, events, facts, gateway, offline])
def test_types_have_no_field_for_a_card(module: ModuleType) -> None:
    types = [one for _, one in inspect.getmembers(module, dataclasses.is_dataclass)]

    assert types
    names = {field.name for one in types for field in dataclasses.fields(one)}
    assert {name for name in names if any(word in name.split("_") for word in FORBIDDEN)} == set()


@pytest.fixture
def log(settings: PaymentsSettings) -> Iterator[io.StringIO]:
    """What a configured process writes. The test session's own logging is put back afterwards."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    with contextlib.redirect_stdout(written):
        configure_logging(settings, "worker")
    yield written
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


@pytest.mark.parametrize("number", NUMBERS)
async def test_card_number_that_a_gateway_quotes_is_neither_answered_nor_logged(
    number: str, log: io.StringIO, redis: Redis
) -> None:
    said = f"The card {number} was declined."
    async with scripted(razorpay_at, redis) as script:
        script.say((500, wire.error(said)), (400, wire.error(said, "card_declined", "bank")), (400, wire.error(said)))
        unknown = await script.gateway.charge(CHARGE)
        declined = await script.gateway.charge(CHARGE)
        refused = await script.gateway.refund(REFUND)
    async with scripted(stripe_at, redis) as script:
        script.say((402, stripe_wire.error("card_declined", said, "card_error")))
        at_stripe = await script.gateway.charge(OFF_SESSION)

    assert isinstance(unknown, Unknown)
    assert isinstance(declined, Declined)
    assert isinstance(refused, Refused)
    assert isinstance(at_stripe, Declined)
    assert declined.decline.detail == at_stripe.decline.detail == "The card [card] was declined."
    assert "gateway_call_failed" in log.getvalue()
    for text in (repr(unknown), repr(declined), repr(refused), repr(at_stripe), log.getvalue()):
        assert number not in text
        assert digits(number) not in digits(text)


def test_what_identifies_customers_and_credentials_is_in_no_representation() -> None:
    shown = repr(CHARGE) + repr(RazorpayAccount("razorpay", "rzp_test_key", "s3cret")) + repr(StripeAccount("stripe", "sk_1"))

    for secret in ("ann@example.com", "+919812345678", "s3cret", "sk_1"):
        assert secret not in shown
