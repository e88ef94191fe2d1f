"""What an answer about one message says of the account that gave it, for its breaker."""

from typing import Final

from services.notifications.providers.answers import Answer, Verdict
from shared.runtime.outside.circuits import Finding

# One mail that is throttled does not close an account; where all are, it takes no mail, whatever the server calls it.
_FAILURES: Final = frozenset({Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.UNKNOWN})


def finding(answer: Answer, took_s: float) -> Finding:
    """took_s: how long the call took. Headers that leave nothing of a window close the account without a refusal."""
    if answer.closes:
        return Finding(failed=True, took_s=took_s, closes_s=answer.retry_after_s, why=answer.verdict.value)
    if answer.remaining is not None and answer.remaining <= 0 and answer.reset_s is not None:
        return Finding(failed=False, took_s=took_s, closes_s=max(0.0, answer.reset_s), why=Verdict.THROTTLED.value)
    return Finding(failed=answer.verdict in _FAILURES and not answer.of_recipient, took_s=took_s)
