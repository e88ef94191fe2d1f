"""The stand-in of Razorpay: /razorpay in the place of https://api.razorpay.com."""

from typing import Any

from fastapi import APIRouter

from deploy.sandbox.entries import Timer
from deploy.sandbox.gateways.movements import movements_router
from deploy.sandbox.provider import Core
from deploy.sandbox.razorpay import attempts, disputes, orders, payments, refunds
from deploy.sandbox.razorpay.api import api_router
from deploy.sandbox.razorpay.books import NAME, Books, timer_of
from deploy.sandbox.razorpay.desk import Desk
from deploy.sandbox.razorpay.outside import outside_router
from deploy.sandbox.transaction import Transaction


class RazorpayProvider:
    """Orders, payments, refunds, mandates, settlements, and the webhooks about them."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self._desk = Desk(core)
        self.faults = self._desk.board
        core.timers.handle(NAME, self._go_on)

    def router(self) -> APIRouter:
        """Razorpay's paths, and those of the sandbox beside them."""
        router = APIRouter()
        router.include_router(api_router(self._desk))
        router.include_router(outside_router(self._desk))
        router.include_router(movements_router(self._core, NAME))
        return router

    async def start(self) -> None:
        """It needs no port of its own."""

    async def check(self) -> None:
        """It answers where the app answers."""

    async def stop(self) -> None:
        """Give back the connections of webhooks."""
        await self._desk.webhooks.close()

    def facts(self) -> dict[str, Any]:
        """Where it is and for which key."""
        return {"path": "/razorpay", "key_id": self._desk.key_id}

    async def _go_on(self, timer: Timer) -> None:
        what, object_id, more = timer_of(timer)

        def write(transaction: Transaction) -> None:
            carry_on(self._desk.books(transaction), what, object_id, more)
            transaction.finish(timer)

        await self._core.ledger.write(write)


def carry_on(books: Books, what: str, object_id: str, more: dict[str, Any]) -> None:
    """Do what was planned for later."""
    match what:
        case "attempt":
            attempts.go_on(books, object_id, more["status"], more["reason"])
        case "refund":
            refunds.finish(books, object_id, more["status"])
        case "notice":
            orders.notify(books, object_id)
        case "expire":
            payments.expire(books)
        case "dispute":
            disputes.create(books, object_id, None, "chargeback")
        case _:
            raise ValueError(f"nothing is known of {what}")
