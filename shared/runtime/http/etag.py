"""Versions of resources as entity tags (RFC 9110 §8.8.3): version 7 of a row is `"v7"`.

@router.get("/{order_id}")
async def get(order_id: UUID, db: ReadDb, etag: ETag) -> Order:
    order = ...
    etag.show(order.version)            # 304 when the client has it already

@router.put("/{order_id}")
async def update(order_id: UUID, body: OrderUpdate, db: WriteDb, if_match: IfMatch) -> Order:
    order = ...                         # locked for the update
    if_match.check(order.version)       # 428 without If-Match, 412 when another change came first
"""

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from starlette.exceptions import HTTPException

from shared.runtime.errors import PreconditionFailed, PreconditionRequired
from shared.runtime.http.dependencies import made
from shared.runtime.http.problems import may_answer

_TAG: Final = re.compile(r'(W/)?"([^"]*)"')
_VERSION: Final = re.compile(r"v(\d{1,18})")


def etag_of(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"v{version}"'


def _versions(header: str, *, weak: bool) -> set[int]:
    """The versions in a list of entity tags; those marked weak only where a weak comparison is asked for."""
    found = (_VERSION.fullmatch(match[2]) for match in _TAG.finditer(header) if weak or not match[1])
    return {int(match[1]) for match in found if match}


class ShownTag:
    """Tells the client the version that it is shown."""

    def __init__(
        self,
        request: Request,
        response: Response,
        if_none_match: Annotated[
            str | None, Header(max_length=1000, description="Answer 304 when this is still the version.")
        ] = None,
    ) -> None:
        self._response = response
        self._known = if_none_match if request.method in ("GET", "HEAD") else None

    def show(self, version: int) -> None:
        """Set `ETag`. Ends the request with 304 when If-None-Match has this version (or `*`)."""
        tag = etag_of(version)
        if self._known is not None and (self._known.strip() == "*" or version in _versions(self._known, weak=True)):
            raise HTTPException(304, headers={"ETag": tag})
        self._response.headers["ETag"] = tag


@may_answer(PreconditionRequired, PreconditionFailed)
class ExpectedTag:
    """The version that the client has seen and means to change."""

    def __init__(
        self,
        if_match: Annotated[str | None, Header(max_length=1000, description='The ETag that you read, such as `"v7"`.')] = None,
    ) -> None:
        self._expected = if_match

    def check(self, version: int) -> None:
        """Refuse the change unless `version`, read under the lock of the change, is the one that the client expects.

        Raises PreconditionRequired (428, RFC 6585) without the header, and PreconditionFailed (412) on another version.
        """
        if self._expected is None:
            raise PreconditionRequired("send If-Match with the ETag that you last read, so that no other change is lost")
        if self._expected.strip() != "*" and version not in _versions(self._expected, weak=False):
            raise PreconditionFailed(
                f"the current version is {etag_of(version)}; read the resource again and repeat the change on it",
                current=etag_of(version),
            )


ETag = Annotated[ShownTag, Depends(made(ShownTag))]
IfMatch = Annotated[ExpectedTag, Depends(made(ExpectedTag))]


@may_answer(PreconditionRequired, PreconditionFailed)
async def _tag_if_any(request: Request) -> ExpectedTag:
    """Read from the request itself: a declared header would be one that every request has to send."""
    return ExpectedTag(request.headers.get("if-match"))


IfMatchUnlessNew = Annotated[ExpectedTag, Depends(_tag_if_any)]
"""For a PUT that creates as well as replaces: whoever creates has no tag yet."""
