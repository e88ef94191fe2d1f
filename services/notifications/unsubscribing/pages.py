"""The public pages as HTML: no script, no file from elsewhere, and a policy that allows none (CSP level 3)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifications.preferences.checks import offers_summaries
from services.notifications.preferences.models import MAX_PAUSE_DAYS, SUMMARIES, Choice, Key, QuietHours
from services.notifications.preferences.schemas import DAYS
from services.notifications.preferences.service import ShownCategory
from services.notifications.unsubscribing.forms import field_of, mode_of, offered_hours
from services.notifications.unsubscribing.texts import TEXTS
from services.notifications.unsubscribing.visits import Visit

_FOLDER: Final = Path(__file__).with_name("html")
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_STYLE_HASH: Final = hashlib.sha256(_ENVIRONMENT.get_template("style.css").render().encode()).digest()
_STYLE_SOURCE: Final = f"'sha256-{base64.b64encode(_STYLE_HASH).decode()}'"
POLICY: Final = f"default-src 'none'; style-src {_STYLE_SOURCE}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a reader."""

    status: int
    html: str
    language: str


def invalid_page(language: str) -> Page:
    """For a link that is none."""
    return _page("invalid", 404, language, organization=None)


def unsubscribe_page(visit: Visit, state: str, status: int = 200) -> Page:
    """state: `ask`, `done` or `locked`."""
    words = TEXTS[visit.language]
    sentence = words[state].format(
        category=_title(visit.category, visit.language),
        organization=visit.organization or words["sender"],
        over=words[f"over_{visit.subject.channel}"],
    )
    return _page("unsubscribe", status, visit.language, state=state, sentence=sentence, **_about(visit))


def preferences_page(visit: Visit, today: date, *, saved: bool = False, error: str | None = None) -> Page:
    """Everything that can be chosen. today: where the reader is. error: the name of a text, where a form was refused."""
    words = TEXTS[visit.language]
    organization = visit.organization or words["sender"]
    offered = {key.category for key in visit.offered}
    declinable = [one for one in visit.shown.categories if one.category.name in offered]
    locked = [_title(one, visit.language) for one in visit.shown.categories if one.category.locked]
    return _page(
        "preferences",
        422 if error is not None else 200,
        visit.language,
        saved=saved,
        error=words[error].format(days=MAX_PAUSE_DAYS) if error is not None else None,
        intro=words["intro"].format(organization=organization),
        categories=[_category(one, visit) for one in declinable],
        locked=", ".join(locked),
        times=_times(visit, organization, today) if visit.subject.person is not None else None,
        zone=words["zone"].format(zone=visit.shown.time_zone),
        pause_hint=words["pause_hint"].format(days=MAX_PAUSE_DAYS),
        **_about(visit),
    )


def _page(name: str, status: int, language: str, **context: Any) -> Page:
    template = _ENVIRONMENT.get_template(f"{name}.html")
    return Page(status, template.render(language=language, t=TEXTS[language], **context), language)


def _about(visit: Visit) -> dict[str, Any]:
    return {
        "organization": visit.organization,
        "unsubscribe_path": f"../unsubscribe/{visit.token}",
        "preferences_path": f"../preferences/{visit.token}",
    }


def _title(one: ShownCategory, language: str) -> str:
    return (one.category.title_hi if language == "hi" else None) or one.category.title


def _category(one: ShownCategory, visit: Visit) -> dict[str, Any]:
    words = TEXTS[visit.language]
    rows = []
    for channel in one.channels:
        key = Key(one.category.name, channel.channel)
        if key not in visit.offered:
            continue
        options = [
            {"value": choice.value, "label": words[choice], "checked": channel.choice is choice}
            for choice in choices_of(key, visit)
        ]
        rows.append({"field": field_of(key), "label": words[channel.channel], "options": options})
    return {"title": _title(one, visit.language), "rows": rows}


def choices_of(key: Key, visit: Visit) -> Sequence[Choice]:
    """What is offered there: summaries are a person's."""
    summaries = SUMMARIES if visit.subject.person is not None and offers_summaries(key) else ()
    return (Choice.ON, *summaries, Choice.OFF)


def _times(visit: Visit, organization: str, today: date) -> dict[str, Any]:
    words, own = TEXTS[visit.language], visit.shown.sheet.quiet
    theirs = words["quiet_organization"].format(organization=organization, hours=_hours(visit.shown.policy.quiet, visit.language))
    mode, hours = mode_of(own), offered_hours(own)
    modes = (("organization", theirs), ("none", words["quiet_none"]), ("own", words["quiet_own"]))
    pause = visit.shown.sheet.paused_until
    return {
        "modes": [{"value": value, "label": label, "checked": value == mode} for value, label in modes],
        "begin": f"{hours.begin:%H:%M}",
        "end": f"{hours.end:%H:%M}",
        "days": [{"value": day, "label": words[day], "checked": number in hours.days} for number, day in enumerate(DAYS, 1)],
        "paused_until": pause.isoformat() if pause is not None and pause > today else "",
        "first_day": (today + timedelta(days=1)).isoformat(),
        "last_day": (today + timedelta(days=MAX_PAUSE_DAYS)).isoformat(),
    }


def _hours(quiet: QuietHours | None, language: str) -> str:
    words = TEXTS[language]
    if quiet is None or not quiet.days:
        return words["no_hours"]
    days = words["every_day"] if len(quiet.days) == 7 else ", ".join(words[DAYS[number - 1]] for number in sorted(quiet.days))
    return f"{quiet.begin:%H:%M}–{quiet.end:%H:%M}, {days}"
