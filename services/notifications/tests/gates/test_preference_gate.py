"""What is declined is stopped, what is wanted in a summary is collected, and what is transactional always passes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import pytest

from services.notifications.categories.models import LegalClass
from services.notifications.gates.dedupe_gate import DedupeGate
from services.notifications.gates.gate import Candidate, Stop
from services.notifications.gates.preference_gate import Collectable, PreferenceGate
from services.notifications.preferences.models import Cadence, Channel, Choice, Key
from services.notifications.tests.gates.arrange import ASHA, NOW, OURS, asha, candidate, category, choose, policy
from shared.runtime.db import Session


class Collected:
    """Remembers what was handed over for summaries, and keeps all of it but what is void soon."""

    def __init__(self) -> None:
        self.wanted: list[tuple[UUID, Cadence, str]] = []

    async def __call__(self, _session: Session, wanted: Sequence[Collectable], now: datetime) -> Mapping[UUID, Cadence]:
        assert now == NOW
        self.wanted += [(one.candidate.id, one.cadence, one.time_zone) for one in wanted]
        return {one.candidate.id: one.cadence for one in wanted if one.candidate.valid_until is None}


@pytest.fixture
def collected() -> Collected:
    return Collected()


@pytest.fixture
def gate(collected: Collected) -> PreferenceGate:
    return PreferenceGate(collected, DedupeGate())


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


@pytest.mark.parametrize("cadence", Cadence)
async def test_what_is_wanted_in_a_summary_is_collected_unless_it_is_urgent_or_transactional(
    gate: PreferenceGate, session: Session, collected: Collected, cadence: Cadence
) -> None:
    await category(session, "deliveries", LegalClass.TRANSACTIONAL)
    for name in ("reminders", "deliveries"):
        await choose(session, name, "email", cadence)

    found = await gate.check(
        session,
        [
            candidate(1, category="reminders"),
            candidate(2, category="reminders", urgent=True),
            candidate(3),
            candidate(4, category="deliveries"),
            candidate(5, category="reminders", channel="sms"),
        ],
        NOW,
    )
    assert found == {candidate(1).id: Stop("digested", f"the recipient gets this category in the {cadence} summary")}
    assert collected.wanted == [(candidate(1).id, cadence, "UTC")]


async def test_what_is_void_before_any_summary_passes(gate: PreferenceGate, session: Session, collected: Collected) -> None:
    await choose(session, "reminders", "email", "weekly")

    found = await reasons(gate, session, candidate(1, category="reminders", valid_until=NOW), candidate(2, category="reminders"))
    assert (found, len(collected.wanted)) == ([None, "digested"], 2)


@pytest.mark.parametrize(
    ("own", "ours", "zone"), [("America/New_York", "Asia/Kolkata", "America/New_York"), (None, "Asia/Kolkata", "Asia/Kolkata")]
)
async def test_mornings_are_the_persons_or_else_of_the_persons_organization(
    gate: PreferenceGate, session: Session, collected: Collected, own: str | None, ours: str, zone: str
) -> None:
    await asha(session, time_zone=own)
    await policy(session, time_zone=ours)
    await choose(session, "reminders", "email", "weekly")
    await gate.check(session, [candidate(1, category="reminders", organization_id=None)], NOW)

    assert collected.wanted == [(candidate(1).id, Cadence.WEEKLY, zone)]


@pytest.mark.parametrize("cadence", Cadence)
async def test_what_would_be_collected_for_a_summary_that_is_declined_is_declined(
    gate: PreferenceGate, session: Session, collected: Collected, cadence: Cadence
) -> None:
    await choose(session, "reminders", "email", cadence)
    await choose(session, "digests", "email", "off")

    assert await reasons(gate, session, candidate(1, category="reminders")) == ["declined"]
    assert collected.wanted == []


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
    assert collected.wanted == [(candidate(4).id, Cadence.DAILY, "UTC")]


async def test_organization_of_the_person_counts_where_the_message_names_none(gate: PreferenceGate, session: Session) -> None:
    await asha(session)
    await policy(session, choices={Key("marketing", Channel.EMAIL): Choice.OFF})

    found = await reasons(gate, session, candidate(1, organization_id=None), candidate(2, organization_id=OURS))
    assert (ASHA, found) == (candidate(1).to_person, ["declined", "declined"])


async def test_of_messages_under_one_dedupe_key_the_first_is_collected_and_the_next_is_a_duplicate(
    gate: PreferenceGate, session: Session, collected: Collected
) -> None:
    await choose(session, "reminders", "email", "daily")
    first, second = (candidate(number, category="reminders", dedupe_key="reminder:7") for number in (1, 2))

    found = [await reasons(gate, session, first), await reasons(gate, session, first, second)]
    assert found == [["digested"], ["digested", "duplicate"]]
    assert {key for key, *_ in collected.wanted} == {first.id}
