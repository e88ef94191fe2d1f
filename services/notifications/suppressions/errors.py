"""What the suppression list says no with.

NotFound (404)
└── SuppressionNotFound     there is none, or it is another organization's
Forbidden (403)
├── SuppressionProtected    what always wins is taken off by administrators alone
└── SuppressionForAll       what concerns everybody is not written by a caller who is bound to an organization
Invalid (422)
├── SuppressionUnusable     the parts of an entry do not fit together, or its address is none
├── SuppressionFileUnreadable   the file as a whole cannot be read
└── SuppressionRowsUnusable     rows of the file cannot be taken; nothing was
RequestTooLarge (413)
└── SuppressionFileTooLarge
"""

from shared.runtime.errors import Forbidden, Invalid, NotFound
from shared.runtime.http.errors import RequestTooLarge


class SuppressionNotFound(NotFound):
    code, title = "suppression_not_found", "No such entry of the suppression list"


class SuppressionProtected(Forbidden):
    code, title = "suppression_protected", "Only an administrator may take this off the list"


class SuppressionForAll(Forbidden):
    code, title = "suppression_for_all", "This entry concerns all organizations"


class SuppressionUnusable(Invalid):
    code, title = "suppression_unusable", "The entry cannot be kept as described"


class SuppressionFileUnreadable(Invalid):
    code, title = "suppression_file_unreadable", "The file cannot be read"


class SuppressionRowsUnusable(Invalid):
    code, title = "suppression_rows_unusable", "Rows of the file cannot be taken"


class SuppressionFileTooLarge(RequestTooLarge):
    code, title = "suppression_file_too_large", "The file is too large"
