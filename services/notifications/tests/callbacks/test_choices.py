"""What recipients have said to the provider of a mail: their own choice, as the button of a mail program makes it."""

import json
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.categories.models import LegalClass
from services.notifications.preferences.models import Channel, Choice, Key, Source
from services.notifications.preferences.service import PreferenceChanges, Way
from services.notifications.tests.callbacks import mails
from services.notifications.tests.callbacks.arrange import (
    ANN,
    OURS,
    THEIRS,
    applying_of,
    changes_of,
    listed,
    own_account,
    sent,
    standing,
    store,
)
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.gates.arrange import category
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock

ASHA: Final = "payments.customer:42"
SUBSCRIBED: Final = Key("marketing", Channel.EMAIL)
CHOICES: Final = "SELECT category, channel, choice FROM preferences ORDER BY 1"
CHANGES: Final = """
    SELECT person, before, after, source, actor, extract(epoch FROM changed_at - CAST('{at}' AS timestamptz))::int
      FROM preference_changes ORDER BY changed_at, id
"""


async def rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(text(statement.format(at=MONDAY_MORNING)))]


async def tell(session: Session, clock: FrozenClock, *said: tuple[str, float], to: str = ANN, **fields: Any) -> None:
    """SendGrid tells of these events, each with the minute of the morning at which it happened, one call-back after the other."""
    for kind, minute in said:
        at = int((MONDAY_MORNING + timedelta(minutes=minute)).timestamp())
        event = {"email": to, "timestamp": at, "event": kind, "sg_message_id": "XID.1", **fields}
        await tell_of(session, clock, "sendgrid", json.dumps(event).encode())


async def tell_of(session: Session, clock: FrozenClock, provider: str, payload: bytes) -> None:
    key = await store(session, provider, payload, at=clock())
    await applying_of(session, clock, mails.INBOUND).apply([key])


@pytest.fixture
def clock(clock: FrozenClock) -> FrozenClock:
    """An hour after the first things have been said."""
    clock.advance(timedelta(hours=1))
    return clock


@pytest.mark.parametrize("kind", ["unsubscribe", "group_unsubscribe"])
async def test_unsubscribing_at_the_provider_is_the_persons_own_choice(session: Session, clock: FrozenClock, kind: str) -> None:
    await know_person(session, ASHA, organization_id=OURS, email=ANN)
    delivery = await sent(session, person=ASHA)
    await tell(session, clock, (kind, 1), (kind, 1))

    assert await rows(session, CHOICES) == [("marketing", "email", "off")]
    assert await rows(session, CHANGES) == [(ASHA, None, "off", "provider", "recipient", 60)]
    assert await listed(session) == [("unsubscribed", "category", OURS, "marketing", ANN)]
    assert (await standing(session, delivery))[0] is None


async def test_wanting_it_again_at_the_provider_takes_the_choice_and_the_entry_back(session: Session, clock: FrozenClock) -> None:
    await know_person(session, ASHA, organization_id=OURS, email=ANN)
    delivery = await sent(session, person=ASHA)
    await tell(session, clock, ("group_unsubscribe", 1), ("group_resubscribe", 2))

    assert await rows(session, CHOICES) == [("marketing", "email", "on")]
    assert await listed(session) == []
    assert (await standing(session, delivery))[1] == ["unsubscribed", "resubscribed"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_earlier_word_that_is_told_later_does_not_count(session: Session, clock: FrozenClock, is_known: bool) -> None:
    if is_known:
        await know_person(session, ASHA, organization_id=OURS, email=ANN)
    await sent(session, person=ASHA if is_known else None)
    await tell(session, clock, ("group_resubscribe", 2), ("group_unsubscribe", 1), ("unsubscribe", 0))
    wanted = await listed(session)
    await tell(session, clock, ("group_unsubscribe", 4), ("group_resubscribe", 3), ("group_resubscribe", 2))

    assert wanted == []
    assert [reason for reason, *_ in await listed(session)] == ["unsubscribed"]


async def test_of_two_words_of_one_second_the_one_that_declines_counts(session: Session, clock: FrozenClock) -> None:
    await sent(session)
    for order in (("group_unsubscribe", "group_resubscribe"), ("group_resubscribe", "group_unsubscribe")):
        await tell(session, clock, *[(kind, 1) for kind in order])

        assert [reason for reason, *_ in await listed(session)] == ["unsubscribed"]


async def test_what_was_said_on_our_page_since_counts_and_what_was_said_before_does_not(
    session: Session, clock: FrozenClock
) -> None:
    await know_person(session, ASHA, organization_id=OURS, email=ANN)
    await sent(session, person=ASHA)
    page: PreferenceChanges = changes_of(session, clock)
    way = Way(Source.PREFERENCE_PAGE, "recipient")
    await page.choose(ASHA, OURS, {SUBSCRIBED: Choice.ON}, way)
    await tell(session, clock, ("unsubscribe", 59))
    on_the_page = await rows(session, CHOICES)
    clock.advance(timedelta(hours=1))
    await tell(session, clock, ("unsubscribe", 61))

    assert (on_the_page, await rows(session, CHOICES)) == ([("marketing", "email", "on")], [("marketing", "email", "off")])


async def test_summary_that_somebody_gets_stays_one_when_they_want_it_again(session: Session, clock: FrozenClock) -> None:
    await know_person(session, ASHA, organization_id=OURS, email=ANN)
    await sent(session, person=ASHA)
    page = changes_of(session, clock)
    await page.choose(ASHA, OURS, {SUBSCRIBED: Choice.DAILY}, Way(Source.PREFERENCE_PAGE, "recipient"))
    clock.advance(timedelta(hours=1))
    await tell(session, clock, ("group_resubscribe", 70))

    assert await rows(session, CHOICES) == [("marketing", "email", "daily")]


async def test_word_counts_for_the_organization_whose_mail_it_was(session: Session, clock: FrozenClock) -> None:
    await sent(session, message_id="ours")
    await sent(session, message_id="theirs", organization_id=THEIRS)
    await tell(session, clock, ("group_unsubscribe", 1), sg_message_id="theirs.1")

    assert await listed(session) == [("unsubscribed", "category", THEIRS, "marketing", ANN)]


async def test_account_of_another_organization_has_no_say(session: Session, clock: FrozenClock) -> None:
    await own_account(session)
    await sent(session, organization_id=THEIRS)
    [account] = await session.scalars(text("SELECT id FROM provider_accounts"))
    event = {"email": ANN, "timestamp": 1, "event": "unsubscribe", "sg_message_id": "XID.1"}
    key = await store(session, "sendgrid", json.dumps(event).encode(), at=clock())
    await session.execute(text("UPDATE provider_events SET account_id = :account"), {"account": account})
    await applying_of(session, clock).apply([key])

    assert (await listed(session), await rows(session, CHANGES)) == ([], [])


async def test_word_of_somebody_to_whom_the_mail_was_passed_on_is_not_the_recipients(
    session: Session, clock: FrozenClock
) -> None:
    delivery = await sent(session)
    await tell(session, clock, ("unsubscribe", 1), to="boss@example.com", ref=str(delivery))

    assert (await listed(session), await rows(session, CHANGES)) == ([], [])


async def test_what_nobody_can_decline_is_not_declined(session: Session, clock: FrozenClock) -> None:
    await category(session, "tolls", LegalClass.TRANSACTIONAL)
    await know_person(session, ASHA, organization_id=OURS, email=ANN)
    for name in ("orders", "tolls"):
        await sent(session, person=ASHA, category=name, message_id=name)
        await tell(session, clock, ("unsubscribe", 1), sg_message_id=f"{name}.1")

    assert (await rows(session, CHOICES), await listed(session)) == ([], [])


async def test_person_with_another_address_by_now_has_declined_at_the_former_one_as_well(
    session: Session, clock: FrozenClock
) -> None:
    await know_person(session, ASHA, organization_id=OURS, email="asha@rao.example")
    await sent(session, person=ASHA)
    await tell(session, clock, ("unsubscribe", 1))
    declined = [address for *_, address in await listed(session)]
    await tell(session, clock, ("group_resubscribe", 2))

    assert (declined, await listed(session)) == ([ANN, "asha@rao.example"], [])


async def test_somebody_who_was_erased_is_declined_by_reference_and_hash(session: Session, clock: FrozenClock) -> None:
    key = await sent(session, person=ASHA)
    await session.execute(text("UPDATE deliveries SET to_address = NULL WHERE id = :id"), {"id": key})
    await tell(session, clock, ("unsubscribe", 1))

    assert await rows(session, CHOICES) == [("marketing", "email", "off")]
    assert await listed(session) == [("unsubscribed", "category", OURS, "marketing", None)]


async def test_mailbox_providers_and_amazons_word_is_the_recipients_choice_as_well(session: Session, clock: FrozenClock) -> None:
    for number, (provider, delivery) in enumerate([("bounce_mail", mails.DELIVERY), ("ses", UUID(int=1))]):
        person = f"payments.customer:{number}"
        await know_person(session, person, organization_id=OURS, email=f"{number}@example.com")
        await sent(session, f"{number}@example.com", id=delivery, person=person, message_id=f"M{number}", provider="ses")
        wanted = {"newTopicPreferences": {"unsubscribeAll": True}, "timestamp": MONDAY_MORNING.isoformat()}
        event = {
            "eventType": "Subscription",
            "mail": {"messageId": "M1", "tags": {"ref": [str(delivery)]}},
            "subscription": wanted,
        }
        payload = mails.rfc_5965_abuse("opt-out") if provider == "bounce_mail" else json.dumps(event).encode()
        await tell_of(session, clock, provider, payload)

    assert await rows(session, "SELECT person, choice FROM preferences ORDER BY person") == [
        ("payments.customer:0", "off"),
        ("payments.customer:1", "off"),
    ]
    assert [row[3] for row in await rows(session, CHANGES)] == ["provider", "mail"]
