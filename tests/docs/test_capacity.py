"""The page on capacity has every benchmark, and the alerts and steps that it names are there."""

import re

from bench.__main__ import BENCHMARKS
from deploy.validation.monitoring import rules
from shared.contracts.lanes import LANES
from tests.docs.pages import DOCS

PAGE = (DOCS / "capacity.md").read_text()


def test_every_figure_has_a_benchmark_and_every_benchmark_of_a_service_a_figure() -> None:
    assert set(re.findall(r"`make bench (\w+)`", PAGE)) == set(BENCHMARKS) - {"matching"}


def test_every_row_of_a_service_says_what_prints_it() -> None:
    rows = [line for line in section("Each service").splitlines() if line.startswith("| ")][1:]

    assert rows
    assert [row for row in rows if not re.search(r"\| `make bench \w+` \|$", row)] == []


def test_what_is_concluded_names_figures_that_were_measured() -> None:
    """A figure that a new run has replaced must not live on in the advice that was drawn from it."""
    # Batches are what a measured number of messages comes to.
    rate, cpu = r"([\d,]+)(?: (?!batches)[a-z]+)?/s", r"[\d.]+ to [\d.]+ ms of CPU"
    measured = section("The message path") + section("Each service")
    concluded = section("What to add first") + section("Beyond one of each")

    assert set(re.findall(rate, concluded)) - set(re.findall(rate, measured)) == set()
    assert set(re.findall(cpu, concluded)) - set(re.findall(cpu, measured)) == set()
    assert re.findall(rate, concluded)
    assert re.findall(cpu, concluded)


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_alerts_and_lanes_that_the_page_names_exist() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    lanes = set(re.findall(r"`((?:alerts|notifications|payments|trips|analytics)\.[a-z]+)`", PAGE))

    assert set(re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)`", PAGE)) - alerts == set()
    assert lanes - set(LANES) == set()
    assert lanes
