"""How fast an account is sent by: what is configured, what its provider says, or what is usual."""

from dataclasses import dataclass, field

import pytest

from services.notifications.providers import ceilings
from services.notifications.providers.ceilings import USUAL, Ceiling


@dataclass
class Telling:
    """A provider that knows its account's rate."""

    says: list[float | None] = field(default_factory=list)

    async def max_per_s(self) -> float | None:
        return self.says.pop(0)


@pytest.mark.parametrize(
    ("told", "configured", "expected"),
    [(14.0, None, 14.0), (14.0, 5.0, 5.0), (14.0, 50.0, 14.0), (None, 50.0, 50.0), (None, None, USUAL["ses"])],
)
async def test_lower_one_of_what_is_configured_and_what_the_provider_says_counts(
    told: float | None, configured: float | None, expected: float
) -> None:
    assert await Ceiling("ses", Telling([told]), configured).per_s() == expected


async def test_provider_is_asked_now_and_then_and_what_it_said_last_counts_until_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ceiling = Ceiling("ses", Telling([50.0, None, 80.0]), None)
    told = [await ceiling.per_s(), await ceiling.per_s()]
    monkeypatch.setattr(ceilings, "FRESH_S", 0.0)
    monkeypatch.setattr(ceilings, "AGAIN_S", 0.0)
    ceiling._asks_at = 0.0

    assert told == [50.0, 50.0]
    assert [await ceiling.per_s(), await ceiling.per_s()] == [50.0, 80.0]


async def test_kind_that_tells_nothing_has_its_usual_rate() -> None:
    assert await Ceiling("twilio", object(), None).per_s() == USUAL["twilio"]
