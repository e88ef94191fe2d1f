import re

import pytest

from shared.runtime.legacy_settings import FIXED, REFUSED, refuse_legacy


def test_an_environment_without_older_settings_is_accepted() -> None:
    assert (
        refuse_legacy({"PATH": "/usr/bin", "DATABASE_URL": "postgresql://db/waybill", "CELERY_BROKER_URL": "redis://broker"})
        == []
    )


def test_settings_of_providers_that_are_not_built_do_not_stop_the_start() -> None:
    names = ("SENDGRID_API_KEY", "SMS_PROVIDER", "TWILIO_AUTH_TOKEN", "RAZORPAY_KEY_SECRET", "FRONTEND_URL", "BACKEND_URL")
    assert refuse_legacy(dict.fromkeys(names, "x")) == []


def test_a_refused_setting_is_named_with_the_reason_and_what_to_do() -> None:
    [sentence] = refuse_legacy({"CELERY_TASK_SOFT_TIME_LIMIT": "1680"})
    assert sentence.startswith("CELERY_TASK_SOFT_TIME_LIMIT is refused: a soft limit ends the task but not its coroutine")
    assert "use asyncio.timeout()" in sentence


def test_all_refused_settings_are_reported_at_once_and_by_name() -> None:
    sentences = refuse_legacy(
        {"CELERY_TASK_TIME_LIMIT": "1800", "CELERY_TASK_COMPRESSION": "gzip", "CELERY_TIMEZONE": "Asia/Kolkata"}
    )
    assert [sentence.split()[0] for sentence in sentences] == [
        "CELERY_TASK_COMPRESSION",
        "CELERY_TASK_TIME_LIMIT",
        "CELERY_TIMEZONE",
    ]


@pytest.mark.parametrize("value", ["json", "JSON", '["json"]', "['json']", "('json',)", "application/json"])
def test_content_that_is_json_alone_is_accepted_in_every_notation(value: str) -> None:
    assert refuse_legacy({"CELERY_ACCEPT_CONTENT": value}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CELERY_ACCEPT_CONTENT", '["json", "pickle"]'),
        ("CELERY_TASK_SERIALIZER", "pickle"),
        ("CELERY_WORKER_PREFETCH_MULTIPLIER", "4"),
        ("CELERY_ENABLE_UTC", "False"),
        ("CELERY_TASK_ALWAYS_EAGER", "true"),
    ],
)
def test_a_setting_with_one_meaning_is_refused_when_it_asks_for_another(name: str, value: str) -> None:
    assert refuse_legacy({name: value}) == [f"{name} is refused: {FIXED[name].reason}"]


@pytest.mark.parametrize("name", sorted(FIXED))
def test_a_setting_with_one_meaning_is_accepted_when_it_says_just_that(name: str) -> None:
    assert [refuse_legacy({name: value.upper()}) for value in FIXED[name].accepted] == [[]] * len(FIXED[name].accepted)


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_value_counts_as_unset(value: str) -> None:
    assert refuse_legacy(dict.fromkeys([*REFUSED, *FIXED], value)) == []


def test_names_are_compared_without_case() -> None:
    assert len(refuse_legacy({"celery_task_compression": "gzip"})) == 1


def test_a_sentence_never_quotes_the_value() -> None:
    sentences = refuse_legacy(dict.fromkeys([*REFUSED, *FIXED], "hunter2"))
    assert len(sentences) == len(REFUSED) + len(FIXED)
    assert not any("hunter2" in sentence for sentence in sentences)


def test_every_reason_says_what_to_do() -> None:
    reasons = [*REFUSED.values(), *(fixed.reason for fixed in FIXED.values())]
    assert [reason for reason in reasons if not re.search(r"\b(remove it|set \w+)\b", reason)] == []
