"""Keep the table of settings in docs/operations.md true: `python -m shared.runtime.settings_reference check|write`.

check   compare the page with the settings classes; exit 1 with a sentence when they differ
write   write the table into the page
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from shared.contracts.lanes import SERVICES
from shared.runtime.http.settings import HttpSettings
from shared.runtime.settings import ROOT, ServiceSettings

PAGE: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- settings: written by `python -m shared.runtime.settings_reference write` -->"
END: Final = "<!-- settings end -->"

MEANINGS: Final[dict[str, str]] = {
    "database_url": "The service's application login, `<service>_app`. Any `postgresql://` URL, `?sslmode=…` and the like too.",
    "database_pool_size": "Connections that an API process or a worker's child may have open.",
    "redis_url": "The broker. `CELERY_BROKER_URL` goes before it.",
    "redis_host": "The broker's host, where neither `CELERY_BROKER_URL` nor `REDIS_URL` is set. One of the three must be.",
    "redis_port": "Beside `REDIS_HOST`.",
    "redis_db": "Beside `REDIS_HOST`.",
    "redis_password": "Beside `REDIS_HOST`. A login with a user name is written as `REDIS_URL`.",
    "celery_broker_url": "The broker; goes before `REDIS_URL` and `REDIS_HOST`.",
    "celery_result_backend": "Where answers are kept; the broker where this is not set.",
    "log_level": "A level of Python's logging, by name or number.",
    "log_format": "JSON lines, or lines for people.",
    "heartbeat_file": "Touched every 2 s: by a worker while it reaches the broker, by others while their loops turn.",
    "worker_concurrency": "Children of a worker; `--concurrency` goes before it.",
    "auth_issuers": "Who may have issued a token: the values of `iss` that are accepted, separated by commas.",
    "smtp_host": "The server that takes e-mail.",
    "smtp_port": "Its port.",
    "smtp_user": "Its login. Goes together with `SMTP_PASSWORD`.",
    "smtp_password": "Goes together with `SMTP_USER`.",
    "smtp_from": "The sender of every e-mail: `a@example.com` or `Name <a@example.com>`.",
}
"""What the classes do not say themselves. A field that gets a description loses its line here."""


def reference() -> str:
    """The tables of all settings, as Markdown."""
    parts = [
        _table("Every process of a service", ServiceSettings, set()),
        _table("APIs", HttpSettings, set(_fields(ServiceSettings))),
    ]
    for service in SERVICES:
        settings: type[HttpSettings] = getattr(
            importlib.import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings"
        )
        own = set(settings.model_fields) - set(HttpSettings.model_fields)
        if own:
            parts.append(_table(f"{service} alone", settings, set(HttpSettings.model_fields)))
    return "\n\n".join(parts)


def _fields(settings: type[ServiceSettings]) -> list[str]:
    return list(settings.model_fields)


def _table(title: str, settings: type[ServiceSettings], known: set[str]) -> str:
    lines = [f"### {title}", "", "| Setting | Default | Takes | Meaning |", "|---|---|---|---|"]
    for name, field in settings.model_fields.items():
        if name not in known:
            cells = (", ".join(f"`{one}`" for one in environment_names(name, field)), _default(field), _takes(field))
            lines.append(f"| {' | '.join(cells)} | {meaning(settings, name)} |")
    return "\n".join(lines)


def environment_names(name: str, field: FieldInfo) -> list[str]:
    """The names under which a setting is read from the environment, the first going before the others."""
    alias = field.validation_alias
    found: Sequence[Any] = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
    return [str(one).upper() for one in found]


def meaning(settings: type[ServiceSettings], name: str) -> str:
    """What a setting is for: its description, its line in the docstring of the class, or MEANINGS. KeyError without any."""
    return settings.model_fields[name].description or _from_docstring(settings, name) or MEANINGS[name]


def _from_docstring(settings: type[ServiceSettings], name: str) -> str | None:
    found = re.search(rf"^{name}: (.+?)(?=\n\w+: |\n\n|\Z)", inspect.getdoc(settings) or "", re.MULTILINE | re.DOTALL)
    return None if found is None else _sentence(" ".join(found[1].split()))


def _sentence(words: str) -> str:
    return words if words.startswith("`") else words[0].upper() + words[1:]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None:
        return "none"
    shown = ",".join(value) if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`"


def _takes(field: FieldInfo) -> str:
    limits = list(_limits(field))
    return f"{_type(field.annotation)}{', ' + ', '.join(limits) if limits else ''}"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _type(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return _type(next(one for one in get_args(annotation) if one is not NoneType))
    if get_origin(annotation) is tuple:
        return "list"
    named: dict[Any, str] = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "true or false",
        SecretStr: "secret",
        Path: "path",
        UUID: "UUID",
    }
    return named[annotation]


def _limits(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        match limit:
            case Ge(ge=least):
                yield f"from {least}"
            case Gt(gt=least):
                yield f"over {least}"
            case Le(le=most):
                yield f"to {most}"
            case MinLen(min_length=least):
                yield f"{least} characters or more"
            case MaxLen(max_length=most):
                yield f"at most {most} characters"
            case _:
                pass


def written(page: str) -> str:
    """The page with today's table. ValueError where the page has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs a line {BEGIN} and, after it, a line {END}")
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def main(arguments: Sequence[str], page: Path = PAGE) -> int:
    """Run the command and return its exit code."""
    if list(arguments) not in (["check"], ["write"]):
        sys.stderr.write("usage: python -m shared.runtime.settings_reference check|write\n")
        return 2
    text = page.read_text()
    if arguments[0] == "write":
        page.write_text(written(text))
    elif written(text) != text:
        sys.stderr.write(f"{page}: the settings have changed; run `python -m shared.runtime.settings_reference write`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
