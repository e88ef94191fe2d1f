"""What the links in messages do: they show, and they change only what somebody confirms (RFC 8058; scanners open every link)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from services.notifications.preferences.errors import CategoryLocked, ChoiceImpossible, PauseUnusable, TokenInvalid
from services.notifications.preferences.models import Channel, Choice, Key, Source
from services.notifications.preferences.quiet_hours import local_date
from services.notifications.preferences.service import RECIPIENT, PreferenceChanges, Wanted, Way
from services.notifications.unsubscribing.choices import RecipientChoices
from services.notifications.unsubscribing.errors import FormUnusable
from services.notifications.unsubscribing.forms import Fields, choices_in, times_in
from services.notifications.unsubscribing.pages import Page, invalid_page, preferences_page, unsubscribe_page
from services.notifications.unsubscribing.texts import language_of
from services.notifications.unsubscribing.visits import Visit, Visits
from shared.runtime.clock import Clock

Action = Literal["unsubscribe", "resubscribe"]


class PublicPages:
    """Showing. Never changes anything. languages: as in Visits.of."""

    def __init__(self, visits: Visits, clock: Clock) -> None:
        self._visits = visits
        self._clock = clock

    async def unsubscribe(self, token: str, languages: Sequence[str]) -> Page:
        """Asks whether to unsubscribe; says so where that is done, or cannot be."""
        try:
            visit = await self._visits.of(token, languages)
        except TokenInvalid:
            return invalid_page(language_of(*languages))
        if visit.category.category.locked:
            return unsubscribe_page(visit, "locked")
        return unsubscribe_page(visit, "done" if visit.choice is Choice.OFF else "ask")

    async def preferences(self, token: str, languages: Sequence[str]) -> Page:
        """Everything that can be chosen."""
        try:
            visit = await self._visits.of(token, languages)
        except TokenInvalid:
            return invalid_page(language_of(*languages))
        return preferences_page(visit, self._today(visit))

    def _today(self, visit: Visit) -> date:
        return local_date(self._clock(), visit.shown.time_zone)


class PublicChanges(PublicPages):
    """Changing, in the session's unit of work."""

    def __init__(self, visits: Visits, people: PreferenceChanges, choices: RecipientChoices, clock: Clock) -> None:
        super().__init__(visits, clock)
        self._people = people
        self._choices = choices

    async def one_click(self, token: str) -> None:
        """Unsubscribe for a mail program; again changes nothing. Raises TokenInvalid, CategoryLocked."""
        visit = await self._visits.of(token, ())
        await self._choose(visit, {_about(visit): Choice.OFF}, Source.ONE_CLICK)

    async def act(self, token: str, action: Action, languages: Sequence[str]) -> Page:
        """Unsubscribe or subscribe again by the page's button; again changes nothing."""
        try:
            visit = await self._visits.of(token, languages)
        except TokenInvalid:
            return invalid_page(language_of(*languages))
        choice = Choice.OFF if action == "unsubscribe" else Choice.ON
        try:
            await self._choose(visit, {_about(visit): choice}, Source.UNSUBSCRIBE_PAGE)
        except CategoryLocked:
            return unsubscribe_page(visit, "locked", status=CategoryLocked.status)
        return unsubscribe_page(visit, "done" if choice is Choice.OFF else "ask")

    async def save(self, token: str, fields: Fields, languages: Sequence[str]) -> Page:
        """Keep what the form of the preference page says; where it cannot be, the page says why and nothing is kept."""
        try:
            visit = await self._visits.of(token, languages)
        except TokenInvalid:
            return invalid_page(language_of(*languages))
        try:
            await self._keep(visit, choices_in(fields, visit.offered), fields)
        except FormUnusable as error:
            return preferences_page(visit, self._today(visit), error=error.text)
        except ChoiceImpossible:
            return preferences_page(visit, self._today(visit), error="error_form")
        except PauseUnusable:
            return preferences_page(visit, self._today(visit), error="error_pause")
        return preferences_page(await self._visits.of(token, languages), self._today(visit), saved=True)

    async def _keep(self, visit: Visit, choices: Mapping[Key, Choice], fields: Fields) -> None:
        # What the page shows as the organization's choice and is left as it is stays the organization's.
        shown = {Key(one.category.name, each.channel): each.choice for one in visit.shown.categories for each in one.channels}
        changed = {key: choice for key, choice in choices.items() if shown.get(key) is not choice}
        if visit.subject.person is None:
            await self._choose(visit, changed, Source.PREFERENCE_PAGE)
            return
        wanted = Wanted(changed, *times_in(fields, visit.shown))
        way = Way(Source.PREFERENCE_PAGE, RECIPIENT, visit.key_id)
        await self._people.amend(visit.subject.person, visit.subject.organization_id, wanted, way)

    async def _choose(self, visit: Visit, choices: Mapping[Key, Choice], source: Source) -> None:
        await self._choices.choose(visit.subject, visit.shown, choices, Way(source, RECIPIENT, visit.key_id))


def _about(visit: Visit) -> Key:
    return Key(visit.subject.category, Channel(visit.subject.channel))
