"""What the SMS channel says no with.

Permanent (422)
└── NumberUnusable      no SMS can reach the number
"""

from shared.runtime.errors import Permanent


class NumberUnusable(Permanent):
    code, title = "number_unusable", "The phone number cannot be used"
