"""What the chart brings to a cluster's Prometheus and Grafana: the very rules and dashboards that compose has, once."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from deploy.validation.charts import find_problems, render
from deploy.validation.monitoring import dashboards, rule_files
from deploy.validation.tools import HELM
from shared.contracts.lanes import SERVICES
from tests.architecture.source import ROOT

pytestmark = pytest.mark.skipif(HELM.path() is None, reason=f"helm is not installed: {HELM.got}")
OPERATORS: Final = "monitoring.coreos.com/"
"""The group of what only a cluster with the Prometheus operator knows."""
BASE: Final = "https://wiki.example.com/runbooks"


@pytest.fixture(scope="module")
def owner() -> list[Mapping[str, Any]]:
    """The release that has them, told where the runbooks are."""
    return render("analytics", f"environment.RUNBOOKS_URL={BASE}/")


def of_kind(kind: str, resources: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in resources if one["kind"] == kind]


def groups_of_files() -> Iterator[Any]:
    for file in rule_files():
        yield from yaml.safe_load(file.read_text())["groups"]


def test_the_rules_are_those_of_compose_and_their_runbooks_can_be_opened_from_anywhere(owner: list[Mapping[str, Any]]) -> None:
    [resource] = of_kind("PrometheusRule", owner)
    expected = copy.deepcopy(list(groups_of_files()))
    for rule in [rule for group in expected for rule in group["rules"] if "annotations" in rule]:
        rule["annotations"]["runbook_url"] = rule["annotations"]["runbook_url"].replace("docs/runbooks", BASE)

    assert resource["spec"]["groups"] == expected
    links = [rule["annotations"]["runbook_url"] for group in expected for rule in group["rules"] if "alert" in rule]
    assert links
    assert [link for link in links if not link.startswith(f"{BASE}/")] == []


def test_without_an_address_of_the_runbooks_links_stay_those_of_the_repository() -> None:
    [resource] = of_kind("PrometheusRule", render("analytics"))

    assert resource["spec"]["groups"] == list(groups_of_files())


def test_the_dashboards_are_those_of_compose_under_the_label_that_grafanas_sidecar_looks_for(
    owner: list[Mapping[str, Any]],
) -> None:
    [resource] = of_kind("ConfigMap", owner)

    assert {name: json.loads(text) for name, text in resource["data"].items()} == dashboards()
    assert len(resource["data"]) == 4
    assert resource["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert sum(map(len, resource["data"].values())) < 1_000_000


def test_compose_mounts_the_files_that_the_chart_holds() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert "${PROMETHEUS_RULES:-./deploy/k8s/waybill/rules}:/etc/waybill/rules:ro" in services["prometheus"]["volumes"]
    assert "./deploy/k8s/waybill/dashboards:/var/lib/grafana/dashboards:ro" in services["grafana"]["volumes"]
    found = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["rule_files"]
    assert found == ["/etc/waybill/rules/*.yml", "rules/*.yml"]


def test_one_release_of_the_five_has_them() -> None:
    rendered = {service: render(service) for service in SERVICES}
    assert [service for service in SERVICES if of_kind("PrometheusRule", rendered[service])] == ["analytics"]
    assert [service for service in SERVICES if of_kind("ConfigMap", rendered[service])] == ["analytics"]


def test_a_cluster_without_the_operator_is_given_nothing_that_it_does_not_know() -> None:
    for service in SERVICES:
        known = render(service, "monitoring.enabled=false")
        assert [one["kind"] for one in known if one["apiVersion"].startswith(OPERATORS)] == []
    assert of_kind("ConfigMap", render("analytics", "monitoring.enabled=false"))
    assert not of_kind("ConfigMap", render("analytics", "monitoring.dashboards=false"))


def test_rules_that_came_out_empty_are_found() -> None:
    resources = copy.deepcopy(render("analytics"))
    [resource] = of_kind("PrometheusRule", resources)
    resource["spec"]["groups"] = None

    assert list(find_problems(resources)) == ["PrometheusRule waybill has no rules"]
