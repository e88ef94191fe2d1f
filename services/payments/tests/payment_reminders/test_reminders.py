"""Reminders: 24 hours before a charge, and 5, 3 and 1 days before the end for those who pay themselves; each once."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.payments.tests.subscriptions.arrange import BOX, Office, at, have_customer, have_method
from shared.contracts.money import Money
from shared.contracts.notifications import SendPaymentReminderSms, SendSubscriptionRenewalReminder
from shared.contracts.payments import SendPaymentReminders, SendSubscriptionRenewalReminders
from shared.testing.messages import assert_published, published

ENDS = at(2026, 4, 1, 18, 30)
"""Midnight of 2 April in India, where the period from 2 March ends."""


async def _sms_at(office: Office, *moments: datetime) -> list[tuple[int, str]]:
    """(days left, key without ids) of the SMS that runs at these moments have asked for."""
    for moment in moments:
        assert (await office.run_task(SendPaymentReminders(slot=moment))).outcome == "done"
    sent = await published(office.session, SendPaymentReminderSms)
    return [(one.days_left, ":".join((one.dedupe_key or "").split(":")[2:])) for one in sent]


async def _begun(office: Office, **fields: Any) -> dict[str, Any]:
    subscription = await office.subscribe(await office.plan(**fields.pop("plan", {})), **fields)
    await office.bill()
    return subscription


async def test_running_twice_announces_a_renewal_once_in_the_day_before_it(office: Office) -> None:
    subscription = await _begun(office)
    for hours in (-30, -25, -23, -22, -1, 1):
        slot = ENDS + timedelta(hours=hours)
        for _ in range(2):
            assert (await office.run_task(SendSubscriptionRenewalReminders(slot=slot))).outcome == "done"
        if hours < -24:
            assert await published(office.session, SendSubscriptionRenewalReminder) == []

    told = await assert_published(office.session, SendSubscriptionRenewalReminder, subscription_id=subscription["id"])
    assert (told.amount, told.renews_at, told.valid_until) == (Money(amount_minor=118_000, currency="INR"), ENDS, ENDS)
    version = (await office.get(subscription))["version"]
    assert told.dedupe_key == f"payments.subscription_renewal:{subscription['id']}:2026-04-02:{version}"
    assert told.subject_key == f"payments.subscription:{subscription['id']}"


async def test_charge_that_comes_to_something_else_by_now_is_announced_again_twice_run(office: Office) -> None:
    subscription = await _begun(office)
    big = await office.plan(code="big", charge={"sac": "998439", "unit_price_minor": 250_000, "tax_rate_bp": 1800})

    async def run(hours: int) -> list[int]:
        for _ in range(2):
            await office.run_task(SendSubscriptionRenewalReminders(slot=ENDS + timedelta(hours=hours)))
        return [one.amount.amount_minor for one in await published(office.session, SendSubscriptionRenewalReminder)]

    assert await run(-23) == [118_000]
    note = text("UPDATE subscriptions SET delivery_slot = 'noon', version = version + 1 WHERE id = :id")
    await office.session.execute(note, {"id": UUID(subscription["id"])})
    assert await run(-20) == [118_000]
    assert (await office.act(subscription, "change", plan_id=str(big), when="next_period")).is_success
    assert await run(-19) == [118_000, 295_000]


async def test_nobody_is_told_of_a_charge_that_is_not_to_be(office: Office) -> None:
    by_hand = await _begun(office, method=False)
    daily = await office.subscribe(await office.plan(code="daily", interval="day"))
    boxes = await office.subscribe(await office.plan(BOX))
    await office.bill()
    skip = text("INSERT INTO subscription_skips VALUES (:id, '2026-03-09', 'test', now())")
    await office.session.execute(skip, {"id": UUID(boxes["id"])})

    for day in range(2, 12):
        await office.run_task(SendSubscriptionRenewalReminders(slot=at(2026, 3, day, 10)))

    told = {one.subscription_id for one in await published(office.session, SendSubscriptionRenewalReminder)}
    assert told & {by_hand["id"], daily["id"], boxes["id"]} == set()


async def test_running_twice_reminds_who_pays_themselves_once_5_3_and_1_days_before(office: Office) -> None:
    subscription = await _begun(office, method=False)
    days = [at(2026, 3, 25, 4, 30) + timedelta(days=n) for n in range(9)]

    sent = await _sms_at(office, *days, *days)

    assert sent == [(5, "2026-04-02:5"), (3, "2026-04-02:3"), (1, "2026-04-02:1")]
    first = (await published(office.session, SendPaymentReminderSms))[0]
    assert (first.expires_on, first.plan_name, first.amount.amount_minor) == (date(2026, 4, 2), "Pro", 118_000)
    assert (first.to_person, first.valid_until) == (
        f"payments.customer:{subscription['customer_id']}",
        at(2026, 3, 29, 0, 30),
    )


async def test_after_days_without_a_run_one_reminder_goes_out(office: Office) -> None:
    await _begun(office, method=False)

    assert await _sms_at(office, at(2026, 3, 31, 4, 30), at(2026, 3, 31, 5)) == [(2, "2026-04-02:3")]
    assert await _sms_at(office, at(2026, 4, 2, 4, 30)) == [(2, "2026-04-02:3")]


async def test_a_card_that_will_have_expired_is_no_method(office: Office) -> None:
    customer_id = await have_customer(office.session)
    good, bad = (
        await have_method(office.session, customer_id),
        await have_method(office.session, customer_id, expires_at=ENDS - timedelta(days=1)),
    )
    plan_id = await office.plan()
    for method_id in (good, bad):
        await office.subscribe(plan_id, customer_id, method=False, payment_method_id=str(method_id))
    await office.bill()

    assert await _sms_at(office, at(2026, 3, 28, 4, 30)) == [(5, "2026-04-02:5")]
