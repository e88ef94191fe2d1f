"""What this noun says no with.

ServiceError
└── LaneNotFound (404)
"""

from shared.runtime.errors import NotFound


class LaneNotFound(NotFound):
    code, title = "lane_not_found", "There is no such lane"
