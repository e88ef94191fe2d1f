"""Forgetting stored methods: at the gateway first, so that nothing can be charged that nobody sees any more."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from services.payments.gateways.answers import Answered
from services.payments.gateways.directory import Gateways
from services.payments.payment_methods.errors import PaymentMethodNotFound
from services.payments.payment_methods.models import PaymentMethod
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payments.errors import GatewayUnavailable
from shared.runtime.clock import Clock
from shared.runtime.db import Session


class Methods:
    """Opens its own units of work; no session is open while the gateway is called."""

    def __init__(
        self, unit_of_work: Callable[[], AbstractAsyncContextManager[Session]], gateways: Gateways, clock: Clock
    ) -> None:
        self._unit_of_work = unit_of_work
        self._gateways = gateways
        self._clock = clock

    async def forget(self, method_id: UUID, organization_id: UUID) -> PaymentMethod:
        """Raises PaymentMethodNotFound, and GatewayUnavailable, where nothing has changed."""
        async with self._unit_of_work() as session:
            method = await MethodRepository(session).find(method_id, organization_id)
            if method is None:
                raise PaymentMethodNotFound("there is no stored method with this id; list those of the customer")
            if method.status == "cancelled":
                return method
            account = await self._gateways.get(session, method.account)
        ended = await account.gateway.delete_token(method.gateway_customer_id, method.token)
        if not isinstance(ended, Answered):
            raise GatewayUnavailable("the gateway does not forget it; try again in a minute")
        async with self._unit_of_work() as session:
            return await MethodRepository(session).set_status(method_id, "cancelled", self._clock())
