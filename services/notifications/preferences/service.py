"""What people want to get, and when: as operators and they themselves see it, and change it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.notifications.categories.models import UNDECLARED, Category
from services.notifications.categories.repository import CategoryReader
from services.notifications.people.errors import PersonNotFound
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader, PersonRepository
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyReader
from services.notifications.preferences.checks import check_choices, check_pause
from services.notifications.preferences.declined_addresses import DeclinedAddresses
from services.notifications.preferences.models import Change, Channel, Choice, Key, QuietHours, Sheet, Source
from services.notifications.preferences.quiet_hours import local_date
from services.notifications.preferences.repository import PreferenceReader, PreferenceRepository
from shared.runtime.clock import Clock

FALLBACK_ZONE: Final = "UTC"
RECIPIENT: Final = "recipient"


@dataclass(frozen=True, slots=True)
class ShownChannel:
    """What is sent of a category over one channel, and who has decided that."""

    channel: Channel
    choice: Choice
    chosen_by: Literal["person", "organization", "waybill"]


@dataclass(frozen=True, slots=True)
class ShownCategory:
    """What is sent of one category."""

    category: Category
    channels: tuple[ShownChannel, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that one person gets, and when. time_zone: in which the sheet's hours are."""

    sheet: Sheet
    categories: tuple[ShownCategory, ...]
    time_zone: str
    policy: Policy
    person: Person | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is to have chosen. quiet, paused_until: None for what is the organization's, and for no pause."""

    choices: Mapping[Key, Choice]
    quiet: QuietHours | None
    paused_until: date | None


@dataclass(frozen=True, slots=True)
class Way:
    """Who changes something, and how. key_id: of the key that had signed the link. said_at: when it was said, where that is not
    now."""

    source: Source
    actor: str
    key_id: str | None = None
    said_at: datetime | None = None


class Preferences:
    """Reading what people want."""

    def __init__(
        self, preferences: PreferenceReader, categories: CategoryReader, policies: PolicyReader, people: PersonReader
    ) -> None:
        self._preferences = preferences
        self._categories = categories
        self._policies = policies
        self._people = people

    async def get(self, reference: str, organization_id: UUID | None) -> Shown:
        """What a person wants whom this organization knows. Raises PersonNotFound."""
        await self._require(reference, organization_id)
        return await self.shown(reference, organization_id)

    async def shown(self, reference: str, organization_id: UUID | None, also: str | None = None) -> Shown:
        """The same of anybody. organization_id: whose messages are meant where the person is not known any more.

        also: a category that is shown even if nobody has declared it.
        """
        person = await self._people.find(reference, None)
        if person is not None:
            organization_id = person.organization_id
        sheet = await self._preferences.sheet(reference)
        chosen = await self._preferences.choices(reference)
        policy = await self._policies.find(organization_id)
        categories = _with_unknown(await self._categories.seen_by(organization_id), chosen, also)
        zone = (person.time_zone if person is not None else None) or policy.time_zone or FALLBACK_ZONE
        return Shown(sheet, tuple(_shown(one, chosen, policy) for one in categories), zone, policy, person)

    async def shown_to_address(
        self, organization_id: UUID | None, chosen: Mapping[Key, Choice], also: str | None = None
    ) -> Shown:
        """What an address gets of an organization that belongs to nobody known. chosen: what it has declined."""
        policy = await self._policies.find(organization_id)
        categories = _with_unknown(await self._categories.seen_by(organization_id), chosen, also)
        shown = tuple(_shown(one, chosen, policy) for one in categories)
        return Shown(Sheet("", 0, None, None), shown, policy.time_zone or FALLBACK_ZONE, policy, None)

    async def history(
        self, reference: str, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Any]:
        """Who has changed what, the newest first. Raises PersonNotFound."""
        await self._require(reference, organization_id)
        return await self._preferences.history(reference, after=after, limit=limit)

    async def _require(self, reference: str, organization_id: UUID | None) -> None:
        if await self._people.find(reference, organization_id) is None:
            raise PersonNotFound("there is no such person; GET /v1/people lists those that there are")


class PreferenceChanges(Preferences):
    """Writing what people want."""

    def __init__(
        self,
        preferences: PreferenceRepository,
        categories: CategoryReader,
        policies: PolicyReader,
        people: PersonReader,
        held: PersonRepository,
        addresses: DeclinedAddresses,
        clock: Clock,
    ) -> None:
        super().__init__(preferences, categories, policies, people)
        self._held = held
        self._writing = preferences
        self._addresses = addresses
        self._clock = clock

    async def put(
        self, reference: str, organization_id: UUID | None, wanted: Wanted, expect: Callable[[int], None], way: Way
    ) -> Shown:
        """Replace all that a person has chosen. expect: refuses a revision that the caller has not seen.

        Raises PersonNotFound, CategoryUnknown, CategoryLocked, ChoiceImpossible, PauseUnusable, and what `expect` raises.
        """
        await self._require(reference, organization_id)
        sheet = await self.hold(reference)
        expect(sheet.revision)
        before = await self.shown(reference, organization_id)
        chosen = _chosen(before)
        check_choices(wanted.choices, [one.category for one in before.categories], known={key.category for key in chosen})
        await self._apply(before, chosen, wanted, way, organization_id)
        return await self.shown(reference, organization_id)

    async def amend(self, reference: str, organization_id: UUID | None, wanted: Wanted, way: Way) -> Shown:
        """Change these choices and the times, and leave what else was chosen. What would change nothing is not recorded.

        Raises CategoryLocked, ChoiceImpossible, PauseUnusable.
        """
        sheet = await self.hold(reference)
        before = await self.shown(reference, organization_id)
        chosen = _chosen(before)
        check_choices(wanted.choices, [one.category for one in before.categories], known={key.category for key in wanted.choices})
        await self._apply(
            replace(before, sheet=sheet), chosen, replace(wanted, choices={**chosen, **wanted.choices}), way, organization_id
        )
        return await self.shown(reference, organization_id)

    async def choose(self, reference: str, organization_id: UUID | None, choices: Mapping[Key, Choice], way: Way) -> Shown:
        """As amend, without a word on times."""
        sheet = await self.hold(reference)
        return await self.amend(reference, organization_id, Wanted(choices, sheet.quiet, sheet.paused_until), way)

    async def record(self, changes: Sequence[Change]) -> None:
        """Add to the history what was changed elsewhere."""
        await self._writing.record(changes)

    async def hold(self, reference: str) -> Sheet:
        """What the person has said about times; nobody else changes what they want until the unit of work ends."""
        # With the person, so that a new address that comes at the same moment learns of the choice, or the choice of the address.
        await self._held.locked(reference)
        return await self._writing.locked(reference, self._clock())

    async def _apply(
        self, before: Shown, chosen: Mapping[Key, Choice], wanted: Wanted, way: Way, organization_id: UUID | None
    ) -> None:
        sheet, now = before.sheet, self._clock()
        if wanted.paused_until != sheet.paused_until:
            check_pause(wanted.paused_until, local_date(now, before.time_zone))
        said = {key: choice for key, choice in wanted.choices.items() if chosen.get(key) is not choice}
        withdrawn = sorted(set(chosen) - set(wanted.choices), key=_by_name)
        owner = before.person.organization_id if before.person is not None else organization_id
        at = way.said_at or now
        line = Change("choice", None, None, way.source, way.actor, at, sheet.person, None, owner, key_id=way.key_id)
        changes = [*_of_choices(line, chosen, said, withdrawn), *_of_times(line, sheet, wanted)]
        if not changes:
            return
        await self._writing.put_sheet(replace(sheet, quiet=wanted.quiet, paused_until=wanted.paused_until), now)
        await self._writing.choose(sheet.person, said, now)
        await self._writing.withdraw(sheet.person, withdrawn)
        if before.person is not None:
            await self._addresses.follow(before.person, said, withdrawn, source=way.source.value, by=way.actor, at=now)
        await self._writing.record(changes)


def _of_choices(
    line: Change, before: Mapping[Key, Choice], said: Mapping[Key, Choice], withdrawn: Iterable[Key]
) -> Iterable[Change]:
    for key, after in [*sorted(said.items(), key=lambda item: _by_name(item[0])), *((key, None) for key in withdrawn)]:
        yield replace(line, category=key.category, channel=key.channel, before=before.get(key), after=after)


def _of_times(line: Change, sheet: Sheet, wanted: Wanted) -> Iterable[Change]:
    times = (("quiet_hours", sheet.quiet, wanted.quiet), ("paused_until", sheet.paused_until, wanted.paused_until))
    for what, before, after in times:
        if before != after:
            yield replace(line, what=what, before=_word(before), after=_word(after))


def _word(value: QuietHours | date | None) -> str | None:
    return str(value) if value is not None else None


def _by_name(key: Key) -> tuple[str, str]:
    return (key.category, key.channel)


def _chosen(shown: Shown) -> Mapping[Key, Choice]:
    return {
        Key(one.category.name, channel.channel): channel.choice
        for one in shown.categories
        for channel in one.channels
        if channel.chosen_by == "person"
    }


def _shown(category: Category, chosen: Mapping[Key, Choice], policy: Policy) -> ShownCategory:
    return ShownCategory(category, tuple(_channel(Key(category.name, channel), chosen, policy) for channel in Channel))


def _channel(key: Key, chosen: Mapping[Key, Choice], policy: Policy) -> ShownChannel:
    if key in chosen:
        return ShownChannel(key.channel, chosen[key], "person")
    if key in policy.choices:
        return ShownChannel(key.channel, policy.choices[key], "organization")
    return ShownChannel(key.channel, Choice.ON, "waybill")


def _with_unknown(categories: Sequence[Category], chosen: Iterable[Key], also: str | None) -> Sequence[Category]:
    """A person can decline what nobody has declared: messages may name any category."""
    named = {key.category for key in chosen} | ({also} if also is not None else set())
    names = sorted(named - {one.name for one in categories})
    return [*categories, *(undeclared(name) for name in names)]


def undeclared(name: str) -> Category:
    """What a category is taken for that messages name and nobody has declared: one that can be declined."""
    return Category(name, None, UNDECLARED.legal_class, name.replace("_", " ").capitalize(), None, 0)
