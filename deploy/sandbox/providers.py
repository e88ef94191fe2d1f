"""The list of providers. A new one is a line here and a folder beside this file."""

from deploy.sandbox.provider import Core, Provider
from deploy.sandbox.smtp.provider import SmtpProvider


def build(core: Core) -> tuple[Provider, ...]:
    """All providers on one core."""
    return (SmtpProvider(core),)
