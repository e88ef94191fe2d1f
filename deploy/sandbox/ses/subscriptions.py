"""The topic's subscription: its certificate, and the confirmation that a subscriber is asked for.

Events are told whether it has been confirmed or not, so that a test need not begin with the confirmation.
"""

from secrets import token_hex
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response

from deploy.sandbox.callbacks import Callbacks
from deploy.sandbox.problems import Problem
from deploy.sandbox.provider import Core
from deploy.sandbox.ses.sns import Envelope, Topic
from deploy.sandbox.transaction import Transaction

PREFIX = "/ses"


class Subscriptions:
    """The topic, and whether its one subscriber has confirmed. tokens: those that were sent."""

    def __init__(self, core: Core) -> None:
        self._arn = core.settings.sns_topic_arn
        self._topic: Topic | None = None
        self.version = core.settings.sns_signature_version
        self.tokens: set[str] = set()
        self.confirmed = False

    @property
    def topic(self) -> Topic:
        """The topic of this start. Its key takes a moment, and most tests have no use for it."""
        if self._topic is None:
            self._topic = Topic(self._arn)
        return self._topic

    def envelope(self, plan: dict[str, Any]) -> Envelope:
        """What a plan sends, signed now."""
        base_url, version = plan["base_url"], plan.get("version") or self.version
        if "token" in plan:
            return self.topic.confirmation(plan["token"], base_url, version)
        return self.topic.notification(plan["event"], plan["id"], base_url, version)


def subscriptions_router(core: Core, subscriptions: Subscriptions, callbacks: Callbacks) -> APIRouter:
    """The certificate, SNS's own path of confirmations, and /ses/subscription for people and tests."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/SimpleNotificationService-{name}.pem", summary="The certificate that messages are signed with")
    async def certificate(name: str) -> Response:
        if f"SimpleNotificationService-{name}.pem" != subscriptions.topic.file:
            raise Problem(404, "no_certificate", "This certificate is of another start of the sandbox; messages name their own.")
        return Response(subscriptions.topic.certificate, media_type="application/x-pem-file")

    @router.get("/", summary="ConfirmSubscription, as the SubscribeURL asks for it")
    async def confirm(
        action: Annotated[str, Query(alias="Action")],
        topic_arn: Annotated[str, Query(alias="TopicArn")] = "",
        token: Annotated[str, Query(alias="Token")] = "",
    ) -> Response:
        if action != "ConfirmSubscription" or topic_arn != subscriptions.topic.arn or token not in subscriptions.tokens:
            raise Problem(400, "invalid_parameter", "Invalid parameter: Token, TopicArn or Action")
        subscriptions.confirmed = True
        result = f"<SubscriptionArn>{topic_arn}:sandbox</SubscriptionArn>"
        return Response(
            f"<ConfirmSubscriptionResponse><ConfirmSubscriptionResult>{result}</ConfirmSubscriptionResult></ConfirmSubscriptionResponse>",
            media_type="text/xml",
        )

    @router.get("/subscription", summary="Whether the subscription has been confirmed")
    async def read_subscription() -> dict[str, Any]:
        return {"topic_arn": core.settings.sns_topic_arn, "confirmed": subscriptions.confirmed}

    @router.post("/subscription", status_code=202, summary="Send a SubscriptionConfirmation")
    async def subscribe(
        request: Request, version: Annotated[Literal["1", "2"] | None, Body(embed=True)] = None
    ) -> dict[str, Any]:
        if callbacks.base_url is None:
            raise Problem(409, "nobody_to_call", "There is nobody to call back; start the sandbox with SANDBOX_CALLBACK_URL.")
        token = token_hex(64)
        subscriptions.tokens.add(token)
        plan = {"token": token, "base_url": str(request.base_url).rstrip("/") + PREFIX, "version": version}

        def write(transaction: Transaction) -> None:
            callbacks.plan(transaction, plan)

        await core.ledger.write(write)
        return {"topic_arn": core.settings.sns_topic_arn, "confirmed": subscriptions.confirmed}

    return router
