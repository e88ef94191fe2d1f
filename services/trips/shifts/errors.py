"""What is refused about shifts.

NotFound (404)
└── ShiftNotFound
Conflict (409)
└── ShiftOverlaps
"""

from shared.runtime.errors import Conflict, NotFound


class ShiftNotFound(NotFound):
    code, title = "shift_not_found", "There is no such shift"


class ShiftOverlaps(Conflict):
    code, title = "shift_overlaps", "The driver has a shift at that time"
