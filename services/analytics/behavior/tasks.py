"""What a worker does with the messages about what people do."""

from services.analytics import behavior_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import AnalyzeUserBehavior
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(AnalyzeUserBehavior)
def analyze_user_behavior(runtime: ProcessRuntime) -> OwnWork[AnalyzeUserBehavior]:
    """Works out who was there when, and how engaged everybody is."""
    analysing = behavior_deps.analysing(runtime.database, runtime.clock)
    return OwnWork(lambda asked: analysing.analyse(asked.slot))
