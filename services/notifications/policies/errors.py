"""What the organizations' policies say no with.

Permanent (422)
└── PolicyUnusable      something of it cannot be what it is said to be
"""

from shared.runtime.errors import Permanent


class PolicyUnusable(Permanent):
    code, title = "organization_policy_unusable", "The policy cannot be kept as described"
