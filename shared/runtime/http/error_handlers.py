"""Which exception becomes which problem. Services raise ServiceErrors; the rest is about the framework and the database."""

import errno
import logging
import socket
from typing import Any, Final

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from shared.runtime.db import constraint_of, follows_lost_connection
from shared.runtime.errors import Conflict, Invalid, NotFound, ServiceError, Unavailable
from shared.runtime.http.errors import BadRequest, InternalError, MethodNotAllowed, RequestTooLarge
from shared.runtime.http.problems import problem_response
from shared.runtime.http.validation import invalid_request

logger = logging.getLogger(__name__)

# SQLSTATEs of values that the request carried and no column can hold (PostgreSQL, appendix A): NUL bytes, numbers and
# times out of range, overlong or malformed text. asyncpg reports what it cannot even encode as 22000.
_UNSTORABLE: Final = frozenset({"22000", "22001", "22003", "22007", "22008", "22021", "22P02", "22P05", "23514"})
_CONFLICTING: Final = frozenset({"23503", "23505", "23P01"})
# Serialization failure, deadlock, lock time-out; then whole classes: connection, login, catalog, resources, operator.
_BUSY: Final = frozenset({"40001", "40P01", "55P03"})
_AWAY_CLASSES: Final = ("08", "28", "3D", "53", "57")


# ConnectionError and TimeoutError come from asyncpg while it connects; SQLAlchemy passes them on as they are.
_OUTAGES: Final = (
    DBAPIError,
    PoolTimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    RedisError,
    ConnectionError,
    TimeoutError,
    socket.gaierror,
)
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN})


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    app.add_exception_handler(HTTPException, _http_error)
    for kind in (ServiceError, RequestValidationError, *_OUTAGES, OSError, PendingRollbackError):
        app.add_exception_handler(kind, _refused)


def refusal_of(request: Request, error: Exception) -> ServiceError | None:
    """What the client is told of an error, after logging it; None where nobody has foreseen it, or it is no error."""
    if isinstance(error, ServiceError):
        if error.status >= 500:
            logger.warning("request_refused", extra={"code": error.code, "detail": error.detail})
        return error
    if isinstance(error, RequestValidationError):
        return invalid_request(error.errors(), error.body)
    if isinstance(error, HTTPException):
        return _from_framework(request, error) if error.status_code >= 400 else None
    return from_database(error) if _is_outage(error) else None


def _is_outage(error: Exception) -> bool:
    """A container that starts again has neither a name nor an address for a moment. A session whose connection is lost in one
    statement refuses the next one without a word of the database."""
    if isinstance(error, PendingRollbackError):
        return follows_lost_connection(error)
    return isinstance(error, _OUTAGES) or (isinstance(error, OSError) and error.errno in _UNREACHABLE)


async def _refused(request: Request, error: Exception) -> Response:
    refusal = refusal_of(request, error)
    if refusal is None:
        # As any error that nobody has foreseen.
        raise error
    return problem_response(request.scope, refusal)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    return await _refused(request, error)


def _from_framework(request: Request, error: HTTPException) -> ServiceError:
    if error.status_code == 404:
        return NotFound("there is nothing at this address; /docs lists what there is")
    if error.status_code == 405:
        allowed = _allowed_methods(request)
        return MethodNotAllowed(f"this address takes {allowed}", headers={"Allow": allowed})
    if error.status_code == 413:
        return RequestTooLarge("the body is larger than this address takes; send less at once")
    refusal = BadRequest("the body cannot be read as the Content-Type that it is sent with")
    return refusal if error.status_code == 400 else _with_status(refusal, error.status_code)


def _with_status(error: ServiceError, status: int) -> ServiceError:
    named: type[ServiceError] = type(
        "FrameworkError", (ServiceError,), {"status": status, "code": f"http_{status}", "title": "Refused"}
    )
    return named(error.detail)


def _allowed_methods(request: Request) -> str:
    """All methods of the path (RFC 9110 §15.5.6); the router's own answer knows only those of the first route that fits.

    Where several templates fit, the most specific one is meant: `/things/search` before `/things/{thing_id}`.
    """
    methods: dict[str, set[str]] = {}
    for context in iter_route_contexts(request.app.routes):
        pattern: Any = getattr(context, "path_regex", None)
        if pattern is not None and context.path is not None and pattern.match(request.scope["path"]):
            methods.setdefault(context.path, set()).update(context.methods or ())
    return ", ".join(sorted(methods[min(methods, key=lambda template: template.count("{"))])) if methods else ""


def from_database(error: Exception) -> ServiceError:
    """What to tell the client about an error of the database or the broker, after logging what it was."""
    state = _sqlstate(error)
    facts = {"sqlstate": state, "error": type(error).__name__, "constraint": constraint_of(error)}
    if state in _UNSTORABLE:
        logger.warning("value_refused_by_database", extra=facts)
        return Invalid("a value cannot be stored: it is out of range, too long, or has a NUL character")
    if state in _CONFLICTING:
        logger.warning("constraint_violated", extra=facts)
        return Conflict("another change came first, or the request names something that is not there; read again and retry")
    if state is not None and state not in _BUSY and not state.startswith(_AWAY_CLASSES):
        logger.error("database_error", exc_info=error, extra=facts)
        return InternalError("the request failed on our side; quote the correlation_id when you ask about it")
    logger.warning("dependency_unavailable", extra=facts)
    wait = "1" if state in _BUSY else "5"
    return Unavailable("the database or the broker does not answer in time; try again", headers={"Retry-After": wait})


def _sqlstate(error: BaseException) -> str | None:
    cause: BaseException | None = error
    while cause is not None:
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return state
        cause = getattr(cause, "orig", None) or cause.__cause__
    return None
