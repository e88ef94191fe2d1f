"""What is refused about customers.

NotFound (404)
└── CustomerNotFound
Conflict (409)
├── CustomerErased
└── CustomerHasOpenOrders
Invalid (422)
└── StatesDiffer
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class CustomerNotFound(NotFound):
    code, title = "customer_not_found", "There is no such customer"


class CustomerErased(Conflict):
    code, title = "customer_erased", "The customer was erased"


class CustomerHasOpenOrders(Conflict):
    code, title = "customer_has_open_orders", "The customer has orders that are not finished"


class StatesDiffer(Invalid):
    code, title = "states_differ", "The GSTIN is of another state"
