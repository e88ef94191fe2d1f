"""What follows from a provider's answer: the one policy for all providers."""

from datetime import timedelta
from typing import Final

from services.notifications.providers.answers import Answer, Verdict
from shared.runtime.outcomes import Done, Failed, Outcome, Retry

MAX_WAIT: Final = timedelta(hours=24)
"""For tries that do not count: accounts that take nothing for a day have lost the message. What a person or a campaign has held
back before does not count."""
WAITS: Final = frozenset({Verdict.THROTTLED.value, Verdict.CONFIG.value, "provider_closed", "document"})
"""Why a message waits for somebody else: for an account that takes messages again, or for the owner of a document."""

SHORTEST_S: Final = 1.0
RESEND_S: Final = 600.0
SOFT_WAITS_S: Final = (1800.0, 7200.0)
FAILOVER: Final = "failover"
DOCUMENT: Final = "document"
"""Why a mail waits whose documents cannot be had for now."""

_ELSEWHERE: Final = frozenset({Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.UNKNOWN, Verdict.CONFIG})


def decide(
    answer: Answer,
    *,
    tries: int,
    max_retries: int,
    urgent: bool,
    waited: timedelta,
    instead_of: str | None = None,
    is_resent: bool = False,
    soft_tries: int = 0,
) -> Outcome:
    """The outcome of a try.

    tries: how many counted so far, this one included. urgent: whether the message is useless in ten minutes. waited: for how
    long no account has taken it. instead_of: the account that has answered, where another one could carry the message.
    is_resent: of a try before this one nobody knows what became of it either. soft_tries: how many before this one the recipient
    has put off, which is all that counts for how patient to be with the recipient.
    Retries that are used up are the runtime's affair.
    """
    verdict = answer.verdict
    error = _sentence(answer)
    if verdict is Verdict.UNKNOWN and urgent and is_resent:
        # Two copies may have arrived by now; a third one helps nobody.
        return Failed(error, reason=verdict.value, error_class=verdict.value)
    if instead_of is not None and _fails_over(verdict, urgent=urgent, last=tries > max_retries):
        return Retry(f"{instead_of}: {error}; another provider is next", counts=False, error_class=FAILOVER)
    match verdict:
        case Verdict.ACCEPTED:
            return Done()
        case Verdict.TRANSIENT:
            return Retry(error, after_s=answer.retry_after_s, error_class=verdict.value)
        case Verdict.THROTTLED | Verdict.CONFIG:
            # Whoever asks for no time at all is not asked again at once, for a day.
            return wait(error, verdict.value, max(SHORTEST_S, answer.retry_after_s), waited=waited)
        case Verdict.UNKNOWN:
            # Twice is better than never, and the Message-ID is the same; but first give the provider time to show what it has.
            return Retry(error, after_s=0.0 if urgent else RESEND_S, error_class=verdict.value)
        case Verdict.SOFT_RECIPIENT if soft_tries < len(SOFT_WAITS_S):
            return Retry(error, after_s=SOFT_WAITS_S[soft_tries], error_class=verdict.value)
        case _:
            return Failed(error, reason=verdict.value, error_class=verdict.value)


def _fails_over(verdict: Verdict, *, urgent: bool, last: bool) -> bool:
    if urgent:
        return verdict in _ELSEWHERE
    return verdict is Verdict.CONFIG or (verdict is Verdict.TRANSIENT and last)


def wait(error: str, reason: str, for_s: float, *, waited: timedelta) -> Retry | Failed:
    """A try that does not count, because it says nothing of this message; failed once that has waited for a day."""
    if waited > MAX_WAIT:
        return Failed(f"given up after 24 hours: {error}", reason=reason, error_class=reason)
    return Retry(error, after_s=for_s, counts=False, error_class=reason)


def _sentence(answer: Answer) -> str:
    return f"{answer.code} {answer.detail}" if answer.code is not None else answer.detail
