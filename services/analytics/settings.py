"""Settings of the analytics service."""

from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import NoDecode

from shared.contracts.lanes import SERVICES
from shared.contracts.notifications.fields import ADDRESS
from shared.runtime.http.settings import HttpSettings
from shared.runtime.key_lists import AesKeys, aes_keys
from shared.runtime.settings import postgres_login, redis_login

_URL: Final = r"^https?://[^\s/?#]+(/[^\s?#]*)?$"
_Address = Annotated[str, StringConstraints(max_length=320, pattern=ADDRESS)]


class AnalyticsSettings(HttpSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "analytics"

    analytics_public_url: str = Field(
        "http://127.0.0.1:8005",
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="Where people reach this API, for the links in the mails of reports.",
    )

    alerts_url: str | None = Field(None, pattern=_URL, description="The alerts API, whose task system is watched.")
    notifications_url: str | None = Field(None, pattern=_URL, description="The notifications API, as `ALERTS_URL`.")
    payments_url: str | None = Field(None, pattern=_URL, description="The payments API, as `ALERTS_URL`.")
    trips_url: str | None = Field(None, pattern=_URL, description="The trips API, as `ALERTS_URL`.")
    analytics_url: str | None = Field(None, pattern=_URL, description="This API, for what is asked of every service.")
    broker_monitor_url: SecretStr | None = Field(
        None, description="The login that hears the workers' events and counts everywhere; the service's own where it is not set."
    )
    collector_in_api: bool = Field(False, description="Host the collector of events in the API process, to save memory.")
    operations_emails: Annotated[tuple[_Address, ...], NoDecode] = Field(
        (),
        max_length=20,
        description="Who is told of monitoring alerts: addresses separated by commas. Nobody where it is empty.",
    )
    runbooks_url: str = Field(
        "docs/runbooks", max_length=500, description="Where the runbooks are that alerts link to; this repository's as it is."
    )
    task_history_days: int = Field(7, ge=1, le=90, description="How many whole days of task history are kept.")

    encryption_keys: AesKeys | None = Field(
        None,
        description="Encrypt the keys that sign operators' tokens: `<id>:<32 bytes as base64>`; more behind commas.",
    )
    access_token_minutes: int = Field(10, ge=1, le=60, description="How long an operator's token is good.")
    session_idle_hours: int = Field(12, ge=1, le=720, description="How long a session that is not used goes on.")
    session_days: int = Field(30, ge=1, le=365, description="How long a session goes on at most.")
    backup_database_url: SecretStr | None = Field(
        None, description="The login that reads all schemas, `backup`; only the worker of `analytics.backup` needs it."
    )
    backup_dir: Path | None = Field(None, description="The folder of backups, best on another disk than the database's.")
    backup_schemas: Annotated[tuple[str, ...], NoDecode] = Field(SERVICES, description="The schemas that a backup has.")
    backup_timeout_s: int = Field(1500, ge=10, le=1740, description="How long a backup or a restore drill may take.")
    backup_keep_recent: int = Field(8, ge=1, le=1000, description="How many of the newest backups are kept.")
    backup_keep_daily: int = Field(7, ge=0, le=1000, description="For how many days the last backup of the day is kept.")
    backup_keep_weekly: int = Field(5, ge=0, le=520, description="For how many weeks the last backup of the week is kept.")
    restore_drill_url: SecretStr | None = Field(
        None, description="A login that may make databases, `restore`, on the server where backups are tried; as above."
    )
    postgres_programs: Path | None = Field(
        None, description="The folder of `pg_dump` and `pg_restore`, where they are not those that are installed."
    )

    carrier_url: str | None = Field(
        None, pattern=_URL, description="A carrier's feed of ETAs, which fills the shipments of alerts; not read without it."
    )
    carrier_api_key: SecretStr | None = Field(None, description="What opens it.")
    carrier_organization_id: UUID | None = Field(None, description="Whose shipments it tells of.")
    carrier_customer: str | None = Field(
        None, min_length=1, max_length=200, description="Whose goods they are where the feed names nobody."
    )
    carrier_recipients: Annotated[tuple[_Address, ...], NoDecode] = Field(
        (), max_length=20, description="Who is told of the alerts of shipments that it brings: addresses separated by commas."
    )
    carrier_rate: float = Field(5.0, gt=0, le=1000, description="Calls per second at most, over all workers.")
    sync_pages: int = Field(100, ge=1, le=1000, description="How many pages of a source a run reads at most.")

    optimize_own_tables: bool = Field(
        True, description="Vacuum and analyse analytics' own tables in the daily look; else that is advice alone, too."
    )

    @model_validator(mode="after")
    def _feed_is_whole(self) -> Self:
        if self.carrier_url and not (self.carrier_api_key and self.carrier_organization_id and self.carrier_recipients):
            rest = "CARRIER_API_KEY, CARRIER_ORGANIZATION_ID and CARRIER_RECIPIENTS"
            raise ValueError(f"CARRIER_URL needs {rest}: set them, or none of the four")
        return self

    @field_validator("backup_database_url", "restore_drill_url")
    @classmethod
    def _is_database_login(cls, value: SecretStr | None) -> SecretStr | None:
        return postgres_login(value)

    @field_validator("backup_schemas", mode="before")
    @classmethod
    def _are_schemas(cls, value: Any) -> Any:
        found = tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
        if not found or set(found) - set(SERVICES):
            raise ValueError(f"must be names of schemas, separated by commas: some of {','.join(SERVICES)}")
        return found

    @field_validator("broker_monitor_url")
    @classmethod
    def _is_monitor_login(cls, value: SecretStr | None) -> SecretStr | None:
        return redis_login(value)

    @cached_property
    def encryption(self) -> dict[str, bytes]:
        """The encryption keys by their ids; the first one encrypts."""
        return aes_keys(self.encryption_keys)

    @field_validator("operations_emails", "carrier_recipients", mode="before")
    @classmethod
    def _are_listed(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def kept_folders(self) -> dict[str, Path]:
        """Backups, too."""
        return super().kept_folders | ({"BACKUP_DIR": self.backup_dir} if self.backup_dir else {})

    @property
    def monitor_url(self) -> str:
        """The broker, as monitoring sees it."""
        return self.broker_monitor_url.get_secret_value() if self.broker_monitor_url else self.broker_url

    @property
    def service_urls(self) -> dict[str, str]:
        """Where the services' APIs are, as far as it is set."""
        found = {service: getattr(self, f"{service}_url") for service in SERVICES}
        return {service: url for service, url in found.items() if url is not None}


@cache
def settings() -> AnalyticsSettings:
    """The settings of this process, read once."""
    return AnalyticsSettings.load()
