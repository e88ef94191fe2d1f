"""What is refused about share links.

NotFound (404)
└── ShareLinkNotFound
Conflict (409)
├── TripOver
└── TooManyLinks
ServiceError
└── ShareLinkOver (410)
"""

from shared.runtime.errors import Conflict, NotFound, ServiceError


class ShareLinkNotFound(NotFound):
    code, title = "share_link_not_found", "There is no such link"


class TripOver(Conflict):
    code, title = "trip_over", "The trip has ended"


class TooManyLinks(Conflict):
    code, title = "too_many_links", "The trip has as many links as it can"


class ShareLinkOver(ServiceError):
    status, code, title = 410, "share_link_over", "The link shows nothing any more"
