"""Which choices there are; the same for people, for organizations and for the public page."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from services.notifications.categories.models import DIGESTS, Category
from services.notifications.preferences.errors import CategoryLocked, CategoryUnknown, ChoiceImpossible, PauseUnusable
from services.notifications.preferences.models import MAX_PAUSE_DAYS, SUMMARIES, Channel, Choice, Key


def check_choices(choices: Mapping[Key, Choice], categories: Iterable[Category], *, known: Iterable[str] = ()) -> None:
    """Raises CategoryUnknown, CategoryLocked, ChoiceImpossible. known: categories that need not be among `categories`, because
    the person has chosen about them before."""
    classes = {category.name: category.locked for category in categories}
    unknown = sorted({key.category for key in choices} - set(classes) - set(known))
    if unknown:
        raise CategoryUnknown(f"there is no category {', '.join(unknown[:5])}; GET /v1/categories lists those that there are")
    locked = sorted({key.category for key, choice in choices.items() if choice is not Choice.ON and classes.get(key.category)})
    if locked:
        raise CategoryLocked(
            f"{', '.join(locked[:5])} is transactional: about what the person has ordered or owns; leave it on, or leave it out"
        )
    for key, choice in choices.items():
        if choice in SUMMARIES and not offers_summaries(key):
            raise ChoiceImpossible(
                "only e-mails can be collected into a summary, and not the summaries themselves; use on or off"
            )


def offers_summaries(key: Key) -> bool:
    """Whether messages of this kind can be collected. A summary cannot be collected into another one."""
    return key.channel is Channel.EMAIL and key.category != DIGESTS


def check_pause(paused_until: date | None, today: date) -> None:
    """today: where the person is. Raises PauseUnusable."""
    if paused_until is not None and not today < paused_until <= today + timedelta(days=MAX_PAUSE_DAYS):
        raise PauseUnusable(
            f"paused_until must be a day after today and at most {MAX_PAUSE_DAYS} days ahead; leave it out for none"
        )
