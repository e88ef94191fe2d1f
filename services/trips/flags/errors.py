"""What is refused about limits.

NotFound (404)
└── LimitNotFound
"""

from shared.runtime.errors import NotFound


class LimitNotFound(NotFound):
    code, title = "trip_limit_not_found", "There is no such limit"
