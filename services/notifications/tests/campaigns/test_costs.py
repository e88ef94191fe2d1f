"""What a campaign's SMS should cost and what they cost, by currency: always the sums of its attempts' costs."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.campaigns.counts_repository import MANY_ROWS, CountsReader, CountsRepository
from services.notifications.campaigns.models import Campaign, Cost, subject_of
from services.notifications.campaigns.schemas import CostOut
from services.notifications.costs.repository import CostRepository, Expected, Told
from services.notifications.sms.price_models import Price
from services.notifications.tests.callbacks.arrange import NUMBER, sent
from services.notifications.tests.campaigns.arrange import OURS, changes_of, know_customers, publish_offer, running
from services.notifications.tests.campaigns.test_endpoints import drafted
from shared.contracts.notifications import StartDueCampaigns
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

THEIRS: Final = UUID(int=6)


def price(amount: str, currency: str = "INR") -> Price:
    return Price(Decimal(amount), currency)


async def started(session: Session, clock: FrozenClock) -> Campaign:
    await know_customers(session, 3)
    await publish_offer(session)
    return await running(session, clock, channel="sms", per_minute=6)


async def expect(session: Session, clock: FrozenClock, campaign: Campaign, *estimates: Price | None, **fields: Any) -> list[UUID]:
    """SMS of the campaign that were taken, with these estimates."""
    key = subject_of(campaign.id)
    ids = [await sent(session, NUMBER, provider="msg91", message_id="R", subject_key=key, **fields) for _ in estimates]
    await CostRepository(session).expect([Expected.of(one, 1, it) for one, it in zip(ids, estimates, strict=True)], clock())
    return ids


async def tell(session: Session, ids: list[UUID], *prices: Price) -> None:
    await CostRepository(session).tell([Told(key, "msg91", "R", one) for key, one in zip(ids, prices, strict=True)])


async def costs(session: Session, campaign: Campaign) -> list[Cost]:
    return await CountsReader(session).costs(campaign.id)


async def rows(session: Session) -> int:
    return int((await session.execute(text("SELECT count(*) FROM campaign_costs"))).scalar_one())


async def test_estimates_and_prices_add_up_by_currency_and_a_repeated_one_counts_once(
    session: Session, clock: FrozenClock
) -> None:
    campaign = await started(session, clock)
    ids = await expect(session, clock, campaign, price("0.165"), price("0.165"), price("0.0079", "USD"), None)
    for _ in range(2):
        await tell(session, ids[:3], price("0.20"), price("0.15"), price("0.4", "INR"))
    await tell(session, ids[1:2], price("0.20"))

    assert await costs(session, campaign) == [
        Cost("INR", Decimal("0.330"), 2, Decimal("0.80"), 3),
        Cost("USD", Decimal("0.0079"), 1, Decimal(0), 0),
    ]


async def test_sums_stay_the_same_when_rows_are_summed_up_and_when_deliveries_are_deleted(
    session: Session, clock: FrozenClock
) -> None:
    campaign = await started(session, clock)
    for _ in range(MANY_ROWS + 1):
        await expect(session, clock, campaign, price("0.165"))
    before = await costs(session, campaign)
    await changes_of(session, clock).start_due(StartDueCampaigns(slot=clock()))
    await session.execute(text("DELETE FROM deliveries"))

    assert (await costs(session, campaign), await rows(session)) == (before, 1)
    assert before == [Cost("INR", Decimal("33.165"), MANY_ROWS + 1, Decimal(0), 0)]
    await CountsRepository(session).sum_up([campaign.id], clock())
    assert await costs(session, campaign) == before


async def test_what_others_send_under_the_campaigns_key_does_not_count(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    await expect(session, clock, campaign, price("0.165"), organization_id=THEIRS)

    assert await costs(session, campaign) == []


def test_amount_below_a_millionth_is_written_out() -> None:
    shown = CostOut.of(Cost("CLF", Decimal("0.0000001"), 1, Decimal("0E-7"), 1)).model_dump(mode="json")

    assert (shown["estimated_cost"], shown["cost"]) == ("0.0000001", "0.0000000")


@pytest.mark.parametrize("channel", ["sms", "email"])
async def test_campaign_shows_what_it_should_cost_and_what_it_costs(
    client: ApiClient, session: Session, clock: FrozenClock, channel: str
) -> None:
    operator = client.as_role("operator", organization_id=OURS)
    draft = await drafted(operator, channel=channel)
    path = draft["path"]
    assert (await operator.get(path)).json()["costs"] == []
    if channel == "sms":
        key = f"notifications.campaign:{draft['id']}"
        ids = [await sent(session, NUMBER, provider="msg91", message_id="R", subject_key=key) for _ in range(2)]
        await CostRepository(session).expect([Expected.of(one, 1, price("0.165")) for one in ids], clock())
        await tell(session, ids[:1], price("0.20"))

    shown = {"currency": "INR", "estimated_cost": "0.330", "estimated_attempts": 2, "cost": "0.20", "priced_attempts": 1}
    assert (await operator.get(path)).json()["costs"] == ([shown] if channel == "sms" else [])
