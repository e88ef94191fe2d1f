"""The stage of a run: clients, accounts and routes of its organizations, the people, and what the sandbox is told to do."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx

from deploy.local.celery_client import celery_client
from deploy.local.demo import RunningStack
from deploy.local.environment import read_environment
from deploy.local.flows.notifications import cast as names
from deploy.local.flows.notifications.cast import Cast
from deploy.local.flows.notifications.watch import Watch
from deploy.local.polling import TIMEOUT_S, T, ask_until

if TYPE_CHECKING:
    from celery import Celery

RENEWAL_TEXT: Final = "{#var#} ends in {#var#} days, {#var#}. Renew for {#var#}: {frontend}/subscriptions/{#var#}"
CODE_TEXT: Final = "Your Waybill code is {#var#}. It is good for {#var#} minutes."
RENEWAL_TEMPLATE: Final = "demo-renewal"
CODE_TEMPLATE: Final = "demo-code"
CONFIGURATION_SET: Final = "demo"
HURRIED_S: Final = 2.0
MISSING_AND_PATIENT: Final = 3


class World:
    """api, admin: of notifications, as an operator and as an administrator. sandbox: the stand-ins. environment: its settings."""

    def __init__(
        self, stack: RunningStack, celery: "Celery", api: httpx.AsyncClient, admin: httpx.AsyncClient, sandbox: httpx.AsyncClient
    ) -> None:
        self.stack = stack
        self.cast = Cast()
        self.celery = celery
        self.api = api
        self.admin = admin
        self.sandbox = sandbox
        self.watch = Watch(api)
        self.environment: Mapping[str, str] = read_environment(stack.home, "notifications")
        self._rules: list[str] = []
        self._missing = 0

    async def wait(self, ask: Callable[[], Awaitable[T]], met: Callable[[T], bool]) -> T:
        """Ask until the answer will do, or for a minute. Where several are missing, nobody wants to wait for more."""
        answer = await ask_until(ask, met, timeout_s=TIMEOUT_S if self._missing < MISSING_AND_PATIENT else HURRIED_S)
        self._missing += not met(answer)
        return answer

    def organization(self, name: str) -> UUID:
        """The id of one of the organizations of the cast."""
        return self.cast.organizations[name]

    async def set_up(self) -> None:
        """Accounts, routes and registered texts."""
        ours = self.environment
        sendgrid = {"api_key": ours["SENDGRID_API_KEY"]}
        await self._account(names.SENDGRID, names.SENDGRID_ACCOUNT, "sendgrid", {}, sendgrid)
        ses = {"region": ours["SES_REGION"], "access_key_id": ours["SES_ACCESS_KEY_ID"], "configuration_set": CONFIGURATION_SET}
        secret = {"secret_access_key": ours["SES_SECRET_ACCESS_KEY"]}
        await self._account(names.AMAZON, names.SES_ACCOUNT, "ses", ses, secret)
        msg91 = {"sender_id": ours["MSG91_SENDER_ID"]}
        await self._account(names.AMAZON, names.MSG91_ACCOUNT, "msg91", msg91, {"auth_key": ours["MSG91_AUTH_KEY"]})
        await self._route(names.PLAIN, "email", "smtp")
        await self._route(names.SENDGRID, "email", names.SENDGRID_ACCOUNT)
        await self._route(names.AMAZON, "email", names.SES_ACCOUNT)
        await self._route(names.AMAZON, "sms", names.MSG91_ACCOUNT)
        renewal = RENEWAL_TEXT.replace("{frontend}", ours["FRONTEND_URL"])
        await self._register(1, RENEWAL_TEMPLATE, renewal, ["plan", "days", "day", "amount", "subscription"])
        await self._register(2, CODE_TEMPLATE, CODE_TEXT, ["code", "minutes"])

    async def rule(self, provider: str, match: str, action: str, **fields: Any) -> None:
        """Tell a stand-in what to do with the next message to somebody."""
        rule_id = f"demo-{self.cast.run}-{len(self._rules)}"
        self._rules.append(f"/faults/{provider}/{rule_id}")
        rule = {"id": rule_id, "match": match, "action": action, "times": 1, **fields}
        (await self.sandbox.post(f"/faults/{provider}", json=rule)).raise_for_status()

    async def clear(self) -> None:
        """Leave no rule behind."""
        for path in self._rules:
            await self.sandbox.delete(path)

    async def _account(
        self, organization: str, name: str, kind: str, config: Mapping[str, str], credentials: Mapping[str, str]
    ) -> None:
        account = {"kind": kind, "config": config, "credentials": credentials}
        await self._put(organization, f"/v1/provider-accounts/{name}", account)

    async def _route(self, organization: str, channel: str, account: str) -> None:
        await self._put(organization, f"/v1/provider-routes/{channel}", {"accounts": [account]})

    async def _put(self, organization: str, path: str, body: Mapping[str, Any]) -> None:
        whose = {"organization_id": str(self.organization(organization))}
        (await self.admin.put(path, params=whose, json=body)).raise_for_status()

    async def _register(self, number: int, template: str, text: str, variables: list[str]) -> None:
        """Enter a text as if it were registered with DLT."""
        registered = {
            "dlt_template_id": f"110716123456789012{number}",
            "provider_template_id": template,
            "entity_id": "1101234567890123456",
            "header": self.environment["MSG91_SENDER_ID"],
            "dlt_class": "SI",
            "text": text,
            "variables": variables,
        }
        whose = {"organization_id": str(self.organization(names.AMAZON))}
        (await self.api.post("/v1/dlt-templates", params=whose, json=registered)).raise_for_status()


@asynccontextmanager
async def world_on(stack: RunningStack) -> AsyncIterator[World]:
    """The stage, set up, and cleared at the end."""
    async with AsyncExitStack() as exits:
        celery = exits.enter_context(celery_client(stack.home))
        api = await exits.enter_async_context(stack.api("notifications"))
        admin = await exits.enter_async_context(stack.api("notifications", role="admin"))
        sandbox = await exits.enter_async_context(stack.sandbox())
        world = World(stack, celery, api, admin, sandbox)
        exits.push_async_callback(world.clear)
        await world.set_up()
        yield world
