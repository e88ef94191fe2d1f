"""A message's address and delivery rules are checked where they are written, at import."""

import random
from collections.abc import Callable
from types import ModuleType
from typing import ClassVar

import pytest
from pydantic import ValidationError

from shared.contracts import lanes, registry
from shared.contracts.lanes import LANES, SERVICES, lanes_of
from shared.contracts.message import Answer, Command, Contract, Event
from shared.contracts.retry import RetryPolicy
from tests.contracts.refund_order import NAME, RefundOrder

ON = (lanes.TRIPS_NORMAL,)


class TripEnded(Event):
    contract: ClassVar = Contract("trips.trip_ended", (lanes.PAYMENTS_NORMAL, lanes.PAYMENTS_BATCH, lanes.ANALYTICS_NORMAL))


@pytest.mark.parametrize(
    "name", ["end_trip", "trips.end", "trips.endTrip", "trips.end-trip", "trip.end_trip", "trips.end_trip.v2", ""]
)
def test_a_name_that_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a message name"):
        Contract(name, ON)


@pytest.mark.parametrize("size", [0, 501])
def test_a_batch_has_1_to_500_messages(size: int) -> None:
    with pytest.raises(ValueError, match=f"max_batch is {size}, it must be 1 to 500"):
        Contract("trips.end_trip", ON, max_batch=size)


def test_what_answers_travels_alone() -> None:
    with pytest.raises(ValueError, match=r"trips\.end_trip answers, so its max_batch must be 1"):
        Contract("trips.end_trip", ON, answer=Answer())


def test_a_command_on_a_foreign_lane_is_refused() -> None:
    with pytest.raises(ValueError, match="its lanes must belong to trips"):

        class EndTrip(Command):
            contract: ClassVar = Contract("trips.end_trip", (lanes.TRIPS_NORMAL, lanes.PAYMENTS_NORMAL))


def test_every_lane_has_an_owner_and_lanes_of_lists_each_once() -> None:
    assert sorted(lane.name for service in SERVICES for lane in lanes_of(service)) == sorted(LANES)
    assert [lane.rank for lane in lanes_of("notifications")] == [9, 6, 5, 2]


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts message types into the registry for one test."""

    def declare(*modules: dict[str, object]) -> None:
        found = []
        for members in modules:
            found.append(ModuleType("declared"))
            vars(found[-1]).update(members)
        monkeypatch.setattr(registry, "MODULES", found)
        monkeypatch.setattr(registry, "messages", registry.messages.__wrapped__)

    return declare


def test_a_name_used_twice_is_refused(declared: Callable[..., None]) -> None:
    class Other(RefundOrder):
        contract: ClassVar = RefundOrder.contract

    declared({"RefundOrder": RefundOrder}, {"Other": Other})

    with pytest.raises(ValueError, match=f"two message types are called {NAME}"):
        registry.messages()


def test_a_service_consumes_its_commands_and_the_events_that_its_lanes_subscribe_to(declared: Callable[..., None]) -> None:
    declared({"RefundOrder": RefundOrder, "Imported": RefundOrder}, {"TripEnded": TripEnded})

    assert registry.consumed_by("payments") == {
        NAME: (RefundOrder, (lanes.PAYMENTS_NORMAL, lanes.PAYMENTS_BATCH)),
        "trips.trip_ended": (TripEnded, (lanes.PAYMENTS_NORMAL, lanes.PAYMENTS_BATCH)),
    }
    assert registry.consumed_by("analytics") == {"trips.trip_ended": (TripEnded, (lanes.ANALYTICS_NORMAL,))}
    assert registry.consumed_by("trips") == {}


def test_a_delay_without_jitter_doubles_up_to_its_cap() -> None:
    policy = RetryPolicy(base_s=30, factor=2, cap_s=100, jitter=False)

    assert [policy.delay_s(retry) for retry in (1, 2, 3, 4)] == [30, 60, 100, 100]


def test_a_delay_with_jitter_lies_between_nothing_and_the_delay_without() -> None:
    policy, draw = RetryPolicy(base_s=30, factor=2, cap_s=100), random.Random(7)

    delays = [policy.delay_s(2, draw=draw) for _ in range(1000)]

    assert 0 <= min(delays) < 5
    assert 55 < max(delays) <= 60


def test_retry_after_is_a_lower_bound() -> None:
    assert RetryPolicy(base_s=1, cap_s=1).delay_s(1, at_least_s=40) == 40


def test_a_policy_that_would_never_end_is_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 50"):
        RetryPolicy(max_retries=51)
