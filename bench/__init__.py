"""Benchmarks: each prints its figures beside a peer or a limit measured in the same run. `make bench messages`."""
