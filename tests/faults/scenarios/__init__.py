"""Every scenario, in the order in which they run."""

from typing import Final

from tests.faults.scenario import Scenario
from tests.faults.scenarios import alerts, broker, campaigns, database, delivery, deploys, email, kills, payments, plain, poison

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *kills.SCENARIOS,
    *plain.SCENARIOS,
    *broker.SCENARIOS,
    *database.SCENARIOS,
    *delivery.SCENARIOS,
    *poison.SCENARIOS,
    *deploys.SCENARIOS,
    *email.SCENARIOS,
    *alerts.SCENARIOS,
    *campaigns.SCENARIOS,
    *payments.SCENARIOS,
)
