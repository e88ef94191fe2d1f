"""What is refused about legal entities.

Invalid (422)
└── LegalEntityIncomplete   something is missing that an invoice needs; `missing` lists it
NotFound (404)
└── LegalEntityNotFound
Conflict (409)
├── LegalEntityInUse        documents name it
├── SeriesTaken             another one with the GSTIN numbers by the prefix; `free` names one that nobody has
└── NoLegalEntity           the organization has none that issues where nobody names one
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class LegalEntityIncomplete(Invalid):
    code, title = "legal_entity_incomplete", "The legal entity cannot issue invoices yet"


class LegalEntityNotFound(NotFound):
    code, title = "legal_entity_not_found", "No such legal entity"


class LegalEntityInUse(Conflict):
    code, title = "legal_entity_in_use", "Documents name this legal entity"


class SeriesTaken(Conflict):
    """`free`: the field and a prefix that nobody with the GSTIN has."""

    code, title = "series_taken", "Another seller with this GSTIN has this series"


class NoLegalEntity(Conflict):
    code, title = "no_legal_entity", "The organization has no legal entity that issues its invoices"
