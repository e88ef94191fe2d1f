"""What is counted of runs."""

from typing import Final

from prometheus_client import Counter

from shared.runtime.metrics import REGISTRY

FINDINGS: Final = Counter(
    "payments_reconciliation_findings",
    "What runs have found that was not as it should be, each time, by class and by whether it was put right.",
    ("class", "healed"),
    registry=REGISTRY,
)
