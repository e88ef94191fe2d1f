"""docs/operations.md names the settings, metrics, ports, paths and routes that the code has."""

import importlib
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase
from typer import Typer

from deploy.local.cli import app as waybill
from deploy.local.ports import PREFERRED
from shared.contracts.lanes import SERVICES
from shared.runtime import settings_reference
from shared.runtime.http import metrics as http_metrics
from shared.runtime.http.health import CHECKS
from shared.runtime.http.settings import HttpSettings
from shared.runtime.relay import archives, backlog, capacity, providers, sender
from shared.runtime.relay.providers import ANSWER_LABELS, ANSWERS
from shared.runtime.worker import request, steps
from tests.docs.pages import DOCS, Row, rows

PAGE = DOCS / "operations.md"


def _section(name: str) -> list[Row]:
    return [row for row in rows(PAGE) if row.section == name]


def test_table_of_settings_is_the_one_of_the_settings_classes() -> None:
    assert settings_reference.main(["check"]) == 0


def test_meaning_of_a_setting_stands_in_one_place() -> None:
    classes = [getattr(importlib.import_module(f"services.{name}.settings"), f"{name.capitalize()}Settings") for name in SERVICES]
    fields = {name: settings.model_fields[name] for settings in (HttpSettings, *classes) for name in settings.model_fields}

    described = {name for name, field in fields.items() if field.description}
    assert set(settings_reference.MEANINGS) & described == set()
    assert set(settings_reference.MEANINGS) - set(fields) == set()


def test_page_whose_settings_have_changed_is_refused_and_can_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "operations.md"
    page.write_text(PAGE.read_text().replace("`SMTP_HOST`", "`SMTP_HOTS`"))

    assert settings_reference.main(["check"], page) == 1
    assert "run `python -m shared.runtime.settings_reference write`" in capsys.readouterr().err
    assert settings_reference.main(["write"], page) == 0
    assert page.read_text() == PAGE.read_text()


def test_metrics_are_shown_with_their_type_and_labels() -> None:
    shown = {(row.quoted(0)[0], row.cells[1], tuple(row.cells[2].split(", "))) for row in _section("Metrics")}

    exported = {(f"{family.name}_total", family.type, ANSWER_LABELS) for family in ANSWERS.collect()}
    for module in (http_metrics, archives, backlog, capacity, providers, request, sender, steps):
        for metric in vars(module).values():
            if isinstance(metric, MetricWrapperBase):
                [family] = metric.describe()
                name = f"{family.name}_total" if isinstance(metric, Counter) else family.name
                exported.add((name, family.type, tuple(metric._labelnames)))
    assert shown == exported


def test_ports_are_the_preferred_ones() -> None:
    shown: dict[str, int] = {}
    for row in _section("The local stack"):
        if re.fullmatch(r"[\d, ]+", row.cells[1]):
            shown |= dict(zip(row.quoted(0)[: row.cells[1].count(",") + 1], map(int, row.cells[1].split(", ")), strict=True))

    assert shown == dict(PREFERRED)


def _api() -> FastAPI:
    module = importlib.import_module("services.trips.app")
    application: FastAPI = module.create_app()
    return application


def test_operations_and_health_show_every_route_of_theirs() -> None:
    wanted = re.compile(r"/v1/operations/|/(livez|readyz|version|metrics)$")
    routes = {
        # The page leaves out the converters of path parameters, as the OpenAPI document does.
        f"{method} {re.sub(r':[a-z]+}', '}', context.path or '')}"
        for context in iter_route_contexts(_api().routes)
        for method in sorted(getattr(context, "methods", None) or ())
        if wanted.match(context.path or "")
    }
    shown = {name for row in _section("Messages, lanes, dead letters, schedules") for name in row.quoted(2)}
    health = {f"GET {name}" for row in _section("Health") for name in row.quoted(0)}

    assert shown | health == routes


def test_readiness_names_its_checks() -> None:
    [row] = [row for row in _section("Health") if row.quoted(0) == ["/readyz"]]

    assert set(row.quoted(1)) == set(CHECKS)


def _names(group: Typer | None) -> set[str]:
    commands = group.registered_commands if group else []
    return {one.name or (one.callback.__name__ if one.callback else "") for one in commands}


def test_waybill_commands_of_the_page_exist() -> None:
    groups = {str(group.name): _names(group.typer_instance) for group in waybill.registered_groups}
    named: list[tuple[str, str]] = re.findall(r"`(?:\.venv/bin/)?waybill ([a-z-]+)(?: ([a-z][a-z-]*))?", PAGE.read_text())

    assert {command for command, _ in named} - _names(waybill) - set(groups) == set()
    assert [(group, command) for group, command in named if command and group in groups and command not in groups[group]] == []
