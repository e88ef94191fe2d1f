"""What comes during quiet hours waits until they end where the recipient is."""

from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from services.notifications.gates.gate import Candidate, Hold
from services.notifications.gates.quiet_hours_gate import QuietHoursGate
from services.notifications.preferences.models import EVERY_DAY, QuietHours
from services.notifications.tests.gates.arrange import NOW, asha, candidate, policy, times
from shared.runtime.db import Session

NIGHT: Final = QuietHours(time(22), time(8), EVERY_DAY)
NEVER: Final = QuietHours(time(0), time(0), frozenset())


async def held(session: Session, *candidates: Candidate) -> list[str | None]:
    """Until when each is held, in UTC; None for what passes."""
    found = await QuietHoursGate().check(session, candidates, NOW)
    assert all(isinstance(one, Hold) and one.reason == "quiet_hours" for one in found.values())
    untils = {key: one.until for key, one in found.items() if isinstance(one, Hold)}
    return [f"{untils[one.id].astimezone(UTC):%d %H:%M}" if one.id in untils else None for one in candidates]


async def test_own_quiet_hours_count_in_the_persons_zone(session: Session) -> None:
    # 18:00 UTC is 23:30 in Kolkata, and 8:00 there is 2:30 UTC.
    await asha(session, time_zone="Asia/Kolkata")
    await times(session, NIGHT)

    someone_else = candidate(3, to_person="payments.customer:43")
    assert await held(session, candidate(1), candidate(2, channel="sms"), someone_else) == ["21 02:30", "21 02:30", None]


async def test_urgent_account_and_in_app_messages_are_never_held(session: Session) -> None:
    await times(session, QuietHours(time(17), time(19), EVERY_DAY))

    free = [candidate(1, urgent=True), candidate(2, category="account"), candidate(3, channel="in_app", address_hash="")]
    assert await held(session, *free, candidate(4), candidate(5, category="payments")) == [
        *(None, None, None),
        *("20 19:00", "20 19:00"),
    ]


async def test_organizations_hours_and_zone_count_for_those_who_have_none(session: Session) -> None:
    await policy(session, quiet=NIGHT, time_zone="Asia/Kolkata")
    await asha(session)

    bare = candidate(2, to_person=None)
    in_london = candidate(3, to_person=None, time_zone="Europe/London")
    elsewhere = candidate(4, to_person=None, organization_id=UUID(int=6))
    assert await held(session, candidate(1), bare, in_london, elsewhere) == ["21 02:30", "21 02:30", None, None]


async def test_bare_number_is_where_its_country_is_unless_the_organization_says_where(session: Session) -> None:
    await policy(session, quiet=NIGHT)
    in_india, in_london = (candidate(number, to_person=None, channel="sms") for number in (1, 2))
    sends = [
        in_india._replace(address="+919812345678"),
        in_london._replace(address="+447400123456"),
        candidate(3, to_person=None),
    ]
    by_number = await held(session, *sends)
    await policy(session, quiet=NIGHT, time_zone="Asia/Dubai", revision=1)

    assert by_number == ["21 02:30", None, None]
    assert await held(session, *sends) == ["21 04:00"] * 3


async def test_person_who_wants_no_quiet_hours_has_none_of_the_organization(session: Session) -> None:
    await policy(session, quiet=NIGHT, time_zone="Asia/Kolkata")
    await times(session, NEVER)

    assert await held(session, candidate(1)) == [None]


async def test_pause_holds_until_its_day_begins_and_quiet_hours_from_there(session: Session) -> None:
    await asha(session, time_zone="Asia/Kolkata")
    await times(session, paused_until=date(2026, 11, 25))
    paused = await held(session, candidate(1))
    await times(session, NIGHT, paused_until=date(2026, 11, 25))

    assert (paused, await held(session, candidate(1))) == (["24 18:30"], ["25 02:30"])


async def test_nothing_is_asked_where_nobody_could_be_held(session: Session) -> None:
    await times(session, NIGHT)

    assert await QuietHoursGate().check(session, [candidate(1, urgent=True)], datetime(2026, 11, 20, 23, tzinfo=UTC)) == {}
