"""Asking the owners: what they answer, what they refuse, and what is known of one that is away."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from services.analytics.owners.client import OwnerApi
from services.analytics.owners.errors import NotKnown, OwnerAway, OwnerRefused
from services.analytics.owners.service import Owners
from shared.runtime.operations.schedules.schemas import ScheduleList
from shared.testing.clock import FrozenClock
from shared.testing.scripted_api import HANG_UP, SILENCE, ScriptedApi, scripted_api

PATH = "/v1/operations/schedules"


@pytest_asyncio.fixture
async def script() -> AsyncIterator[ScriptedApi]:
    """An owner that says what it is told to."""
    async with scripted_api() as server:
        yield server


@pytest_asyncio.fixture
async def trips(script: ScriptedApi) -> AsyncIterator[OwnerApi]:
    api = OwnerApi("trips", httpx.AsyncClient(base_url=script.url), budget_s=0.2)
    yield api
    await api.close()


@pytest.mark.parametrize(
    ("status", "body", "error", "detail"),
    [
        (404, {"detail": "no such message is here"}, NotKnown, "no such message is here"),
        (409, {"detail": "it is done already"}, OwnerRefused, "trips refused with 409: it is done already"),
        (503, {"detail": "database does not answer"}, OwnerAway, "database does not answer"),
        (302, b"", OwnerRefused, "trips refused with 302: "),
        (200, b"<html>", OwnerAway, "trips answered what is no JSON; is its URL right?"),
    ],
)
async def test_what_an_owner_says_no_with_is_told(
    script: ScriptedApi, trips: OwnerApi, status: int, body: object, error: type[Exception], detail: str
) -> None:
    script.say(status, body)

    with pytest.raises(error) as raised:
        await trips.get(PATH)
    assert str(raised.value) == detail


@pytest.mark.parametrize(
    ("end", "detail"), [(HANG_UP, "trips does not answer (RemoteProtocolError)"), (SILENCE, "trips does not answer within 0.2 s")]
)
async def test_one_that_does_not_answer_is_unknown_and_what_it_said_last_is_kept(
    script: ScriptedApi, trips: OwnerApi, clock: FrozenClock, end: str, detail: str
) -> None:
    owners, before = Owners({"trips": trips}, clock, kept_s=0), clock()
    script.say(200, {"items": []})
    script.answers.append(end)

    first = (await owners.ask(PATH, ScheduleList))["trips"]
    clock.advance(timedelta(seconds=60))
    found = await owners.ask(PATH, ScheduleList)

    assert (first.is_known, first.problem) == (True, None)
    away = found["trips"]
    assert (away.is_known, away.problem, away.last, away.last_at) == (False, detail, ScheduleList(items=[]), before)
    assert found["alerts"].problem == "where alerts is has not been set: set ALERTS_URL"


async def test_those_who_ask_for_the_same_are_answered_together(script: ScriptedApi, trips: OwnerApi, clock: FrozenClock) -> None:
    owners = Owners({"trips": trips}, clock, kept_s=60)
    script.say(200, {"items": []})

    for _ in range(3):
        assert (await owners.ask_one("trips", PATH, ScheduleList)).is_known

    assert len(script.requests) == 1


async def test_an_answer_of_another_shape_is_unknown(script: ScriptedApi, trips: OwnerApi, clock: FrozenClock) -> None:
    script.say(200, {"rows": []})

    found = await Owners({"trips": trips}, clock).ask_one("trips", PATH, ScheduleList)

    assert (found.is_known, found.problem) == (False, "trips answers in another shape than this version knows (1 differences)")
