"""A campaign stops by itself when too much of it bounces, or too many readers complain."""

from datetime import timedelta

import pytest

from services.notifications.campaigns.counts_repository import CountsReader
from services.notifications.campaigns.messages import delivery_id_of, message_for
from services.notifications.campaigns.models import Counts, PauseCause
from services.notifications.campaigns.rates import CHECK_EVERY, REFUSED_CHECK_EVERY, check_rates, excess
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.campaigns.repository import CampaignReader
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    changes_of,
    ended,
    know_customers,
    publish_offer,
    read,
    refused,
    reported,
    running,
    step,
)
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "cause"),
    [
        (9, 9, 0, None),
        (10, 10, 0, PauseCause.BOUNCES),
        (99, 9, 0, None),
        (99, 10, 0, PauseCause.BOUNCES),
        (100, 5, 0, None),
        (100, 6, 0, PauseCause.BOUNCES),
        (1000, 50, 0, None),
        (1000, 51, 0, PauseCause.BOUNCES),
        (999, 0, 1, None),
        (1000, 0, 1, None),
        (1001, 0, 1, None),
        (1000, 0, 2, PauseCause.COMPLAINTS),
        (10, 0, 1, None),
        (10, 0, 2, PauseCause.COMPLAINTS),
        (2000, 0, 2, None),
        (1999, 0, 2, PauseCause.COMPLAINTS),
        (0, 0, 0, None),
    ],
)
def test_limits_are_five_percent_of_a_hundred_and_one_per_mille_of_a_thousand(
    sent: int, bounced: int, complained: int, cause: PauseCause | None
) -> None:
    found = excess(Counts(rated_sent=sent, rated_bounced=bounced, rated_complained=complained))

    assert (found and found[0]) == cause


async def test_reason_of_the_pause_says_the_figures(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)
    await ended(session, campaign, 94, clock(), receipt="delivered")
    for receipt in ("bounced_hard", "bounced_soft", "blocked"):
        await ended(session, campaign, 1, clock(), receipt=receipt)
    await refused(session, campaign, 3, clock())
    await ended(session, campaign, 50, clock(), "failed")

    stopped = await step(session, clock, campaign, 1)

    assert (stopped.status, stopped.pause_cause, stopped.queued) == ("paused", "bounces", 0)
    assert stopped.pause_reason == "6 of 100 messages bounced (6.0 %), more than 5 %"
    assert [(one.actor, one.action) for one in await CampaignReader(session).changes(campaign.id, before=None, limit=1)] == [
        ("system:rates", "pause")
    ]


async def test_recipients_who_want_no_messages_are_no_bounces(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)
    await ended(session, campaign, 95, clock(), receipt="delivered")
    await ended(session, campaign, 10, clock(), receipt="suppressed")
    await ended(session, campaign, 5, clock(), receipt="bounced_hard")

    after = await step(session, clock, campaign, 1)

    counts = (await CountsReader(session).of([campaign.id]))[campaign.id]
    assert (after.status, counts.bounced, counts.rated_sent, counts.rated_bounced) == ("running", 5, 110, 5)


async def test_bounces_of_mails_whose_process_died_before_the_record_are_compared_with_those_mails_as_well(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)
    await ended(session, campaign, 100, clock(), receipt="delivered")
    await reported(session, campaign, 94, clock(), "delivered")
    await reported(session, campaign, 6, clock(), "bounced_hard")

    after = await step(session, clock, campaign, 1)

    assert (after.status, after.queued) == ("running", 1)


async def test_call_backs_stop_a_campaign_between_its_steps_and_look_every_ten_seconds_at_most(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock)
    await check_rates(session, [campaign.id], clock)
    await ended(session, campaign, 2, clock(), receipt="complained")
    clock.advance(CHECK_EVERY - timedelta(seconds=1))
    await check_rates(session, [campaign.id], clock)
    early = (await read(session, campaign.id)).status
    clock.advance(timedelta(seconds=1))
    await check_rates(session, [campaign.id], clock)

    stopped = await read(session, campaign.id)
    assert (early, stopped.status, stopped.pause_cause) == ("running", "paused", "complaints")
    assert stopped.pause_reason == "readers complained of 2 of 2 messages (100.00 %), more than 0.1 %"


async def test_somebody_who_resumes_it_is_heeded_until_it_goes_wrong_anew(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)
    await ended(session, campaign, 100, clock(), receipt="bounced_hard")
    await step(session, clock, campaign, 1)
    clock.advance(CHECK_EVERY)
    resumed = await changes_of(session, clock).resume(ASHA, campaign.id)
    after = await step(session, clock, campaign, resumed.step + 1)
    await ended(session, campaign, 100, clock(), receipt="bounced_hard")
    clock.advance(CHECK_EVERY)
    again = await step(session, clock, campaign, after.step + 1)

    assert (after.status, after.queued, again.status) == ("running", 1, "paused")


async def test_campaigns_that_do_not_run_are_left_alone(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock)
    await changes_of(session, clock).cancel(ASHA, campaign.id, "over")
    await ended(session, campaign, 200, clock(), receipt="bounced_hard")

    await check_rates(session, [campaign.id], clock)
    await check_rates(session, [], clock)

    assert (await read(session, campaign.id)).status == "cancelled"


@pytest.mark.parametrize("aged", [timedelta(0), timedelta(days=8)])
async def test_finding_is_kept_though_everything_has_been_sent(session: Session, clock: FrozenClock, aged: timedelta) -> None:
    await know_customers(session, 120)
    await publish_offer(session)
    campaign = await running(session, clock)
    await step(session, clock, campaign, 1)
    # A week later it is given up, though one of them has not ended.
    await ended(session, campaign, 107 if aged else 108, clock())
    await refused(session, campaign, 12, clock())
    clock.advance(aged or timedelta(seconds=1))

    over = await step(session, clock, campaign, 2)

    figures = "12 of 119 messages bounced (10.1 %)" if aged else "12 of 120 messages bounced (10.0 %)"
    assert (over.status, over.pause_cause, over.pause_reason) == ("finished", "bounces", f"{figures}, more than 5 %")
    [last] = await CampaignReader(session).changes(campaign.id, before=None, limit=1)
    assert (last.action, last.reason) == ("finish", over.pause_reason)


async def test_mail_that_is_refused_as_it_is_sent_stops_the_campaign_without_any_step(
    session: Session, clock: FrozenClock, run_task: TaskRunner, mail_server: MailServer
) -> None:
    await know_customers(session, 2)
    await publish_offer(session)
    campaign = await running(session, clock)
    await check_rates(session, [campaign.id], clock)
    await ended(session, campaign, 94, clock())
    await refused(session, campaign, 5, clock())
    clock.advance(REFUSED_CHECK_EVERY)
    await mail_server.faults({"action": "550"})
    [one, _] = await RecipientRepository(session).waiting(campaign.id, 2)

    await run_task.run([message_for(campaign, one)], ids=[delivery_id_of(campaign.id, one.recipient)], lane=NOTIFICATIONS_BULK)

    stopped = await read(session, campaign.id)
    assert (stopped.status, stopped.pause_cause) == ("paused", "bounces")
    assert stopped.pause_reason == "6 of 100 messages bounced (6.0 %), more than 5 %"


async def test_campaign_without_a_cap_awaits_what_becomes_of_its_first_messages(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3000)
    await publish_offer(session)
    bad, good = await running(session, clock), await running(session, clock)
    first = await step(session, clock, bad, 1)
    await step(session, clock, good, 1)
    clock.advance(timedelta(seconds=1))
    patient = await step(session, clock, bad, 2)
    await step(session, clock, good, 2)
    await ended(session, bad, 240, clock())
    await refused(session, bad, 30, clock())
    await ended(session, good, 270, clock())
    clock.advance(timedelta(seconds=1))
    stopped, full = await step(session, clock, bad, 3), await step(session, clock, good, 3)

    assert (first.queued, patient.queued, patient.next_step_at) == (300, 300, clock())
    assert (stopped.status, stopped.pause_cause, stopped.queued) == ("paused", "bounces", 300)
    assert (full.status, full.queued, full.next_step_at) == ("running", 2300, clock())


async def test_slow_provider_keeps_a_campaign_waiting_for_a_minute_at_most(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3000)
    await publish_offer(session)
    campaign = await running(session, clock)
    queued = []
    for number in range(1, 63):
        campaign = await step(session, clock, campaign, number)
        queued.append(campaign.queued)
        assert campaign.next_step_at is not None
        clock.set(campaign.next_step_at)

    assert queued == [300] * 60 + [2300, 3000]
