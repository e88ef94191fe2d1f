"""Why a settlement cannot be shown.

SettlementNotFound  there is none of this id that the caller may see
NothingTraced       no order, payment, refund, dispute, item or settlement of this id is known
"""

from shared.runtime.errors import NotFound


class SettlementNotFound(NotFound):
    code, title = "settlement_not_found", "No such settlement"


class NothingTraced(NotFound):
    code, title = "nothing_traced", "Nothing has this id"
