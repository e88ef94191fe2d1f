"""Who is not written to, and what is sent in spite of the list."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifications.gates.gate import Candidate, Stop
from services.notifications.suppressions.gate import SuppressionGate
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow
from services.notifications.tests.callbacks.arrange import ANN, HASHER, NUMBER, OURS, THEIRS
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING


def candidate(category: str = "marketing", organization_id: UUID | None = OURS, address: str = ANN, **fields: Any) -> Candidate:
    channel = "email" if "@" in address else "sms"
    usual: dict[str, Any] = {
        "id": uuid7(),
        "channel": channel,
        "to_person": None,
        "address": address,
        "address_hash": HASHER.hash(channel, address),
        "lane": "notifications.normal",
        "urgent": False,
        "template_name": None,
        "subject_key": None,
        "dedupe_key": None,
        "asked_at": MONDAY_MORNING,
    }
    return Candidate(**{**usual, "category": category, "organization_id": organization_id, **fields})


async def suppress(session: Session, reason: Reason, scope: Scope = Scope.GLOBAL, address: str = ANN, **fields: Any) -> None:
    channel = "email" if "@" in address else "sms"
    row = SuppressionRow(channel, address, HASHER.hash(channel, address), scope, reason, "test", "test", MONDAY_MORNING, **fields)
    await SuppressionRepository(session).add([row])


async def stopped(session: Session, *candidates: Candidate) -> list[str | None]:
    """The words of what stops each, None for what may pass."""
    found = await SuppressionGate().check(session, candidates, MONDAY_MORNING)
    obstacles = [found.get(one.id) for one in candidates]
    assert all(one is None or (isinstance(one, Stop) and one.reason == "suppressed") for one in obstacles)
    return [one.words.removeprefix("on the suppression list: ") if one is not None else None for one in obstacles]


@pytest.mark.parametrize("reason", [Reason.HARD_BOUNCE, Reason.OPTED_OUT, Reason.MANUAL, Reason.IMPORTED])
async def test_what_always_wins_stops_every_category_of_every_organization(session: Session, reason: Reason) -> None:
    await suppress(session, reason)

    words = await stopped(session, candidate("account", THEIRS), candidate("orders", None), candidate("marketing"))

    assert None not in words
    assert len(set(words)) == 1


async def test_invalid_number_stops_messages_to_it_and_no_mail(session: Session) -> None:
    await suppress(session, Reason.INVALID_NUMBER, address=NUMBER)

    words = await stopped(session, candidate("account", address="+91 98123-45678"), candidate("account"))

    assert words == ["the recipient's number cannot take messages", None]


async def test_unsubscribing_stops_its_category_where_it_may_be_declined(session: Session) -> None:
    for category in ("marketing", "orders", "offers"):
        await suppress(session, Reason.UNSUBSCRIBED, Scope.CATEGORY, organization_id=OURS, category=category)

    sends = [
        candidate("marketing"),
        candidate("orders"),
        candidate("offers"),
        candidate("reminders"),
        candidate("marketing", THEIRS),
    ]
    words = await stopped(session, *sends)

    gone = "the recipient has unsubscribed"
    assert words == [gone, None, gone, None, None]


async def test_complaint_that_an_organizations_own_account_tells_stops_its_marketing_alone(session: Session) -> None:
    await suppress(session, Reason.COMPLAINT, Scope.ORGANIZATION, organization_id=OURS)

    words = await stopped(session, candidate(), candidate("reminders"), candidate("orders"), candidate("marketing", THEIRS))

    assert words == ["the recipient has called a message spam", None, None, None]


async def test_complaint_that_an_account_of_the_installation_tells_stops_marketing_of_every_organization(
    session: Session,
) -> None:
    await suppress(session, Reason.COMPLAINT)

    words = await stopped(session, candidate(), candidate("marketing", THEIRS), candidate("marketing", None), candidate("orders"))

    assert words == ["the recipient has called a message spam"] * 3 + [None]


async def test_register_of_those_who_want_no_advertising_stops_marketing_of_every_organization_and_nothing_else(
    session: Session,
) -> None:
    await suppress(session, Reason.DO_NOT_CALL, address=NUMBER)

    sends = [candidate(category, THEIRS, NUMBER) for category in ("marketing", "offers", "reminders", "orders", "account")]
    words = await stopped(session, *sends)

    listed = "the recipient's number is on a register of those who want no advertising"
    assert words == [listed, listed, None, None, None]


async def test_complaint_stops_what_nobody_has_declared_because_it_may_be_marketing(session: Session) -> None:
    await suppress(session, Reason.COMPLAINT, Scope.ORGANIZATION, organization_id=OURS)

    assert await stopped(session, candidate("offers")) == ["the recipient has called a message spam"]


async def test_soft_bounces_stop_everything_of_the_organization_until_they_end(session: Session) -> None:
    later, past = MONDAY_MORNING + timedelta(seconds=1), MONDAY_MORNING
    await suppress(session, Reason.SOFT_BOUNCES, Scope.ORGANIZATION, organization_id=OURS, expires_at=later)
    await suppress(session, Reason.SOFT_BOUNCES, Scope.ORGANIZATION, organization_id=THEIRS, expires_at=past)

    words = await stopped(session, candidate("account"), candidate("account", THEIRS))

    assert words[0] is not None
    assert words[1] is None


async def test_hard_bounce_of_an_address_that_organizations_share_stops_both_and_names_the_gravest_reason(
    session: Session,
) -> None:
    await suppress(session, Reason.UNSUBSCRIBED, Scope.CATEGORY, organization_id=OURS, category="marketing")
    await suppress(session, Reason.HARD_BOUNCE)

    words = await stopped(session, candidate(), candidate("marketing", THEIRS, "Ann@EXAMPLE.com"))

    assert words == ["messages to the recipient have come back for good"] * 2


@pytest.mark.parametrize("reason", [Reason.HARD_BOUNCE, Reason.UNSUBSCRIBED])
async def test_quotes_around_an_address_do_not_evade_what_is_known_of_it(session: Session, reason: Reason) -> None:
    await suppress(session, reason, address="quo.ted@person.example")

    assert None not in await stopped(session, candidate(address='"quo.ted"@person.example'))


async def test_entry_of_no_organization_concerns_what_is_sent_for_none(session: Session) -> None:
    await suppress(session, Reason.MANUAL, Scope.ORGANIZATION)

    words = await stopped(session, candidate("orders", None), candidate("orders", OURS))

    assert words == ["the recipient was put on the list by hand", None]


async def test_what_has_no_address_passes(session: Session) -> None:
    await suppress(session, Reason.HARD_BOUNCE)

    assert await stopped(session, candidate(channel="in_app", address_hash="")) == [None]
