"""The sample application for a server process: `uvicorn shared.tests.http.served:app`."""

from shared.runtime.http.app import create_app
from shared.runtime.logging import configure_logging
from shared.tests.http import sample

SETTINGS = sample.SampleSettings.load()
configure_logging(SETTINGS, "api")
app = create_app(SETTINGS, [sample.router, sample.others])
