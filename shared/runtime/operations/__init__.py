"""The operations API, `/v1/operations` of every service: what its task system holds, and the hand on it.

    messages        outbox, inbox, one message's whole story; cancel, retry, undo
    dead_letters    what failed for good: list, group, replay, mend, discard
    lanes           what waits where; pause, resume, purge
    schedules       what fires by the clock; pause, run, other times
    archives        which rows went into which files
    audit           who did what, and why

Each service answers for its own tables only. What concerns a lane or a message everywhere is asked of every service; the
analytics service, the console and `waybill` do that. Reading needs `<service>:read`, changing needs `<service>:admin`, and
neither is for callers who belong to one tenant. A change and its line in the audit are one transaction.
"""
