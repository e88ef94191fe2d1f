"""Razorpay's paths: /razorpay/v1 in the place of https://api.razorpay.com/v1."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.gateways.books import shown
from deploy.sandbox.gateways.operation import Asked
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay import customers, disputes, downtimes, orders, payments, recurring, refunds, settlements
from deploy.sandbox.razorpay.answers import Refused
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.desk import Desk, fields_of

Id = Annotated[str, Path(max_length=64)]


def api_router(desk: Desk) -> APIRouter:
    """All paths of the API. Each is a line: what is asked, and who does it."""
    router = APIRouter(prefix="/razorpay/v1", tags=["razorpay"])
    _orders(router, desk)
    _payments(router, desk)
    _refunds(router, desk)
    _customers(router, desk)
    _settlements(router, desk)
    return router


def _orders(router: APIRouter, desk: Desk) -> None:
    @router.post("/orders", summary="Create an order")
    async def create_order(request: Request) -> Response:
        return await desk.serve(request, "orders.create", orders.create)

    @router.get("/orders", summary="List orders, by receipt for instance")
    async def list_orders(request: Request) -> Response:
        return await desk.serve(request, "orders.list", orders.listed)

    @router.get("/orders/{order_id}", summary="Read an order")
    async def read_order(request: Request, order_id: Id) -> Response:
        return await desk.fetch(request, "orders.fetch", "order", order_id)

    @router.get("/orders/{order_id}/payments", summary="All attempts at an order")
    async def list_payments_of_order(request: Request, order_id: Id) -> Response:
        return await desk.serve(request, "orders.payments", lambda books, _: orders.payments_of(books, order_id), order_id)


def _payments(router: APIRouter, desk: Desk) -> None:
    @router.get("/payments", summary="List payments")
    async def list_payments(request: Request) -> Response:
        return await desk.serve(request, "payments.list", payments.listed)

    @router.post("/payments/create/recurring", summary="Charge a mandate")
    async def charge(request: Request) -> Response:
        def work(books: Books, body: Document) -> Document | Refused:
            return recurring.charge(books, body, desk.key_secret)

        return await desk.serve(request, "payments.recurring", work)

    @router.get("/payments/downtimes", summary="What does not work at the moment")
    async def list_downtimes(request: Request) -> Response:
        return await desk.serve(request, "downtimes.list", downtimes.listed)

    @router.get("/payments/downtimes/{downtime_id}", summary="Read a downtime")
    async def read_downtime(request: Request, downtime_id: Id) -> Response:
        return await desk.fetch(request, "downtimes.fetch", downtimes.KIND, downtime_id)

    @router.get("/payments/{payment_id}", summary="Read a payment")
    async def read_payment(request: Request, payment_id: Id) -> Response:
        return await desk.fetch(request, "payments.fetch", "payment", payment_id)

    @router.post("/payments/{payment_id}/capture", summary="Capture an authorised payment")
    async def capture(request: Request, payment_id: Id) -> Response:
        def work(books: Books, body: Document) -> Document:
            return payments.capture_asked(books, payment_id, body)

        return await desk.serve(request, "payments.capture", work, payment_id)


def _refunds(router: APIRouter, desk: Desk) -> None:
    @router.post("/payments/{payment_id}/refund", summary="Refund a payment, once per X-Refund-Idempotency")
    async def refund(request: Request, payment_id: Id) -> Response:
        try:
            desk.authenticate(request)
            key, body = refunds.checked_key(request.headers.get(refunds.KEY_HEADER)), await fields_of(request)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        named = tuple(word for word in (payment_id, body.get("receipt")) if isinstance(word, str))

        async def act(_: object) -> Response:
            return await desk.answer(lambda books: _refund_once(books, payment_id, body, key))

        return await desk.carry_out(request, Asked("refunds.create", named, key), act)

    @router.get("/payments/{payment_id}/refunds", summary="A payment's refunds")
    async def list_refunds_of_payment(request: Request, payment_id: Id) -> Response:
        return await desk.serve(
            request, "refunds.list", lambda books, query: refunds.listed(books, query, payment_id), payment_id
        )

    @router.get("/payments/{payment_id}/refunds/{refund_id}", summary="One of a payment's refunds")
    async def read_refund_of_payment(request: Request, payment_id: Id, refund_id: Id) -> Response:
        return await desk.serve(
            request, "refunds.fetch", lambda books, _: refunds.one_of(books, payment_id, refund_id), payment_id, refund_id
        )

    @router.get("/refunds", summary="List refunds")
    async def list_refunds(request: Request) -> Response:
        return await desk.serve(request, "refunds.list", refunds.listed)

    @router.get("/refunds/{refund_id}", summary="Read a refund")
    async def read_refund(request: Request, refund_id: Id) -> Response:
        return await desk.fetch(request, "refunds.fetch", "refund", refund_id)


def _refund_once(books: Books, payment_id: str, body: Document, key: str | None) -> Document:
    """Refund, or the first answer to the same request with this key."""
    if key is None:
        return refunds.create(books, payment_id, body)
    asked = hashlib.sha256(json.dumps([payment_id, body], sort_keys=True).encode()).hexdigest()
    known = books.objects.get("refund_key", key)
    if known is None:
        answer = refunds.create(books, payment_id, body)
        books.add("refund_key", {"id": key, "asked": asked, "answer": answer, "created_at": books.now})
        return answer
    if known["asked"] != asked:
        raise Refused("Different request with the same idempotency key has been made already", status=409)
    return known["answer"]  # type: ignore[no-any-return] # the document that was kept


def _customers(router: APIRouter, desk: Desk) -> None:
    @router.post("/customers", summary="Create a customer")
    async def create_customer(request: Request) -> Response:
        return await desk.serve(request, "customers.create", customers.create)

    @router.get("/customers", summary="List customers")
    async def list_customers(request: Request) -> Response:
        return await desk.serve(request, "customers.list", customers.listed)

    @router.get("/customers/{customer_id}", summary="Read a customer")
    async def read_customer(request: Request, customer_id: Id) -> Response:
        return await desk.fetch(request, "customers.fetch", "customer", customer_id)

    @router.put("/customers/{customer_id}", summary="Change a customer")
    async def edit_customer(request: Request, customer_id: Id) -> Response:
        return await desk.serve(
            request, "customers.edit", lambda books, body: customers.edit(books, customer_id, body), customer_id
        )

    @router.get("/customers/{customer_id}/tokens", summary="A customer's mandates")
    async def list_tokens(request: Request, customer_id: Id) -> Response:
        return await desk.serve(request, "tokens.list", lambda books, _: customers.tokens(books, customer_id), customer_id)

    @router.get("/customers/{customer_id}/tokens/{token_id}", summary="A mandate and how it stands")
    async def read_token(request: Request, customer_id: Id, token_id: Id) -> Response:
        return await desk.serve(
            request,
            "tokens.fetch",
            lambda books, _: shown(customers.token_of(books, customer_id, token_id)),
            customer_id,
            token_id,
        )

    @router.delete("/customers/{customer_id}/tokens/{token_id}", summary="Delete a mandate")
    async def delete_token(request: Request, customer_id: Id, token_id: Id) -> Response:
        return await desk.serve(
            request, "tokens.delete", lambda books, _: customers.delete_token(books, customer_id, token_id), customer_id, token_id
        )


def _settlements(router: APIRouter, desk: Desk) -> None:
    @router.get("/settlements", summary="List settlements")
    async def list_settlements(request: Request) -> Response:
        return await desk.serve(request, "settlements.list", settlements.listed)

    @router.get("/settlements/recon/combined", summary="What was settled in a month or on a day, item by item")
    async def reconcile(request: Request) -> Response:
        return await desk.serve(request, "settlements.recon", settlements.report)

    @router.get("/settlements/{settlement_id}", summary="Read a settlement")
    async def read_settlement(request: Request, settlement_id: Id) -> Response:
        return await desk.fetch(request, "settlements.fetch", "settlement", settlement_id)

    @router.get("/disputes", summary="List disputes")
    async def list_disputes(request: Request) -> Response:
        return await desk.serve(request, "disputes.list", disputes.listed)

    @router.get("/disputes/{dispute_id}", summary="Read a dispute")
    async def read_dispute(request: Request, dispute_id: Id) -> Response:
        return await desk.fetch(request, "disputes.fetch", "dispute", dispute_id)
