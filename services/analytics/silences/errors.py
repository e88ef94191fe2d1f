"""What silences say no with.

NotFound (404)
└── SilenceNotFound
Conflict (409)
└── SilenceOver         it has ended already
Invalid (422)
└── SilenceUnusable     its end does not lie between now and 30 days from now
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class SilenceNotFound(NotFound):
    code, title = "silence_not_found", "There is no such silence"


class SilenceOver(Conflict):
    code, title = "silence_over", "The silence has ended already"


class SilenceUnusable(Invalid):
    code, title = "silence_unusable", "The silence cannot be kept as described"
