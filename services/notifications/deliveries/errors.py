"""What the deliveries say no with.

NotFound (404)
└── DeliveryNotFound    there is none, or it is another organization's
Conflict (409)
└── DeliveryEnded       it was sent, has failed or was dropped, so that there is nothing to cancel
Permanent (422)
├── RecipientUnknown    nobody is known by the reference, or the person has no address
├── TemplateUnknown     no published template has the name
├── MarketingLocked     advertising as something that nobody can decline
└── AttachmentsTooLarge all documents of a mail together are over the limit
Transient
└── NotWrittenYet       the batch's time for rendering was used up before its turn
"""

from services.notifications.email.errors import AddressUnusable
from services.notifications.sms.errors import NumberUnusable
from shared.runtime.errors import Conflict, NotFound, Permanent, Transient


class DeliveryNotFound(NotFound):
    code, title = "delivery_not_found", "No such delivery"


class DeliveryEnded(Conflict):
    code, title = "delivery_ended", "The delivery has ended"


class RecipientUnknown(Permanent):
    code, title = "recipient_unknown", "The person cannot be written to"


class TemplateUnknown(Permanent):
    code, title = "template_unknown", "No such template"


class MarketingLocked(Permanent):
    code, title = "marketing_locked", "Marketing must be declinable"


class AttachmentsTooLarge(Permanent):
    code, title = "attachments_too_large", "The attachments are too large"


class NotWrittenYet(Transient):
    code, title = "not_written_yet", "The text has not been made yet"


Unreachable = RecipientUnknown | AddressUnusable | NumberUnusable
"""That nobody can be reached, whatever is said."""

Refusal = Permanent | Transient
"""Why there is no letter: for good, or not yet."""
