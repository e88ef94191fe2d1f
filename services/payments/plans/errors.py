"""What is refused about plans.

NotFound (404)
└── PlanNotFound
Invalid (422)
└── PlanTooLarge
Conflict (409)
├── PlanExists
├── PlanClosed
└── PlanCurrencyFixed
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class PlanNotFound(NotFound):
    code, title = "plan_not_found", "There is no such plan"


class PlanTooLarge(Invalid):
    code, title = "plan_too_large", "A period of the plan comes to too much"


class PlanExists(Conflict):
    code, title = "plan_exists", "The organization has a plan with this code"


class PlanClosed(Conflict):
    code, title = "plan_closed", "Nobody can subscribe to the plan"


class PlanCurrencyFixed(Conflict):
    code, title = "plan_currency_fixed", "A plan keeps its currency"
