"""The payments of all gateways in one list, for people: /payments."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.objects import Document, Objects
from deploy.sandbox.problems import Problem
from deploy.sandbox.provider import Core
from deploy.sandbox.waiting import CoreParam

router = APIRouter(prefix="/payments", tags=["payments"])

Gateway = Literal["razorpay", "stripe"]
Search = Annotated[str, Query(max_length=200, description="A part of anything that is known of the payment.")]
KINDS: Final[dict[Gateway, str]] = {"razorpay": "payment", "stripe": "payment_intent"}
_REFUNDED_BY: Final[dict[Gateway, str]] = {"razorpay": "payment_id", "stripe": "payment_intent"}


class PaymentOut(BaseModel):
    """A payment. reference: our receipt. declined: the reason, where it has failed. received_at: RFC 3339, UTC."""

    id: str
    gateway: Gateway
    amount_minor: int
    currency: str
    status: str
    reference: str | None
    declined: str | None
    received_at: str


class PaymentDetail(PaymentOut):
    """With everything that the gateway shows of it, and its refunds, oldest first."""

    document: dict[str, Any]
    refunds: list[dict[str, Any]]


class PaymentList(BaseModel):
    """Newest first. next_cursor: how many to skip for the next page."""

    items: list[PaymentOut]
    next_cursor: int | None


@router.get("", summary="List payments of all gateways, newest first")
async def list_payments(
    core: CoreParam,
    search: Search = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> PaymentList:
    """Merged by the times at which they were begun."""
    found = [one for gateway in KINDS for one in islice(_found(core, gateway, search), cursor + limit + 1)]
    found.sort(key=lambda one: one.received_at, reverse=True)
    more = len(found) > cursor + limit
    return PaymentList(items=found[cursor : cursor + limit], next_cursor=cursor + limit if more else None)


@router.get("/count", summary="Count them")
async def count_payments(core: CoreParam, search: Search = "") -> dict[str, int]:
    """All, or those that a search finds."""
    return {"count": sum(_objects(core, gateway).count(KINDS[gateway], containing=search) for gateway in KINDS)}


@router.get("/{gateway}/{payment_id}", summary="Read a payment and its refunds")
async def read_payment(core: CoreParam, gateway: Gateway, payment_id: Annotated[str, Path(max_length=64)]) -> PaymentDetail:
    """As its gateway shows it."""
    objects = _objects(core, gateway)
    document = objects.get(KINDS[gateway], payment_id)
    if document is None:
        raise Problem(404, "payment_not_found", f"There is no payment {payment_id} at {gateway}.")
    refunds = [shown(one) for one in objects.find("refund", (_REFUNDED_BY[gateway], payment_id), old_first=True)]
    return PaymentDetail(**_summary(gateway, document).model_dump(), document=shown(document), refunds=refunds)


def _objects(core: Core, gateway: Gateway) -> Objects:
    return core.ledger.objects(gateway)


def _found(core: Core, gateway: Gateway, search: str) -> Iterator[PaymentOut]:
    return (_summary(gateway, one) for one in _objects(core, gateway).find(KINDS[gateway], containing=search))


def _summary(gateway: Gateway, document: Document) -> PaymentOut:
    error = document.get("last_payment_error") or {}
    at = datetime.fromtimestamp(document["created_at" if gateway == "razorpay" else "created"], UTC)
    return PaymentOut(
        id=document["id"],
        gateway=gateway,
        amount_minor=document["amount"],
        currency=document["currency"].upper(),
        status=document["status"],
        reference=document["_receipt"] if gateway == "razorpay" else document["metadata"].get("receipt"),
        declined=document["error_reason"] if gateway == "razorpay" else error.get("decline_code") or error.get("code"),
        received_at=at.isoformat().replace("+00:00", "Z"),
    )
