"""What the e-mail channel says no with.

Permanent (422)
└── AddressUnusable     no mail server could be asked to deliver to the address
"""

from shared.runtime.errors import Permanent


class AddressUnusable(Permanent):
    code, title = "address_unusable", "The e-mail address cannot be used"
