"""What this noun says no with.

ServiceError
├── DeadLetterNotFound (404)
├── DeadLetterSettled (409)      it has been replayed or discarded before
├── DeadLetterNeedsEditing (409) it cannot be sent as it is
├── MessageNotDead (409)         its message is not in the state in which it died
├── UnknownContract (422)        there is no message of this name for this service
└── PayloadTooLarge (422)        an edited payload over 64 KB
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class DeadLetterNotFound(NotFound):
    code, title = "dead_letter_not_found", "This service has no such dead letter"


class DeadLetterSettled(Conflict):
    code, title = "dead_letter_settled", "The dead letter is settled already"


class DeadLetterNeedsEditing(Conflict):
    code, title = "dead_letter_needs_editing", "The dead letter cannot be replayed as it is"


class MessageNotDead(Conflict):
    code, title = "message_not_dead", "The message is not dead"


class UnknownContract(Invalid):
    code, title = "unknown_contract", "No such message for this service"


class PayloadTooLarge(Invalid):
    code, title = "payload_too_large", "The payload is too large"
