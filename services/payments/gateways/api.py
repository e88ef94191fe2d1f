"""One call of a gateway, and what came of it as an answer."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

from services.payments.gateways.answers import Answered, Failure, Refused, Unavailable, Unknown
from services.payments.gateways.calls import Call, GatewayCalls
from services.payments.gateways.documents import Document, Malformed
from shared.runtime.outside.http_api import Reply

T = TypeVar("T")


class GatewayApi:
    """The calls of one account. refusal: what the gateway means by a reply of 300 to 499."""

    def __init__(self, calls: GatewayCalls, refusal: Callable[[Reply], Refused | Unknown]) -> None:
        self.calls = calls
        self._refusal = refusal

    async def ask(
        self, name: str, path: str, read: Callable[[Document], T], query: Sequence[tuple[str, str]] = ()
    ) -> Answered[T] | Failure:
        """Look something up."""
        return self._read(await self.calls.make(Call(name, "GET", path, query)), read, does=False)

    def done(self, ended: Reply | Failure, read: Callable[[Document], T]) -> Answered[T] | Failure:
        """What a call that does something has done."""
        return self._read(ended, read, does=True)

    def _read(self, ended: Reply | Failure, read: Callable[[Document], T], *, does: bool) -> Answered[T] | Failure:
        if not isinstance(ended, Reply):
            return ended
        if ended.status >= 300:
            return self._refusal(ended)
        try:
            return Answered(read(Document(ended.members)))
        except Malformed as error:
            detail = f"{self.calls.gateway} answered without {error}, or not in its documented form"
            return Unknown(detail) if does else Unavailable(detail)


def at(*parts: str) -> str:
    """The path of these parts, of which some are ids that others have told us."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
