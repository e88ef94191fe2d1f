"""What reading the history says no with.

Invalid (422)
└── InvalidWindow
NotFound (404)
└── TaskNotFound
"""

from shared.runtime.errors import Invalid, NotFound


class InvalidWindow(Invalid):
    code, title = "invalid_window", "This time cannot be looked at"


class TaskNotFound(NotFound):
    code, title = "task_not_found", "No service knows this message"
