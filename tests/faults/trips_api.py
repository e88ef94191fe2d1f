"""The producer's API with the probe's messages, for hosting a relay that knows them: `uvicorn tests.faults.trips_api:app`."""

from services.trips.app import create_app
from services.trips.settings import settings
from shared.contracts import registry
from shared.testing.probe import contracts

registry.include(contracts)
app = create_app(settings())
