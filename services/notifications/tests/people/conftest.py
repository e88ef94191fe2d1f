"""What owners say of people is kept by light handlers, which read the settings of their process."""

import pytest


@pytest.fixture(autouse=True)
def _settings(settings_of_the_process: None) -> None:
    """Those of the test."""
