"""`python -m services.notifications.relay`: carries what the notifications service has promised to the broker."""

from services.notifications.settings import settings
from shared.runtime.relay.runner import main

if __name__ == "__main__":
    main(settings())
