"""What reading a source says no with.

NotFound (404)
├── SourceNotFound
└── SyncRunNotFound
Transient
├── SourceAway          no answer, or one of 5xx
├── SourceBusy          too many calls, or left alone for a while
└── UnreadableAnswer    an answer that is no page
Permanent
├── SourceRefuses       our key, or what was asked for
├── CursorGone          the source does not know our place any more; the next run begins anew
└── CursorStands        the source says that there is more, and leads nowhere
"""

from shared.runtime.errors import NotFound, Permanent, Transient


class SourceNotFound(NotFound):
    code, title = "sync_source_not_found", "There is no such source"


class SyncRunNotFound(NotFound):
    code, title = "sync_run_not_found", "There is no such run"


class SourceAway(Transient):
    code, title = "sync_source_away", "The source does not answer"


class SourceBusy(Transient):
    code, title = "sync_source_busy", "The source wants to be left alone"


class UnreadableAnswer(Transient):
    code, title = "sync_unreadable_answer", "The source answers what is no page"


class SourceRefuses(Permanent):
    code, title = "sync_source_refuses", "The source refuses us"


class CursorGone(Permanent):
    code, title = "sync_cursor_gone", "The source has forgotten where we are"


class CursorStands(Permanent):
    code, title = "sync_cursor_stands", "The source leads nowhere"
