"""Stripe's paths: /stripe/v1 in the place of https://api.stripe.com/v1."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from deploy.sandbox.objects import Document
from deploy.sandbox.stripe import confirming, customers, intents, refunds
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.desk import Desk, Work
from deploy.sandbox.stripe.forms import known

Id = Annotated[str, Path(max_length=64)]
_PAGE: Final = {"limit", "starting_after", "created"}


def api_router(desk: Desk) -> APIRouter:
    """All paths of the API. Each is a line: what is asked, and who does it."""
    router = APIRouter(prefix="/stripe/v1", tags=["stripe"])
    _intents(router, desk)
    _refunds(router, desk)
    _customers(router, desk)
    _payment_methods(router, desk)
    _balance(router, desk)
    return router


def _listing(kind: str, path: str, **keys: str) -> Work:
    """A list, narrowed by some parameters. keys: the parameters, and what the objects are found by."""

    def work(books: Books, query: Document) -> Document:
        known(query, {*_PAGE, *keys, *(("arrival_date",) if kind == "payout" else ())})
        return books.page(kind, query, f"/v1/{path}", keys)

    return work


def _intents(router: APIRouter, desk: Desk) -> None:
    @router.post("/payment_intents", summary="Create a payment intent, and confirm it")
    async def create_intent(request: Request) -> Response:
        return await desk.serve(request, "payment_intents.create", intents.create)

    @router.get("/payment_intents", summary="List payment intents")
    async def list_intents(request: Request) -> Response:
        work = _listing("payment_intent", "payment_intents", customer="customer")
        return await desk.serve(request, "payment_intents.list", work)

    @router.get("/payment_intents/search", summary="Find payment intents by their metadata")
    async def search_intents(request: Request) -> Response:
        return await desk.serve(request, "payment_intents.search", intents.search)

    @router.get("/payment_intents/{intent_id}", summary="Read a payment intent")
    async def read_intent(request: Request, intent_id: Id) -> Response:
        return await desk.fetch(request, "payment_intents.retrieve", "payment_intent", intent_id, "intent")

    @router.post("/payment_intents/{intent_id}/confirm", summary="Confirm a payment intent")
    async def confirm_intent(request: Request, intent_id: Id) -> Response:
        def work(books: Books, fields: Document) -> Document | Refused:
            return intents.confirm_asked(books, intent_id, fields)

        return await desk.serve(request, "payment_intents.confirm", work, intent_id)

    @router.post("/payment_intents/{intent_id}/capture", summary="Capture what was authorised")
    async def capture_intent(request: Request, intent_id: Id) -> Response:
        def work(books: Books, fields: Document) -> Document:
            return confirming.capture(books, intent_id, fields)

        return await desk.serve(request, "payment_intents.capture", work, intent_id)

    @router.post("/payment_intents/{intent_id}/cancel", summary="Cancel a payment intent")
    async def cancel_intent(request: Request, intent_id: Id) -> Response:
        def work(books: Books, fields: Document) -> Document:
            return intents.cancel(books, intent_id, fields)

        return await desk.serve(request, "payment_intents.cancel", work, intent_id)


def _refunds(router: APIRouter, desk: Desk) -> None:
    @router.post("/refunds", summary="Refund a payment")
    async def create_refund(request: Request) -> Response:
        return await desk.serve(request, "refunds.create", refunds.create)

    @router.get("/refunds", summary="List refunds")
    async def list_refunds(request: Request) -> Response:
        work = _listing("refund", "refunds", payment_intent="payment_intent", charge="charge")
        return await desk.serve(request, "refunds.list", work)

    @router.get("/refunds/{refund_id}", summary="Read a refund")
    async def read_refund(request: Request, refund_id: Id) -> Response:
        return await desk.fetch(request, "refunds.retrieve", "refund", refund_id)


def _methods(customer_id: str) -> Work:
    """A customer's payment methods."""

    def work(books: Books, query: Document) -> Document:
        known(query, {*_PAGE, "type"})
        customer = books.get("customer", customer_id, "customer")
        keys = {"customer": "customer", "type": "type"}
        return books.page(
            "payment_method", {**query, "customer": customer["id"]}, f"/v1/customers/{customer_id}/payment_methods", keys
        )

    return work


def _customers(router: APIRouter, desk: Desk) -> None:
    @router.post("/customers", summary="Create a customer")
    async def create_customer(request: Request) -> Response:
        return await desk.serve(request, "customers.create", customers.create)

    @router.get("/customers", summary="List customers")
    async def list_customers(request: Request) -> Response:
        return await desk.serve(request, "customers.list", _listing("customer", "customers", email="email"))

    @router.get("/customers/{customer_id}", summary="Read a customer")
    async def read_customer(request: Request, customer_id: Id) -> Response:
        return await desk.fetch(request, "customers.retrieve", "customer", customer_id, "customer")

    @router.post("/customers/{customer_id}", summary="Change a customer")
    async def edit_customer(request: Request, customer_id: Id) -> Response:
        def work(books: Books, fields: Document) -> Document:
            return customers.edit(books, customer_id, fields)

        return await desk.serve(request, "customers.update", work, customer_id)


def _payment_methods(router: APIRouter, desk: Desk) -> None:
    @router.get("/customers/{customer_id}/payment_methods", summary="List a customer's payment methods")
    async def list_methods_of_customer(request: Request, customer_id: Id) -> Response:
        return await desk.serve(request, "payment_methods.list", _methods(customer_id), customer_id)

    @router.get("/customers/{customer_id}/payment_methods/{method_id}", summary="Read a customer's payment method")
    async def read_method_of_customer(request: Request, customer_id: Id, method_id: Id) -> Response:
        def work(books: Books, _: Document) -> Document:
            return customers.method_of_customer(books, customer_id, method_id)

        return await desk.serve(request, "payment_methods.retrieve", work, customer_id, method_id)

    @router.get("/payment_methods", summary="List a customer's payment methods")
    async def list_methods(request: Request) -> Response:
        work = _listing("payment_method", "payment_methods", customer="customer", type="type")
        return await desk.serve(request, "payment_methods.list", work)

    @router.get("/payment_methods/{method_id}", summary="Read a payment method")
    async def read_method(request: Request, method_id: Id) -> Response:
        return await desk.fetch(request, "payment_methods.retrieve", "payment_method", method_id, "payment_method")

    @router.post("/payment_methods/{method_id}/attach", summary="Attach a payment method to a customer")
    async def attach_method(request: Request, method_id: Id) -> Response:
        def work(books: Books, fields: Document) -> Document:
            return customers.attach(books, method_id, fields)

        return await desk.serve(request, "payment_methods.attach", work, method_id)

    @router.post("/payment_methods/{method_id}/detach", summary="Detach a payment method")
    async def detach_method(request: Request, method_id: Id) -> Response:
        def work(books: Books, fields: Document) -> Document:
            return customers.detach(books, method_id, fields)

        return await desk.serve(request, "payment_methods.detach", work, method_id)


def _balance(router: APIRouter, desk: Desk) -> None:
    narrowed: dict[str, tuple[str, dict[str, str]]] = {
        "charges": ("charge", {"payment_intent": "payment_intent", "customer": "customer"}),
        "balance_transactions": ("balance_transaction", {"payout": "payout", "source": "source", "type": "type"}),
        "payouts": ("payout", {}),
        "disputes": ("dispute", {"charge": "charge", "payment_intent": "payment_intent"}),
        "events": ("event", {"type": "type"}),
    }
    for path, (kind, keys) in narrowed.items():
        _readable(router, desk, path, kind, keys)


def _readable(router: APIRouter, desk: Desk, path: str, kind: str, keys: dict[str, str]) -> None:
    """What is only listed and read."""

    @router.get(f"/{path}", summary=f"List {path}", name=f"list_{path}")
    async def listed(request: Request) -> Response:
        return await desk.serve(request, f"{path}.list", _listing(kind, path, **keys))

    @router.get(f"/{path}/{{object_id}}", summary=f"Read one of the {path}", name=f"read_{path}")
    async def read(request: Request, object_id: Id) -> Response:
        return await desk.fetch(request, f"{path}.retrieve", kind, object_id)
