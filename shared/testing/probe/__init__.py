"""A message whose only effect can be counted, for benchmarks, fault runs and the runtime's own tests.

Producer is the trips service, consumer the analytics service, because neither has messages of its own that would be
in the way. `shared.testing.probe.worker` and `shared.testing.probe.relay` run in place of the services' own.
"""
