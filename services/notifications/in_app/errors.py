"""What the in-app inbox says no with.

NotFound (404)
└── ItemNotFound        there is none in this person's inbox
TooManyRequests (429)
└── TooManyStreams      the person follows the inbox from too many places at once
"""

from shared.runtime.errors import NotFound, TooManyRequests


class ItemNotFound(NotFound):
    code, title = "in_app_item_not_found", "No such item"


class TooManyStreams(TooManyRequests):
    code, title = "too_many_streams", "Too many streams"
