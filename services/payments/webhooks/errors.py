"""What is refused about gateways' events.

NotFound (404)
└── GatewayEventNotFound   or its content is pruned
"""

from shared.runtime.errors import NotFound


class GatewayEventNotFound(NotFound):
    code, title = "gateway_event_not_found", "There is no such event, or its content is pruned"
