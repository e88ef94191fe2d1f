"""`python -m services.payments.relay`: carries what the payments service has promised to the broker."""

from typing import Final

from services.payments.cases.metrics import measure_cases
from services.payments.settings import settings
from services.payments.webhooks.metrics import measure_events
from shared.runtime.relay.runner import Measure, main

MEASURES: Final[tuple[Measure, ...]] = (measure_cases, measure_events)

if __name__ == "__main__":
    main(settings())
