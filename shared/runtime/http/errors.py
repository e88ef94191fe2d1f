"""What HTTP itself says no with, beside what services do.

ServiceError
    BadRequest (400)
    MethodNotAllowed (405)
    RequestTooLarge (413)
    InternalError (500)
"""

from shared.runtime.errors import ServiceError


class InternalError(ServiceError):
    status, code, title = 500, "internal_error", "Something went wrong on our side"


class RequestTooLarge(ServiceError):
    status, code, title = 413, "request_too_large", "The request body is too large"


class MethodNotAllowed(ServiceError):
    status, code, title = 405, "method_not_allowed", "The method is not allowed here"


class BadRequest(ServiceError):
    status, code, title = 400, "bad_request", "The request cannot be read"
