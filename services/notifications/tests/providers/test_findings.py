"""What an answer says of its account."""

import pytest

from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.findings import finding
from shared.runtime.outside.circuits import REFUSED, Finding


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(Verdict.ACCEPTED, "250 OK"), Finding(failed=False, took_s=2.0)),
        (Answer(Verdict.BAD_RECIPIENT, "550 5.1.1"), Finding(failed=False, took_s=2.0)),
        (Answer(Verdict.TRANSIENT, "451 later"), Finding(failed=True, took_s=2.0)),
        (Answer(Verdict.TRANSIENT, "450 4.2.1 busy", of_recipient=True), Finding(failed=False, took_s=2.0)),
        # 421 to a recipient or a text: one is a mail's affair, nothing else for long is the server's.
        (Answer(Verdict.THROTTLED, "421 4.3.2 shutting down", retry_after_s=60.0), Finding(failed=True, took_s=2.0)),
        (Answer(Verdict.THROTTLED, "452 too many", of_recipient=True), Finding(failed=False, took_s=2.0)),
        (Answer(Verdict.UNKNOWN, "nobody knows"), Finding(failed=True, took_s=2.0)),
        (
            Answer(Verdict.THROTTLED, "429", retry_after_s=15.0, closes=True),
            Finding(failed=True, took_s=2.0, closes_s=15.0, why="throttled"),
        ),
        (
            Answer(Verdict.CONFIG, "535", retry_after_s=300.0, closes=True),
            Finding(failed=True, took_s=2.0, closes_s=300.0, why=REFUSED),
        ),
        # Headers that leave nothing of a window close the account until the next one begins.
        (
            Answer(Verdict.ACCEPTED, "202", remaining=0, reset_s=7.0),
            Finding(failed=False, took_s=2.0, closes_s=7.0, why="throttled"),
        ),
    ],
)
def test_answer_tells_its_breaker_what_failed_and_what_closes_the_account(answer: Answer, found: Finding) -> None:
    assert finding(answer, 2.0) == found
