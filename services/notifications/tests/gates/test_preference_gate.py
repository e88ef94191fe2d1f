"""What is declined is stopped, what is wanted daily is collected, and what is transactional always passes."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from services.notifications.categories.models import LegalClass
from services.notifications.gates.gate import Candidate
from services.notifications.gates.preference_gate import PreferenceGate
from services.notifications.preferences.models import Channel, Choice, Key
from services.notifications.tests.gates.arrange import ASHA, NOW, OURS, asha, candidate, category, choose, policy
from shared.runtime.db import Session


class Collected:
    """Remembers what was handed over for daily summaries."""

    def __init__(self) -> None:
        self.ids: list[UUID] = []

    async def __call__(self, _session: Session, candidates: Sequence[Candidate]) -> None:
        self.ids += [one.id for one in candidates]


@pytest.fixture
def collected() -> Collected:
    return Collected()


@pytest.fixture
def gate(collected: Collected) -> PreferenceGate:
    return PreferenceGate(collected)


async def reasons(gate: PreferenceGate, session: Session, *candidates: Candidate) -> list[str | None]:
    """The reason for which each is stopped; None for what passes."""
    found = await gate.check(session, candidates, NOW)
    return [found[one.id].reason if one.id in found else None for one in candidates]


async def test_what_is_switched_off_is_stopped_for_that_category_and_channel_alone(
    gate: PreferenceGate, session: Session
) -> None:
    await choose(session, "marketing", "email", "off")

    assert await reasons(
        gate,
        session,
        candidate(1),
        candidate(2, channel="sms"),
        candidate(3, category="reminders"),
        candidate(4, to_person="payments.customer:43"),
        candidate(5, to_person=None),
        candidate(6, urgent=True),
    ) == ["declined", None, None, None, None, "declined"]


async def test_transactional_messages_pass_whatever_is_chosen(gate: PreferenceGate, session: Session) -> None:
    await category(session, "deliveries", LegalClass.TRANSACTIONAL)
    await choose(session, "deliveries", "email", "off")

    assert await reasons(gate, session, candidate(1, category="deliveries"), candidate(2, category="orders")) == [None, None]


async def test_category_that_nobody_has_declared_can_be_declined(gate: PreferenceGate, session: Session) -> None:
    await choose(session, "gossip", "email", "off")

    assert await reasons(gate, session, candidate(1, category="gossip"), candidate(2, category="other")) == ["declined", None]


async def test_daily_is_collected_unless_it_is_urgent_or_the_summary_itself(
    gate: PreferenceGate, session: Session, collected: Collected
) -> None:
    await choose(session, "reminders", "email", "daily")

    found = await reasons(
        gate, session, candidate(1, category="reminders"), candidate(2, category="reminders", urgent=True), candidate(3)
    )
    assert (found, collected.ids) == (["digested", None, None], [candidate(1).id])


async def test_what_would_be_collected_for_a_summary_that_is_declined_is_declined(
    gate: PreferenceGate, session: Session, collected: Collected
) -> None:
    await choose(session, "reminders", "email", "daily")
    await choose(session, "digests", "email", "off")

    assert await reasons(gate, session, candidate(1, category="reminders")) == ["declined"]
    assert collected.ids == []


async def test_organization_chooses_for_those_who_have_not_chosen(
    gate: PreferenceGate, session: Session, collected: Collected
) -> None:
    chosen = {Key("marketing", Channel.EMAIL): Choice.OFF, Key("reminders", Channel.EMAIL): Choice.DAILY}
    await policy(session, choices=chosen)
    await choose(session, "marketing", "email", "on")

    found = await reasons(
        gate,
        session,
        candidate(1),
        candidate(2, to_person=None),
        candidate(3, organization_id=UUID(int=6), to_person=None),
        candidate(4, category="reminders"),
        candidate(5, category="reminders", to_person=None),
    )
    assert found == [None, "declined", None, "digested", None]
    assert collected.ids == [candidate(4).id]


async def test_organization_of_the_person_counts_where_the_message_names_none(gate: PreferenceGate, session: Session) -> None:
    await asha(session)
    await policy(session, choices={Key("marketing", Channel.EMAIL): Choice.OFF})

    found = await reasons(gate, session, candidate(1, organization_id=None), candidate(2, organization_id=OURS))
    assert (ASHA, found) == (candidate(1).to_person, ["declined", "declined"])
