"""What is refused about what people do.

Invalid (422)
├── InvalidRange
└── UnknownStep
"""

from shared.runtime.errors import Invalid


class InvalidRange(Invalid):
    code, title = "invalid_range", "This range of days cannot be read"


class UnknownStep(Invalid):
    code, title = "unknown_step", "There are no such events"
