"""What the deliveries say no with.

NotFound (404)
└── DeliveryNotFound    there is none, or it is another organization's
"""

from shared.runtime.errors import NotFound


class DeliveryNotFound(NotFound):
    code, title = "delivery_not_found", "No such delivery"
