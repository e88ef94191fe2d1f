"""Who appears in a run: three organizations and their people, all of its own, so that earlier runs do not count."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from uuid import UUID, uuid4

PLAIN: Final = "plain"
SENDGRID: Final = "sendgrid"
AMAZON: Final = "amazon"

SENDGRID_ACCOUNT: Final = "demo-sendgrid"
SES_ACCOUNT: Final = "demo-ses"
MSG91_ACCOUNT: Final = "demo-msg91"
KINDS: Final = {
    **{kind: kind for kind in ("smtp", "sendgrid", "ses", "twilio", "msg91")},
    SENDGRID_ACCOUNT: "sendgrid",
    SES_ACCOUNT: "ses",
    MSG91_ACCOUNT: "msg91",
}
"""Which provider is behind each account that a delivery may name."""


@dataclass(frozen=True)
class Cast:
    """plain sends by SMTP alone and by Twilio; sendgrid by a SendGrid account of its own; amazon by SES and MSG91 accounts."""

    organizations: dict[str, UUID] = field(default_factory=lambda: {name: uuid4() for name in (PLAIN, SENDGRID, AMAZON)})

    @cached_property
    def run(self) -> str:
        """What tells this run from others."""
        return self.organizations[PLAIN].hex[:12]

    def email(self, name: str) -> str:
        """An address that nobody else has."""
        return f"{name}@{self.run}.example.com"

    def phone(self, number: int) -> str:
        """A mobile number of India; it is valid, and no SMS of a sandbox ever gets there."""
        return f"+9198{(self.organizations[PLAIN].int + number) % 10**8:08d}"

    def customer(self, name: str) -> str:
        """The reference of a person whom payments owns."""
        return f"payments.customer:{self.run}-{name}"

    @property
    def driver(self) -> str:
        """The reference of a person whom trips owns."""
        return f"trips.driver:{self.run}"
