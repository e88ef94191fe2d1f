"""What the forms of the public pages say."""

from collections.abc import Sequence
from datetime import date, time
from typing import Final

from services.notifications.preferences.models import Choice, Key, QuietHours
from services.notifications.preferences.schemas import DAYS
from services.notifications.preferences.service import Shown
from services.notifications.unsubscribing.errors import FormUnusable

Fields = Sequence[tuple[str, str]]
ONE_CLICK: Final = (("List-Unsubscribe", "One-Click"),)
"""RFC 8058 §3.1: the whole body, in either encoding of forms."""

NEVER: Final = QuietHours(time(0), time(0), frozenset())
USUAL: Final = QuietHours(time(22), time(8), frozenset(range(1, 8)))
"""What the page offers to somebody who has no hours of their own."""


def field_of(key: Key) -> str:
    """The name of the field of a choice."""
    return f"choice.{key.category}.{key.channel}"


def choices_in(fields: Fields, offered: Sequence[Key]) -> dict[Key, Choice]:
    """The choices among the fields; what was not offered is not looked at. Raises FormUnusable."""
    values = dict(fields)
    try:
        return {key: Choice(values[field_of(key)]) for key in offered if field_of(key) in values}
    except ValueError:
        raise FormUnusable("error_form") from None


def mode_of(own: QuietHours | None) -> str:
    """Which of `organization`, `none` and `own` somebody's quiet hours are."""
    return "organization" if own is None else "own" if own.days else "none"


def offered_hours(own: QuietHours | None) -> QuietHours:
    """The hours that the page has in its fields."""
    return own if own is not None and own.days else USUAL


def times_in(fields: Fields, shown: Shown) -> tuple[QuietHours | None, date | None]:
    """(quiet hours, end of the pause) that the fields say; what is there already, where they say nothing. Raises FormUnusable.

    Whoever enters hours and leaves the choice above them as it was wants these hours.
    """
    values = dict(fields)
    chosen = values.get("quiet")
    if chosen == mode_of(shown.sheet.quiet) and _has_entered_hours(fields, offered_hours(shown.sheet.quiet)):
        chosen = "own"
    match chosen:
        case None:
            quiet = shown.sheet.quiet
        case "organization":
            quiet = None
        case "none":
            quiet = NEVER
        case "own":
            quiet = _own(values, [value for name, value in fields if name == "quiet_day"])
        case _:
            raise FormUnusable("error_form")
    return quiet, _pause(values, shown)


def _has_entered_hours(fields: Fields, offered: QuietHours) -> bool:
    values = dict(fields)
    if not {"quiet_from", "quiet_until"} <= values.keys():
        return False
    entered = (values["quiet_from"][:5], values["quiet_until"][:5], {value for name, value in fields if name == "quiet_day"})
    return entered != (f"{offered.begin:%H:%M}", f"{offered.end:%H:%M}", {DAYS[number - 1] for number in offered.days})


def _own(values: dict[str, str], days: Sequence[str]) -> QuietHours:
    try:
        begin, end = (time.fromisoformat(values[name][:5]) for name in ("quiet_from", "quiet_until"))
        quiet = QuietHours(begin, end, frozenset(DAYS.index(day) + 1 for day in days))
    except (ValueError, KeyError):
        raise FormUnusable("error_days") from None
    if not quiet.days:
        raise FormUnusable("error_days")
    if quiet.endless:
        raise FormUnusable("error_endless")
    return quiet


def _pause(values: dict[str, str], shown: Shown) -> date | None:
    if "paused_until" not in values:
        return shown.sheet.paused_until
    try:
        return date.fromisoformat(values["paused_until"]) if values["paused_until"].strip() else None
    except ValueError:
        raise FormUnusable("error_pause") from None
