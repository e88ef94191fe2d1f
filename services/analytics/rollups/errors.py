"""What is refused about rollups.

Invalid (422)
└── RebuildTooLong
"""

from shared.runtime.errors import Invalid


class RebuildTooLong(Invalid):
    code, title = "rebuild_too_long", "Too much would be counted at once"
