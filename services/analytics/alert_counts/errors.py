"""What counting and reading counts refuse.

Invalid (422)
└── InvalidRange
Permanent
└── ImplausibleEvent
"""

from shared.runtime.errors import Invalid, Permanent


class InvalidRange(Invalid):
    code, title = "invalid_range", "This range of days cannot be read"


class ImplausibleEvent(Permanent):
    code, title = "implausible_event", "The event cannot be meant"
