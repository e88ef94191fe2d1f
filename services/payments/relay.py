"""`python -m services.payments.relay`: carries what the payments service has promised to the broker."""

from services.payments.settings import settings
from shared.runtime.relay.runner import main

if __name__ == "__main__":
    main(settings())
