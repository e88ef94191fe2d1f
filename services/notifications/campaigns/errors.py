"""What the campaigns say no with; what is wrong with single rows of a list is in the answer to it.

NotFound (404)
└── CampaignNotFound        there is none, or it is another organization's
Conflict (409)
└── CampaignNotPossible     its status does not allow this
Invalid (422)
├── CampaignUnusable        it cannot be sent as it is described
└── ListUnreadable          nothing tells what the columns of the list are
ServiceError
├── ListTooLarge (413)
└── UnknownListType (415)
"""

from shared.runtime.errors import Conflict, Invalid, NotFound, ServiceError


class CampaignNotFound(NotFound):
    code, title = "campaign_not_found", "No such campaign"


class CampaignNotPossible(Conflict):
    code, title = "campaign_not_possible", "The campaign's status does not allow this"


class CampaignUnusable(Invalid):
    code, title = "campaign_unusable", "The campaign cannot be sent as described"


class ListUnreadable(Invalid):
    code, title = "list_unreadable", "The list of recipients cannot be read"


class ListTooLarge(ServiceError):
    status, code, title = 413, "list_too_large", "The list is too large for one request"


class UnknownListType(ServiceError):
    status, code, title = 415, "unknown_list_type", "The body is not declared as a list that can be read"
