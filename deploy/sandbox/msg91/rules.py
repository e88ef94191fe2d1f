"""The fault rules of MSG91."""

from typing import Self

from pydantic import model_validator

from deploy.sandbox.sms.rules import SmsRule


class Msg91Rule(SmsRule):
    """As SmsRule. code: of an error, such as 418; of a fate, the report's status: 2, 9, 16, 17 or 25."""

    @model_validator(mode="after")
    def _keeps_the_order(self) -> Self:
        if self.reorder:
            raise ValueError("this provider sends one report of an SMS, which nothing can overtake; leave reorder out")
        return self
