"""The stand-in of Stripe: /stripe in the place of https://api.stripe.com."""

from typing import Any

from fastapi import APIRouter

from deploy.sandbox.gateways.movements import movements_router
from deploy.sandbox.provider import Core
from deploy.sandbox.stripe.api import api_router
from deploy.sandbox.stripe.books import NAME
from deploy.sandbox.stripe.desk import Desk
from deploy.sandbox.stripe.outside import outside_router


class StripeProvider:
    """Payment intents, refunds, customers, payouts, and the webhooks about them."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self._desk = Desk(core)
        self.faults = self._desk.board

    def router(self) -> APIRouter:
        """Stripe's paths, and those of the sandbox beside them."""
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
        """Where it is, and the version that it speaks."""
        return {"path": "/stripe", "version": self._desk.account.api_version}
