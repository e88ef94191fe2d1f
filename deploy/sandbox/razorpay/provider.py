"""The stand-in of Razorpay: /razorpay in the place of https://api.razorpay.com."""

from typing import Any

from fastapi import APIRouter

from deploy.sandbox.gateways.movements import movements_router
from deploy.sandbox.provider import Core
from deploy.sandbox.razorpay.api import api_router
from deploy.sandbox.razorpay.books import NAME
from deploy.sandbox.razorpay.desk import Desk
from deploy.sandbox.razorpay.outside import outside_router


class RazorpayProvider:
    """Orders, payments, refunds, mandates, settlements, and the webhooks about them."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self._desk = Desk(core)
        self.faults = self._desk.board

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
        await self._desk.close()

    def facts(self) -> dict[str, Any]:
        """Where it is and for which key."""
        return {"path": "/razorpay", "key_id": self._desk.key_id}
