"""What tax refuses.

Invalid (422)
├── UnknownState
├── InvalidGstin
├── InvalidTaxableLine
└── InvalidSupply
"""

from shared.runtime.errors import Invalid


class UnknownState(Invalid):
    code, title = "unknown_state", "The state code is not known"


class InvalidGstin(Invalid):
    code, title = "invalid_gstin", "The GSTIN is not valid"


class InvalidTaxableLine(Invalid):
    code, title = "invalid_taxable_line", "The line cannot be taxed"


class InvalidSupply(Invalid):
    code, title = "invalid_supply", "There is no such supply"
