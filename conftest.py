"""Every test of the project has the fixtures of shared.testing."""

pytest_plugins = ["shared.testing.plugin"]
