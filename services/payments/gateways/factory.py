"""Making accounts usable: those of the settings, and those that organizations have stored."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from services.payments.gateways.account_facts import FACTS, AccountFacts, RazorpayFacts, StripeFacts
from services.payments.gateways.calls import CONNECTIONS, TIMING, GatewayCalls
from services.payments.gateways.directory import Account
from services.payments.gateways.errors import GatewayAccountUnusable
from services.payments.gateways.gateway import Gateway
from services.payments.gateways.models import GatewayAccount
from services.payments.gateways.razorpay import RazorpayAccount, RazorpayGateway
from services.payments.gateways.settings import GatewaySettings
from services.payments.gateways.stripe import StripeAccount, StripeGateway
from services.payments.gateways.stripe_api import VERSION
from shared.runtime.clock import Clock
from shared.runtime.outside.circuits import Circuits
from shared.runtime.outside.http_api import HttpApi
from shared.runtime.vault import Vault

_AGENT = "waybill-payments"


def razorpay_gateway(account: RazorpayAccount, circuits: Circuits, clock: Clock, *, time_factor: float = 1.0) -> RazorpayGateway:
    """A client of the account. It belongs to one event loop."""
    api = HttpApi(
        account.url,
        _AGENT,
        connections=CONNECTIONS,
        auth=(account.key_id, account.key_secret),
        timing=TIMING,
        time_factor=time_factor,
    )
    return RazorpayGateway(account, GatewayCalls(RazorpayGateway.name, account.name, api, circuits, clock), clock)


def stripe_gateway(account: StripeAccount, circuits: Circuits, clock: Clock, *, time_factor: float = 1.0) -> StripeGateway:
    """As razorpay_gateway."""
    headers = {"Authorization": f"Bearer {account.secret_key}", "Stripe-Version": VERSION}
    api = HttpApi(account.url, _AGENT, connections=CONNECTIONS, headers=headers, timing=TIMING, time_factor=time_factor)
    return StripeGateway(account, GatewayCalls(StripeGateway.name, account.name, api, circuits, clock), clock)


class Factory:
    """Makes the accounts of one process."""

    def __init__(self, settings: GatewaySettings, circuits: Circuits, clock: Clock) -> None:
        self._settings = settings
        self._vault = Vault(settings.encryption)
        self._circuits = circuits
        self._clock = clock

    def installed(self) -> Mapping[str, Account]:
        """Those of the settings, by their gateways."""
        names = self._settings.installed_gateways
        return {name: self._account(name, _facts_of(name, _of_settings(name, self._settings))) for name in names}

    def own(self, stored: GatewayAccount) -> Account:
        """An organization's. Raises GatewayAccountUnusable and NoEncryption."""
        secrets = self._vault.open(stored.id, stored.key_id, stored.secret)
        try:
            facts = _facts_of(stored.gateway, {**stored.config, **secrets})
        except ValidationError:
            raise GatewayAccountUnusable(f"the settings of the account {stored.name} are not complete; store it anew") from None
        return self._account(stored.key, facts, stored)

    def _account(self, key: str, facts: AccountFacts, stored: GatewayAccount | None = None) -> Account:
        settings, captures = self._settings, facts.capture == "automatic"
        factor = settings.time_factor
        gateway: Gateway
        public: str | None
        # Where a gateway is reached is the installation's affair: an organization's word could lead into our own network.
        match facts:
            case RazorpayFacts():
                secret, public = facts.key_secret.get_secret_value(), facts.key_id
                razorpay = RazorpayAccount(key, facts.key_id, secret, captures, settings.razorpay_base_url)
                gateway = razorpay_gateway(razorpay, self._circuits, self._clock, time_factor=factor)
            case StripeFacts():
                public = facts.publishable_key
                stripe = StripeAccount(key, facts.secret_key.get_secret_value(), captures, settings.stripe_base_url)
                gateway = stripe_gateway(stripe, self._circuits, self._clock, time_factor=factor)
            case _:
                raise GatewayAccountUnusable(f"there is no gateway {facts.kind}")
        organization_id = stored.organization_id if stored is not None else None
        return Account(key, gateway, public, facts.webhook_secrets, organization_id)


def _facts_of(gateway: str, fields: Mapping[str, Any]) -> AccountFacts:
    """Raises pydantic's ValidationError."""
    return FACTS[gateway].model_validate({name: value for name, value in fields.items() if value is not None})


def _of_settings(gateway: str, settings: GatewaySettings) -> dict[str, Any]:
    """The fields of an account, which are settings under its gateway's name."""
    return {name: getattr(settings, f"{gateway}_{name}") for name in FACTS[gateway].model_fields}
