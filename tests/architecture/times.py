"""Rules about time: who may read the machine's clock, and that no time is naive."""

import ast
from collections.abc import Iterable, Iterator
from datetime import datetime

from tests.architecture.source import Source, Use, dotted, exempt

READS_THE_CLOCK: dict[str, str] = {
    "shared/runtime/clock.py": "the system clock that is injected everywhere else",
}

_READS = {"now", "today", "utcnow"}
_NEVER_AWARE = {"today", "utcnow", "utcfromtimestamp"}
_NOW = {"now", "fromtimestamp", *_NEVER_AWARE}
# What counts seconds from an arbitrary start (`monotonic`, `perf_counter`) measures and tells no time.
_MACHINE_CLOCK = {
    f"time.{name}"
    for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime", "clock_gettime", "clock_gettime_ns")
}


def find_clock_reads(files: Iterable[Source], exemptions: dict[str, str] = READS_THE_CLOCK) -> Iterator[str]:
    """Business code asks the injected clock, so that tests and schedules can set the time.

    The runtime may take `time.time()` for what it shares with other machines: expiries in Redis, claims of tokens.
    """
    for source in files:
        if source.path.parts[0] not in ("services", "shared") or exempt(source, exemptions):
            continue
        for use in source.uses:
            is_now = _is_of_a_date_class(use) and use.verb in _READS
            if is_now or (source.in_service and use.name in _MACHINE_CLOCK):
                yield f"{source.at(use.node)}: {use.said} reads the machine's clock; take a shared.runtime.clock.Clock"


def find_naive_datetimes(files: Iterable[Source]) -> Iterator[str]:
    """Naive times; a test that needs one to show that it is refused says so with `noqa: DTZ…`, which ruff wants as well.

    Ruff has no rule for a zone that is taken off, so a test may do that inside of `pytest.raises`.
    """
    for source in files:
        with_zone, refused = _bound(source), _refused(source)
        for use in source.uses:
            if source.is_test and "# noqa: DTZ" in source.line(use.node):
                continue
            if use.call is None:
                naive = use.verb in _NOW and _is_of_a_date_class(use) and id(use.node) not in with_zone
                problem = "makes a naive time when it is called; hand on a function that gives it UTC" if naive else None
            else:
                problem = _naive_call(source, use, use.call)
            if problem and not (use.verb == "replace" and id(use.node) in refused):
                yield f"{source.at(use.node)}: {use.said} {problem}"


def _naive_call(source: Source, use: Use, call: ast.Call) -> str | None:
    zones = [keyword for keyword in call.keywords if keyword.arg in ("tz", "tzinfo", None)]
    has_zone = any(not _is_none(keyword.value) for keyword in zones)
    if use.verb == "replace":
        return "takes the zone off; use astimezone" if zones and not has_zone and zones[0].arg == "tzinfo" else None
    if use.name in ("datetime", "datetime.datetime"):
        return None if has_zone or len(call.args) >= 8 else "without tzinfo is naive; give it UTC"
    if has_zone or not _is_of_a_date_class(use):
        return None
    if use.verb == "combine":
        return (
            None if len(call.args) > 2 or _is_aware_clock_time(source, call.args[1:]) else "without a zone is naive; give it UTC"
        )
    if use.verb == "fromisoformat":
        return "of a text without an offset is naive; write the offset" if _is_naive_text(use, call.args) else None
    given = {"now": 1, "fromtimestamp": 2}.get(use.verb)
    has_zone = given is not None and len(call.args) == given and not _is_none(call.args[-1])
    return "makes a naive time; give it UTC" if use.verb in _NOW and not has_zone else None


def _is_of_a_date_class(use: Use) -> bool:
    return use.owner.rpartition(".")[2] in ("datetime", "date")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_aware_clock_time(source: Source, given: list[ast.expr]) -> bool:
    """Whether the time of day says its zone where it stands: `time(12, tzinfo=UTC)`, `other.timetz()`."""
    match given:
        case [ast.Call(func=function, keywords=keywords)]:
            is_time = source.full_name(function) in ("time", "datetime.time")
            zones = [keyword for keyword in keywords if keyword.arg == "tzinfo" and not _is_none(keyword.value)]
            return (is_time and bool(zones)) or dotted(function).endswith(".timetz")
        case _:
            return False


def _is_naive_text(use: Use, given: list[ast.expr]) -> bool:
    match given:
        case [ast.Constant(str(text))] if use.owner.endswith("datetime"):
            try:
                return datetime.fromisoformat(text).tzinfo is None
            except ValueError:
                return False
        case _:
            return False


def _bound(source: Source) -> set[int]:
    """The functions that `partial` is given together with arguments, by identity: `partial(datetime.now, UTC)` knows its zone."""
    calls = [use.call for use in source.uses if use.verb == "partial" and use.call is not None]
    return {id(call.args[0]) for call in calls if call.args and len(call.args) + len(call.keywords) > 1}


def _refused(source: Source) -> set[int]:
    """All that a test does inside of `pytest.raises`, by identity."""
    found: set[int] = set()
    for node in ast.walk(source.tree) if source.is_test else ():
        if isinstance(node, ast.With | ast.AsyncWith) and any(_raises(item.context_expr) for item in node.items):
            found |= {id(inner) for statement in node.body for inner in ast.walk(statement)}
    return found


def _raises(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == "pytest.raises"
