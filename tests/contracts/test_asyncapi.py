"""`docs/asyncapi.json` is what the registry says, and a well-formed AsyncAPI 3 document."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from jsonschema import Draft7Validator

from shared.contracts import lanes
from shared.contracts.asyncapi import FILE, document
from shared.contracts.documents import Registry, as_text, product
from shared.contracts.message import Contract, Event
from tests.contracts.refund_order import NAME, RefundOrder


class OrderRefunded(Event):
    """An order was paid back.

    Trips waits for it.
    """

    contract: ClassVar = Contract("payments.order_refunded", (lanes.TRIPS_NORMAL, lanes.ANALYTICS_NORMAL), max_batch=500)

    order_id: str


REGISTRY: Registry = {NAME: RefundOrder, "payments.order_refunded": OrderRefunded}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def resolve(root: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        root = root[step]
    return root


def test_the_committed_document_is_what_the_registry_says() -> None:
    assert FILE.read_text() == as_text(document(product())), "run `python -m shared.contracts write` and commit the result"


def test_every_reference_resolves() -> None:
    whole = document(product())

    for reference in references(whole):
        assert resolve(whole, reference) is not None, reference


def test_every_lane_is_a_channel_under_its_own_address() -> None:
    assert {channel["address"]: name for name, channel in document(product())["channels"].items()} == {
        name: name for name in lanes.LANES
    }


def test_a_command_is_sent_by_anybody_and_received_by_its_owner_on_each_of_its_lanes() -> None:
    operations = document({NAME: RefundOrder})["operations"]

    assert {key: operation["action"] for key, operation in operations.items()} == {
        "payments.receive.payments.normal": "receive",
        "anybody.send.payments.normal": "send",
        "payments.receive.payments.batch": "receive",
        "anybody.send.payments.batch": "send",
    }


def test_an_event_is_sent_by_its_owner_to_each_subscriber() -> None:
    operations = document({"payments.order_refunded": OrderRefunded})["operations"]

    assert sorted(operations) == [
        "analytics.receive.analytics.normal",
        "payments.send.analytics.normal",
        "payments.send.trips.normal",
        "trips.receive.trips.normal",
    ]
    assert operations["trips.receive.trips.normal"]["messages"] == [
        {"$ref": "#/channels/trips.normal/messages/payments.order_refunded"},
    ]


def test_a_message_says_what_its_docstring_and_contract_say() -> None:
    message = document(REGISTRY)["components"]["messages"]["payments.order_refunded"]

    assert (message["summary"], message["description"]) == ("An order was paid back.", "Trips waits for it.")
    assert message["tags"] == [{"name": "payments"}, {"name": "event"}]
    assert message["x-max-batch"] == 500


@pytest.mark.parametrize("name", product())
def test_the_sample_in_the_document_fits_the_schema_in_the_document(name: str) -> None:
    whole = json.loads(as_text(document(product())))
    message = whole["components"]["messages"][name]

    validator = Draft7Validator({**message["payload"], "components": whole["components"]})
    assert [error.message for example in message["examples"] for error in validator.iter_errors(example["payload"])] == []
    assert len(message["examples"]) == 1


ALLOWED = {
    "root": {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"},
    "channel": {"address", "title", "description", "messages", "tags"},
    "operation": {"action", "channel", "summary", "tags", "messages"},
    "message": {"name", "title", "summary", "description", "payload", "traits", "examples", "tags"},
}


def test_objects_have_the_fields_that_asyncapi_3_gives_them() -> None:
    whole = document(REGISTRY)
    objects = [("root", whole), *(("channel", channel) for channel in whole["channels"].values())]
    objects += [("operation", operation) for operation in whole["operations"].values()]
    objects += [("message", message) for message in whole["components"]["messages"].values()]

    assert whole["asyncapi"].startswith("3.")
    for kind, node in objects:
        assert {key for key in node if not key.startswith("x-")} <= ALLOWED[kind], kind
