"""What periods refuse.

Invalid (422)
└── UnknownZone
"""

from shared.runtime.errors import Invalid


class UnknownZone(Invalid):
    code, title = "unknown_zone", "The time zone is not known"
