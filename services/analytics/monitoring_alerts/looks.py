"""What each rule looks at. A function per rule: from all that is seen, what is wrong, and what cannot be known now."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from services.analytics.lanes.service import backlog_of
from services.analytics.monitoring_alerts.models import Found, Look, Rule
from services.analytics.monitoring_alerts.seen import Seen
from services.analytics.workers.schemas import WorkerOut

EVERYTHING: Final = ("",)
MORE_THAN_A_PAGE: Final = " or more"
OTHERS: Final = "others"
GIVEN_UP: Final = timedelta(days=2)
"""A source that nobody has asked to read for so long is out of use. Schedules of once a day are less."""


def critical_task_failed(seen: Seen, _: Rule) -> Look:
    """What failed on urgent lanes. While nobody hears the workers, nobody knows."""
    found = [
        Found(name, f"{name} has failed for good {count} times within ten minutes", count)
        for name, count in seen.failures.items()
    ]
    return Look(found, EVERYTHING if seen.is_deaf else ())


def backlog(seen: Seen, rule: Rule) -> Look:
    """Lanes for which too much waits, in tables or in the broker, where a plain Celery client leaves its messages.

    What is known to wait is enough to say so, even where a part is not known.
    """
    found, unknown = [], []
    for lane in seen.queues.items:
        waiting = backlog_of(lane)
        if waiting > rule.limit:
            oldest = f", the oldest for {lane.oldest_s:.0f} s" if lane.oldest_s else ""
            found.append(Found(lane.lane, f"{waiting} messages wait for {lane.lane}{oldest}", waiting))
        elif not lane.is_complete:
            unknown.append(lane.lane)
    return Look(found, unknown)


def worker_down(seen: Seen, _: Rule) -> Look:
    """Workers that are down and were not replaced: where machines come and go, another name takes the same lanes."""
    found = [Found(one.hostname, f"{one.hostname}: {one.why}{_left_alone(one, seen)}") for one in _gone(seen)]
    return Look(found, EVERYTHING if seen.is_deaf else ())


def _gone(seen: Seen) -> list[WorkerOut]:
    heard = _heard(seen)
    return [one for one in seen.workers.items if one.state == "down" and not any(_replaces(other, one) for other in heard)]


def _heard(seen: Seen) -> list[WorkerOut]:
    return [one for one in seen.workers.items if one.state in ("up", "busy", "stuck")]


def _left_alone(gone: WorkerOut, seen: Seen) -> str:
    # By what workers say: the broker keeps a worker's lanes for some time after its last word, and the mail goes out once.
    taken = {lane for one in _heard(seen) for lane in one.lanes}
    lanes = [lane for lane in gone.lanes if lane not in taken]
    return f"; nobody takes from {', '.join(lanes)} now" if lanes else ""


def _replaces(other: WorkerOut, gone: WorkerOut) -> bool:
    return other.first_seen_at > gone.seen_at and set(gone.lanes) <= set(other.lanes)


def worker_stuck(seen: Seen, _: Rule) -> Look:
    """Workers that get nowhere."""
    found = [Found(one.hostname, f"{one.hostname}: {one.why}") for one in seen.workers.items if one.state == "stuck"]
    return Look(found, EVERYTHING if seen.is_deaf else ())


def lane_without_workers(seen: Seen, _: Rule) -> Look:
    """Lanes that nobody takes from, but for those of a worker that is down: its own alert says so, and one is enough."""
    without, told = seen.workers.without_workers, {lane for one in _gone(seen) for lane in one.lanes}
    found = [Found(lane, f"no worker takes from {lane}") for lane in without or () if lane not in told]
    return Look(found, EVERYTHING if without is None else ())


def component_down(seen: Seen, _: Rule) -> Look:
    """Parts that are not well; providers have a rule of their own."""
    return Look(
        [
            Found(one.component, f"{one.component} is {one.status}: {one.problem}")
            for one in seen.health.components
            if one.kind != "provider" and one.status != "ok"
        ]
    )


def provider_down(seen: Seen, _: Rule) -> Look:
    """Outside providers that are left alone. What workers have met is in the broker, so without it nobody knows."""
    components = seen.health.components
    is_blind = any(one.kind == "broker" and one.status == "down" for one in components)
    found = [
        Found(one.component.removeprefix("provider:"), f"{one.component.removeprefix('provider:')} is {one.problem}")
        for one in components
        if one.kind == "provider" and one.status == "down"
    ]
    return Look(found, EVERYTHING if is_blind else ())


def schedule_missed(seen: Seen, rule: Rule) -> Look:
    """Entries with a slot that is overdue, or with one that was passed over since the look before."""
    found = []
    for one in seen.schedules.items:
        subject = f"{one.service}/{one.name}"
        passed_over = seen.missed.get(subject, 0) - seen.missed_before.get(subject, seen.missed.get(subject, 0))
        if one.late_s is not None and one.late_s > rule.limit:
            found.append(Found(subject, f"{one.message} should have come {one.late_s:.0f} s ago", one.late_s))
        elif passed_over > 0:
            found.append(Found(subject, f"{one.message} was passed over {passed_over} times", passed_over))
    return Look(found, [f"{one.service}/" for one in seen.schedules.unknown])


def dead_letters(seen: Seen, _: Rule) -> Look:
    """Open letters by service and task, all that there are."""
    found: list[Found] = []
    for service, answer in seen.letters.items():
        counts = [(one.subject, one.letters) for one in answer.value.items] if answer.value else []
        others = [(OTHERS, answer.value.others)] if answer.value and answer.value.others else []
        for subject, count in (*counts, *others):
            found.append(Found(f"{service}/{subject}", f"{service}/{subject}: {count} dead letters are open", count))
    # Where there are others, one whose letters are settled may only have become one of them.
    unsure = [service for service, answer in seen.letters.items() if answer.value is None or answer.value.others]
    return Look(found, [f"{service}/" for service in unsure])


def reconciliation_breaks(seen: Seen, _: Rule) -> Look:
    """Open cases of payments, by kind. Where there are more than a page, the others may be of any kind."""
    if seen.cases.value is None:
        return Look((), EVERYTHING)
    counts = Counter(case.kind for case in seen.cases.value.items)
    has_more = seen.cases.value.next_cursor is not None
    more = MORE_THAN_A_PAGE if has_more else ""
    found = [Found(f"payments/{kind}", f"{count}{more} cases of {kind} are open", count) for kind, count in counts.items()]
    return Look(found, EVERYTHING if has_more else ())


def sync_failing(seen: Seen, rule: Rule) -> Look:
    """Sources of which the last runs have failed, and that are read still: what is not set up any more never succeeds again."""
    read = [one for one in seen.sources if one.asked_at is not None and seen.at - one.asked_at <= GIVEN_UP]
    failing = [one for one in read if one.failures >= rule.limit]
    return Look(
        [Found(one.name, f"{one.name} could not be read {one.failures} times: {one.error}", one.failures) for one in failing]
    )


def backup_old(seen: Seen, rule: Rule) -> Look:
    """Whether a backup is missing: they are made every six hours, so the limit is one that failed."""
    age_s = (seen.at - seen.unsaved_since).total_seconds() if seen.unsaved_since else 0.0
    said = f"what has changed for {age_s / 3600:.1f} hours is in no verified backup"
    return Look([Found("backups", said, age_s)] if age_s > rule.limit else ())


def backup_failed(seen: Seen, _: Rule) -> Look:
    """Whether the last backup came to nothing. While one runs, nobody knows yet."""
    last = seen.last_backup
    if last is not None and last.state == "failed":
        return Look([Found("backups", f"the last backup came to nothing: {last.error}")])
    return Look((), EVERYTHING if last is not None and last.state in ("asked", "running") else ())


def disk(seen: Seen, rule: Rule) -> Look:
    """Disks that fill up: this machine's, and those on which workers keep backups and archives, wherever they run."""
    found = {one.subject: one for one in _share("disk")(seen, rule).found}
    heard, unheard = set[str](), set[str]()
    for worker in seen.workers.items:
        for one in () if worker.state == "stopped" else worker.disks:
            machine = worker.hostname.rpartition("@")[2]
            subject = machine if one.mount == "/" else f"{machine}:{one.mount}"
            if seen.is_deaf or worker.state == "down":
                unheard.add(subject)
                continue
            heard.add(subject)
            if one.used_share > rule.limit:
                left = f"and {one.free_bytes // 1_000_000} MB of it are left"
                said = f"the disk of {one.holds} ({one.mount} of {machine}) is used to {one.used_share:.0%}, {left}"
                found[subject] = Found(subject, said, one.used_share)
    return Look([*found.values()], sorted(unheard - heard))


def _share(name: str) -> Callable[[Seen, Rule], Look]:
    def look(seen: Seen, rule: Rule) -> Look:
        share = float(getattr(seen.machine, name))
        said = f"{name} of {seen.machine.name} is used to {share:.0%}"
        return Look([Found(seen.machine.name, said, share)] if share > rule.limit else ())

    return look


LOOKS: Final[Mapping[str, Callable[[Seen, Rule], Look]]] = {
    "critical_task_failed": critical_task_failed,
    "backlog": backlog,
    "worker_down": worker_down,
    "worker_stuck": worker_stuck,
    "lane_without_workers": lane_without_workers,
    "component_down": component_down,
    "provider_down": provider_down,
    "schedule_missed": schedule_missed,
    "dead_letters": dead_letters,
    "reconciliation_breaks": reconciliation_breaks,
    "sync_failing": sync_failing,
    "backup_old": backup_old,
    "backup_failed": backup_failed,
    "cpu": _share("cpu"),
    "memory": _share("memory"),
    "disk": disk,
}


def all_looks(seen: Seen, rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, Look]]:
    """What each rule finds."""
    for rule in rules:
        yield rule, LOOKS[rule.name](seen, rule)
