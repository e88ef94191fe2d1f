"""What an SMS provider is given."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DltTemplate:
    """What the Indian registry (TRAI's DLT) knows of a text, and how MSG91 calls it.

    template_id: the registry's. provider_template_id: MSG91's own id of it. header: the sender id. variables: by MSG91's
    names, in the order of the text's placeholders, what this message has in each.
    """

    template_id: str
    provider_template_id: str
    header: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One SMS to one recipient, ready to go.

    delivery_id, attempt: how call-backs find it; go along wherever a provider takes a reference of ours.
    to: E.164, with its plus. sender: our number or header; None for the account's own.
    valid_for_s: how long the provider may try to deliver it.
    dlt: None outside of India. taken: provider's ids of other messages to this number, none of which is this one.
    """

    delivery_id: UUID
    attempt: int
    to: str
    body: str
    sender: str | None = None
    valid_for_s: int | None = None
    dlt: DltTemplate | None = None
    taken: frozenset[str] = frozenset()
