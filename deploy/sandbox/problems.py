"""Errors of the HTTP API as application/problem+json (RFC 9457): a stable code, what was wrong and how to mend it."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect


class Problem(Exception):
    """A refusal. status: the HTTP status; code: stable, for programs; detail: a sentence for people."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.extra = status, code, detail, extra


def install(app: FastAPI) -> None:
    """Have the app answer every error as a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)


def response(problem: Problem) -> JSONResponse:
    """The problem document."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.extra,
    }
    return JSONResponse(document, problem.status, media_type="application/problem+json")


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return response(error)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError | ValidationError)
    errors = [_field(item) for item in error.errors()]
    if any(item["field"] == "body" and "JSON" in item["message"] for item in errors):
        return response(Problem(400, "not_json", "The body is not JSON.", errors=errors))
    sentence = "; ".join(f"{item['field']}: {item['message']}" for item in errors[:5])
    return response(Problem(422, "invalid", sentence, errors=errors))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    answer = response(Problem(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}"))
    answer.headers.update(error.headers or {})
    return answer


async def _gone(_: Request, __: Exception) -> Response:
    """A client that died while it spoke: fault runs kill many, and nobody hears the answer."""
    return Response(status_code=400)


def _field(item: Any) -> dict[str, str]:
    where = [str(part) for part in item["loc"] if part not in ("query", "path") and not isinstance(part, bool)]
    name = "body" if item["type"] == "json_invalid" else ".".join(where) or "body"
    what = "is not JSON" if item["type"] == "json_invalid" else item["msg"].removeprefix("Value error, ")
    return {"field": name, "message": what}
