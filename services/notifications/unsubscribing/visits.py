"""Somebody who has opened a link: whom it is about, what counts for them now, and which language they read."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifications.categories.models import DIGESTS
from services.notifications.preferences.models import Channel, Choice, Key
from services.notifications.preferences.service import Preferences, Shown, ShownCategory
from services.notifications.preferences.tokens import LinkSubject, LinkTokens
from services.notifications.unsubscribing.repository import AddressReader
from services.notifications.unsubscribing.texts import language_of


@dataclass(frozen=True, slots=True)
class Visit:
    """category: the link's. channels: over which the reader can be reached. organization: how it is called; None for nobody."""

    token: str
    subject: LinkSubject
    key_id: str
    shown: Shown
    language: str

    @property
    def category(self) -> ShownCategory:
        return next(one for one in self.shown.categories if one.category.name == self.subject.category)

    @property
    def organization(self) -> str | None:
        return self.shown.policy.display_name

    @property
    def channels(self) -> Sequence[Channel]:
        person = self.shown.person
        if self.subject.person is None:
            return (Channel(self.subject.channel),)
        reachable = {Channel.EMAIL: person and person.email, Channel.SMS: person and person.phone, Channel.IN_APP: True}
        return [channel for channel in Channel if reachable[channel] or channel == self.subject.channel]

    @property
    def offered(self) -> Sequence[Key]:
        """What the reader can choose about. Summaries are e-mails."""
        return [
            Key(one.category.name, channel)
            for one in self.shown.categories
            for channel in self.channels
            if not one.category.locked and (one.category.name != DIGESTS or channel is Channel.EMAIL)
        ]

    @property
    def choice(self) -> Choice:
        """What counts now for what the link is about."""
        return next(one.choice for one in self.category.channels if one.channel == self.subject.channel)


class Visits:
    """Reads links."""

    def __init__(self, tokens: LinkTokens, preferences: Preferences, addresses: AddressReader) -> None:
        self._tokens = tokens
        self._preferences = preferences
        self._addresses = addresses

    async def of(self, token: str, languages: Sequence[str]) -> Visit:
        """languages: those that the reader's program asks for, the most wanted first. Raises TokenInvalid."""
        read = self._tokens.read(token)
        shown = await self.shown_to(read.subject)
        own = shown.person.locale if shown.person is not None else None
        language = language_of(own, *languages, shown.policy.locale)
        return Visit(token, read.subject, read.key_id, shown, language)

    async def shown_to(self, subject: LinkSubject) -> Shown:
        """What counts now for a person or an address."""
        if subject.person is not None:
            return await self._preferences.shown(subject.person, subject.organization_id, subject.category)
        assert subject.address_hash is not None, "it is about a person or an address"
        declined = await self._addresses.declined(subject.address_hash, subject.channel, subject.organization_id)
        chosen = {Key(name, Channel(subject.channel)): Choice.OFF for name in declined}
        return await self._preferences.shown_to_address(subject.organization_id, chosen, subject.category)
