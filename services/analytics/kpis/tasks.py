"""What a worker does with the messages about KPIs."""

from services.analytics import kpi_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import CalculateKpis
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(CalculateKpis)
def calculate_kpis(runtime: ProcessRuntime) -> OwnWork[CalculateKpis]:
    """Works out the figures of whole days."""
    calculating = kpi_deps.calculating(runtime.database, runtime.clock)
    return OwnWork(lambda asked: calculating.calculate(asked.slot))
