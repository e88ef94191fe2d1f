"""Work for all services while things are broken, and what must be there afterwards, counted.

Each kind asks over the published ports alone, repeats what was not answered under the same key, and knows without the
services what must come of what it has asked for.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.local.demo import RunningStack
from deploy.local.flows.payments.story import Story, story_on
from deploy.local.keys import mint_token
from deploy.local.polling import ask_until, read_all
from deploy.local.sample_outcomes import expected_mails
from deploy.local.sample_shipments import SampleShipment, as_csv, generate
from deploy.local.simulation.audit import Audit
from deploy.local.simulation.patience import PatientApi
from deploy.local.simulation.plan import Plan
from deploy.local.simulation.run import simulate

SHIPMENTS: Final = 25
"""Of one file, which is one organization's."""
PRICE: Final = 125_050
"""Of the one thing that there is to buy, in paise and without tax."""
SETTLED_S: Final = 180.0
BETWEEN_S: Final = 0.7
PATIENCE_S: Final = 180.0
"""An API that is replaced needs a minute to start where the processors are busy; what is lost is counted, and not who waits."""
TTL_S: Final = 1800


@dataclass(frozen=True)
class PatientStack:
    """The stack as flows see it, with clients that wait for an API that is away."""

    stack: RunningStack

    @asynccontextmanager
    async def api(self, service: str) -> AsyncIterator[PatientApi]:
        """As an administrator of everybody's data."""
        token = mint_token(self.stack.home, subject="operator:compose", roles=["admin"], ttl_s=TTL_S)
        url = self.stack.url(f"{service}-api")
        async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
            yield PatientApi(client, token, PATIENCE_S)


@dataclass
class LateShipments:
    """Files of shipments, evaluated again and again. wanted: the mails that they must lead to, by recipient and subject."""

    stack: RunningStack
    wanted: Counter[tuple[str, str]] = field(default_factory=Counter)
    domains: list[str] = field(default_factory=list)

    async def keep_on(self, stop: asyncio.Event) -> None:
        """Import and evaluate until `stop`, and a last time."""
        async with PatientStack(self.stack).api("alerts") as api:
            while not stop.is_set():
                await self._import(api)
                await _evaluate(api)
                await asyncio.sleep(BETWEEN_S)
            run = await _evaluate(api)
            await ask_until(lambda: api.get(run), lambda one: one["finished_at"] is not None, timeout_s=SETTLED_S)

    async def _import(self, api: PatientApi) -> None:
        organization_id = uuid4()
        domain = f"{organization_id.hex[:12]}.example.com"
        today = datetime.now(UTC).date()
        shipments = generate(SHIPMENTS, seed=organization_id.int, today=today, domain=domain)
        params, headers = {"organization_id": str(organization_id)}, {"Content-Type": "text/csv"}
        # The same file again changes nothing, so it may be repeated without a key.
        answer = await api.ask("POST", "/v1/shipments/import", params=params, content=as_csv(shipments), headers=headers)
        answer.raise_for_status()
        self._want(shipments, today, domain)

    def _want(self, shipments: list[SampleShipment], today: date, domain: str) -> None:
        self.wanted += expected_mails(shipments, today)
        self.domains.append(domain)

    async def problems(self) -> list[str]:
        """What is lost or doubled, once all is there or time is up."""
        async with self.stack.sandbox() as sandbox, PatientStack(self.stack).api("notifications") as notifications:
            await ask_until(lambda: self._arrived(sandbox), lambda found: not self.wanted - found, timeout_s=SETTLED_S)
            found = await self._mails(sandbox)
            copies = Counter(mail["message_id"] for mail in found)
            arrived = Counter({(mail["envelope"]["rcpt_to"][0], mail["subject"]): 1 for mail in found})
            excused = [await _excused(notifications, message_id) for message_id, count in copies.items() if count > 1]
        lost, strange = self.wanted - arrived, arrived - self.wanted
        surplus = sum(count - 1 for count in copies.values()) - sum(excused)
        return [
            *(f"lost: {mail}" for mail in lost),
            *(f"nobody asked for: {mail}" for mail in strange),
            *([f"{surplus} mails came twice without a reason"] if surplus > 0 else []),
            *(["two mails say the same"] if len(copies) != self.wanted.total() else []),
        ]

    async def _arrived(self, sandbox: httpx.AsyncClient) -> Counter[tuple[str, str]]:
        found = await self._mails(sandbox)
        return Counter((mail["envelope"]["rcpt_to"][0], mail["subject"]) for mail in found)

    async def _mails(self, sandbox: httpx.AsyncClient) -> list[dict[str, Any]]:
        listed = await read_all(sandbox, "/mail", {"to": "*.example.com", "limit": "500"})
        mine = {*self.domains}
        return [mail for mail in listed if mail["envelope"]["rcpt_to"][0].partition("@")[2] in mine]


async def _evaluate(api: PatientApi) -> str:
    """Ask for a run; where it is shown."""
    answer = await api.ask("POST", "/v1/evaluations", headers={"Idempotency-Key": str(uuid4())})
    return str(answer.raise_for_status().headers["Location"])


async def _excused(notifications: PatientApi, message_id: str) -> int:
    """How many copies of a mail have to be: one for each attempt whose answer nobody has seen. SMTP knows no way to ask."""
    delivery_id = message_id.strip("<>").partition("@")[0]
    delivery = await notifications.get(f"/v1/deliveries/{delivery_id}")
    return sum(attempt["outcome"] in (None, "unknown") for attempt in delivery["attempts"])


@dataclass
class Orders:
    """Orders that are paid at the gateway's form. placed: the gateway's payment by the id of the order."""

    stack: RunningStack
    placed: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def shop(self) -> AsyncIterator["Shop"]:
        """A fresh one, which is open."""
        async with PatientStack(self.stack).api("payments") as api, story_on(self.stack) as story:
            shop = Shop(api, story, self)
            await shop.open()
            yield shop


@dataclass
class Shop:
    """One shop of the traffic. story: for what the gateway and the books say."""

    api: PatientApi
    story: Story
    orders: Orders
    customer: str = ""

    async def open(self) -> None:
        """Who sells what to whom."""
        address = {"line1": "14 MG Road", "city": "Pune", "postal_code": "411001"}
        await self._make("/v1/legal-entities", name="Sahyadri Furniture LLP", gstin="27AAPFU0939F1ZV", address=address)
        thing = {"sku": "CHAIR-1", "name": "Oak chair", "hsn_sac": "940161", "unit_price_minor": PRICE, "tax_rate_bp": 1800}
        await self._make("/v1/products", currency="INR", **thing)
        self.customer = (await self._make("/v1/customers", name="Ann", email=self.story.email, state_code="27"))["id"]

    async def keep_on(self, stop: asyncio.Event) -> None:
        """Order and pay until `stop`."""
        while not stop.is_set():
            lines = [{"sku": "CHAIR-1", "quantity": 1}]
            order = await self._make("/v1/orders", customer_id=self.customer, currency="INR", lines=lines)
            begun = await self._make("/v1/payments", order_id=order["id"])
            form = {"order_id": begun["gateway_order_id"], "method": "upi", "outcome": "captured"}
            paid = await self.story.at_gateway("POST", "/checkout", form)
            self.orders.placed[order["id"]] = paid["razorpay_payment_id"]
            await asyncio.sleep(BETWEEN_S)

    async def problems(self) -> list[str]:
        """What is lost or doubled, once all is paid or time is up."""
        found = []
        for order_id, payment_id in self.orders.placed.items():
            order = await self._until_paid(order_id)
            if (order["payment_status"], order["due_minor"]) != ("paid", 0):
                found.append(f"order {order['number']} is {order['payment_status']} and paid at the gateway")
            if (taken := await self.story.moved(payment_id, "capture")) != [order["total_minor"]]:
                found.append(f"the gateway has taken {taken} for order {order['number']}")
        return found

    async def _until_paid(self, order_id: str) -> Mapping[str, Any]:
        async def ask() -> Any:
            return await self.api.get(f"/v1/orders/{order_id}", **self.story.whose)

        found: Mapping[str, Any] = await ask_until(ask, lambda one: one["payment_status"] == "paid", timeout_s=SETTLED_S)
        return found

    async def _make(self, path: str, **fields: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await self.api.ask("POST", path, json=fields, params=self.story.whose, headers=headers)
        while answer.status_code == httpx.codes.CONFLICT and "Retry-After" in answer.headers:
            # The request before it, whose answer was lost, is not over yet.
            await asyncio.sleep(BETWEEN_S)
            answer = await self.api.ask("POST", path, json=fields, params=self.story.whose, headers=headers)
        return answer.raise_for_status().json()


async def vehicles(stack: RunningStack, seconds: float) -> Audit:
    """Vehicles that drive over a bad link; what is stored must be what was acknowledged."""
    organization_id: UUID = uuid4()

    def token_of(subject: str) -> str:
        return mint_token(stack.home, subject=subject, roles=["operator"], organization_id=organization_id, ttl_s=TTL_S)

    plan = Plan(vehicles=4, seconds=seconds, loss=0.1, duplication=0.1, reordering=0.1)
    return await simulate(plan, stack.url("trips-api"), token_of, lambda _: None)
