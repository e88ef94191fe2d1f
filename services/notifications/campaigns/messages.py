"""The message that one recipient of a campaign gets."""

from uuid import UUID, uuid5

from services.notifications.campaigns.models import Campaign, subject_of
from services.notifications.campaigns.recipient_repository import NextRecipient
from shared.contracts.notifications import SendTemplatedEmail, SendTemplatedSms


def delivery_id_of(campaign_id: UUID, recipient: str) -> UUID:
    """The id of a recipient's message, the same whenever it is asked for."""
    return uuid5(campaign_id, recipient)


def step_id_of(campaign_id: UUID, step: int) -> UUID:
    """The id of the message that asks for a step."""
    return uuid5(campaign_id, f"step/{step}")


def message_for(campaign: Campaign, to: NextRecipient) -> SendTemplatedEmail | SendTemplatedSms:
    """What asks for the delivery. The recipient's own context goes before the campaign's, key by key."""
    context = {**campaign.context, **(to.context or {})}
    locale = campaign.locale or to.locale
    if campaign.channel == "email":
        return SendTemplatedEmail(
            to_email=to.to_email,
            to_person=to.to_person,
            to_name=to.to_name,
            template_name=campaign.template_name,
            context=context,
            locale=locale,
            organization_id=campaign.organization_id,
            category=campaign.category,
            subject_key=subject_of(campaign.id),
        )
    return SendTemplatedSms(
        to_phone=to.to_phone,
        to_person=to.to_person,
        template_name=campaign.template_name,
        context=context,
        locale=locale,
        organization_id=campaign.organization_id,
        category=campaign.category,
        subject_key=subject_of(campaign.id),
    )
