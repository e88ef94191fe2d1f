"""How the analytics flow counts what waits for the lane that it floods."""

import pytest

from deploy.local.flows.analytics.trouble import held


@pytest.mark.parametrize(
    ("lane", "expected"),
    [
        ({"waiting": 1010, "unconfirmed": 0, "in_broker": 0}, 1010),
        ({"waiting": 1006, "unconfirmed": 4, "in_broker": 2}, 1010),
        ({"waiting": 1008, "unconfirmed": 0, "in_broker": 2}, 1010),
        ({"waiting": None, "unconfirmed": 3, "in_broker": None}, 3),
    ],
    ids=["all wait", "the relay has sent four in two deliveries", "a plain client has sent two", "the owner is away"],
)
def test_what_was_sent_to_a_lane_that_stands_still_waits_there_too(lane: dict[str, int | None], expected: int) -> None:
    assert held(lane) == expected
