"""Real workers that are killed while a campaign is on its way: each recipient is asked for once."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from services.notifications.campaigns.counts_repository import CountsReader
from services.notifications.campaigns.messages import delivery_id_of
from services.notifications.campaigns.repository import CampaignReader
from services.notifications.tests.campaigns.arrange import know_customers, publish_offer, recounted, running
from services.notifications.tests.mail_server import MailServer
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.testing.process import Processes
from shared.testing.wait import eventually

PEOPLE = 2500
"""Two steps."""
FEW = 60
_ASKED_FOR = text("""
    SELECT id FROM outbox WHERE name = 'notifications.send_templated_email'
    UNION ALL
    SELECT id FROM inbox WHERE name = 'notifications.send_templated_email' AND id NOT IN (SELECT id FROM outbox)
""")


@pytest.mark.commits
@pytest.mark.parametrize("name", ["campaign.before_commit", "worker.before_commit", "worker.committed"])
async def test_everybody_is_asked_for_once_though_the_process_that_asks_is_killed(
    processes: Processes, database: Database, mail_server: MailServer, tmp_path: Path, name: str
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    async with database.unit_of_work() as session:
        await know_customers(session, PEOPLE)
        await publish_offer(session)
        campaign = await running(session, system_clock)
    faults = {"WAYBILL_FAILPOINTS": f"{name}=kill", "WAYBILL_FAILPOINT_ONCE": str(fired)}
    worker = processes.worker("notifications", "--concurrency", "1", **mail_server.environment, **faults)
    relay = processes.relay("notifications", program=None, **mail_server.environment)
    await asyncio.gather(worker.ready(), relay.ready())

    async def all_asked_for() -> bool:
        async with database.read() as reader:
            found = await CampaignReader(reader).find(campaign.id, None)
        return found is not None and found.queued == PEOPLE

    await eventually(all_asked_for, 40, "the campaign did not come to its end")

    assert (fired / name).exists()
    async with database.read() as reader:
        asked = list(await reader.scalars(_ASKED_FOR))
    expected = {delivery_id_of(campaign.id, f"payments.customer:{number}") for number in range(1, PEOPLE + 1)}
    assert (len(asked), set(asked)) == (PEOPLE, expected)


@pytest.mark.commits
@pytest.mark.parametrize("name", ["worker.claimed", "effect.claimed", "effect.called", "effect.before_record", "effect.recorded"])
async def test_figures_are_those_of_the_deliveries_though_the_process_that_sends_is_killed(
    processes: Processes, database: Database, mail_server: MailServer, tmp_path: Path, name: str
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    async with database.unit_of_work() as session:
        await know_customers(session, FEW)
        await publish_offer(session)
        campaign = await running(session, system_clock)
    faults = {"WAYBILL_FAILPOINTS": f"{name}=kill", "WAYBILL_FAILPOINT_ONCE": str(fired)}
    times = {"WAYBILL_TIME_FACTOR": "0.1"}
    worker = processes.worker("notifications", "--concurrency", "1", **mail_server.environment, **faults, **times)
    relay = processes.relay("notifications", program=None, **mail_server.environment, **times)
    await asyncio.gather(worker.ready(), relay.ready())

    async def all_ended() -> bool:
        async with database.read() as reader:
            return (await recounted(reader, campaign.id)).ended == FEW

    await eventually(all_ended, 50, "not every message came to its end")

    assert (fired / name).exists()
    async with database.read() as reader:
        found = (await CountsReader(reader).of([campaign.id]))[campaign.id]
        assert (found, found.sent) == (await recounted(reader, campaign.id), FEW)
