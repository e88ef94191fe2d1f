"""A real Prometheus scrapes the running stack: our expressions read series that are there, and what fires reaches people."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from deploy.local.demo import RunningStack, run_flow
from deploy.local.flows.payments import invoicing, ordering, paying
from deploy.local.flows.payments.story import story_on
from deploy.local.polling import ask_until
from deploy.validation.monitoring import GIVEN, dashboards, expressions, metrics_in, plain, rules
from shared.contracts.registry import messages
from tests.compose.metrics import Prometheus, grouped_by, selectors
from tests.compose.project import Project
from tests.compose.watching import hurried

WATCHERS: Final = ("prometheus", "alertmanager")
RULES: Final = {rule.get("alert") or rule["record"]: rule for rule in rules()}
_COMPARES: Final = re.compile(r"[<>]|==|!=(?![~\"])|\bunless\b")
_MAKES_LABELS: Final = re.compile(r'label_replace\([^"]*"(\w+)"')


def all_expressions() -> dict[str, str]:
    """Each expression of rules and dashboards as Prometheus takes it, by where it stands."""
    found = {f"rule {name}": rule["expr"] for name, rule in RULES.items()}
    for name, board in dashboards().items():
        found |= {f"{name} {number}": plain(expr) for number, expr in enumerate(expressions(board))}
    return found


async def work(flows: RunningStack) -> None:
    """Something of every kind, for a process that has done nothing has few series."""
    for flow in ("alerts", "trips"):
        result = await run_flow(flow, flows)
        assert [f"{check.name}: {check.found}" for check in result.checks if not check.passed] == []
    async with story_on(flows) as story:
        for step in (ordering.open_shop, ordering.place_order, paying.pay_at_checkout, invoicing.invoice_order):
            await step(story)


@pytest.fixture(scope="module")
def prometheus(project: Project, flows: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """The stack's own, which has scraped a stack that has work behind it."""
    asyncio.run(work(flows))
    project.set(**hurried(tmp_path_factory.mktemp("monitoring")))
    project.compose("up", "--detach", "--no-deps", *WATCHERS, profile="monitoring")
    client = Prometheus(f"http://127.0.0.1:{project.ports['prometheus']}")
    with project.timed("   Prometheus reaches every process"):
        project.wait_for(lambda: _all_up(client, project), "Prometheus does not reach every process")
        project.wait_for(lambda: all(rule["health"] != "unknown" for rule in _rules(client)), "Prometheus evaluates no rules")
        # A rate needs two scrapes.
        project.wait_for(lambda: client.query("min(count_over_time(up[1m])) > 2"), "Prometheus scrapes no second time")
    yield client
    client.close()
    project.compose("rm", "--stop", "--force", *WATCHERS, profile="monitoring")


def _all_up(client: Prometheus, project: Project) -> bool:
    data = client.try_to_ask("/targets", state="active")
    found = data["activeTargets"] if data else []
    containers = {one["labels"].get("container", "prometheus") for one in found if one["health"] == "up"}
    return containers == measured(project) | {"prometheus"} and all(one["health"] == "up" for one in found)


def measured(project: Project) -> set[str]:
    """The services of the stack whose containers show metrics."""
    services = {one.labels["com.docker.compose.service"] for one in project.containers()}
    return {name for name in services if name.endswith(("-api", "-relay", "-collector")) or "-worker-" in name}


def _rules(client: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in client.ask("/rules")["groups"] for rule in group["rules"]]


def test_every_replica_of_every_process_is_scraped(project: Project, prometheus: Prometheus) -> None:
    targets = prometheus.ask("/targets", state="active")["activeTargets"]
    running = [one for name in measured(project) for one in project.containers(name)]

    assert [one["scrapeUrl"] for one in targets if one["health"] != "up"] == []
    assert len(targets) == len(running) + 1


def test_every_rule_is_loaded_and_evaluated_without_an_error(prometheus: Prometheus) -> None:
    loaded = _rules(prometheus)

    assert sorted(rule["name"] for rule in loaded) == sorted(rule.get("alert") or rule["record"] for rule in rules())
    assert {rule["name"]: rule.get("lastError") for rule in loaded if rule["health"] != "ok"} == {}


def test_every_expression_reads_series_that_a_process_shows(prometheus: Prometheus) -> None:
    there, declared = prometheus.names(), {*prometheus.ask("/metadata")}
    recorded = {rule["record"] for rule in rules() if "record" in rule}

    def is_missing(metric: str) -> bool:
        # A counter of what has not happened yet has a name and no series.
        return metric not in there | declared | GIVEN | recorded and re.sub("_(bucket|sum|count)$", "", metric) not in declared

    unknown = {where: {*filter(is_missing, metrics_in(expr))} for where, expr in all_expressions().items()}
    assert {where: metrics for where, metrics in unknown.items() if metrics} == {}


def test_every_label_that_an_expression_names_is_one_of_its_series(prometheus: Prometheus) -> None:
    problems = [f"{where}: {problem}" for where, expr in all_expressions().items() for problem in wrong_labels(prometheus, expr)]

    assert problems == []


def wrong_labels(prometheus: Prometheus, expression: str) -> Iterator[str]:
    """Of those metrics that have series: labels which these have not, and values that nobody gives them."""
    labels = {metric: prometheus.labels(metric) for metric in metrics_in(expression)}
    for metric, matchers in selectors(expression):
        for name, (operator, value) in matchers.items():
            if labels[metric] and name not in labels[metric]:
                yield f"{metric} has no label {name}"
            elif labels[metric] and name == "job" and operator in ("=", "=~"):
                yield from (f"no {job} shows {metric}" for job in value.split("|") if job not in labels[metric]["job"])
            elif name == "name" and operator == "=" and value not in messages():
                yield f"there is no task {value}"
    made = {*_MAKES_LABELS.findall(expression)}
    if all(labels.values()):
        yield from (
            f"grouped by {name}" for name in grouped_by(expression) - made if not any(name in one for one in labels.values())
        )


def test_an_expression_is_empty_only_where_nothing_is_wrong(prometheus: Prometheus) -> None:
    empty = {where: expr for where, expr in all_expressions().items() if not prometheus.query(expr)}

    assert {where: expr for where, expr in empty.items() if not may_be_empty(prometheus, expr)} == {}


def may_be_empty(prometheus: Prometheus, expression: str) -> bool:
    """It asks whether something is beyond a limit, or reads a series that begins with the first event of its kind."""
    chosen = [f"{metric}{{{_matchers(matchers)}}}" for metric, matchers in selectors(expression)]
    return bool(_COMPARES.search(expression)) or not all(prometheus.query(one) for one in [*chosen, *metrics_in(expression)])


def _matchers(matchers: Mapping[str, tuple[str, str]]) -> str:
    return ", ".join(f'{name}{operator}"{value}"' for name, (operator, value) in matchers.items())


async def test_what_fires_is_kept_by_analytics_until_it_is_over(
    project: Project, flows: RunningStack, prometheus: Prometheus
) -> None:
    project.wait_for(lambda: prometheus.ask("/alertmanagers")["activeAlertmanagers"], "Prometheus finds no Alertmanager")
    wanted = {("LaneWithoutWorker", "alerts.default"), ("RelayDown", "alerts")}
    async with flows.api("analytics") as analytics:

        async def known(state: str) -> set[tuple[str, str]]:
            answer = await analytics.get("/v1/monitoring/alerts", params={"state": state, "limit": 100})
            alerts = [one for one in answer.raise_for_status().json()["items"] if one["source"] == "alertmanager"]
            return {(one["rule"], one["labels"].get("lane") or one["labels"].get("service")) for one in alerts}

        assert not wanted & await known("open")
        project.compose("stop", "--timeout", "5", "alerts-worker-normal", "alerts-relay")
        try:
            with project.timed("   from a stopped worker to an alert"):
                assert wanted <= await ask_until(lambda: known("firing"), wanted.issubset, timeout_s=120)
        finally:
            project.compose("start", "alerts-worker-normal", "alerts-relay")
        with project.timed("   from its start to the alert's end"):
            assert wanted <= await ask_until(lambda: known("resolved"), wanted.issubset, timeout_s=120)
    project.wait_until_healthy("alerts-worker-normal", "alerts-relay")
