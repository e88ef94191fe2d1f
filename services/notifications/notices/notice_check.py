"""Whether a notification can be carried out, asked before it is published: what would be a dead letter is an answer then."""

from services.notifications.categories.models import About
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.errors import RecipientUnknown
from services.notifications.deliveries.repository import storable
from services.notifications.deliveries.template_fit import fit
from services.notifications.notices.parts import Saying, parts_of, person_of
from services.notifications.notices.service import channels_of, template_of
from services.notifications.people.repository import PersonReader
from services.notifications.templates.repository import TemplateReader
from services.notifications.templates.variables import check_context
from shared.contracts.notifications import SendNotification
from shared.runtime.ids import uuid7


class NoticeCheck:
    """Looks at what `notifications.send_notification` will look at."""

    def __init__(self, people: PersonReader, templates: TemplateReader, categories: CategoryReader) -> None:
        self._people = people
        self._templates = templates
        self._categories = categories

    async def check(self, notice: SendNotification) -> None:
        """Raises RecipientUnknown, TemplateUnknown, MarketingLocked, TemplateUnusable, NothingToSay and NobodyReachable.

        TemplateUnusable names the variables that the context lacks.
        """
        people = await self._people.find_many([storable(notice.to_person)])
        person = person_of(notice, people)
        if person is None:
            raise RecipientUnknown("nobody is known by the reference in to_person; upsert the person first")
        key = template_of(notice, person)
        about = About(notice.category, notice.organization_id, person.reference)
        law = (await self._categories.laws({about}))[about]
        source = fit((await self._templates.effective([key])).get(key), notice.notification_type, notice.category, law)
        check_context(source, notice.context)
        channels = channels_of(notice, source.channels)
        parts_of(uuid7(), notice, Saying(notice.notification_type, notice.category, channels, notice.context), person)
