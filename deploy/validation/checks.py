"""Each validator over all that it is for: what it says it looked at, and what it found."""

import importlib.metadata
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator

from deploy.sbom.bills import CYCLONEDX
from deploy.sbom.locks import IMAGES
from deploy.validation import charts, monitoring, supply, units
from deploy.validation.tools import AMTOOL, HELM, PROMTOOL, SYSTEMD, Tool, unpack_helm
from shared.contracts.lanes import SERVICES

KUBERNETES: Final = ("1.30", "1.37")
"""The oldest version that the chart allows, and the newest whose schemas are there."""
Found = tuple[str, list[str]]


class Missing(Exception):
    """The validator is not installed; the message says how it is got."""


@dataclass(frozen=True)
class Check:
    """One validator. run: what it is and looked at, and its complaints."""

    name: str
    run: Callable[[], Found]


def _version(tool: Tool) -> str:
    if tool is HELM:
        unpack_helm()
    if tool.path() is None:
        raise Missing(f"{tool.name} is not installed: {tool.got}")
    return tool.says()


def _helm_lint() -> Found:
    version = _version(HELM)
    problems: list[str] = []
    for service in SERVICES:
        done = HELM.run("lint", "--strict", charts.CHART, "-f", charts.values_of(service))
        problems += [f"{service}: {line}" for line in done.stdout.splitlines() if done.returncode and line.startswith("[")]
    return f"{version}, {len(SERVICES)} releases", problems


def _kubernetes() -> Found:
    version = _version(HELM)
    try:
        import kubernetes_validate
    except ImportError:
        raise Missing("kubernetes-validate is not installed: make validate-deploy installs it") from None
    problems: list[str] = []
    count = 0
    for service in SERVICES:
        for resource in charts.render(service):
            if resource["apiVersion"].startswith(("keda.sh/", "monitoring.coreos.com/")):
                continue
            for kubernetes in KUBERNETES:
                count += 1
                try:
                    kubernetes_validate.validate(resource, kubernetes, strict=True)
                except kubernetes_validate.ValidationError as error:
                    problems.append(f"{resource['kind']} {resource['metadata']['name']}: {error.message}")
    own = importlib.metadata.version("kubernetes-validate")
    return f"{own} on what helm {version} makes, {count} resources of Kubernetes {' and '.join(KUBERNETES)}", problems


def _invariants() -> Found:
    version, count = _version(HELM), 0
    problems: list[str] = []
    for service in SERVICES:
        resources = charts.render(service)
        count += len(resources)
        problems += charts.find_problems(resources)
    return f"helm {version}, {count} resources", problems


def _values() -> Found:
    schema, problems = charts.schema(), []
    Draft202012Validator.check_schema(schema)
    for service in SERVICES:
        errors = Draft202012Validator(schema).iter_errors(charts.merged_values(service))
        problems += [f"{service}: {error.json_path} {error.message}" for error in errors]
    return f"jsonschema {importlib.metadata.version('jsonschema')}, {len(SERVICES)} values files", problems


def _rules() -> Found:
    version, files = _version(PROMTOOL), monitoring.rule_files()
    tests = sorted((monitoring.PROMETHEUS / "tests").glob("*.yml"))
    runs = [
        PROMTOOL.run("check", "config", monitoring.PROMETHEUS / "prometheus.yml"),
        PROMTOOL.run("check", "rules", *files),
        PROMTOOL.run("test", "rules", *tests),
    ]
    problems = [done.stdout + done.stderr for done in runs if done.returncode]
    return f"{version}, the configuration, {len(monitoring.rules())} rules and their tests", problems


def _expressions() -> Found:
    """A dashboard's expressions as rules, which is the one form in which promtool looks at an expression."""
    version = _version(PROMTOOL)
    found = [monitoring.plain(expr) for board in monitoring.dashboards().values() for expr in monitoring.expressions(board)]
    named: list[dict[str, Any]] = [{"record": f"expression:{number}", "expr": expr} for number, expr in enumerate(found)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "expressions.yml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": named}]}))
        done = PROMTOOL.run("check", "rules", "--lint=none", file)
    return f"{version}, {len(found)} expressions", [done.stdout + done.stderr] if done.returncode else []


def _alertmanager() -> Found:
    version = _version(AMTOOL)
    done = AMTOOL.run("check-config", monitoring.PROMETHEUS / "alertmanager.yml")
    return version, [done.stdout + done.stderr] if done.returncode else []


def _units() -> Found:
    version, names = _version(SYSTEMD), units.templates()
    looks = {name: units.look(name) for name in names}
    exposed = ", ".join(f"{name.removeprefix('waybill-')} {exposure}" for name, (exposure, _) in looks.items())
    said = f"{version}, {len(names)} templates verified, exposure of 10: {exposed}"
    return said, [line for _, problems in looks.values() for line in problems]


def _bills() -> Found:
    version, (count, problems) = _version(CYCLONEDX), supply.bill_problems()
    return f"cyclonedx-py {version}, {len(IMAGES)} images, {count} packages", problems


def _vulnerabilities() -> Found:
    version = _version(supply.PIP_AUDIT)
    try:
        count, problems = supply.vulnerabilities()
    except supply.NothingSaid as error:
        raise Missing(f"no data reachable: {error}") from None
    return f"{version}, {count} packages of {len(IMAGES)} images", problems


def _keys() -> Found:
    version, (count, problems) = _version(supply.DETECT_SECRETS), supply.keys_left_lying()
    return f"{version}, {count} files that may hold a key", problems


CHECKS: Final = (
    Check("chart: values and their schema", _values),
    Check("chart: helm lint --strict", _helm_lint),
    Check("chart: kubernetes-validate", _kubernetes),
    Check("chart: our own rules", _invariants),
    Check("units: systemd-analyze", _units),
    Check("Prometheus: promtool", _rules),
    Check("Grafana: expressions by promtool", _expressions),
    Check("Alertmanager: amtool", _alertmanager),
    Check("images: bills of materials", _bills),
    Check("images: pip-audit", _vulnerabilities),
    Check("repository: detect-secrets", _keys),
)
