"""`python -m services.notifications.relay`: carries what the notifications service has promised to the broker."""

from typing import Final

from services.notifications.callbacks.metrics import measure_callbacks
from services.notifications.settings import settings
from services.notifications.suppressions.metrics import measure_suppressions
from shared.runtime.relay.runner import Measure, main

MEASURES: Final[tuple[Measure, ...]] = (measure_callbacks, measure_suppressions)

if __name__ == "__main__":
    main(settings())
