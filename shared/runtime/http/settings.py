"""What an HTTP API needs on top of the settings that every process has."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.runtime.settings import ServiceSettings


class HttpSettings(ServiceSettings):
    """Base of the five services' settings."""

    auth_api_keys_file: Path | None = Field(
        None, description="JSON file of API keys, by id; see shared/runtime/auth/api_keys.py."
    )
    cursor_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Signs page cursors. Replicas of a service share it; without one, cursors end with the process.",
    )
    rate_limit: str = Field(
        "600/minute",
        pattern=r"^[1-9]\d*/(second|minute|hour|day)$",
        description="Requests per caller where an endpoint names no limit.",
    )
