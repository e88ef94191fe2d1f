"""Workers by type: each lane is taken from by exactly one of critical, normal and low."""

import pytest

from deploy.local.failures import StackError
from deploy.local.worker_types import lanes_of_type
from shared.contracts.lanes import SERVICES, lanes_of


def test_every_lane_has_workers_of_exactly_one_type() -> None:
    for service in SERVICES:
        found = []
        for kind in ("critical", "normal", "low"):
            try:
                found += lanes_of_type(service, kind)
            except StackError:
                continue
        assert found == lanes_of_type(service, "all") == [lane.name for lane in lanes_of(service)]


def test_urgent_lanes_are_for_critical_workers() -> None:
    assert lanes_of_type("payments", "critical") == ["payments.critical"]
    assert lanes_of_type("payments", "low") == ["payments.batch"]
    with pytest.raises(StackError, match="alerts has no lane for low workers"):
        lanes_of_type("alerts", "low")
    with pytest.raises(StackError, match="no worker type called urgent"):
        lanes_of_type("alerts", "urgent")
