"""A carrier's feed of ETAs, which fills the shipments of alerts.

`GET /v1/etas?limit=&cursor=` answers `{"data": [row, …], "next_cursor": "…", "has_more": true}`: what has changed since the
cursor, the oldest change first. A row has `reference`, `status`, `eta`, `updated_at`, `carrier`, `origin`, `destination`, and may
have `consignee` and `mode`. The last page's cursor stands where the next changes will come.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from services.analytics.sync_runs.connector import BadRow
from services.analytics.sync_runs.drift import counted
from services.analytics.sync_runs.errors import CursorStands, UnreadableAnswer
from services.analytics.sync_runs.feed_api import FeedApi
from services.analytics.sync_runs.models import Item, Page, Unmapped
from shared.contracts.alerts import ShipmentNews, UpsertShipments
from shared.contracts.message import UtcDatetime
from shared.runtime.clock import Clock

NAME: Final = "carrier"
PATH: Final = "/v1/etas"
ROWS: Final = 200
MOST_ROWS: Final = 5000
"""More than was asked for is taken; a whole list of everything is none."""
FAR: Final = timedelta(days=400)
SKEW: Final = timedelta(hours=1)
"""By how much their clock may be ahead of ours. News from the future would keep all later ones out."""
MOST_BYTES: Final = 48_000
"""Of the shipments in one message."""
AT_ONCE: Final = 100

_STATUSES: Final[dict[str, Any]] = {
    "BOOKED": "in_transit",
    "IN_TRANSIT": "in_transit",
    "TRANSSHIPMENT": "in_transit",
    "ARRIVED": "arrived",
    "DISCHARGED": "arrived",
    "CUSTOMS_HOLD": "customs_hold",
    "RELEASED": "released",
    "DELIVERED": "delivered",
    "CANCELLED": "cancelled",
}
_MODES: Final[dict[str, Any]] = {
    "OCEAN": "sea",
    "VESSEL": "sea",
    "AIR": "air",
    "TRUCK": "road",
    "RAIL": "rail",
    "PARCEL": "parcel",
    "MULTIMODAL": "multimodal",
}
_CURSOR: Final = re.compile(r"[\x21-\x7e]{1,1000}")
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _written_out(value: Any) -> Any:
    if not isinstance(value, str) or not _WRITTEN.match(value):
        raise ValueError("is no moment like 2026-11-20T06:12:00Z")
    return value


_Moment = Annotated[UtcDatetime, BeforeValidator(_written_out)]
_NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_NO_CONTROLS)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROLS)]


class _Row(BaseModel):
    """What we take of a row. What else it has is shown as drift and left alone."""

    reference: _Text
    status: Annotated[str, Field(max_length=100)]
    eta: _Moment
    updated_at: _Moment
    carrier: _Text
    origin: _Text
    destination: _Text
    consignee: _Name | None = None
    mode: Annotated[str, Field(max_length=100)] | None = None


@dataclass(frozen=True, slots=True)
class Consignee:
    """Whose shipments they are. customer: where a row names nobody. recipients: who is told of the alerts of new ones."""

    organization_id: UUID
    customer: str | None
    recipients: tuple[str, ...]


class CarrierEtas:
    """The connector."""

    name: str = NAME
    contract: str = UpsertShipments.contract.name

    def __init__(self, feed: FeedApi, consignee: Consignee, clock: Clock) -> None:
        self._feed = feed
        self._consignee = consignee
        self._clock = clock

    async def fetch(self, cursor: str | None, etag: str | None) -> Page:
        """The page at a cursor. Raises what `errors.py` draws."""
        query = [("limit", str(ROWS)), *([("cursor", cursor)] if cursor is not None else [])]
        answer = await self._feed.get(PATH, query, etag)
        if answer is None:
            return Page(cursor=cursor, etag=etag, is_same=True)
        members, said = answer
        return _page(members, cursor, said)

    def read(self, row: Any, unmapped: Unmapped) -> Item:
        """What a row says of a shipment. Raises BadRow."""
        if not isinstance(row, dict):
            raise BadRow("the row is no object")
        try:
            found = _Row.model_validate(row)
        except ValidationError as error:
            raise BadRow(_sentence(error), _reference(row)) from None
        news = self._news(found, unmapped)
        return Item(news.reference, news.told_at, hashlib.sha256(news.model_dump_json().encode()).digest(), news)

    def messages(self, items: Sequence[Item]) -> Iterator[UpsertShipments]:
        """So many shipments in each as fit."""
        part: list[ShipmentNews] = []
        size = 0
        for item in items:
            its_size = len(item.news.model_dump_json().encode()) + 1
            if part and (len(part) == AT_ONCE or size + its_size > MOST_BYTES):
                yield self._message(part)
                part, size = [], 0
            part.append(item.news)
            size += its_size
        if part:
            yield self._message(part)

    async def close(self) -> None:
        """Give back connections."""
        await self._feed.close()

    def _message(self, part: Sequence[ShipmentNews]) -> UpsertShipments:
        whose, recipients = self._consignee.organization_id, self._consignee.recipients
        return UpsertShipments(organization_id=whose, source=NAME, shipments=tuple(part), recipients=recipients)

    def _news(self, row: _Row, unmapped: Unmapped) -> ShipmentNews:
        now, customer = self._clock(), row.consignee or self._consignee.customer
        if row.updated_at > now + SKEW:
            raise BadRow("updated_at lies in the future", row.reference)
        if abs(row.eta - now) > FAR:
            raise BadRow(f"eta lies more than {FAR.days} days away", row.reference)
        if customer is None:
            raise BadRow("consignee: is missing, and CARRIER_CUSTOMER names nobody in its place", row.reference)
        status = _STATUSES.get(row.status)
        if status is None:
            counted(unmapped, "status", row.status)
            raise BadRow("status: is none that we know", row.reference)
        if row.mode is not None and row.mode not in _MODES:
            counted(unmapped, "mode", row.mode)
        return ShipmentNews(
            reference=row.reference,
            told_at=row.updated_at,
            current_eta=row.eta.date(),
            status=status,
            customer=customer,
            carrier=row.carrier,
            origin=row.origin,
            destination=row.destination,
            mode=_MODES.get(row.mode or ""),
        )


def _page(members: dict[str, Any], asked: str | None, etag: str | None) -> Page:
    rows, cursor, has_more = members.get("data"), members.get("next_cursor"), members.get("has_more", False)
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise UnreadableAnswer(f"{NAME}: data is no list of at most {MOST_ROWS} rows")
    if not isinstance(has_more, bool):
        raise UnreadableAnswer(f"{NAME}: has_more is neither true nor false")
    if cursor is None and not has_more:
        cursor = asked
    elif not isinstance(cursor, str) or not _CURSOR.fullmatch(cursor):
        raise UnreadableAnswer(f"{NAME}: next_cursor is no text of 1 to 1000 printable characters")
    if has_more and cursor == asked:
        raise CursorStands(f"{NAME} says that there is more, and its cursor stays where it is")
    # The ETag is of the page that was asked for: of use only where that is asked for again.
    return Page(rows, cursor, etag if cursor == asked else None, has_more)


def _sentence(error: ValidationError) -> str:
    """Which fields are wrong, and how, without what they say."""
    told = []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:5]:
        place = str(one["loc"][0]) if one["loc"] else "the row"
        told.append(f"{place}: {one['msg'].removeprefix('Value error, ')}")
    return "; ".join(told)


def _reference(row: dict[str, Any]) -> str | None:
    found = row.get("reference")
    return found if isinstance(found, str) else None
