"""What is published of a campaign and not sent yet: held while it is paused, dropped once it is cancelled."""

from datetime import timedelta
from uuid import UUID, uuid4

from services.notifications.campaigns.gate import CampaignGate
from services.notifications.campaigns.models import campaign_of, subject_of
from services.notifications.gates.gate import Candidate, Hold, Stop
from services.notifications.tests.campaigns.arrange import ASHA, OURS, changes_of, know_customers, publish_offer, running
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock


def candidate(clock: FrozenClock, subject_key: str | None) -> Candidate:
    return Candidate(
        id=uuid4(),
        organization_id=OURS,
        channel="email",
        to_person="payments.customer:1",
        address="c1@example.com",
        address_hash="0" * 32,
        category="marketing",
        lane="notifications.bulk",
        urgent=False,
        template_name="offer",
        subject_key=subject_key,
        dedupe_key=None,
        asked_at=clock(),
    )


async def test_paused_is_held_until_somebody_lets_it_come_cancelled_is_stopped_and_all_else_passes(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    goes_on, paused, cancelled = [await running(session, clock) for _ in range(3)]
    changes = changes_of(session, clock)
    await changes.pause(ASHA, paused.id, "wait")
    await changes.cancel(ASHA, cancelled.id, "over")
    keys = [None, "alerts.alert:1", "notifications.campaign:x", subject_of(UUID(int=1)), subject_of(goes_on.id)]
    candidates = [candidate(clock, key) for key in (*keys, subject_of(paused.id), subject_of(cancelled.id))]

    found = await CampaignGate().check(session, candidates, clock())

    assert found == {
        candidates[5].id: Hold("campaign_paused", "the campaign is paused", clock() + timedelta(hours=6), occasion="3"),
        candidates[6].id: Stop("campaign_cancelled", "the campaign was cancelled"),
    }


async def test_batch_without_campaigns_asks_the_database_nothing(session: Session, clock: FrozenClock) -> None:
    assert await CampaignGate().check(session, [candidate(clock, "alerts.alert:1")], clock()) == {}


def test_subject_key_names_its_campaign() -> None:
    assert campaign_of(subject_of(UUID(int=7))) == UUID(int=7)
    assert [campaign_of(key) for key in (None, "", "notifications.campaign:", "notifications.delivery:7")] == [None] * 4
