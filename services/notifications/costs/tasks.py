"""What a worker does to learn what SMS have cost."""

from services.notifications import callback_deps
from services.notifications.costs.price_collect import PriceCollecting
from shared.contracts.notifications import CollectSmsPrices
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CollectSmsPrices)
def collect_sms_prices(runtime: ProcessRuntime) -> PriceCollecting:
    """Asks providers what SMS have cost of which no report has told it."""
    return callback_deps.price_collecting(runtime)
