"""The probe's messages."""

from typing import ClassVar, Literal

from shared.contracts import lanes
from shared.contracts.message import Answer, Command, Contract, Event
from shared.contracts.retry import RetryPolicy

Behaviour = Literal["ok", "transient", "permanent", "drop", "bug", "kill", "hang"]
_RETRY = RetryPolicy(max_retries=3, base_s=1, cap_s=4)


class RecordProbe(Command):
    """Write one row. What it does besides is in `behave`."""

    contract: ClassVar = Contract("analytics.record_probe", (lanes.ANALYTICS_NORMAL,), _RETRY, max_batch=500)

    number: int
    behave: Behaviour = "ok"


class RecordProbeAlone(Command):
    """The same, one message per delivery."""

    contract: ClassVar = Contract("analytics.record_probe_alone", (lanes.ANALYTICS_REALTIME,), _RETRY, max_batch=1)

    number: int
    behave: Behaviour = "ok"


class CallProbe(Command):
    """Write one row through an effect: claim, call, record."""

    contract: ClassVar = Contract("analytics.call_probe", (lanes.ANALYTICS_NORMAL,), _RETRY, max_batch=50)

    number: int
    behave: Behaviour = "ok"
    call_s: float = 0.0


class AskProbe(Command):
    """Answer twice the number."""

    contract: ClassVar = Contract(
        "analytics.ask_probe", (lanes.ANALYTICS_NORMAL,), _RETRY, max_batch=1, answer=Answer(cache_s=60)
    )

    number: int


class ProbeHappened(Event):
    """An event with two subscribing lanes."""

    contract: ClassVar = Contract("trips.probe_happened", (lanes.ANALYTICS_NORMAL, lanes.ANALYTICS_REALTIME), max_batch=100)

    number: int
