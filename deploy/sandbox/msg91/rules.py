"""The fault rules of MSG91."""

from typing import ClassVar

from deploy.sandbox.sms.rules import SmsRule


class Msg91Rule(SmsRule):
    """As SmsRule. code: of an error, such as 418; of a fate, the report's status: 2, 9, 16, 17 or 25."""

    reorders: ClassVar[bool] = False
