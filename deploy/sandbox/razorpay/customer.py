"""What is not Razorpay's API: the customer's side of it, and the account's dashboard."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.razorpay import customers
from deploy.sandbox.razorpay.checkout import Checkout, instrument_of, pay
from deploy.sandbox.razorpay.desk import Desk


class NewToken(BaseModel):
    """A mandate that was given somewhere else. outcome: what becomes of charges on it, `captured` or a reason to decline."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str
    method: Literal["upi", "card", "emandate"] = "card"
    vpa: str = "ann@exampleupi"
    status: Literal["initiated", "confirmed", "rejected", "cancelled", "paused"] = "confirmed"
    max_amount: int | None = Field(None, ge=1)
    outcome: str = Field("captured", pattern=r"^[a-z0-9_]{1,80}$")


class TokenChange(BaseModel):
    """What the customer or the bank has made of a mandate."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["initiated", "confirmed", "rejected", "cancelled", "paused"] = "confirmed"
    failure_reason: str | None = None
    outcome: str | None = Field(None, pattern=r"^[a-z0-9_]{1,80}$")


def customer_router(desk: Desk) -> APIRouter:
    """/razorpay/checkout, /razorpay/tokens, /razorpay/account."""
    router = APIRouter(prefix="/razorpay", tags=["razorpay"])

    @router.post("/checkout", summary="Pay an order as its customer does, well or badly")
    async def checkout(asked: Checkout) -> Response:
        return await desk.answer(lambda books: pay(books, asked, desk.key_secret))

    @router.post("/tokens", summary="Have a customer give a mandate")
    async def give(asked: NewToken) -> Response:
        return await desk.answer(
            lambda books: customers.given(
                books,
                books.get("customer", asked.customer_id)["id"],
                instrument_of(asked.method, asked.vpa),
                status=asked.status,
                max_amount=asked.max_amount,
                outcome=asked.outcome,
            )
        )

    @router.patch("/tokens/{token_id}", summary="Have a customer or bank confirm, reject, cancel or pause a mandate")
    async def move(token_id: Annotated[str, Path(max_length=64)], asked: TokenChange) -> Response:
        return await desk.answer(
            lambda books: customers.move_token(books, token_id, asked.status, asked.failure_reason, asked.outcome)
        )

    @router.get("/account", summary="How the account is set up")
    async def read_account() -> dict[str, Any]:
        return desk.account.model_dump()

    @router.patch("/account", summary="Change how the account is set up, until the next start")
    async def change_account(changes: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        desk.change(**changes)
        return desk.account.model_dump()

    return router
