"""What the deliveries say no with.

NotFound (404)
└── DeliveryNotFound    there is none, or it is another organization's
Conflict (409)
└── DeliveryEnded       it was sent, has failed or was dropped, so that there is nothing to cancel
Permanent (422)
├── RecipientUnknown    nobody is known by the reference, or the person has no address
└── TemplateUnknown     no published template has the name
Transient
└── NotWrittenYet       the batch's time for rendering was used up before its turn
"""

from shared.runtime.errors import Conflict, NotFound, Permanent, Transient


class DeliveryNotFound(NotFound):
    code, title = "delivery_not_found", "No such delivery"


class DeliveryEnded(Conflict):
    code, title = "delivery_ended", "The delivery has ended"


class RecipientUnknown(Permanent):
    code, title = "recipient_unknown", "The person cannot be written to"


class TemplateUnknown(Permanent):
    code, title = "template_unknown", "No such template"


class NotWrittenYet(Transient):
    code, title = "not_written_yet", "The text has not been made yet"
