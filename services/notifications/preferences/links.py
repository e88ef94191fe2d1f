"""Links in messages by which people choose what they get, and the headers that mail programs make a button of."""

from services.notifications.preferences.tokens import LinkSubject, LinkTokens
from services.notifications.settings import NotificationsSettings


class Links:
    """Makes links to this service's public pages, which `BACKEND_URL` leads to."""

    def __init__(self, settings: NotificationsSettings, tokens: LinkTokens) -> None:
        self._base = settings.backend_url.rstrip("/")
        self._tokens = tokens

    def unsubscribe_url(self, subject: LinkSubject) -> str:
        """Where the subject's category is declined. Opening it asks, and changes nothing."""
        return f"{self._base}/v1/unsubscribe/{self._tokens.token_for(subject)}"

    def preferences_url(self, subject: LinkSubject) -> str:
        """Where everything that can be chosen is."""
        return f"{self._base}/v1/preferences/{self._tokens.token_for(subject)}"

    def unsubscribe_headers(self, subject: LinkSubject, mail_to: str | None = None) -> tuple[tuple[str, str], ...]:
        """Headers of an e-mail that can be declined (RFC 2369, RFC 8058); they belong among those that DKIM signs.

        mail_to: the address at which it is declined by mail; None where no mail comes in. It stands second: programs take the
        first of the ways that they know (RFC 2369 §2). The button of RFC 8058 needs https, so where `BACKEND_URL` has none the
        header stands alone.
        """
        url = self.unsubscribe_url(subject)
        ways = (f"<{url}>", f"<mailto:{mail_to}?subject=unsubscribe>") if mail_to is not None else (f"<{url}>",)
        header = ("List-Unsubscribe", ", ".join(ways))
        return (header, ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")) if url.startswith("https://") else (header,)
