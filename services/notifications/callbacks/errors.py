"""What call-backs are answered with that are not taken. None of them tells why, because who sends them may be guessing.

Forbidden (403)
└── CallbackRefused         not signed as its provider signs, or from somewhere that is not expected
Unauthenticated (401)
└── BounceMailRefused       bounce mail without our token
NotFound (404)
└── CallbackNotSetUp        no key or secret of this provider is set
Invalid (422)
└── CallbackUnreadable      verified, and not of the provider's form
Unavailable (503)
└── CallbackNotCheckable    what it must be checked against could not be fetched; the provider sends it again
"""

from shared.runtime.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


class CallbackRefused(Forbidden):
    """reason: for our counters, and never in the answer."""

    code, title = "callback_refused", "The call-back was not taken"

    def __init__(self, reason: str) -> None:
        super().__init__("it could not be verified; check the key and the address under which the provider knows this API")
        self.reason = reason


class BounceMailRefused(Unauthenticated):
    code, title = "bounce_mail_refused", "The bounce mail was not taken"

    def __init__(self, reason: str) -> None:
        super().__init__("send `Authorization: Bearer <BOUNCE_SECRET>`")
        self.reason = reason


class CallbackNotSetUp(NotFound):
    code, title = "callback_not_set_up", "This provider's call-backs are not set up"

    def __init__(self, setting: str) -> None:
        super().__init__(f"nothing is taken here before {setting} is set")


class CallbackUnreadable(Invalid):
    code, title = "callback_unreadable", "The call-back cannot be read"


class CallbackNotCheckable(Unavailable):
    code, title = "callback_not_checkable", "The call-back cannot be checked now"
