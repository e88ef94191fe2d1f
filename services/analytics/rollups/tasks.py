"""What a worker does with the messages about rollups."""

from services.analytics import rollup_deps
from services.analytics.own_work import OwnWork
from shared.contracts.analytics import RebuildRollups, RollUpEvents, TendEvents
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(RollUpEvents)
def roll_up_events(runtime: ProcessRuntime) -> OwnWork[RollUpEvents]:
    """Counts what has changed."""
    rolling = rollup_deps.rolling(runtime.database, runtime.clock)
    return OwnWork(lambda _: rolling.roll(rollup_deps.BUDGET_S))


@effect(RebuildRollups)
def rebuild_rollups(runtime: ProcessRuntime) -> OwnWork[RebuildRollups]:
    """Counts everything from scratch."""
    rolling = rollup_deps.rolling(runtime.database, runtime.clock)
    return OwnWork(lambda asked: rolling.rebuild(asked.since, asked.until))


@effect(TendEvents)
def tend_events(runtime: ProcessRuntime) -> OwnWork[TendEvents]:
    """Makes days ready, and lets go of what is kept no longer."""
    tending = rollup_deps.tending(runtime.database, runtime.clock, runtime.settings.archive_dir)
    return OwnWork(lambda asked: tending.tend(asked.slot))
