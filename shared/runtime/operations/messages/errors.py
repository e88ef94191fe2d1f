"""What this noun says no with.

ServiceError
├── MessageNotFound (404)
├── MessageNotWaiting (409)   it is done, failed, cancelled, or in somebody's hands
├── UndoNotFound (404)
└── NothingToUndo (409)       it has been undone before, or was kept too long
"""

from shared.runtime.errors import Conflict, NotFound


class MessageNotFound(NotFound):
    code, title = "message_not_found", "This service has no such message"


class MessageNotWaiting(Conflict):
    code, title = "message_not_waiting", "The message does not wait"


class UndoNotFound(NotFound):
    code, title = "undo_not_found", "There is no such change"


class NothingToUndo(Conflict):
    code, title = "nothing_to_undo", "Nothing is left to undo"
