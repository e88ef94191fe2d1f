"""Sellers, customers, stored methods, plans and subscriptions as the tests of subscriptions need them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.gateways.facts import PaymentFact, PaymentStatus, RefundFact, RefundStatus
from services.payments.payments.telling import Told
from services.payments.tests.invoices.arrange import seller
from shared.contracts.payments import HandleFailedPayment, ProcessDueSubscriptions
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
ADA: Final = "user:ada"
PRO: Final = {"code": "pro", "name": "Pro", "charge": {"sac": "998439", "unit_price_minor": 100_000, "tax_rate_bp": 1800}}
"""1,000.00 a month; 1,180.00 with the tax."""
BOX: Final = {"code": "box", "name": "Veg box", "interval": "week", "items": [{"sku": "VEG", "quantity": 2}]}
"""Two of 250.00 a week; 525.00 with the tax."""

_CUSTOMER: Final = text("""
    INSERT INTO customers (id, organization_id, name, email, phone, locale, time_zone, address, state_code, created_at,
                           updated_at)
    VALUES (:id, :ours, 'Ann', 'ann@example.com', '+919812345678', 'en-IN', :zone,
            '{"line1": "14 Hill Road", "city": "Mumbai", "postal_code": "400050", "country": "IN"}', '27', :at, :at)
""")
_METHOD: Final = text("""
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 max_amount_minor, expires_at, status, created_at, updated_at)
    VALUES (:id, :ours, :customer_id, 'razorpay', 'razorpay', :gateway_customer_id, :token, :kind, :label, :most,
            :expires_at, :status, :at, :at)
""")
_PRODUCT: Final = text("""
    INSERT INTO products (organization_id, sku, name, hsn_sac, unit_price_minor, currency, tax_rate_bp, updated_at, updated_by)
    VALUES (:ours, 'VEG', 'Vegetables', '0709', 25000, 'INR', 500, :at, 'test')
""")


_ORDERED: Final = text("UPDATE payments SET gateway_order_id = coalesce(gateway_order_id, 'order_' || id)")
_DECLINED: Final = text("""
    UPDATE payments SET status = 'failed', is_open = false, tries = :tries, decline_kind = :kind, failure = 'No money.',
                        version = version + 1
     WHERE id = :id
""")


_MANY: Final = text("""
    INSERT INTO subscriptions (id, organization_id, customer_id, plan_version_id, quantity, status, time_zone, anchor, started_on,
                               next_period_start, next_bill_at, payment_method_id, created_at, updated_at, changed_by)
    SELECT gen_random_uuid(), :ours, :customer_id, :version_id, 1, 'active', 'Asia/Kolkata', '2026-03-02', '2026-03-02',
           '2026-03-02', '2026-03-01 18:30Z', :method_id, :now, :now, 'test'
      FROM generate_series(1, :number)
""")
_PLAN: Final = text("INSERT INTO plans VALUES (:id, :ours, 'pro', true, 1, :now, :now, 'test')")
_VERSION: Final = text("""
    INSERT INTO plan_versions VALUES (:id, :id, 1, 'Pro', 'INR', 'month', 1, 0, 1, 1, false,
        '[{"sku": null, "name": "Pro", "hsn_sac": "998439", "quantity": 1, "unit_price_minor": 100000, "tax_rate_bp": 1800}]',
        :now, 'test')
""")


def key() -> dict[str, str]:
    """The header of a new request."""
    return {"Idempotency-Key": str(uuid4())}


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


def code(answer: httpx.Response) -> tuple[int, str]:
    """What an answer refuses with."""
    return answer.status_code, answer.json()["code"]


async def have_seller(session: Session) -> None:
    """An organization in Maharashtra that sells vegetables."""
    await seller(session)
    await session.execute(_PRODUCT, {"ours": OURS, "at": MONDAY_MORNING})


async def have_customer(session: Session, zone: str = "Asia/Kolkata") -> UUID:
    """Somebody in Maharashtra."""
    customer_id = uuid7()
    await session.execute(_CUSTOMER, {"id": customer_id, "ours": OURS, "zone": zone, "at": MONDAY_MORNING})
    return customer_id


async def have_method(
    session: Session,
    customer_id: UUID,
    *,
    status: str = "confirmed",
    most: int | None = None,
    expires_at: datetime | None = None,
    kind: str = "emandate",
    label: str = "Visa 1111",
    mandate: tuple[str, str] | None = None,
) -> UUID:
    """A stored bank account of theirs, which is charged without notices. mandate: customer and token at the gateway."""
    gateway_customer_id, token = mandate or ("cust_1", f"token_{uuid4()}")
    method_id = uuid7()
    bound = {"id": method_id, "ours": OURS, "customer_id": customer_id, "token": token, "kind": kind, "label": label}
    more = {"most": most, "expires_at": expires_at, "status": status, "at": MONDAY_MORNING}
    more["gateway_customer_id"] = gateway_customer_id
    await session.execute(_METHOD, bound | more)
    return method_id


async def have_many(session: Session, number: int) -> None:
    """So many monthly subscriptions of one customer, due on 2 March."""
    await have_seller(session)
    customer_id, plan_id = await have_customer(session), uuid7()
    bound = {"id": plan_id, "ours": OURS, "now": at(2026, 3, 2)}
    await session.execute(_PLAN, bound)
    await session.execute(_VERSION, {"id": plan_id, "now": bound["now"]})
    more = {"customer_id": customer_id, "version_id": plan_id, "method_id": await have_method(session, customer_id)}
    await session.execute(_MANY, {"ours": OURS, "now": bound["now"], "number": number, **more})


@dataclass(frozen=True, slots=True)
class Office:
    """Somebody who looks after an organization's subscriptions, over the API, with a clock and a worker."""

    api: ApiClient
    session: Session
    clock: FrozenClock
    run_task: TaskRunner

    async def ok(self, method: str, path: str, **request: Any) -> Any:
        """The answer to a request that must be good."""
        answer = await self.api.request(method, path, **request)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def plan(self, base: dict[str, Any] = PRO, **fields: Any) -> UUID:
        """A plan, usual but for what is named."""
        return UUID((await self.ok("POST", "/v1/plans", json=base | fields, headers=key()))["id"])

    async def subscribe(
        self, plan_id: UUID, customer_id: UUID | None = None, *, method: bool = True, **fields: Any
    ) -> dict[str, Any]:
        """A subscription of a new customer with a stored card."""
        customer_id = customer_id or await have_customer(self.session)
        method_id = await have_method(self.session, customer_id) if method else None
        body = {
            "customer_id": str(customer_id),
            "plan_id": str(plan_id),
            "payment_method_id": str(method_id) if method_id else None,
        }
        begun: dict[str, Any] = await self.ok("POST", "/v1/subscriptions", json=body | fields, headers=key())
        return begun

    async def get(self, subscription: dict[str, Any]) -> dict[str, Any]:
        """As it is now."""
        shown: dict[str, Any] = await self.ok("GET", f"/v1/subscriptions/{subscription['id']}")
        return shown

    async def act(self, subscription: dict[str, Any], action: str, **body: Any) -> httpx.Response:
        """Post an action on it, whatever its version."""
        headers = key() | {"If-Match": "*"}
        return await self.api.post(f"/v1/subscriptions/{subscription['id']}/{action}", json=body, headers=headers)

    async def bill(self, now: datetime | None = None) -> None:
        """Run the billing of what is due."""
        if now is not None:
            self.clock.set(now)
        handled = await self.run_task(ProcessDueSubscriptions(slot=self.clock()))
        assert handled.outcome == "done", handled.error

    async def captured(self, payment_id: UUID, amount_minor: int) -> None:
        """The gateway has taken the money of a payment, and tells it twice."""
        await self.told(payment_id, amount_minor, PaymentStatus.CAPTURED)

    async def told(self, payment_id: UUID, amount_minor: int, status: PaymentStatus) -> None:
        """The gateway tells twice how a payment stands."""
        await self.session.execute(_ORDERED)
        for _ in range(2):
            await self._apply([self._fact(payment_id, amount_minor, status)])

    async def captured_together(self, payments: Sequence[tuple[UUID, int]]) -> None:
        """The gateway has taken the money of payments, each with its amount, and tells it of all at once."""
        await self.session.execute(_ORDERED)
        await self._apply([self._fact(payment_id, amount, PaymentStatus.CAPTURED) for payment_id, amount in payments])

    async def _apply(self, facts: Sequence[PaymentFact]) -> None:
        await payment_deps.gateway_facts(self.session, self.clock).apply([Told("razorpay", fact) for fact in facts])

    def _fact(self, payment_id: UUID, amount_minor: int, status: PaymentStatus) -> PaymentFact:
        return PaymentFact(
            gateway="razorpay",
            payment_id=f"pay_{payment_id}",
            order_id=f"order_{payment_id}",
            receipt=None,
            status=status,
            amount_minor=amount_minor,
            currency="INR",
            captured_minor=amount_minor if status is PaymentStatus.CAPTURED else 0,
            refunded_minor=0,
            occurred_at=self.clock(),
            method="card",
        )

    async def refunded(self, refund_id: UUID, amount_minor: int) -> None:
        """The gateway has given back what it was asked to."""
        ((payment_id,),) = await rows(self.session, "SELECT payment_id FROM refunds WHERE id = :id", id=refund_id)
        fact = RefundFact(
            gateway="razorpay",
            refund_id=f"rfnd_{refund_id}",
            payment_id=f"pay_{payment_id}",
            receipt=str(refund_id),
            status=RefundStatus.PROCESSED,
            amount_minor=amount_minor,
            currency="INR",
            occurred_at=self.clock(),
        )
        await payment_deps.gateway_facts(self.session, self.clock).apply([Told("razorpay", fact)])

    async def declined(self, payment_id: UUID, tries: int, kind: str, now: datetime) -> None:
        """A try of a payment is declined; what follows is decided, and asked for once more."""
        await self.session.execute(_DECLINED, {"id": payment_id, "tries": tries, "kind": kind})
        outcomes = [(await self.run_task(HandleFailedPayment(payment_id=payment_id), occurred_at=now)).outcome for _ in range(2)]
        assert outcomes == ["done", "dropped"]

    async def periods(self, subscription: dict[str, Any]) -> list[tuple[Any, ...]]:
        """(start, end, status, total) of its periods, the oldest first."""
        query = """SELECT CAST(start_on AS text), CAST(end_on AS text), status, total_minor FROM subscription_periods
                    WHERE subscription_id = :id ORDER BY start_on"""
        return list(await rows(self.session, query, id=UUID(subscription["id"])))
