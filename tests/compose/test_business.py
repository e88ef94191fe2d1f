"""Whole flows through the published ports: a late shipment becomes a mail, an order an invoice, a trip a completed one."""

import json

import pytest

from deploy.local.demo import RunningStack, run_flow
from deploy.local.flows.payments import books, invoicing, ordering, paying
from deploy.local.flows.payments.story import story_on
from tests.compose.project import Project


def test_a_fresh_checkout_starts_without_a_warning(project: Project) -> None:
    said = project.said.lower()

    assert [line for line in said.splitlines() if "warn" in line or "deprecated" in line or "obsolete" in line] == []
    assert project.compose("config", "--quiet") == ""


@pytest.mark.parametrize("flow", ["alerts", "trips"])
async def test_flow_from_outside(flow: str, flows: RunningStack) -> None:
    result = await run_flow(flow, flows)

    assert [f"{check.name}: {check.found}" for check in result.checks if not check.passed] == []
    assert result.checks


async def test_an_order_is_paid_and_invoiced(flows: RunningStack) -> None:
    async with story_on(flows) as story:
        for step in (
            ordering.open_shop,
            ordering.place_order,
            paying.pay_at_checkout,
            paying.hear_of_the_capture,
            invoicing.invoice_order,
            invoicing.read_the_mail,
            paying.refund_a_part,
            books.are_balanced,
        ):
            await step(story)

    assert [f"{check.name}: {check.found}" for check in story.checks if not check.passed] == []
    assert story.counts == {"orders": 1, "payments": 1, "invoices": 1, "refunds": 1} | story.counts


def test_a_flow_runs_from_inside_as_the_readme_says(project: Project) -> None:
    said = json.loads(project.run("waybill", "demo", "--flow", "alerts", "--json"))

    assert said["passed"], [check for flow in said["flows"] for check in flow["checks"] if not check["passed"]]
