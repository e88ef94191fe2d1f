"""The systemd units consume every lane, give a stop the time it needs, share no port, and are as shut off as they can be."""

import pytest

from deploy.validation.tools import SYSTEMD
from deploy.validation.units import EXPOSURE, UNITS, command, instances, look, stop_s, templates
from shared.contracts.lanes import LANES, SERVICES
from tests.architecture.test_lanes import consumers_of, find_lane_problems, lanes_of_command


def _workers() -> dict[str, list[str]]:
    return {name: command("waybill-worker", name) for name in instances("waybill-worker")}


def test_the_units_consume_every_lane() -> None:
    assert list(find_lane_problems(consumers_of(_workers()))) == []


def test_a_worker_is_given_longer_to_stop_than_it_may_work() -> None:
    taken = [lanes_of_command(words) for words in _workers().values()]

    assert stop_s("waybill-worker") > max(LANES[lane].hard_limit_s for found in taken if found for lane in found[1])


def test_a_worker_is_called_by_its_instance_and_belongs_to_its_service() -> None:
    for name, words in _workers().items():
        assert words[words.index("-n") + 1] == f"{name}@%h"
        assert words[words.index("-A") + 1] == f"services.{name.partition('-')[0]}.worker"


def test_each_service_has_an_api_a_relay_and_a_scheduler() -> None:
    assert templates() == ["waybill-api", "waybill-beat", "waybill-relay", "waybill-worker"]
    assert set(instances("waybill-api")) == set(SERVICES)
    for service in SERVICES:
        assert f"services.{service}.app:app" in command("waybill-api", service)
        assert f"services.{service}.relay" in command("waybill-relay", service)
        assert f"services.{service}.worker" in command("waybill-beat", service)


def test_no_two_processes_of_a_machine_share_a_port() -> None:
    settings = [*instances("waybill-api").values(), *instances("waybill-worker").values()]
    ports = [value for one in settings for name, value in one.items() if name.endswith("PORT")]

    assert len(ports) == len(set(ports)) == 2 * len(SERVICES) + len(instances("waybill-worker"))


def test_every_unit_has_limits_and_is_kept() -> None:
    for unit in templates():
        lines = (UNITS / f"{unit}@.service").read_text().splitlines()
        names = {line.partition("=")[0] for line in lines}
        assert {"MemoryMax", "TasksMax", "LimitNOFILE", "User"} <= names, unit
        assert {"Restart=always", "NoNewPrivileges=yes", "ProtectSystem=strict", "PartOf=waybill.target"} <= set(lines), unit


@pytest.mark.skipif(SYSTEMD.path() is None, reason=f"systemd-analyze is not installed: {SYSTEMD.got}")
@pytest.mark.parametrize("unit", templates())
def test_systemd_finds_nothing_wrong_with_a_unit_and_says_how_exposed_it_is(unit: str) -> None:
    exposure, problems = look(unit)

    assert problems == []
    assert 0 < float(exposure) <= EXPOSURE
