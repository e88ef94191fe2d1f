"""`python -m services.analytics.relay`: carries what the analytics service has promised to the broker."""

from typing import Final

from services.analytics.backups.metrics import measure_backups
from services.analytics.settings import settings
from services.analytics.sync_runs.metrics import measure_sync
from shared.runtime.relay.runner import Measure, main

MEASURES: Final[tuple[Measure, ...]] = (measure_backups, measure_sync)

if __name__ == "__main__":
    main(settings())
