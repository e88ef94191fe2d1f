"""The relay: carries outbox rows and due inbox rows to the broker, and takes back receipts.

Any number of relays of a service may run side by side; rows are claimed with SKIP LOCKED, and every
step may be repeated. It keeps only a small window of deliveries per lane in the broker. What waits,
waits in PostgreSQL, where it coalesces, survives, is counted and can be cancelled.
"""
