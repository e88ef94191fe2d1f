"""Which slots have come and which have not: for each entry, from what its service says and what the clock says."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.analytics.owners.answers import Answer
from services.analytics.slots.schemas import ScheduleOut, SchedulesOut, SilentService
from shared.runtime.operations.schedules.schemas import ScheduleList, ScheduleView
from shared.runtime.schedule import slots_between

PATH: Final = "/v1/operations/schedules"
GRACE: Final = timedelta(seconds=30)
"""A relay looks every second; a slot that has not fired by then is late."""


def survey(answers: Mapping[str, Answer[ScheduleList]], at: datetime) -> SchedulesOut:
    """All entries at this moment. Of a service that does not answer, those that it told last, without a judgement."""
    items: list[ScheduleOut] = []
    for service, answer in answers.items():
        said = answer.value or answer.last
        items += [_entry(service, view, at, is_known=answer.is_known) for view in (said.items if said else ())]
    silent = [
        SilentService(service=one.service, problem=one.problem or "it does not answer", last_at=one.last_at)
        for one in answers.values()
        if not one.is_known
    ]
    return SchedulesOut(
        at=at,
        missed=sum(one.missed for one in items),
        late=sum(one.late_slots > 0 for one in items),
        unknown=silent,
        items=sorted(items, key=lambda one: (one.late_s is None, one.service, one.name)),
    )


def _entry(service: str, view: ScheduleView, at: datetime, *, is_known: bool) -> ScheduleOut:
    late: list[datetime] = []
    if is_known and not view.paused and view.last_slot is not None:
        late = slots_between(view.crontab, view.timezone, view.last_slot, at - GRACE)
    return ScheduleOut(
        **view.model_dump(),
        service=service,
        late_s=round((at - late[0]).total_seconds(), 1) if late else None,
        late_slots=len(late),
    )
