"""Customers with stored methods, as the tests of charges need them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import NOON, OURS, have_customer
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

_METHOD: Final = text("""
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 status, created_at, updated_at)
    VALUES (:id, :ours, :customer_id, 'razorpay', 'razorpay', :gateway_customer_id, :token, 'card', 'Visa 1111',
            'confirmed', :at, :at)
""")


async def have_method(session: Session, gateway: GatewayStandIn, **token: Any) -> tuple[UUID, UUID]:
    """A customer and their stored card, which behaves as the token is told to."""
    customer_id, method_id = await have_customer(session), uuid7()
    gateway_customer_id, known = await gateway.mandate(**token)
    bound = {"id": method_id, "ours": OURS, "customer_id": customer_id, "at": NOON}
    await session.execute(_METHOD, {**bound, "gateway_customer_id": gateway_customer_id, "token": known})
    return customer_id, method_id
