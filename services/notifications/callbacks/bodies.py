"""Bodies of verified call-backs, cut into the events that they report."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.notifications.callbacks.errors import CallbackUnreadable
from services.notifications.callbacks.intake import Incoming
from services.notifications.callbacks.signatures import form_fields

MAX_EVENTS: Final = 20_000
_MAX_ID: Final = 200


def sendgrid_events(body: bytes) -> list[Incoming]:
    """The events of one POST. Raises CallbackUnreadable."""
    found = _json(body)
    events = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else None
    if events is None or len(events) > MAX_EVENTS:
        raise CallbackUnreadable("the body must be a JSON array of events")
    return [Incoming("sendgrid", _id_of(one.get("sg_event_id"), one), _packed(one)) for one in events]


def twilio_event(fields: Sequence[tuple[str, str]], body: bytes, query: Mapping[str, str]) -> list[Incoming]:
    """The event of one POST, with what we have put into the URL. The same state of the same message is the same event."""
    found: Any = dict(fields) if fields else _json(body)
    if not isinstance(found, dict):
        raise CallbackUnreadable("the body must be a form or a JSON object")
    event = {**found, "ref": query.get("ref")}
    names = ("MessageSid", "SmsSid", "MessageStatus", "SmsStatus", "ErrorCode")
    identity = {name: event[name] for name in names if name in event}
    return [Incoming("twilio", _hash(identity or event), _packed(event))]


def msg91_events(body: bytes, content_type: str) -> list[Incoming]:
    """The reports of one POST: a form whose field `data` holds requests with their reports, or one report as JSON."""
    is_form = content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    found = _json((dict(form_fields(body)).get("data") or "").encode("utf-8", "surrogatepass")) if is_form else _json(body)
    requests = found if isinstance(found, list) else [found]
    reports = [report for request in requests if isinstance(request, dict) for report in _reports(request)]
    if len(reports) > MAX_EVENTS or (requests and not reports):
        raise CallbackUnreadable("the body must be a delivery report")
    names = ("requestId", "number", "status", "CRQID", "date")
    # A number is personal, and ids are kept readable: so it goes into a hash.
    return [Incoming("msg91", _hash({name: one.get(name) for name in names}), _packed(one)) for one in reports]


def bounce_mail_event(body: bytes) -> list[Incoming]:
    """One mail."""
    return [Incoming("bounce_mail", hashlib.sha256(body).hexdigest(), body)]


def _reports(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    reports = request.get("report")
    if isinstance(reports, list):
        return [{"requestId": request.get("requestId"), **one} for one in reports if isinstance(one, dict)]
    return [dict(request)] if "status" in request else []


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise CallbackUnreadable("the body is no JSON") from None


def _packed(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def _id_of(value: Any, event: Mapping[str, Any]) -> str:
    usable = isinstance(value, str) and 0 < len(value) <= _MAX_ID and value.isascii() and value.isprintable()
    return value if usable else _hash(event)


def _hash(event: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
