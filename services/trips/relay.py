"""`python -m services.trips.relay`: carries what the trips service has promised to the broker."""

from services.trips.settings import settings
from shared.runtime.relay.runner import main

if __name__ == "__main__":
    main(settings())
