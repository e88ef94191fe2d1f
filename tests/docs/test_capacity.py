"""The page on capacity has every benchmark, and the alerts and steps that it names are there."""

import re

from bench.__main__ import BENCHMARKS
from deploy.validation.monitoring import rules
from shared.contracts.lanes import LANES
from tests.docs.pages import DOCS

PAGE = (DOCS / "capacity.md").read_text()


def test_every_figure_has_a_benchmark_and_every_benchmark_of_a_service_a_figure() -> None:
    assert set(re.findall(r"`make bench (\w+)`", PAGE)) == set(BENCHMARKS) - {"matching"}


def test_alerts_and_lanes_that_the_page_names_exist() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    lanes = set(re.findall(r"`((?:alerts|notifications|payments|trips|analytics)\.[a-z]+)`", PAGE))

    assert set(re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)`", PAGE)) - alerts == set()
    assert lanes - set(LANES) == set()
    assert lanes
