"""A relay that knows the probe's messages: `python -m shared.testing.probe.relay <service>`.

It fires nothing of what the service has scheduled, for no worker is there to carry it out.
"""

import importlib
import sys

from shared.contracts import registry
from shared.runtime.relay.runner import main
from shared.testing.probe import contracts

if __name__ == "__main__":
    registry.include(contracts)
    main(importlib.import_module(f"services.{sys.argv[1]}.settings").settings(), entries=())
