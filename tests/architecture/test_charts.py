"""What every release of the Helm chart has, whatever is set: its lanes, time to end, limits, and only what it needs."""

import copy
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deploy.validation.charts import CHART, find_problems, lanes_of_worker, merged_values, render, schema, values_of
from deploy.validation.tools import HELM
from shared.contracts.lanes import LANES, SERVICES
from shared.contracts.registry import messages
from shared.runtime.celery import SOFT_SHUTDOWN_S
from tests.architecture.source import ROOT
from tests.architecture.test_lanes import consumers_of, find_lane_problems

SETTINGS = {
    "as it is": (),
    "without KEDA": ("keda.enabled=false",),
    "without autoscaling": ("api.autoscaling.enabled=false", "workerDefaults.autoscaling.enabled=false"),
    "giving back": ("workers.normal.shutdown=giveBack", "workers.normal.terminationGracePeriodSeconds=40"),
    "with ingress, digest and no monitoring": (
        "api.ingress.enabled=true",
        "api.ingress.host=waybill.example.com",
        "api.ingress.tlsSecret=tls",
        "api.trustedProxies=10.42.0.0/16",
        f"image.digest=sha256:{'0' * 64}",
        "monitoring.enabled=false",
        "networkPolicy.monitoring=null",
        "networkPolicy.internet.components=null",
    ),
}
needs_helm = pytest.mark.skipif(HELM.path() is None, reason=f"helm is not installed: {HELM.got}")


@pytest.mark.parametrize("service", SERVICES)
def test_values_are_what_the_schema_allows(service: str) -> None:
    values = merged_values(service)

    assert [error.message for error in Draft202012Validator(schema()).iter_errors(values)] == []
    assert values["service"] == service
    assert values["image"]["tag"] == _version(service)


def test_values_that_would_do_nothing_or_harm_are_refused() -> None:
    values = merged_values("trips")
    values["api"]["replica"] = 2
    values["image"]["tag"] = "latest"
    values["environment"]["SMTP_PASSWORD"] = "open"
    values["workers"]["extra"] = {"concurrency": 1}
    values["workers"]["low"]["shutdown"] = "never"

    found = {"/".join(map(str, error.absolute_path)) for error in Draft202012Validator(schema()).iter_errors(values)}
    assert found == {"api", "image/tag", "environment", "workers/extra", "workers/low/shutdown"}


@pytest.mark.parametrize("trusted", ["", "*"])
def test_an_ingress_whose_word_on_callers_addresses_is_not_taken_is_refused_and_so_is_everybodys(trusted: str) -> None:
    values = merged_values("analytics")
    values["api"]["ingress"]["enabled"] = True
    validator = Draft202012Validator(schema())

    for proxies, found in ((trusted, ["api/trustedProxies"]), ("10.42.0.0/16, fd00::/8", [])):
        values["api"]["trustedProxies"] = proxies
        assert ["/".join(map(str, error.absolute_path)) for error in validator.iter_errors(values)] == found


def test_every_service_believes_whom_analytics_has_logged_in() -> None:
    """Operators' tokens are signed with keys that analytics alone has; its own API finds those in its database."""
    own = "/run/secrets/jwks.json"
    sources = {service: merged_values(service)["environment"]["AUTH_JWKS"] for service in SERVICES}

    assert sources.pop("analytics") == own
    assert set(sources.values()) == {f"{own},http://waybill-analytics:8000/v1/access/jwks.json"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_is_given_longer_to_stop_than_it_may_work(service: str) -> None:
    values = merged_values(service)
    for group, own in values["workers"].items():
        worker = values["workerDefaults"] | own
        limit_s = max(LANES[lane].hard_limit_s for lane in worker["lanes"])
        needed_s = SOFT_SHUTDOWN_S if worker["shutdown"] == "giveBack" else limit_s
        assert worker["terminationGracePeriodSeconds"] > needed_s, f"{service} {group}"


def test_values_that_are_there_belong_to_a_service_each() -> None:
    assert sorted(file.name for file in (CHART / "values").iterdir()) == sorted(values_of(name).name for name in SERVICES)


@needs_helm
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_releases_consume_every_lane_and_have_limits_no_rights_and_time_to_end(settings: tuple[str, ...]) -> None:
    consumers: dict[str, list[str]] = {}
    for service in SERVICES:
        resources = render(service, *settings)
        assert list(find_problems(resources)) == [], service
        consumers |= consumers_of(_commands(resources))

    assert list(find_lane_problems(consumers)) == []


@needs_helm
def test_a_release_that_may_more_than_it_should_is_found() -> None:
    resources = copy.deepcopy(render("payments"))
    _spoil(
        _named(resources, "Deployment", "waybill-payments-worker-low"),
        _named(resources, "ScaledObject", "waybill-payments-worker-low"),
    )
    kept = [one for one in resources if one["kind"] != "PodDisruptionBudget" or "worker-low" not in one["metadata"]["name"]]

    said = "Deployment waybill-payments-worker-low"
    assert list(find_problems(kept)) == [
        f"{said} is not restricted: set runAsNonRoot and seccompProfile",
        f"{said} is given a token for the cluster's API, which it does not need",
        f"{said} can write to its own file system: set readOnlyRootFilesystem",
        f"{said} may gain rights: drop all capabilities and refuse escalation",
        f"{said} runs whatever is newest: registry:5000/waybill-payments",
        f"{said} does not say what it needs: set requests and a limit of memory",
        f"{said} has a secret in its environment: DATABASE_URL",
        f"{said} is not probed: set startupProbe and livenessProbe",
        f"{said} is killed after 60 s, and may still work for 1800 s",
        f"{said} has less memory than its children may grow to, 1000 MiB",
        f"{said} has no PodDisruptionBudget",
        f"{said} is scaled, and each release would set its replicas back",
        "ScaledObject waybill-payments-worker-low has keys that KEDA does not know: metricname",
        "ScaledObject waybill-payments-worker-low falls back to a number that is outside its minimum and maximum",
        "ScaledObject waybill-payments-worker-low is scaled by other lanes than those that it consumes",
    ]


def _spoil(deployment: Any, scaled: Any) -> None:
    deployment["spec"]["replicas"] = 3
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    pod |= {"securityContext": {}, "automountServiceAccountToken": True, "terminationGracePeriodSeconds": 60}
    container |= {"securityContext": {}, "image": "registry:5000/waybill-payments"}
    container["resources"] = {"limits": {"memory": "640Mi"}}
    for variable in container["env"]:
        variable["value"] = "2" if variable["name"] == "WORKER_CONCURRENCY" else variable["value"]
    container["env"].append({"name": "DATABASE_URL", "value": "postgresql://app:secret@db/waybill"})
    del container["livenessProbe"]
    trigger = scaled["spec"]["triggers"][0]["metadata"]
    trigger |= {"metricname": "x", "query": trigger["query"].replace("batch", "normal")}
    scaled["spec"]["fallback"]["replicas"] = 50


@needs_helm
def test_secrets_reach_a_pod_as_files_alone_and_the_owners_login_only_migrations() -> None:
    resources = render("trips")
    volumes = {
        one["metadata"]["name"]: [volume["secret"]["secretName"] for volume in _pod(one)["volumes"] if "secret" in volume]
        for one in resources
        if one["kind"] in ("Deployment", "Job")
    }

    assert volumes.pop("waybill-trips-migrate") == ["waybill-trips-owner"]
    assert {tuple(names) for names in volumes.values()} == {("waybill-trips",)}


@needs_helm
def test_migrations_run_under_their_network_policy_which_is_there_before_them() -> None:
    """Hooks come before the release's own resources: a cluster that denies what no policy allows would let no migration out."""
    resources = render("trips")
    job = _named(resources, "Job", "waybill-trips-migrate")
    policy = _named(resources, "NetworkPolicy", "waybill-trips-migrate")
    chosen = policy["spec"]["podSelector"]["matchLabels"]
    when, rule = job["metadata"]["annotations"], policy["metadata"]["annotations"]

    assert chosen.items() <= job["spec"]["template"]["metadata"]["labels"].items()
    assert rule["helm.sh/hook"] == when["helm.sh/hook"]
    assert int(rule["helm.sh/hook-weight"]) < int(when.get("helm.sh/hook-weight", 0))
    assert rule["helm.sh/hook-delete-policy"] == when["helm.sh/hook-delete-policy"]

    del policy["metadata"]["annotations"]
    assert list(find_problems(resources)) == ["Job waybill-trips-migrate runs before its NetworkPolicy is there"]


@needs_helm
def test_only_the_worker_of_backups_has_their_logins_and_their_volume() -> None:
    pods = {one["metadata"]["name"]: _pod(one) for one in render("analytics") if one["kind"] in ("Deployment", "Job")}
    told = {name for name, pod in pods.items() if "analytics-backup" in str(pod["volumes"])}
    keeping = {name for name, pod in pods.items() if any("persistentVolumeClaim" in volume for volume in pod["volumes"])}

    assert told == keeping == {"waybill-analytics-worker-backup"}


@needs_helm
@pytest.mark.parametrize("service", SERVICES)
def test_with_a_claim_the_group_that_archives_has_it_and_is_told_where_and_nobody_else(service: str) -> None:
    [lane] = messages()[f"{service}.archive_old_rows"].contract.lanes
    resources = render(service, "archives.claim=waybill-archives")
    deployments = [one for one in resources if one["kind"] == "Deployment"]
    archiving = [one for one in deployments if lane.name in lanes_of_worker(_pod(one)["containers"][0])]
    keeping = [one for one in deployments if "waybill-archives" in str(_pod(one)["volumes"])]
    told = [one for one in deployments if "ARCHIVE_DIR" in str(_pod(one)["containers"])]

    assert list(find_problems(resources)) == []
    assert archiving == keeping == told
    [worker] = archiving
    [container] = _pod(worker)["containers"]
    assert {"name": "ARCHIVE_DIR", "value": "/var/lib/waybill/archives"} in container["env"]
    assert {"name": "data", "mountPath": "/var/lib/waybill/archives"} in container["volumeMounts"]
    assert worker["spec"]["strategy"] == {"type": "Recreate"}
    assert "ARCHIVE_DIR" not in str(render(service))


@needs_helm
def test_a_worker_watches_the_disk_of_its_volume_unless_the_values_name_others() -> None:
    def watched(*settings: str) -> dict[str, str]:
        pods = {one["metadata"]["name"]: _pod(one) for one in render("analytics", *settings) if one["kind"] == "Deployment"}
        told = {name: {one["name"]: one["value"] for one in pod["containers"][0]["env"]} for name, pod in pods.items()}
        return {
            name.removeprefix("waybill-analytics-worker-"): environment["WATCHED_DIRS"]
            for name, environment in told.items()
            if "WATCHED_DIRS" in environment
        }

    own = ("archives.claim=waybill-archives", "workers.low.environment.WATCHED_DIRS=/mnt/cold")
    assert watched() == {"backup": "/var/backups/waybill"}
    assert watched("archives.claim=waybill-archives") == {"backup": "/var/backups/waybill", "low": "/var/lib/waybill/archives"}
    assert watched(*own) == {"backup": "/var/backups/waybill", "low": "/mnt/cold"}


@needs_helm
@pytest.mark.parametrize(
    ("service", "setting"),
    [("analytics", "ANALYTICS_PUBLIC_URL"), ("notifications", "BACKEND_URL"), ("payments", "BACKEND_URL")],
)
def test_a_service_behind_an_ingress_knows_where_people_reach_it(service: str, setting: str) -> None:
    behind = ("api.ingress.enabled=true", "api.ingress.host=waybill.example.com", "api.trustedProxies=10.42.0.0/16")
    ways = {
        "https://waybill.example.com": (*behind, "api.ingress.tlsSecret=tls"),
        "http://waybill.example.com": behind,
        "https://elsewhere.example.com": (*behind, f"environment.{setting}=https://elsewhere.example.com"),
        None: (),
    }
    for url, settings in ways.items():
        deployments = [one for one in render(service, *settings) if one["kind"] == "Deployment"]
        told = [{one["name"]: one["value"] for one in _pod(deployment)["containers"][0]["env"]} for deployment in deployments]
        assert {environment.get(setting) for environment in told} == {url}


@needs_helm
def test_an_api_alone_takes_the_word_of_the_proxies_that_are_named() -> None:
    told = {
        deployment["metadata"]["name"]: {one["name"]: one["value"] for one in _pod(deployment)["containers"][0]["env"]}
        for deployment in render("analytics", "api.trustedProxies=10.42.0.0/16")
        if deployment["kind"] == "Deployment"
    }

    trusting = {name: found["FORWARDED_ALLOW_IPS"] for name, found in told.items() if "FORWARDED_ALLOW_IPS" in found}
    assert trusting == {"waybill-analytics-api": "10.42.0.0/16"}


@needs_helm
def test_only_who_calls_providers_reaches_the_world() -> None:
    reaching = set()
    for service in SERVICES:
        for policy in [one for one in render(service) if one["kind"] == "NetworkPolicy"]:
            if any("ipBlock" in peer for rule in policy["spec"]["egress"] for peer in rule.get("to", ())):
                reaching.add(policy["metadata"]["name"].split("-")[1])

    assert reaching == {"notifications", "payments"}


@needs_helm
def test_a_wrong_setting_is_refused_with_its_path() -> None:
    with pytest.raises(ValueError, match="/api"):
        render("trips", "api.replica=2")


@needs_helm
@pytest.mark.parametrize("path", ["api.autoscaling", "workers.critical.autoscaling"])
def test_a_minimum_of_pods_above_their_maximum_is_refused_before_anything_is_released(path: str) -> None:
    """Kubernetes and KEDA refuse it, too, but after the migrations: half of the release would be there, and nobody scaled it."""
    with pytest.raises(ValueError, match=rf"{re.escape(path)}\.minReplicas is \d+ and above maxReplicas, which is 2"):
        render("trips", f"{path}.maxReplicas=2")

    assert render("trips", f"{path}.minReplicas=2", f"{path}.maxReplicas=2")


def _version(service: str) -> str:
    project = tomllib.loads((ROOT / "services" / service / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def _pod(resource: Mapping[str, Any]) -> Any:
    return resource["spec"]["template"]["spec"]


def _commands(resources: list[Mapping[str, Any]]) -> dict[str, list[str]]:
    deployments = [one for one in resources if one["kind"] == "Deployment"]
    return {one["metadata"]["name"]: _pod(one)["containers"][0].get("command", []) for one in deployments}


def _named(resources: list[Mapping[str, Any]], kind: str, name: str) -> Mapping[str, Any]:
    return next(one for one in resources if one["kind"] == kind and one["metadata"]["name"] == name)
