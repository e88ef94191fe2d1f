"""What this noun says no with.

ServiceError
├── LaneNotFound (404)
└── LaneNotOwned (409)
"""

from shared.runtime.errors import Conflict, NotFound


class LaneNotFound(NotFound):
    code, title = "lane_not_found", "There is no such lane"


class LaneNotOwned(Conflict):
    code, title = "lane_not_owned", "Another service's workers take from the lane"
