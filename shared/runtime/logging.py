"""Structured logs: one line per event, JSON or console, with everything from the standard library going the same way.

An event is a constant string and its facts are fields: `logger.info("lane_paused", extra={"lane": lane.name})`. Every
line carries service, version, role and, inside a request or a message, its correlation id. What looks
personal or secret is taken out before a line is rendered, whoever wrote it; see `redaction.py`.
"""

import logging
import sys
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.runtime.context import _current as current_trace_var
from shared.runtime.redaction import Redaction
from shared.runtime.settings import ServiceSettings

Role = Literal["api", "worker", "relay", "beat", "collector", "command"]

# These repeat what our own lines say, once per request or statement.
_QUIET = {
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "sqlalchemy.engine": logging.WARNING,
}


def configure_logging(settings: ServiceSettings, role: Role) -> None:
    """Send all logs of this process to standard output in the one shape. May be called again; the last call counts."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter(settings, role))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(settings, role),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def formatter(settings: ServiceSettings, role: Role) -> structlog.stdlib.ProcessorFormatter:
    """The formatter behind `configure_logging`, for handlers that a program brings itself."""
    renderer: Processor = structlog.processors.JSONRenderer(serializer=_to_json)
    if settings.log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
    rendered: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # Tracebacks become text before the redaction, which looks at text.
        structlog.processors.format_exc_info,
        Redaction(settings.address_hash),
        renderer,
    ]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_shared(settings, role), processors=rendered)


def _shared(settings: ServiceSettings, role: Role) -> list[Processor]:
    """What structlog's own events and those of the standard library have in common."""
    origin = {"service": settings.service, "version": settings.version, "role": role}

    def add_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for key, value in origin.items():
            event.setdefault(key, value)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        add_origin,
        _add_trace,
    ]


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # `current_trace()` would make up an id outside of any request, and a line must not carry an id that leads nowhere.
    trace = current_trace_var.get()
    if trace is not None:
        event.setdefault("correlation_id", trace.correlation_id)
        event.setdefault("trace_id", trace.traceparent.split("-")[1])
    return event


def _to_json(event: dict[str, Any], **_options: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
