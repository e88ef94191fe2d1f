"""The Helm chart's five releases as they come out, and what must be true of each of their resources."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.validation.tools import HELM, ROOT
from shared.contracts.lanes import LANES
from shared.runtime.celery import SOFT_SHUTDOWN_S

Resource = Mapping[str, Any]

CHART: Final = ROOT / "deploy/k8s/waybill"
API_END_S: Final = 25
"""Five seconds until nobody sends any more, and 20 for what is in hand."""
_POOL: Final = 5
"""Of an API process and a worker's child where DATABASE_POOL_SIZE is not set, and of relay and collector whatever is set."""
_CHILD_MIB: Final = 400
_WORKER_MIB: Final = 200
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C takes a tenth of the time."""
_KEDA_SPEC: Final = {
    "scaleTargetRef",
    "minReplicaCount",
    "maxReplicaCount",
    "pollingInterval",
    "cooldownPeriod",
    "fallback",
    "advanced",
    "triggers",
}
"""No schema of KEDA's own knows all keys, and a key with a typing error is one that does nothing."""
_KEDA_PROMETHEUS: Final = {"serverAddress", "query", "threshold", "activationThreshold", "ignoreNullValues", "namespace"}


def values_of(service: str) -> Path:
    """The values file of a service's release."""
    return CHART / "values" / f"{service}.yaml"


def render(service: str, *settings: str) -> list[Resource]:
    """The release's resources. settings: as for `helm template --set`. ValueError with helm's words when it refuses."""
    more = [argument for setting in settings for argument in ("--set", setting)]
    arguments: list[str | Path] = ["-f", values_of(service), "--namespace", "waybill", "--kube-version", "1.34.0", *more]
    done = HELM.run("template", f"waybill-{service}", CHART, *arguments)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return [resource for resource in yaml.load_all(done.stdout, Loader=_LOADER) if resource]


def merged_values(service: str) -> dict[str, Any]:
    """What helm gives to the templates: the chart's values with the service's over them."""
    base = yaml.safe_load((CHART / "values.yaml").read_text())
    merged: dict[str, Any] = _over(base, yaml.safe_load(values_of(service).read_text()))
    return merged


def connections(service: str) -> tuple[int, int]:
    """How many connections to the database a release's pods may open, all at their minimum and all at their maximum."""
    values = merged_values(service)
    api, pool = values["api"], int(values["environment"].get("DATABASE_POOL_SIZE", _POOL))
    fixed = _POOL * sum(values[one]["replicas"] for one in ("relay", "collector") if values[one].get("enabled", True))
    least, most = (fixed + pool * api["autoscaling"][bound] for bound in ("minReplicas", "maxReplicas"))
    for own in values["workers"].values():
        worker = _over(values["workerDefaults"], own)
        each = worker["concurrency"] * int(worker["environment"].get("DATABASE_POOL_SIZE", pool))
        scaled = worker["autoscaling"]["enabled"] and not worker["volume"]["claim"]
        least += each * (worker["autoscaling"]["minReplicas"] if scaled else worker["replicas"])
        most += each * (worker["autoscaling"]["maxReplicas"] if scaled else worker["replicas"])
    return least, most


def schema() -> dict[str, Any]:
    """What values may be."""
    loaded: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return loaded


def _over(base: Any, more: Any) -> Any:
    if isinstance(base, dict) and isinstance(more, dict):
        return {**base, **{key: _over(base.get(key), value) for key, value in more.items()}}
    return more


def find_problems(resources: list[Resource]) -> Iterator[str]:
    """Sentences about what would go wrong, or let something in, where these were applied."""
    for resource in resources:
        if resource["kind"] in ("Deployment", "Job"):
            said = f"{resource['kind']} {resource['metadata']['name']}"
            yield from (f"{said} {problem}" for problem in _pod(resource["spec"]["template"]["spec"]))
        if resource["kind"] == "Deployment":
            said = f"Deployment {resource['metadata']['name']}"
            yield from (f"{said} {problem}" for problem in _deployment(resource))
            yield from (f"{said} {problem}" for problem in _company(resource, resources))
        if resource["kind"] == "Job":
            yield from (f"Job {resource['metadata']['name']} {problem}" for problem in _before_all(resource, resources))
        if resource["kind"] == "ScaledObject":
            said = f"ScaledObject {resource['metadata']['name']}"
            yield from (f"{said} {problem}" for problem in _scaling(resource, resources))
        if resource["kind"] == "PrometheusRule" and not resource["spec"]["groups"]:
            yield f"PrometheusRule {resource['metadata']['name']} has no rules"


def _pod(pod: Mapping[str, Any]) -> Iterator[str]:
    user = pod.get("securityContext", {})
    if not user.get("runAsNonRoot") or user.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "is not restricted: set runAsNonRoot and seccompProfile"
    if pod.get("automountServiceAccountToken") is not False:
        yield "is given a token for the cluster's API, which it does not need"
    if pod.get("hostNetwork") or pod.get("hostPID") or any("hostPath" in volume for volume in pod.get("volumes", ())):
        yield "shares more with its node than it may"
    for container in pod["containers"]:
        yield from _container(container)


def _container(container: Mapping[str, Any]) -> Iterator[str]:
    rights = container.get("securityContext", {})
    if not rights.get("readOnlyRootFilesystem"):
        yield "can write to its own file system: set readOnlyRootFilesystem"
    if rights.get("allowPrivilegeEscalation") is not False or rights.get("capabilities") != {"drop": ["ALL"]}:
        yield "may gain rights: drop all capabilities and refuse escalation"
    _, at, _ = container["image"].partition("@sha256:")
    tag = container["image"].rpartition("/")[2].partition(":")[2]
    if not at and tag in ("", "latest"):
        yield f"runs whatever is newest: {container['image']}"
    resources = container.get("resources", {})
    if not {"cpu", "memory"} <= set(resources.get("requests", ())) or "memory" not in resources.get("limits", ()):
        yield "does not say what it needs: set requests and a limit of memory"
    for variable in container.get("env", ()):
        if "valueFrom" in variable or ("://" in variable.get("value", "") and "@" in variable["value"]):
            yield f"has a secret in its environment: {variable['name']}"
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in ("tmp", "data") and not mount.get("readOnly"):
            yield f"can change what is mounted at {mount['mountPath']}"


def _deployment(resource: Resource) -> Iterator[str]:
    pod = resource["spec"]["template"]["spec"]
    [container] = pod["containers"]
    grace, environment = pod["terminationGracePeriodSeconds"], _environment(container)
    if not {"startupProbe", "livenessProbe"} <= set(container):
        yield "is not probed: set startupProbe and livenessProbe"
    if container.get("livenessProbe", {}).get("httpGet", {}).get("path") == "/readyz":
        yield "would be restarted because the database is away: let livenessProbe ask /livez"
    lanes = lanes_of_worker(container)
    if lanes:
        needed = (
            SOFT_SHUTDOWN_S if environment.get("REMAP_SIGTERM") == "SIGQUIT" else max(LANES[lane].hard_limit_s for lane in lanes)
        )
        if grace <= needed:
            yield f"is killed after {grace} s, and may still work for {needed} s"
        mib = int(environment["WORKER_CONCURRENCY"]) * _CHILD_MIB + _WORKER_MIB
        if _mib(container["resources"]["limits"]["memory"]) < mib:
            yield f"has less memory than its children may grow to, {mib} MiB"
    elif container["name"] == "api" and grace <= API_END_S:
        yield f"is killed before its {API_END_S} s are over"


def _company(resource: Resource, resources: list[Resource]) -> Iterator[str]:
    """What belongs to each deployment."""
    name, labels = resource["metadata"]["name"], resource["spec"]["template"]["metadata"]["labels"]
    for kind, where in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        chosen = [one["spec"][where]["matchLabels"] for one in resources if one["kind"] == kind]
        if not any(selector.items() <= labels.items() for selector in chosen):
            yield f"has no {kind}"
    targets = [one for one in resources if one["kind"] in ("ScaledObject", "HorizontalPodAutoscaler")]
    scaled = any(one["spec"]["scaleTargetRef"]["name"] == name for one in targets)
    if scaled and "replicas" in resource["spec"]:
        yield "is scaled, and each release would set its replicas back"
    if not scaled and "replicas" not in resource["spec"]:
        yield "has neither replicas nor somebody who scales it"


def _before_all(job: Resource, resources: list[Resource]) -> Iterator[str]:
    """What a hook's pods may reach is said by another hook, since all else of the release comes after both."""
    labels = job["spec"]["template"]["metadata"]["labels"]
    policies = [one for one in resources if one["kind"] == "NetworkPolicy"]
    for policy in [one for one in policies if one["spec"]["podSelector"]["matchLabels"].items() <= labels.items()]:
        if _hook(policy) != _hook(job) or _weight(policy) >= _weight(job):
            yield "runs before its NetworkPolicy is there"


def _hook(resource: Resource) -> str:
    return str(resource["metadata"].get("annotations", {}).get("helm.sh/hook", ""))


def _weight(resource: Resource) -> int:
    return int(resource["metadata"].get("annotations", {}).get("helm.sh/hook-weight", 0))


def _scaling(resource: Resource, resources: list[Resource]) -> Iterator[str]:
    spec = resource["spec"]
    [trigger] = spec["triggers"]
    if unknown := {*spec} - _KEDA_SPEC | {*trigger["metadata"]} - _KEDA_PROMETHEUS:
        yield f"has keys that KEDA does not know: {', '.join(sorted(unknown))}"
    if not spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]:
        yield "falls back to a number that is outside its minimum and maximum"
    by_name = {one["metadata"]["name"]: one for one in resources if one["kind"] == "Deployment"}
    target = by_name.get(spec["scaleTargetRef"]["name"])
    if target is None:
        yield f"scales {spec['scaleTargetRef']['name']}, which there is not"
        return
    lanes = lanes_of_worker(target["spec"]["template"]["spec"]["containers"][0])
    if f'lane=~"{"|".join(lanes).replace(".", "[.]")}"' not in trigger["metadata"]["query"]:
        yield "is scaled by other lanes than those that it consumes"


def lanes_of_worker(container: Mapping[str, Any]) -> list[str]:
    """The lanes that a container's command consumes; none when it is no worker's."""
    words = container.get("command", [])
    return words[words.index("-Q") + 1].split(",") if "-Q" in words else []


def _environment(container: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable.get("value", "") for variable in container.get("env", ())}


def _mib(quantity: str) -> float:
    return float(quantity[:-2]) * {"Mi": 1, "Gi": 1024}[quantity[-2:]]
