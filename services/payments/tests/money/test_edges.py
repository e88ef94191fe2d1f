"""Money at the edges: what a request and a message say when it cannot be meant."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from services.payments.auth import PaymentsWrite
from services.payments.money.amounts import require_positive
from services.payments.money.currencies import MAX_AMOUNT_MINOR
from services.payments.money.errors import AmountNotPositive, AmountTooLarge, UnknownCurrency
from services.payments.money.schemas import NonNegativeMoney, PositiveMoney
from shared.contracts.message import Message
from shared.contracts.money import Money
from shared.contracts.notifications import SendInvoiceEmail, SendPaymentFailed
from shared.contracts.payments import ProcessPayment
from shared.runtime.http import app as http
from shared.runtime.http.settings import HttpSettings
from shared.runtime.inbox.delivery import parse
from shared.testing.service import ApiClient
from shared.testing.tokens import SigningKeys

ASKS_FOR_MINOR_UNITS = "money is never a float: give amount_minor as an integer number of minor units (12.50 INR is 1250)"
router = APIRouter(prefix="/v1/sample", tags=["sample"])


class Priced(BaseModel):
    price: NonNegativeMoney | None = None
    paid: PositiveMoney


@router.post("", summary="Take money")
async def take(_: PaymentsWrite, body: Priced) -> Priced:
    return body


@pytest_asyncio.fixture
async def api(settings: HttpSettings, signing_keys: SigningKeys) -> AsyncIterator[ApiClient]:
    """An API with one endpoint, which takes money."""
    application: FastAPI = http.create_app(settings, (router,))
    async with application.router.lifespan_context(application), ApiClient(application, signing_keys) as client:
        yield client.as_role("operator")


@pytest.mark.parametrize(
    ("paid", "detail"),
    [
        ({"amount_minor": 12.5, "currency": "INR"}, ASKS_FOR_MINOR_UNITS),
        ({"amount_minor": 12.0, "currency": "INR"}, ASKS_FOR_MINOR_UNITS),
        ({"amount_minor": True, "currency": "INR"}, "money is never a truth value"),
        ({"amount_minor": "12.50", "currency": "INR"}, ASKS_FOR_MINOR_UNITS),
        ({"amount_minor": "12.0", "currency": "INR"}, ASKS_FOR_MINOR_UNITS),
        ({"amount_minor": 0, "currency": "INR"}, "greater than 0"),
        ({"amount_minor": -1, "currency": "INR"}, "greater than 0"),
        ({"amount_minor": MAX_AMOUNT_MINOR + 1, "currency": "INR"}, "less than or equal to 1000000000000000"),
        ({"amount_minor": 10**40, "currency": "INR"}, "less than"),
        ({"amount_minor": 1, "currency": "XAU"}, "send a code such as INR"),
        ({"amount_minor": 1, "currency": "rupees"}, "send a code such as INR"),
    ],
)
async def test_request_is_told_which_amount_is_wrong_and_how_to_write_it(
    api: ApiClient, paid: dict[str, Any], detail: str
) -> None:
    answer = await api.post("/v1/sample", json={"paid": paid})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert error["pointer"] in ("#/paid/amount_minor", "#/paid/currency")
    assert detail in error["detail"]


@pytest.mark.parametrize("paid", [12.5, 12, "12.50", {"amount": 12.5, "currency": "INR"}, {"amount": 12}])
async def test_amount_as_other_systems_write_it_is_told_of_amount_minor(api: ApiClient, paid: Any) -> None:
    answer = await api.post("/v1/sample", json={"paid": paid})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "#/paid"
    assert error["detail"].startswith(ASKS_FOR_MINOR_UNITS)


async def test_smallest_and_largest_amounts_are_taken(api: ApiClient) -> None:
    for amount in (1, MAX_AMOUNT_MINOR):
        body = {"price": {"amount_minor": 0, "currency": "JPY"}, "paid": {"amount_minor": amount, "currency": "INR"}}
        assert (await api.post("/v1/sample", json=body)).json() == body


def test_message_with_a_float_says_what_to_send_instead() -> None:
    amount = {"amount_minor": 12.5, "currency": "INR"}

    delivery = parse(SendPaymentFailed, "notifications.normal", "1", {"amount": amount}, None)

    assert f"amount.amount_minor: {ASKS_FOR_MINOR_UNITS}" in (delivery.items[0].problem or "")


@pytest.mark.parametrize("amount", [12.5, 12, "12.50", {"amount": 12.5, "currency": "INR"}, {"amount": 12, "currency": "INR"}])
@pytest.mark.parametrize(
    ("message_type", "field"), [(SendPaymentFailed, "amount"), (ProcessPayment, "amount"), (SendInvoiceEmail, "total")]
)
def test_message_with_an_amount_as_other_systems_write_it_is_told_of_amount_minor(
    message_type: type[Message], field: str, amount: Any
) -> None:
    delivery = parse(message_type, message_type.contract.lanes[0].name, "1", {field: amount}, None)

    told = [problem for problem in (delivery.items[0].problem or "").split("; ") if problem.startswith(field)]
    where = f"{field}.amount_minor" if isinstance(amount, dict) else field
    assert [problem.startswith(f"{where}: {ASKS_FOR_MINOR_UNITS}, ") for problem in told] == [True]


def test_message_with_something_else_in_the_place_of_money_is_told_so() -> None:
    delivery = parse(SendPaymentFailed, "notifications.normal", "1", {"amount": [], "nested": {"amount": 12.5}}, None)

    assert "amount: Input should be a valid dictionary" in (delivery.items[0].problem or "")
    assert ASKS_FOR_MINOR_UNITS not in (delivery.items[0].problem or "")


@pytest.mark.parametrize(
    ("amount_minor", "currency", "error"),
    [
        (0, "INR", AmountNotPositive),
        (-1, "INR", AmountNotPositive),
        (MAX_AMOUNT_MINOR + 1, "INR", AmountTooLarge),
        (1, "XXX", UnknownCurrency),
    ],
)
def test_what_cannot_be_paid_is_refused_by_a_check_of_its_own(amount_minor: int, currency: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        require_positive(Money(amount_minor=amount_minor, currency=currency))
    assert require_positive(Money(amount_minor=1, currency="INR")).amount_minor == 1
