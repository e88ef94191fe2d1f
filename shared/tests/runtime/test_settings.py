"""Settings: read once, and a wrong one stops the start with a sentence that names it and not its value."""

from pathlib import Path
from typing import ClassVar

import pytest

from shared.runtime.legacy_settings import FIXED, REFUSED
from shared.runtime.settings import ServiceSettings, SettingsError


class TripsSettings(ServiceSettings):
    service: ClassVar[str] = "trips"


RIGHT = {"DATABASE_URL": "postgresql://a:b@localhost/c", "REDIS_URL": "redis://localhost:6379/0"}
WRONG = [
    ("DATABASE_URL", "mysql://secret", "must be a URL like postgresql://user:password@host:5432/database"),
    ("DATABASE_URL", "secret", "must be a URL like postgresql://"),
    ("DATABASE_URL", "postgresql://", "must be a URL like postgresql://"),
    ("DATABASE_URL", "postgresql://secret:99999/x", "must be a URL like postgresql://"),
    ("DATABASE_URL", "postgresql://secret", "must be a URL like postgresql://"),
    ("REDIS_URL", "secret", "must be a URL like redis://user:password@host:6379/0"),
    ("REDIS_URL", "redis://host:secret/0", "must be a URL like redis://"),
    ("CELERY_BROKER_URL", "amqp://secret", "must be a URL like redis://"),
    ("CELERY_RESULT_BACKEND", "db+sqlite:///secret", "must be a URL like redis://"),
    ("BROKER_OPERATOR_URL", "redis://host:6379/secret", "must be a URL like redis://"),
    ("AUTH_JWKS", "/secret.json", "is neither a URL nor the path of a file that is there"),
    ("DATABASE_OWNER_URL", "secret", "must be a URL like postgresql://"),
    ("DATABASE_POOL_SIZE", "0", "Input should be greater than or equal to 1"),
    ("DATABASE_POOL_SIZE", "secret", "Input should be a valid integer"),
    ("REDIS_PORT", "secret", "Input should be a valid integer"),
    ("REDIS_DB", "secret", "Input should be a valid integer"),
    ("LOG_LEVEL", "secret", "must be one of CRITICAL, FATAL, ERROR"),
    ("LOG_FORMAT", "secret", "String should match pattern '^(json|console)$'"),
    ("WAYBILL_TIME_FACTOR", "2", "Input should be less than or equal to 1"),
    ("WAYBILL_TIME_FACTOR", "0", "Input should be greater than 0"),
    ("METRICS_PORT", "70000", "Input should be less than or equal to 65535"),
    ("WORKER_CONCURRENCY", "0", "Input should be greater than or equal to 1"),
    ("RELAY_IN_API", "secret", "Input should be a valid boolean"),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing but what a service needs."""
    for name in ("CELERY_BROKER_URL", "REDIS_HOST", "CELERY_RESULT_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**RIGHT, "WAYBILL_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def _refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        TripsSettings.load()
    return str(caught.value)


def test_what_a_service_needs_is_enough() -> None:
    settings = TripsSettings.load()

    assert (settings.broker_url, settings.result_url) == (RIGHT["REDIS_URL"], RIGHT["REDIS_URL"])
    assert (settings.log_level, settings.time_factor, settings.worker_concurrency) == ("INFO", 1.0, 1)


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_value_is_one_sentence_that_names_it(
    environment: pytest.MonkeyPatch, *, name: str, value: str, words: str
) -> None:
    environment.setenv(name, value)

    sentence, hint = _refusal().splitlines()

    assert sentence.startswith(f"trips: {name} {words}")
    assert "secret" not in sentence
    assert hint == "trips: set it in the environment; after `make run`, `waybill env trips` prints a complete set"


def test_all_that_is_wrong_is_said_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")
    environment.setenv("METRICS_PORT", "-1")

    assert [line.split()[1] for line in _refusal().splitlines()[:-1]] == ["DATABASE_URL", "METRICS_PORT"]
    assert "trips: DATABASE_URL is not set" in _refusal()


def test_a_broker_that_nobody_named_is_asked_for(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "")

    assert _refusal() == "trips: set REDIS_URL (redis://user:password@host:6379/0) or REDIS_HOST; neither is set"


def test_the_brokers_address_may_come_in_parts_or_under_celerys_name(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("REDIS_URL")
    for name, value in {"HOST": "broker", "PORT": "6380", "DB": "3", "PASSWORD": "p@ss/word"}.items():
        environment.setenv(f"REDIS_{name}", value)
    assert TripsSettings.load().broker_url == "redis://:p%40ss%2Fword@broker:6380/3"

    environment.setenv("REDIS_URL", "redis://whole")
    assert TripsSettings.load().broker_url == "redis://whole"

    environment.setenv("CELERY_BROKER_URL", "redis://celerys")
    environment.setenv("CELERY_RESULT_BACKEND", "redis://results")
    settings = TripsSettings.load()
    assert (settings.broker_url, settings.result_url) == ("redis://celerys", "redis://results")


def test_the_local_stacks_file_fills_in_and_the_environment_wins(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "trips.env").write_text("LOG_LEVEL=warning\nMETRICS_PORT=9100\n")
    environment.setenv("METRICS_PORT", "9200")

    settings = TripsSettings.load()

    assert (settings.log_level, settings.metrics_port) == ("WARNING", 9200)


@pytest.mark.parametrize("name", [*REFUSED, *FIXED])
def test_settings_of_older_systems_stop_the_start_with_the_reason(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(name, "secret")

    refusal = _refusal()

    assert refusal.startswith(f"trips: {name} is refused: ")
    assert "secret" not in refusal


def test_no_value_is_shown_where_settings_are() -> None:
    assert "a:b@localhost" not in repr(TripsSettings.load())
