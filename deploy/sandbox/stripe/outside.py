"""What is not Stripe's API but happens around it: its customers, their banks, the dashboard."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.objects import Document
from deploy.sandbox.stripe import confirming, disputes, payouts
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.desk import Desk

Id = Annotated[str, Path(max_length=64)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BankAnswer(_Asked):
    """What becomes of an intent that is `processing` or `requires_action`: `succeeded`, `authentication_failed`, or a decline."""

    outcome: str = Field("succeeded", pattern=r"^[a-z0-9_]{1,80}$")


class NewPayout(_Asked):
    """Pay out what is at least so many days old by the gateway's clock."""

    older_than_days: int = Field(0, ge=0, le=60)


class NewDispute(_Asked):
    """A dispute about a captured charge."""

    charge: str
    reason: str = "fraudulent"


class DisputeChange(_Asked):
    """How a dispute has gone on."""

    status: Literal["under_review", "won", "lost"]


class MadeUpEvent(_Asked):
    """An event that nothing here has led to, around an object."""

    type: str = Field(pattern=r"^[a-z_.]{3,80}$")
    object: dict[str, Any]
    forged: bool = False


def outside_router(desk: Desk) -> APIRouter:
    """/stripe/payouts, /stripe/disputes, /stripe/account and so on."""
    router = APIRouter(prefix="/stripe", tags=["stripe"])

    @router.post("/payment_intents/{intent_id}/bank", summary="Have the bank answer, or the customer authenticate")
    async def answer_intent(intent_id: Id, asked: BankAnswer) -> Response:
        return await desk.answer(lambda books: confirming.hear(books, intent_id, asked.outcome))

    @router.post("/payouts", summary="Pay the balance out")
    async def pay_out(asked: NewPayout) -> Response:
        return await desk.answer(lambda books: {"payouts": payouts.pay_out(books, older_than_days=asked.older_than_days)})

    @router.post("/disputes", summary="Dispute a charge")
    async def dispute(asked: NewDispute) -> Response:
        return await desk.answer(lambda books: disputes.create(books, asked.charge, asked.reason))

    @router.patch("/disputes/{dispute_id}", summary="Have a dispute go on, or end")
    async def move_dispute(dispute_id: Id, asked: DisputeChange) -> Response:
        return await desk.answer(lambda books: disputes.move(books, dispute_id, asked.status))

    @router.get("/account", summary="How the account is set up")
    async def read_account() -> dict[str, Any]:
        return desk.account.model_dump()

    @router.patch("/account", summary="Change how the account is set up, until the next start")
    async def change_account(changes: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        desk.change(changes)
        return desk.account.model_dump()

    @router.post("/events", summary="Send an event that nothing here has led to, forged if need be")
    async def send_event(asked: MadeUpEvent) -> Response:
        def work(books: Books) -> Document:
            if desk.account.webhook_url is None:
                raise Refused("There is nobody to tell: set webhook_url of /stripe/account", status=409)
            desk.webhooks.send(books.transaction, books.event(asked.type, {"object": asked.object}), forged=asked.forged)
            return {"type": asked.type}

        return await desk.answer(work)

    return router
