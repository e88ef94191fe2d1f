"""What recipients choose of what a message was about: on our pages, or where they have said it elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.notifications.preferences.models import Change, Channel, Choice, Key, Source
from services.notifications.preferences.repository import PreferenceRepository
from services.notifications.preferences.service import RECIPIENT, PreferenceChanges, Shown, Way
from services.notifications.preferences.tokens import LinkSubject
from services.notifications.unsubscribing.address_choices import AddressChoices
from services.notifications.unsubscribing.visits import Visits

_WANTED: Final = (None, Choice.OFF)
"""What somebody has chosen who begins to get it by wanting it again; who gets it in a summary has it already."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a recipient has said elsewhere than on our pages, and when. subject: whom it counts for, and about what. address_hash:
    where the message went. choice: on or off."""

    subject: LinkSubject
    address_hash: str | None
    choice: Choice
    at: datetime
    source: Source


class RecipientChoices:
    """Writes in the session's unit of work what people, and addresses that belong to nobody known, have chosen."""

    def __init__(
        self, visits: Visits, people: PreferenceChanges, addresses: AddressChoices, history: PreferenceRepository
    ) -> None:
        self._visits = visits
        self._people = people
        self._addresses = addresses
        self._history = history

    async def choose(self, subject: LinkSubject, shown: Shown, choices: Mapping[Key, Choice], way: Way) -> None:
        """What would change nothing is not recorded. Raises CategoryLocked, ChoiceImpossible."""
        if subject.person is not None:
            await self._people.choose(subject.person, subject.organization_id, choices, way)
        else:
            await self._addresses.choose(subject, shown, choices, way)

    async def hear(self, said: Sequence[Said]) -> None:
        """Take what was said elsewhere. It can be told late, in any order and again: what was said last counts, on our pages as
        well, and of two words of one moment the one that declines. What the law lets nobody decline is left as it is.
        """
        for one in sorted(said, key=lambda one: (one.subject.person or "", one.subject.address_hash or "", one.at)):
            await self._hear(one)

    async def _hear(self, one: Said) -> None:
        subject, key = one.subject, Key(one.subject.category, Channel(one.subject.channel))
        last = await self._last_said(subject, key)
        if last is not None and (one.at < last or (one.at == last and one.choice is not Choice.OFF)):
            return
        shown = await self._visits.shown_to(subject)
        category = next(found for found in shown.categories if found.category.name == key.category)
        if category.category.locked:
            return
        channel = next(found for found in category.channels if found.channel is key.channel)
        chosen = channel.choice if channel.chosen_by == "person" else None
        wanted = one.choice if one.choice is Choice.OFF or chosen in _WANTED else chosen
        assert wanted is not None, "what is not among those that begin is chosen"
        way = Way(one.source, RECIPIENT, said_at=one.at)
        await self.choose(subject, shown, {key: wanted}, way)
        await self._also_where_it_was_said(one, key, wanted, way)
        if await self._last_said(subject, key) != one.at:
            # It has changed nothing, and yet an earlier word that is told later must find it.
            await self._history.record([_unchanged(one, key, wanted)])

    async def _last_said(self, subject: LinkSubject, key: Key) -> datetime | None:
        """Holds what is asked about."""
        if subject.person is not None:
            await self._people.hold(subject.person)
            return await self._history.last_said(subject.person, key)
        assert subject.address_hash is not None, "it is about a person or an address"
        await self._history.hold_address(subject.address_hash)
        return await self._history.last_said_of_address(subject.address_hash, key, subject.organization_id)

    async def _also_where_it_was_said(self, one: Said, key: Key, wanted: Choice, way: Way) -> None:
        """A person may have another address by now, and the one to which the message went is what was declined."""
        if one.subject.person is not None and one.address_hash is not None:
            address = replace(one.subject, person=None, address_hash=one.address_hash)
            await self._addresses.choose(address, await self._visits.shown_to(address), {key: wanted}, way)


def _unchanged(one: Said, key: Key, wanted: Choice) -> Change:
    subject = one.subject
    return Change(
        what="choice",
        before=wanted,
        after=wanted,
        source=one.source,
        actor=RECIPIENT,
        changed_at=one.at,
        person=subject.person,
        address_hash=None if subject.person is not None else subject.address_hash,
        organization_id=subject.organization_id,
        category=key.category,
        channel=key.channel,
    )
