"""Settings that every service has. Each service subclasses `ServiceSettings` in its own `settings.py`.

Values come from the environment, from files under /run/secrets, and, where `make run` has made one,
from `.waybill/<service>.env`; in that order. A missing or wrong value stops the start with a sentence
that names it.
"""

import logging
import os
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.runtime.legacy_settings import refuse_legacy
from shared.runtime.redaction import AddressHash

ROOT = Path(__file__).resolve().parents[2]
SECRETS = Path("/run/secrets")
"""Where Compose and Kubernetes show secrets: a file for each, of the setting's name in either case."""


class SettingsError(SystemExit):
    """Settings are missing or wrong; the message names each of them."""


def local_home() -> Path:
    """The folder in which the local stack keeps its data and the services' env files."""
    return Path(os.environ.get("WAYBILL_HOME") or ROOT / ".waybill")


class ServiceSettings(BaseSettings):
    """What every process of a service needs. Durations are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)
    service: ClassVar[str]
    version: ClassVar[str] = "0.0.0"
    """The service's own, from its pyproject.toml: each is released alone."""

    database_url: SecretStr
    database_owner_url: SecretStr | None = Field(None, description="The schema owner's login; only migrations use it.")
    database_pool_size: int = Field(5, ge=1, le=100)

    redis_url: SecretStr | None = None
    redis_host: str | None = None
    redis_port: int = 6379
    redis_db: int = 0
    redis_password: SecretStr | None = None
    celery_broker_url: SecretStr | None = None
    celery_result_backend: SecretStr | None = None

    relay_in_api: bool = Field(False, description="Host the relay in the API process, to save memory.")
    broker_operator_url: SecretStr | None = Field(
        None, description="The login that may watch and control workers, for `celery inspect` and its like."
    )
    log_level: str = Field("INFO", validation_alias=AliasChoices("LOG_LEVEL", "CELERY_LOG_LEVEL"))  # type: ignore[pydantic-alias]  # two literals are not dynamic
    log_format: str = Field("json", pattern="^(json|console)$")
    time_factor: float = Field(
        1.0, gt=0, le=1, validation_alias="WAYBILL_TIME_FACTOR", description="Shrinks every timer in tests."
    )
    metrics_port: int = Field(0, ge=0, le=65_535, description="Port of a worker's or relay's metrics; 0 for none.")
    heartbeat_file: Path | None = None
    worker_concurrency: int = Field(1, ge=1, le=256)

    archive_dir: Path | None = Field(
        None,
        description="Where workers put old rows and days, as Parquet. Without it rows stay, and days are dropped all the same.",
    )

    watched_dirs: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        max_length=20,
        description="More folders on whose disks a worker has an eye, the database's for instance, separated by commas.",
    )

    auth_jwks: str | None = Field(
        None,
        description="URL or path of the JWKS whose keys may sign tokens; several behind commas, the first that has a key counts.",
    )
    auth_issuers: Annotated[tuple[str, ...], NoDecode] = ("waybill",)
    auth_signing_key_file: Path | None = Field(None, description="This service's own private JWK, for calls to others.")

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        project = ROOT / "services" / vars(cls).get("service", "-") / "pyproject.toml"
        if project.is_file():
            cls.version = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]

    @field_validator("auth_issuers", "watched_dirs", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return comma_separated(value) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _is_level(cls, value: Any) -> Any:
        # Celery writes its own level into CELERY_LOG_LEVEL as a number.
        name = logging.getLevelName(int(value)) if isinstance(value, str) and value.isdigit() else str(value).upper()
        if name not in logging.getLevelNamesMapping():
            raise ValueError(f"must be one of {', '.join(logging.getLevelNamesMapping())}")
        return name

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        return postgres_login(value)

    @field_validator("redis_url", "celery_broker_url", "celery_result_backend", "broker_operator_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        return redis_login(value)

    @field_validator("auth_jwks")
    @classmethod
    def _is_there(cls, value: str | None) -> str | None:
        for part in comma_separated(value or ""):
            if urlsplit(part).scheme not in ("http", "https") and not Path(part.removeprefix("file://")).is_file():
                raise ValueError("is neither a URL nor the path of a file that is there")
        return value

    @cached_property
    def broker_url(self) -> str:
        """The broker's URL, from CELERY_BROKER_URL, REDIS_URL or REDIS_HOST and its companions."""
        chosen = self.celery_broker_url or self.redis_url
        if chosen is not None:
            return chosen.get_secret_value()
        if self.redis_host is None:
            raise SettingsError(
                f"{self.service}: set REDIS_URL (redis://user:password@host:6379/0) or REDIS_HOST; neither is set"
            )
        login = f":{quote(self.redis_password.get_secret_value(), safe='')}@" if self.redis_password else ""
        return f"redis://{login}{self.redis_host}:{self.redis_port}/{self.redis_db}"

    @cached_property
    def result_url(self) -> str:
        """Where answers are kept: CELERY_RESULT_BACKEND, or the broker."""
        return self.celery_result_backend.get_secret_value() if self.celery_result_backend else self.broker_url

    @property
    def kept_folders(self) -> dict[str, Path]:
        """Where this service's workers keep what must not be lost, by the settings that say so."""
        watched = {str(folder): folder for folder in self.watched_dirs}
        return watched | ({"ARCHIVE_DIR": self.archive_dir} if self.archive_dir else {})

    @property
    def address_hash(self) -> AddressHash | None:
        """How this service hashes addresses, for its log lines; None where it has no key for that."""
        return None

    def scaled(self, seconds: float) -> float:
        """A timer's length under the one factor by which tests shrink all timers."""
        return seconds * self.time_factor

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings once, or stop with a sentence for each that is missing or wrong."""
        refused = refuse_legacy(os.environ)
        if refused:
            raise SettingsError("\n".join(f"{cls.service}: {sentence}" for sentence in refused))
        secrets = SECRETS if SECRETS.is_dir() else None
        try:
            settings = cls(_env_file=local_home() / f"{cls.service}.env", _secrets_dir=secrets, **overrides)
        except ValidationError as error:
            raise SettingsError(explain(cls.service, error)) from None
        _ = settings.broker_url
        return settings


def comma_separated(value: str) -> tuple[str, ...]:
    """The parts of a setting that names several things."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def postgres_login(value: SecretStr | None) -> SecretStr | None:
    """Check a setting that holds a PostgreSQL URL. Raises ValueError."""
    if value is not None and not _is_url(value, ("postgresql", "postgres", "postgresql+asyncpg"), path=r"/[^/]+"):
        raise ValueError("must be a URL like postgresql://user:password@host:5432/database")
    return value


def redis_login(value: SecretStr | None) -> SecretStr | None:
    """Check a setting that holds a Redis URL. Raises ValueError."""
    if value is not None and not _is_url(value, ("redis", "rediss"), path=r"(/\d*)?"):
        raise ValueError("must be a URL like redis://user:password@host:6379/0")
    return value


def _is_url(value: SecretStr, schemes: tuple[str, ...], *, path: str) -> bool:
    try:
        url = urlsplit(value.get_secret_value())
        return url.scheme in schemes and bool(url.hostname) and url.port != 0 and bool(re.fullmatch(path, url.path))
    except ValueError:
        return False


Settings = TypeVar("Settings", bound=ServiceSettings)


def explain(service: str, error: ValidationError) -> str:
    """One sentence per wrong setting, with its name in the environment and without its value."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        what = "is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"{service}: {name} {what}" if name else f"{service}: {what}")
    hint = f"set it in the environment; after `make run`, `waybill env {service}` prints a complete set"
    return "\n".join([*lines, f"{service}: {hint}"])
