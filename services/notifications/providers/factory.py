"""Making carriers: of the settings, and of the accounts that organizations have stored."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from services.notifications.callbacks.paths import TWILIO_PATH, callback_path
from services.notifications.email.mime import sender_mailbox
from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.sendgrid import SendGridAccount, SendGridProvider
from services.notifications.email.ses import SesAccount, SesProvider
from services.notifications.email.sigv4 import AwsKey
from services.notifications.email.smtp import SmtpProvider, SmtpServer
from services.notifications.providers.account_facts import (
    AccountFacts,
    Msg91Facts,
    SendGridFacts,
    SesFacts,
    SmtpFacts,
    TwilioFacts,
    facts_of,
)
from services.notifications.providers.carriers import Carrier, Provider
from services.notifications.providers.errors import AccountUnusable
from services.notifications.providers.models import ProviderAccount, account_key
from services.notifications.settings import NotificationsSettings
from services.notifications.sms.msg91 import Msg91Account, Msg91Provider
from services.notifications.sms.provider import OutgoingSms
from services.notifications.sms.twilio import TwilioAccount, TwilioProvider
from shared.runtime.vault import Vault


class Factory:
    """Makes carriers for one process."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._vault = Vault(settings.encryption)

    def default_emails(self) -> list[Carrier[OutgoingEmail]]:
        """The accounts of the settings that carry e-mail, the first choice in front."""
        return [self._default_email(kind) for kind in self._settings.email_providers]

    def default_sms(self) -> list[Carrier[OutgoingSms]]:
        """The accounts of the settings that carry SMS, the first choice in front."""
        return [self._default_sms(kind) for kind in self._settings.sms_providers]

    def own_email(self, account: ProviderAccount) -> Carrier[OutgoingEmail]:
        """An organization's account. Raises AccountUnusable and NoEncryption."""
        facts = self.opened(account)
        sender = sender_mailbox(facts.from_email) if facts.from_email is not None else None
        provider = self._email(facts, public=not self._settings.private_mail_hosts)
        key = account_key(account)
        stored = (account.id, account.revision)
        return Carrier(account.name, key, account.kind, provider, sender, account.per_s, account.organization_id, stored)

    def own_sms(self, account: ProviderAccount) -> Carrier[OutgoingSms]:
        """As own_email."""
        provider = self._sms(self.opened(account), callback_path(account))
        key = account_key(account)
        stored = (account.id, account.revision)
        return Carrier(account.name, key, account.kind, provider, None, account.per_s, account.organization_id, stored)

    def opened(self, account: ProviderAccount) -> AccountFacts:
        """What an organization's account needs, its credentials opened. Raises AccountUnusable and NoEncryption."""
        secrets = self._vault.open(account.id, account.key_id, account.secret)
        try:
            return facts_of(account.kind, {**account.config, **secrets, **self._address_of(account.kind)})
        except ValidationError:
            raise AccountUnusable(f"the settings of the account {account.name} are not complete; store it anew") from None

    def _address_of(self, kind: str) -> dict[str, str]:
        """Where a provider is reached is the installation's affair: an organization's word could lead into our own network."""
        urls = {
            "sendgrid": self._settings.sendgrid_url,
            "ses": self._settings.ses_url,
            "twilio": self._settings.twilio_url,
            "msg91": self._settings.msg91_url,
        }
        url = urls.get(kind)
        return {"url": url} if url is not None else {}

    def _default_email(self, kind: str) -> Carrier[OutgoingEmail]:
        facts = _FROM_SETTINGS[kind](self._settings)
        sender = sender_mailbox(facts.from_email) if facts.from_email is not None else None
        return Carrier(kind, kind, kind, self._email(facts), sender, self._settings.rates.get(kind))

    def _default_sms(self, kind: str) -> Carrier[OutgoingSms]:
        facts = _FROM_SETTINGS[kind](self._settings)
        return Carrier(kind, kind, kind, self._sms(facts, TWILIO_PATH), None, self._settings.rates.get(kind))

    def _email(self, facts: AccountFacts, *, public: bool = False) -> Provider[OutgoingEmail]:
        factor = self._settings.time_factor
        match facts:
            case SmtpFacts():
                return self._smtp(facts, public=public)
            case SendGridFacts():
                return SendGridProvider(SendGridAccount(facts.api_key.get_secret_value(), facts.url), time_factor=factor)
            case SesFacts():
                key = AwsKey(facts.access_key_id, facts.secret_access_key.get_secret_value())
                return SesProvider(SesAccount(facts.region, key, facts.configuration_set, facts.url), time_factor=factor)
            case _:
                raise AccountUnusable(f"an account of the kind {facts.kind} carries no e-mail")

    def _sms(self, facts: AccountFacts, path: str) -> Provider[OutgoingSms]:
        factor = self._settings.time_factor
        match facts:
            case TwilioFacts():
                account = TwilioAccount(
                    facts.account_sid,
                    facts.auth_token.get_secret_value(),
                    facts.phone_number,
                    facts.messaging_service_sid,
                    f"{self._settings.backend_url.rstrip('/')}{path}",
                    facts.url,
                )
                return TwilioProvider(account, time_factor=factor)
            case Msg91Facts():
                return Msg91Provider(
                    Msg91Account(facts.auth_key.get_secret_value(), facts.sender_id, facts.url), time_factor=factor
                )
            case _:
                raise AccountUnusable(f"an account of the kind {facts.kind} carries no SMS")

    def _smtp(self, facts: SmtpFacts, *, public: bool) -> SmtpProvider:
        context = None if facts.tls == "none" else ssl.create_default_context()
        if context is not None and self._settings.smtp_ca_file is not None:
            context.load_verify_locations(self._settings.smtp_ca_file)
        password = facts.password.get_secret_value() if facts.password is not None else None
        server = SmtpServer(facts.host, facts.port, facts.tls, facts.user, password, context, public)
        return SmtpProvider(server, pool_size=self._settings.smtp_pool_size, time_factor=self._settings.time_factor)


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


_FROM_SETTINGS: Final[Mapping[str, Callable[[NotificationsSettings], AccountFacts]]] = {
    "smtp": lambda one: SmtpFacts.model_validate(
        _known(
            {
                "host": one.smtp_host,
                "port": one.smtp_port,
                "user": one.smtp_user,
                "password": one.smtp_password,
                "tls": one.smtp_tls,
            }
        )
    ),
    "sendgrid": lambda one: SendGridFacts.model_validate(
        _known({"api_key": one.sendgrid_api_key, "url": one.sendgrid_url, "from_email": one.sendgrid_from_email})
    ),
    "ses": lambda one: SesFacts.model_validate(
        _known(
            {
                "region": one.ses_region,
                "access_key_id": one.ses_access_key_id,
                "secret_access_key": one.ses_secret_access_key,
                "configuration_set": one.ses_configuration_set,
                "url": one.ses_url,
                "from_email": one.ses_from_email,
            }
        )
    ),
    "twilio": lambda one: TwilioFacts.model_validate(
        _known(
            {
                "account_sid": one.twilio_account_sid,
                "auth_token": one.twilio_auth_token,
                "phone_number": one.twilio_phone_number,
                "messaging_service_sid": one.twilio_messaging_service_sid,
                "url": one.twilio_url,
            }
        )
    ),
    "msg91": lambda one: Msg91Facts.model_validate(
        _known({"auth_key": one.msg91_auth_key, "sender_id": one.msg91_sender_id, "url": one.msg91_url})
    ),
}
