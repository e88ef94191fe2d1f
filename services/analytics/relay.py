"""`python -m services.analytics.relay`: carries what the analytics service has promised to the broker."""

from services.analytics.settings import settings
from shared.runtime.relay.runner import main

if __name__ == "__main__":
    main(settings())
