"""What is refused about credit notes.

Invalid (422)
└── CreditAboveRemaining    a line, or the invoice, has less left; `remaining` says how much
NotFound (404)
└── CreditNoteNotFound
"""

from shared.runtime.errors import Invalid, NotFound


class CreditAboveRemaining(Invalid):
    code, title = "credit_above_remaining", "Not so much is left to credit"


class CreditNoteNotFound(NotFound):
    code, title = "credit_note_not_found", "No such credit note"
