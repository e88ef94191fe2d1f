"""What is not Razorpay's API but happens around it: its customers, the banks, the dashboard."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay import attempts, customers, disputes, downtimes, made_up, payments, settlements
from deploy.sandbox.razorpay.answers import Refused
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.checkout import Checkout, instrument_of, pay
from deploy.sandbox.razorpay.desk import Desk

Id = Annotated[str, Path(max_length=64)]
Outcome = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,80}$")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewToken(_Asked):
    """A mandate that was given somewhere else. outcome: what becomes of charges on it, `captured` or a reason to decline."""

    customer_id: str
    method: Literal["upi", "card", "emandate"] = "card"
    vpa: str = "ann@exampleupi"
    status: Literal["initiated", "confirmed", "rejected", "cancelled", "paused"] = "confirmed"
    max_amount: int | None = Field(None, ge=1)
    frequency: str = "as_presented"
    outcome: Outcome = "captured"


class TokenChange(_Asked):
    """What the customer or the bank has made of a mandate."""

    status: Literal["initiated", "confirmed", "rejected", "cancelled", "paused"] = "confirmed"
    failure_reason: str | None = None
    outcome: Outcome | None = None


class BankAnswer(_Asked):
    """What the bank says at last of a payment that is `created` or, late, of one that has failed: `captured`, or a reason."""

    outcome: Outcome = "captured"


class NewSettlement(_Asked):
    """Pay out what is at least so many days old by the gateway's clock."""

    older_than_days: int = Field(0, ge=0, le=60)


class NewDispute(_Asked):
    """A dispute about a captured payment. amount: all of it unless given."""

    payment_id: str
    amount: int | None = Field(None, ge=1)
    reason_code: str = "chargeback"


class DisputeChange(_Asked):
    """How a dispute has gone on."""

    status: Literal["under_review", "action_required", "won", "lost", "closed"]


class NewDowntime(_Asked):
    """A method of payment begins to fail. instrument: which bank, network or wallet."""

    method: Literal["card", "netbanking", "upi", "wallet"]
    instrument: dict[str, str] = Field(default_factory=dict)
    severity: Literal["low", "medium", "high"] = "high"


class DowntimeChange(_Asked):
    """It has changed, or is over."""

    status: Literal["updated", "resolved"]
    severity: Literal["low", "medium", "high"] | None = None


class MadeUpEvent(_Asked):
    """An event that nothing here has led to. entities: of its payload, by their names; a sample where there is one."""

    event: str
    entities: dict[str, dict[str, Any]] | None = None
    forged: bool = False


def outside_router(desk: Desk) -> APIRouter:
    """/razorpay/checkout, /razorpay/tokens, /razorpay/settlements and so on."""
    router = APIRouter(prefix="/razorpay", tags=["razorpay"])
    _customers(router, desk)
    _money(router, desk)
    _account(router, desk)
    return router


def _customers(router: APIRouter, desk: Desk) -> None:
    @router.post("/checkout", summary="Pay an order as its customer does, well or badly")
    async def checkout(asked: Checkout) -> Response:
        return await desk.answer(lambda books: pay(books, asked, desk.key_secret))

    @router.post("/tokens", summary="Have a customer give a mandate")
    async def give_token(asked: NewToken) -> Response:
        def work(books: Books) -> Document:
            customer = books.get("customer", asked.customer_id)
            mandate = customers.Mandate(asked.status, asked.max_amount, asked.frequency, asked.outcome)
            return customers.give(books, customer["id"], instrument_of(asked.method, asked.vpa), mandate)

        return await desk.answer(work)

    @router.patch("/tokens/{token_id}", summary="Have a mandate confirmed, rejected, cancelled or paused")
    async def move_token(token_id: Id, asked: TokenChange) -> Response:
        return await desk.answer(
            lambda books: customers.move_token(books, token_id, asked.status, asked.failure_reason, asked.outcome)
        )

    @router.post("/payments/{payment_id}/bank", summary="Have the bank answer, late or at last")
    async def answer_payment(payment_id: Id, asked: BankAnswer) -> Response:
        status = "authorized" if asked.outcome == "captured" else "failed"
        return await desk.answer(lambda books: shown(attempts.go_on(books, payment_id, status, asked.outcome)))

    @router.delete("/payments/{payment_id}", summary="Have Razorpay know nothing of a payment any more")
    async def forget_payment(payment_id: Id) -> Response:
        return await desk.answer(lambda books: shown(payments.forget(books, payment_id)))


def _money(router: APIRouter, desk: Desk) -> None:
    @router.post("/settlements", summary="Settle what has been captured, refunded and lost")
    async def settle(asked: NewSettlement) -> Response:
        return await desk.answer(lambda books: settlements.settle(books, older_than_days=asked.older_than_days))

    @router.post("/disputes", summary="Dispute a payment")
    async def dispute(asked: NewDispute) -> Response:
        return await desk.answer(lambda books: disputes.create(books, asked.payment_id, asked.amount, asked.reason_code))

    @router.patch("/disputes/{dispute_id}", summary="Have a dispute go on, or end")
    async def move_dispute(dispute_id: Id, asked: DisputeChange) -> Response:
        return await desk.answer(lambda books: disputes.move(books, dispute_id, asked.status))

    @router.post("/downtimes", summary="Have a method of payment fail")
    async def start_downtime(asked: NewDowntime) -> Response:
        return await desk.answer(lambda books: downtimes.start(books, asked.method, dict(asked.instrument), asked.severity))

    @router.patch("/downtimes/{downtime_id}", summary="Have a downtime change, or end")
    async def move_downtime(downtime_id: Id, asked: DowntimeChange) -> Response:
        return await desk.answer(lambda books: downtimes.move(books, downtime_id, asked.status, asked.severity))


def _account(router: APIRouter, desk: Desk) -> None:
    @router.get("/account", summary="How the account is set up")
    async def read_account() -> dict[str, Any]:
        return desk.account.model_dump()

    @router.patch("/account", summary="Change how the account is set up, until the next start")
    async def change_account(changes: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        desk.change(changes)
        # A clock that was put on may have gone past the end of the time in which payments can be captured.
        await desk.write(payments.expire)
        return desk.account.model_dump()

    @router.post("/events", summary="Send an event that nothing here has led to, forged if need be")
    async def send_event(asked: MadeUpEvent) -> Response:
        def work(books: Books) -> Document:
            if desk.account.webhook_url is None:
                raise Refused("There is nobody to tell: set webhook_url of /razorpay/account", status=409)
            entities = made_up.entities_of(asked.event, asked.entities)
            event = books.event(asked.event, entities)
            desk.webhooks.send(books.transaction, event, forged=asked.forged)
            return {"id": dict(event.headers)["x-razorpay-event-id"]}

        return await desk.answer(work)
