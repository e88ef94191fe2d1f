"""Who carries a campaign's mails, and to whom."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from sqlalchemy import text

from deploy.sandbox.sendgrid.events import EventKey
from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from shared.runtime.db import Database
from shared.testing.process import ApiProcess
from shared.testing.servers import free_port
from tests.faults.books import MailBooks
from tests.faults.campaign_fates import COMPLAINS, DELIVERED, RARE, Fate, reported, unreported
from tests.faults.scenarios.email import mail_server
from tests.faults.world import World

SEGMENT: Final = {"reference_prefix": "payments.customer:"}
_PEOPLE: Final = text("""
    INSERT INTO people (reference, email, entity_version, revision, updated_at)
    SELECT 'payments.customer:' || number, address, 1, 1, now()
      FROM unnest(CAST(:addresses AS text[])) WITH ORDINALITY AS known(address, number)
""")


@dataclass(frozen=True)
class Setting:
    """settings: of the service's processes. api: where the campaign is planned, and providers report. recipients: addresses, and
    what becomes of the mails to them. segment: who they are; None for a list that is uploaded."""

    settings: Mapping[str, str]
    api: ApiProcess
    recipients: Mapping[str, Fate]
    segment: Mapping[str, str] | None

    @property
    def reports(self) -> bool:
        """Whether the provider calls back."""
        return self.segment is not None


Carrier = Callable[[World, int, float, Mapping[str, str]], Awaitable[Setting]]
"""Opens what carries so many mails, each call of which takes so many seconds. The last one: further settings of the API."""


async def by_smtp(world: World, count: int, slow_s: float, of_api: Mapping[str, str]) -> Setting:
    """One mail after the other, to a list."""
    settings = await mail_server(world, slow_s)
    api = world.processes.api("notifications", **settings, **of_api)
    return Setting(settings, api, unreported(count), None)


async def by_sendgrid(world: World, count: int, slow_s: float, of_api: Mapping[str, str]) -> Setting:
    """In batches, to a segment. Every event comes twice, and those of a mail in the opposite order."""
    # Call-backs fail whenever the API has been killed, and are repeated: that is the point, and no news.
    logging.getLogger("sandbox.callbacks").setLevel(logging.ERROR)
    key, port = world.folder / "event-key.pem", free_port()
    settings = {
        "EMAIL_PROVIDER": "sendgrid",
        "SENDGRID_API_KEY": "sandbox",
        "SENDGRID_URL": f"http://127.0.0.1:{port}/sendgrid",
        "SENDGRID_EVENT_KEY": EventKey(key).public,
        "SMTP_FROM": "waybill@example.com",
        "SIGNING_KEYS": "k1:a-secret-for-tests-only",
        "ADDRESS_HASH_KEY": "another-secret-for-tests",
    }
    api = world.processes.api("notifications", **settings, **of_api)
    taken = Settings(http_port=port, smtp_port=0, callback_url=api.url, sendgrid_event_key_file=key)
    sandbox = await world.closing.enter_async_context(running(taken))
    await _tell_apart(sandbox.http_url, slow_s)
    world.books = MailBooks(sandbox.http_url)
    world.consumer = world.database.open("notifications", pool_size=2)
    recipients = reported(count)
    await _know(world.consumer, list(recipients))
    return Setting(settings, api, recipients, SEGMENT)


async def _tell_apart(url: str, slow_s: float) -> None:
    fates = (*RARE.values(), COMPLAINS, DELIVERED)
    rules = [{"match": f"*@{fate.domain}", **fate.rule} for fate in fates if fate.rule is not None]
    async with httpx.AsyncClient(base_url=url) as http:
        slow = {"action": "delay", "seconds": slow_s}
        (await http.put("/faults/sendgrid", json=[slow, *rules])).raise_for_status()


async def _know(database: Database, addresses: list[str]) -> None:
    async with database.unit_of_work() as session:
        await session.execute(_PEOPLE, {"addresses": addresses})
