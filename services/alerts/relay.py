"""`python -m services.alerts.relay`: carries what the alerts service has promised to the broker."""

from services.alerts.settings import settings
from shared.runtime.relay.runner import main

if __name__ == "__main__":
    main(settings())
