"""What is refused about policies.

Invalid (422)
├── EffectiveTooEarly
├── PeriodNotCounted
└── CustomerWithoutOrganization
NotFound (404)
└── PolicyNotFound
Forbidden (403)
└── DefaultsNeedAdmin
Conflict (409)
├── PolicyExists
└── FallbackStays
"""

from shared.runtime.errors import Conflict, Forbidden, Invalid, NotFound


class EffectiveTooEarly(Invalid):
    code, title = "effective_too_early", "A version cannot hold from this day on"


class PeriodNotCounted(Invalid):
    code, title = "period_not_counted", "Nothing can be counted over these days"


class CustomerWithoutOrganization(Invalid):
    code, title = "customer_without_organization", "A customer is one of an organization"


class PolicyNotFound(NotFound):
    code, title = "policy_not_found", "No such policy"


class DefaultsNeedAdmin(Forbidden):
    code, title = "defaults_need_admin", "Only for those who write policies for all organizations"


class PolicyExists(Conflict):
    code, title = "policy_exists", "There is a policy for this already"


class FallbackStays(Conflict):
    code, title = "fallback_stays", "The policy for everything stays in force"
