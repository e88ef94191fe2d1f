"""Messages of these tests' own, so that the probe's may travel where fault runs and benchmarks need them."""

from typing import ClassVar

from shared.contracts import lanes
from shared.contracts.message import Command, Contract


class Parcel(Command):
    """As many in a delivery as any contract may have, on a lane that does not linger."""

    contract: ClassVar = Contract("analytics.take_parcel", (lanes.ANALYTICS_CRITICAL,), max_batch=500)

    number: int


class Letter(Command):
    """The same on a lane that lingers."""

    contract: ClassVar = Contract("analytics.take_letter", (lanes.ANALYTICS_BATCH,), max_batch=500)

    number: int
