"""What is refused about rollups.

Invalid (422)
├── RebuildBackwards
└── RebuildTooLong
"""

from shared.runtime.errors import Invalid


class RebuildBackwards(Invalid):
    code, title = "rebuild_backwards", "Nothing would be counted"


class RebuildTooLong(Invalid):
    code, title = "rebuild_too_long", "Too much would be counted at once"
