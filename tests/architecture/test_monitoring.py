"""Rules and dashboards read metrics that there are, every alert leads to a page, and the pages name commands that there are."""

import re
from pathlib import Path

import pytest
import yaml
from typer import Typer

from deploy.local.cli import app as waybill
from deploy.validation.monitoring import GIVEN, PROMETHEUS, dashboards, expressions, metrics_in, rule_files, rules
from deploy.validation.tools import PROMTOOL
from services.analytics.monitoring_alerts.raising import RUNBOOKS
from tests.architecture.exported import exported_apart
from tests.architecture.source import ROOT
from tests.docs.pages import anchors

RECORDED = {rule["record"] for rule in rules() if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
PAGE = ROOT / "docs/runbooks/alerts.md"


@pytest.fixture(scope="module")
def known() -> set[str]:
    return exported_apart() | GIVEN | RECORDED


def test_rules_read_metrics_that_there_are(known: set[str]) -> None:
    assert {rule.get("alert") or rule["record"]: found for rule in rules() if (found := metrics_in(rule["expr"]) - known)} == {}


def test_dashboards_read_metrics_that_there_are(known: set[str]) -> None:
    read = {name: {metric for expr in expressions(board) for metric in metrics_in(expr)} for name, board in dashboards().items()}

    assert {name: metrics - known for name, metrics in read.items() if metrics - known} == {}


def test_what_an_expression_reads_is_found() -> None:
    expression = (
        'sum by (lane) (rate(a_total{b="c_total", d=~"e|f"}[5m])) / on (x) group_left (y) g:h > 1.5e3 unless z_count offset 1h'
    )

    assert metrics_in(expression) == {"a_total", "g:h", "z_count"}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_what_is_wrong_and_where_to_look(name: str) -> None:
    page, _, anchor = ALERTS[name]["annotations"]["runbook_url"].partition("#")

    assert ALERTS[name]["labels"]["severity"] in ("page", "ticket", "none")
    assert ALERTS[name]["annotations"]["summary"]
    assert page.startswith(RUNBOOKS)
    assert (ROOT / page).is_file()
    assert not anchor or anchor in anchors(ROOT / page)


def test_the_page_of_alerts_has_those_that_there_are() -> None:
    described = re.findall(r"^## (\w+)$", PAGE.read_text(), re.MULTILINE)
    elsewhere = {name for name, rule in ALERTS.items() if "runbooks/alerts.md" not in rule["annotations"]["runbook_url"]}

    assert set(described) == set(ALERTS) - elsewhere


@pytest.mark.parametrize("page", [PAGE, ROOT / "docs/deploying.md"], ids=lambda page: page.stem)
def test_commands_of_a_page_exist(page: Path) -> None:
    groups = {str(group.name): _names(group.typer_instance) for group in waybill.registered_groups}
    named: list[tuple[str, str]] = re.findall(r"(?:`|\$ )waybill ([a-z-]+)(?: ([a-z]+))?", page.read_text())

    assert named
    assert {command for command, _ in named} - _names(waybill) - set(groups) == set()
    assert [(group, command) for group, command in named if group in groups and command not in groups[group]] == []


def _names(group: Typer | None) -> set[str]:
    commands = group.registered_commands if group else []
    return {one.name or (one.callback.__name__ if one.callback else "") for one in commands}


@pytest.mark.skipif(PROMTOOL.path() is None, reason=f"promtool is not installed: {PROMTOOL.got}")
def test_alerts_fire_when_they_should_and_not_else() -> None:
    checked = PROMTOOL.run("check", "rules", *rule_files())
    tested = PROMTOOL.run("test", "rules", *sorted((PROMETHEUS / "tests").glob("*.yml")))

    assert checked.returncode == tested.returncode == 0, checked.stderr + tested.stdout + tested.stderr


def test_of_open_cases_analytics_tells_and_alertmanager_only_shows() -> None:
    config = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
    chosen = {route["matchers"][0]: route["receiver"] for route in config["route"]["routes"]}
    receivers = {one["name"]: set(one) for one in config["receivers"]}

    assert "reconciliation_breaks" in anchors(ROOT / "docs/runbooks/monitoring-alerts.md")
    assert receivers[chosen['alertname = "CasesOpen"']] == {"name"}


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    texts = "".join(file.read_text() for file in (PROMETHEUS / "tests").glob("*.yml"))
    fired = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n", texts))

    assert set(ALERTS) - fired == set()
