"""Call-backs of organizations' own accounts: each is proven by what its account has stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.notifications.callbacks.errors import CallbackNotSetUp
from services.notifications.callbacks.intake import Incoming
from services.notifications.callbacks.readers import CallbackReaders
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted, as it came. query: as it stands in the URL. secret: behind the path; None where there is none."""

    body: bytes
    headers: Mapping[str, str]
    query: str = ""
    secret: str | None = None


class AccountCallbacks:
    """Reads what providers post for accounts that organizations have stored. readers_of: opens what an account has stored."""

    def __init__(self, accounts: ProviderReader, readers_of: Callable[[ProviderAccount], CallbackReaders]) -> None:
        self._accounts = accounts
        self._readers_of = readers_of

    async def read(self, account_id: UUID, posted: Posted) -> list[Incoming]:
        """The events. Raises CallbackNotSetUp, CallbackRefused, CallbackUnreadable and CallbackNotCheckable."""
        account = (await self._accounts.accounts_of([account_id])).get(account_id)
        if account is None:
            raise CallbackNotSetUp("the account")
        readers = self._readers_of(account)
        match account.kind:
            case "sendgrid":
                return await readers.sendgrid(posted.body, posted.headers)
            case "ses":
                return await readers.sns(posted.body, posted.headers)
            case "twilio":
                return await readers.twilio(posted.body, posted.headers, posted.query)
            case "msg91":
                return await readers.msg91(posted.body, posted.headers, posted.secret or "")
            case _:
                raise CallbackNotSetUp("an account of a provider that calls back")
